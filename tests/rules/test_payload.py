"""What was sent, as far as a cut capture lets it be read, and how sure it is that it only says goodbye."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.types import Endpoint, IdlePeriod, WakeKind
from pcapdiag.rules.messages import recognise
from pcapdiag.rules.payload import describe
from pcapdiag.rules.types import Confidence
from tests.report.factory import MS, T0, connection, period, ref

CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE
ALERT13 = b"\x17\x03\x03\x00\x13" + bytes(19)


def sent(payload: bytes, length: int | None = None, *, fin: int | None = None, port: int = 443, **other: object) -> IdlePeriod:
    """A period with this wake; its own FIN comes ``fin`` ns after it."""
    p = period(conn=connection(server=Endpoint("10.0.0.1", port)))
    wake = replace(
        p.wake, payload=payload, length=len(payload) if length is None else length,
        own_fin=None if fin is None else ref(15, T0 + fin),
    )  # fmt: skip
    facts = {k: v for k, v in other.items() if k in ("sender", "last_speaker")}
    return replace(p, wake=replace(wake, **{k: v for k, v in other.items() if k not in facts}), **facts)  # type: ignore[arg-type]


def farewell(payload: bytes, length: int | None = None, **other: object) -> Confidence | None:
    """How sure a farewell this is."""
    return describe(sent(payload, length, **other)).farewell  # type: ignore[arg-type]


NAMED = [
    (b"GET /orders/17 HTTP/1.1\r\nHost: x", None, "GET /orders/17 HTTP/1.1", "http"),
    (b"POST /a/very/long/pa", 800, "POST /a/very/long/pa…", "http"),
    (b"HTTP/1.1 200 OK\r\n", None, "HTTP/1.1 200 OK", "http"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None, "HTTP/2 connection preface", "http"),
    (b"\x17\x03\x03\x01\x00abc", 261, "TLS application data", "tls"),
    (b"\x16\x03\x01\x02\x00\x01", 517, "TLS handshake", "tls"),
    (ALERT13, 48, "TLS application data", "tls"),
    (b"\0\0\x08\x06\0\0\0\0\0" + bytes(8), None, "HTTP/2 PING", "http"),
    (b"\0\0\x08\x06\x01\0\0\0\0" + bytes(8), None, "HTTP/2 PING ACK", "http"),
    (b"\x89\x80abcd", None, "WebSocket ping", None),
    (b"\x8a\x00", None, "WebSocket pong", None),
    (b"*1\r\n$4\r\nPING\r\n", None, "Redis PING", None),
    (b"*2\r\n$3\r\nGET\r\n$1\r\nx\r\n", None, "Redis GET", None),
    (b"\x01\x00\x00\x00\x0e", None, "MySQL COM_PING", None),
    (b"Q\x00\x00\x00\x0dSELECT 1\x00", None, "PostgreSQL SELECT 1", None),
    (b"\xc0\x00", None, "MQTT PINGREQ", None),
    (b"SSH-2.0-OpenSSH_9.6\r\n", None, "SSH SSH-2.0-OpenSSH_9.6", None),
    (b"QUITE a lot of text", None, None, None),
    (b"", 80, None, None),
    (b"\x00\x01\x02", 3, None, None),
]
GOODBYES = [
    (b"\x15\x03\x03\x00\x1a" + bytes(26), "TLS alert", CERTAIN),  # close_notify, encrypted
    (b"\x15\x03\x03\x00\x02\x01\x00", "TLS alert", CERTAIN),  # close_notify in the clear
    (ALERT13, "TLS 1.3 record of an alert's size", LIKELY),
    (b"QUIT\r\n", "QUIT", LIKELY),
    (b"quit\n", "QUIT", LIKELY),
    (b"QUIT :gone\r\n", "QUIT", LIKELY),
    (b"*1\r\n$4\r\nQUIT\r\n", "Redis QUIT", LIKELY),
    (b"a42 LOGOUT\r\n", "IMAP LOGOUT", LIKELY),
    (b"\x01\x00\x00\x00\x01", "MySQL COM_QUIT", LIKELY),
    (b"X\x00\x00\x00\x04", "PostgreSQL Terminate", LIKELY),
    (b"\xe0\x00", "MQTT DISCONNECT", LIKELY),
    (b"\xe0\x02\x00\x00", "MQTT DISCONNECT", LIKELY),
    (b"\x30\x05\x02\x01\x07\x42\x00", "LDAP unbind", LIKELY),
    (b"\x88\x82abcdxy", "WebSocket close", LIKELY),
    (b"\x88\x02\x03\xe8", "WebSocket close", LIKELY),
    (b"\0\0\x08\x07\0\0\0\0\0" + bytes(8), "HTTP/2 GOAWAY", LIKELY),
    (b"\0\0\0\x18\x06\x01\0\0\0\x0b\0\0\0\x04gone\0\0\0\0" + bytes(6), "SSH disconnect", LIKELY),
]


@pytest.mark.parametrize(("payload", "length", "label", "protocol"), NAMED)
def test_first_bytes_tell(payload: bytes, length: int | None, label: str | None, protocol: str | None) -> None:
    """HTTP, TLS, frames and pings of known protocols are named and are no goodbyes; nothing else is guessed."""
    said = describe(sent(payload, length))
    assert (said.label, said.protocol, said.farewell) == (label, protocol, None)


@pytest.mark.parametrize(("payload", "label", "sure"), GOODBYES)
def test_goodbyes_are_known_by_their_content(payload: bytes, label: str, sure: Confidence) -> None:
    """A goodbye of a known protocol is one; with its sender's FIN at once it is certain."""
    said = describe(sent(payload))
    assert (said.label, said.farewell) == (label, sure)
    assert farewell(payload, fin=10 * MS) is CERTAIN


@pytest.mark.parametrize("payload", [p for p, _, _ in GOODBYES])
def test_a_goodbye_is_the_whole_message(payload: bytes) -> None:
    """If more was sent than the goodbye, something else was said too; if less was captured, nothing is guessed but a record's type."""
    assert farewell(payload, len(payload) + 1000) is None
    assert farewell(payload[:1], len(payload)) is None


def test_an_alert_that_is_no_end() -> None:
    """A warning in the clear other than close_notify ends nothing (RFC 8446 6)."""
    assert farewell(b"\x15\x03\x03\x00\x02\x01\x64") is None  # no_renegotiation
    assert farewell(b"\x15\x03\x03\x00\x02\x02\x28") is CERTAIN  # handshake_failure, fatal


def test_what_comes_again_is_no_goodbye() -> None:
    """Two bytes of application data in TLS 1.3 are as long as an alert: as a heartbeat they are a ping, unless a FIN follows."""
    assert farewell(ALERT13, heartbeat=True) is None
    assert farewell(ALERT13, heartbeat=True, fin=MS) is CERTAIN


@pytest.mark.parametrize(
    ("length", "fin", "port", "sure"),
    [
        (64, 10 * MS, 443, POSSIBLE),
        (65, 10 * MS, 443, None),
        (64, 10 * MS + 1, 443, None),
        (64, None, 443, None),
        (96, MS, 22, POSSIBLE),
        (97, MS, 22, None),
    ],
)
def test_by_size_it_is_only_possible(length: int, fin: int | None, port: int, sure: Confidence | None) -> None:
    """Up to 64 bytes, 96 of SSH, whose own FIN follows within 10 ms, may be a goodbye; nothing else by size."""
    assert farewell(b"\x00\x01\x02\x03", length, fin=fin, port=port) is sure


def test_a_fin_after_a_retransmission_is_not_at_once() -> None:
    """The FIN must come before any retransmission; retransmissions after it are of the goodbye."""
    again = {"retransmissions": 1, "fin": 5 * MS}
    assert farewell(b"\0\1", last_sent=ref(15, T0 + 3 * MS), **again) is None
    assert farewell(b"\0\1", last_sent=ref(16, T0 + 200 * MS), **again) is POSSIBLE


def test_connection_close() -> None:
    """A request that announces the end, and a FIN at once, may be a goodbye; a response that nobody asked for likely is one."""
    request = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    response = b"HTTP/1.1 408 Request Timeout\r\nconnection:  Close\r\n\r\n"
    assert farewell(request, fin=MS) is POSSIBLE
    assert farewell(response, fin=MS, sender="server") is LIKELY
    assert farewell(request) is None
    assert farewell(request.replace(b"close", b"keep-alive"), fin=MS) is None
    assert farewell(b"POST / HTTP/1.1\r\n\r\n\r\nConnection: close\r\n", fin=MS) is None  # in the body


def test_a_waited_for_answer_is_no_goodbye() -> None:
    """Where the client spoke last and waits, a short answer is one, even if the server closes behind it."""
    waiting = {"sender": "server", "last_speaker": "client", "fin": MS}
    assert farewell(b"\0\1", **waiting) is None
    assert farewell(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", **waiting) is None
    assert farewell(ALERT13, **waiting) is CERTAIN  # but a goodbye by content is no answer


def test_what_is_no_payload_has_no_content() -> None:
    """A probe, a RST or a SYN is called by its name, and says no goodbye."""
    p = sent(b"QUIT\r\n")
    said = describe(replace(p, wake=replace(p.wake, kind=WakeKind.PROBE)))
    assert (said.label, said.farewell) == ("probe", None)


@given(st.binary(max_size=200), st.integers(0, 1 << 20))
def test_any_bytes_are_described(payload: bytes, more: int) -> None:
    """Captured bytes are hostile: whatever they are, they have a description, and none longer than what was captured."""
    message = recognise(payload, len(payload) + more)
    assert message.label is None or len(message.label) <= max(len(payload) + 1, 40)
    assert describe(sent(payload, len(payload) + more)).farewell in (None, *Confidence)


@given(st.sampled_from([p for p, _, _ in GOODBYES]), st.integers(0, 40), st.binary(max_size=3))
def test_cut_and_changed_goodbyes_are_described(payload: bytes, cut: int, tail: bytes) -> None:
    """Nor does a goodbye cut anywhere, or with something behind it, upset anything."""
    assert describe(sent(payload[:cut] + tail, len(payload))).farewell in (None, *Confidence)
