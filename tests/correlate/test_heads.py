"""Heads of HTTP messages: what is there is read, what is cut off is not made up, and no bytes do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.correlate.heads import Head, head

visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


@given(
    st.sampled_from(("GET", "POST", "DELETE", "PROPFIND")), visible, visible, st.sampled_from(("x-request-id", "X-Request-ID"))
)
def test_what_is_written_is_read(method: str, path: str, name: str, header: str) -> None:
    """Method, path and identifier of a request are read as they were written, whatever stands beside them."""
    text = f"{method} {path} HTTP/1.1\r\nhost: shop\r\n{header}: {name}\r\naccept: */*\r\n\r\nx-request-id: of the body\r\n"
    assert head(text.encode("latin-1")) == Head(method, path, None, name)


@given(st.integers(100, 599), visible)
def test_a_status_is_read(status: int, name: str) -> None:
    """Status and identifier of a response are read."""
    assert head(f"HTTP/1.1 {status} Whatever\r\nx-request-id: {name}\r\n\r\n".encode()) == Head(None, None, status, name)


@given(st.integers(0, 70))
def test_what_is_cut_off_is_not_made_up(at: int) -> None:
    """Of a request that the snap length cut, each part is read whole or not at all."""
    whole = head(REQUEST)
    cut = head(REQUEST[:at])
    assert all(part in (None, full) for part, full in zip(cut, whole, strict=True))


REQUEST = b"GET /orders/17 HTTP/1.1\r\nX-Request-Id: 884315b3-4f60\r\nHost: shop\r\n\r\n"


@given(
    st.one_of(
        st.binary(max_size=300), st.binary(max_size=100).map(lambda b: b"GET /" + b), st.binary().map(lambda b: b"HTTP/1.1 " + b)
    )
)
def test_any_bytes_give_a_result(data: bytes) -> None:
    """Captured bytes are hostile: any of them give a head, and bytes that begin otherwise give nothing."""
    found = head(data)
    assert found == Head() or data.startswith((b"GET /", b"HTTP/1."))


@pytest.mark.parametrize(
    "data", [b"", b"GET", b"GETS key\r\n", b"HTTP/1.1 7", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_other_protocols_are_none(data: bytes) -> None:
    """What is no HTTP/1.x says nothing."""
    assert head(data) == Head()
