"""What was sent, read from the first captured bytes of a wake.

Whole-message parsers do not help here: captures are cut to a few dozen bytes of payload, and one line of HTTP or the five
bytes of a TLS record header are what there is.
"""

from __future__ import annotations

import re

from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.types import Sent

#: A farewell is short, and its FIN follows at once: the application wrote and closed.
FAREWELL_MOST, FAREWELL_FIN = 64, 10_000_000

_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PROPFIND|REPORT) [\x21-\xff]+[^\r\n]*")
_HTTP_RESPONSE = re.compile(rb"HTTP/1\.[01] \d{3}[^\r\n]*")
_HTTP2_PREFACE = b"PRI * HTTP/2.0"
_TLS = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data", 24: "heartbeat"}
# RFC 8446 5.2: an encrypted alert is two bytes and a content type inside, with a tag of 16 behind: 19 = 0x13.
_TLS13_ALERT = bytes.fromhex("1703030013")
# Whole messages by which a protocol's client says goodbye, and their names.
_QUITS = (
    (re.compile(rb"QUIT\r?\n\Z", re.I), "QUIT"),  # SMTP, FTP, POP3, memcached, Redis inline
    (re.compile(rb"\*1\r\n\$4\r\nQUIT\r\n\Z", re.I), "Redis QUIT"),
    (re.compile(rb"[!-~]{1,32} LOGOUT\r?\n\Z", re.I), "IMAP LOGOUT"),
    (re.compile(rb"\x01\x00\x00\x00\x01\Z"), "MySQL COM_QUIT"),
    (re.compile(rb"X\x00\x00\x00\x04\Z"), "PostgreSQL Terminate"),
    (re.compile(rb"\xe0\x00\Z"), "MQTT DISCONNECT"),
    (re.compile(rb"\x30\x05\x02\x01.\x42\x00\Z", re.S), "LDAP unbind"),
    (re.compile(rb"\x88[\x80-\xfd]", re.S), "WebSocket close"),
)
# A server's or client's greeting bytes that are worth a name beside HTTP and TLS.
_COMMANDS = (
    (re.compile(rb"\*\d+\r\n\$\d+\r\n([A-Za-z]{2,20})\r\n"), "Redis"),
    (re.compile(rb"(SSH-[12]\.[^\r\n]{1,80})"), "SSH"),
)


def describe(period: IdlePeriod) -> Sent:
    """What the waking side sent in ``period``; ``farewell`` by content, or by its own FIN at once."""
    wake = period.wake
    if wake.kind is not WakeKind.PAYLOAD:
        return Sent(wake.length, str(wake.kind), None, False)
    label, protocol, farewell = _read(wake.payload, wake.length)
    return Sent(wake.length, label, protocol, farewell or closes_at_once(period))


def closes_at_once(period: IdlePeriod) -> bool:
    """A short wake whose own FIN follows within 10 ms, before any retransmission could."""
    wake = period.wake
    if wake.own_fin is None or wake.length > FAREWELL_MOST:
        return False
    return wake.own_fin.time - wake.first.ref.time <= FAREWELL_FIN


def _read(payload: bytes, length: int) -> tuple[str | None, str | None, bool]:
    """Label, protocol, and whether the content itself says goodbye."""
    if match := _HTTP.match(payload) or _HTTP_RESPONSE.match(payload):
        line = match[0].decode("latin-1")
        return line + ("" if match.end() < len(payload) else "…"), "http", False
    if payload.startswith(_HTTP2_PREFACE):
        return "HTTP/2 connection preface", "http", False
    if len(payload) >= 5 and payload[0] in _TLS and payload[1] == 3 and payload[2] <= 4:
        if payload[0] == 21:
            return "TLS alert", "tls", True
        if length == 24 and payload.startswith(_TLS13_ALERT):
            return "TLS 1.3 record of an alert's size", "tls", True
        return f"TLS {_TLS[payload[0]]}", "tls", False
    if length <= FAREWELL_MOST and len(payload) >= min(length, 2):
        for pattern, name in _QUITS:
            if pattern.match(payload):
                return name, None, True
    for pattern, name in _COMMANDS:
        if match := pattern.match(payload):
            return f"{name} {match[1].decode('latin-1')}", None, False
    return None, None, False
