"""What of a message is kept to tell its kind: as little as does it, and never what somebody wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.report.telling import MOST, telling, told_less
from pcapdiag.rules.messages import recognise


@pytest.mark.parametrize(("payload", "kept"), [
    (b"GET /secret HTTP/1.1\r\nHost: secret\r\n\r\n", b"GET /"), (b"HTTP/1.1 404 Not here\r\n", b"HTTP/1.1 404"),
    (bytes.fromhex("1503030002") + b"\1\0", bytes.fromhex("1503030002")), (bytes.fromhex("1703030040") + b"x" * 64, bytes.fromhex("17030300") + b"@"),
    (b"QUIT\r\n", b"QUIT\r\n"), (b"QUIT :joe\r\n", b""), (b"secret", b""), (b"", b""), (b"PING\r\n", b"PING\r\n"),
    (b"SSH-2.0-joe\r\n", b"SSH-2.0"), (b"GET joe\r\n", b""), (b"*2\r\n$3\r\nGET\r\n$3\r\njoe\r\n", b"*2\r\n$3\r\nGET\r\n"),
    (b"Q\0\0\0\x0dSELECT 1\0", b"Q\0\0\0\x0dSELECT 1\0"), (b"Q\0\0\0\x12SELECT secret\0", b"Q\0\0\0\x12SE"),
])  # fmt: skip
def test_the_kind_and_no_more(payload: bytes, kept: bytes) -> None:
    """A method, a status, a record's header, a fixed command."""
    assert payload[: telling(payload, len(payload))] == kept


@given(st.binary(max_size=80) | st.sampled_from([b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", b"*1\r\n$4\r\nQUIT\r\n"]), st.integers(0, 40))
def test_what_is_kept_says_the_same_or_that_it_does_not(payload: bytes, more: int) -> None:
    """At most 16 bytes; and either they are read as the whole is, or `told_less` says so."""
    length = len(payload) + more
    n = telling(payload, length)
    assert n <= MOST
    whole, less = recognise(payload, length), recognise(payload[:n], length)
    same = whole[1:] == less[1:]  # all but the label
    assert same is not told_less(payload, length)
