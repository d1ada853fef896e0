"""What was sent, as far as a cut capture lets it be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.rules.payload import describe
from tests.report.factory import period


def said(payload: bytes, length: int | None = None) -> tuple[str | None, bool]:
    """Label and farewell of a wake with this payload."""
    p = period()
    sent = describe(replace(p, wake=replace(p.wake, payload=payload, length=len(payload) if length is None else length)))
    return sent.label, sent.farewell


@pytest.mark.parametrize(
    ("payload", "length", "label", "farewell"),
    [
        (b"GET /orders/17 HTTP/1.1\r\nHost: x", None, "GET /orders/17 HTTP/1.1", False),
        (b"POST /a/very/long/pa", 800, "POST /a/very/long/pa…", False),
        (b"HTTP/1.1 200 OK\r\n", None, "HTTP/1.1 200 OK", False),
        (b"\x17\x03\x03\x01\x00abc", 261, "TLS application data", False),
        (b"\x16\x03\x01\x02\x00\x01", 517, "TLS handshake", False),
        (b"\x15\x03\x03\x00\x1a" + bytes(26), None, "TLS alert", True),
        (b"\x17\x03\x03\x00\x13" + bytes(19), None, "TLS 1.3 record of an alert's size", True),
        (b"\x17\x03\x03\x00\x13" + bytes(19), 48, "TLS application data", False),
        (b"QUIT\r\n", None, "QUIT", True),
        (b"\x01\x00\x00\x00\x01", None, "MySQL COM_QUIT", True),
        (b"X\x00\x00\x00\x04", None, "PostgreSQL Terminate", True),
        (b"*1\r\n$4\r\nPING\r\n", None, "Redis PING", False),
        (b"QUITE a lot of text", None, None, False),
        (b"", 80, None, False),
        (b"\x00\x01\x02", 3, None, False),
    ],
)
def test_first_bytes_tell(payload: bytes, length: int | None, label: str | None, farewell: bool) -> None:
    """HTTP, TLS and the goodbyes of known protocols are named; nothing else is guessed."""
    assert said(payload, length) == (label, farewell)


@given(st.binary(max_size=200), st.integers(0, 1 << 20))
def test_any_bytes_are_described(payload: bytes, more: int) -> None:
    """Captured bytes are hostile: whatever they are, they have a description."""
    label, farewell = said(payload, len(payload) + more)
    assert label is None or isinstance(label, str)
    assert isinstance(farewell, bool)
