"""Messages that a few bytes give away: first lines, TLS records, the goodbyes and pings of known protocols.

Captured bytes are hostile: any bytes give a result, every pattern looks at a bounded number of them, and nothing is decoded
that is not captured. ``length`` is what was sent, ``payload`` what of it was captured.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pcapdiag.rules.types import Confidence, Purpose


class Message(NamedTuple):
    """What the bytes are called, their protocol ("http", "tls" or None), and how sure the content alone makes a farewell.

    ``closing``: its captured head says that the connection ends with it (HTTP/1.x ``Connection: close``). ``response``: it is
    a server's. ``purpose``: what it is for, if it says so; a goodbye is for neither.
    """

    label: str | None = None
    protocol: str | None = None
    farewell: Confidence | None = None
    closing: bool = False
    response: bool = False
    purpose: Purpose | None = None


_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PROPFIND|REPORT) [\x21-\xff]+[^\r\n]*")
_HTTP_RESPONSE = re.compile(rb"HTTP/1\.[01] \d{3}[^\r\n]*")
_CLOSE = re.compile(rb"\r\nConnection:[ \t]*close[ \t]*(?:\r|\n|,)", re.I)
_HTTP2_PREFACE = b"PRI * HTTP/2.0"
_TLS = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data", 24: "heartbeat"}
# RFC 8446 5.2 and 6: an encrypted alert is two bytes and a content type inside, with a tag of 16 behind: 19 = 0x13.
_TLS13_ALERT = bytes.fromhex("1703030013")

# Patterns that are seldom needed stay as text: `re` compiles each when it is first tried, and keeps it.

# Whole messages by which one side of a protocol says goodbye.
_QUITS = (
    (rb"(?i)QUIT(?: [^\r\n]*)?\r?\n\Z", "QUIT"),  # SMTP, FTP, POP3, NNTP, IRC, memcached, Redis inline
    (rb"(?i)\*1\r\n\$4\r\nQUIT\r\n\Z", "Redis QUIT"),
    (rb"(?i)[!-~]{1,32} LOGOUT\r?\n\Z", "IMAP LOGOUT"),
    (rb"\x01\x00\x00\x00\x01\Z", "MySQL COM_QUIT"),
    (rb"X\x00\x00\x00\x04\Z", "PostgreSQL Terminate"),
    (rb"(?s)\xe0(?:\x00|\x01.|\x02.\x00)\Z", "MQTT DISCONNECT"),
    (rb"(?s)\x30[\x05-\x08]\x02[\x01-\x04].{1,4}\x42\x00\Z", "LDAP unbind"),
)
# Whole messages that only ask whether the peer is there: pings, and the statements that pools send in their place.
_PINGS = (
    (rb"(?i)PING\r?\n\Z", "PING"),
    (rb"(?i)\*1\r\n\$4\r\nPING\r\n\Z", "Redis PING"),
    (rb"\x01\x00\x00\x00\x0e\Z", "MySQL COM_PING"),
    (rb"(?i)\x09\x00\x00\x00\x03SELECT 1\Z", "MySQL SELECT 1"),
    (rb"(?i)Q\x00\x00\x00(?:\x0dSELECT 1|\x0eSELECT 1;)\x00\Z", "PostgreSQL SELECT 1"),
    (rb"(?is)P\x00\x00\x00.\x00SELECT 1;?\x00.*S\x00\x00\x00\x04\Z", "PostgreSQL SELECT 1"),
    (rb"Q\x00\x00\x00(?:\x05|\x06;)\x00\Z", "PostgreSQL empty query"),
    (rb"S\x00\x00\x00\x04\Z", "PostgreSQL Sync"),
    (rb"\xc0\x00\Z", "MQTT PINGREQ"),
    (rb"\x08\x00\x00\x00\x00\x00\x00\xce\Z", "AMQP heartbeat"),
)
# Commands and greetings worth their name. Each may be followed by more, so that none is a ping.
_COMMANDS = (
    (rb"\*\d{1,9}\r\n\$\d{1,9}\r\n([A-Za-z]{2,20})\r\n", "Redis"),
    (rb"((?i:GETS?|SET|DEL|DELETE|INCR|DECR|M[GS]ET|H[GS]ET|EXISTS|[LR]PUSH|[LR]POP)) [!-~][^\r\n]*\r\n", "text command"),
    (rb"(SSH-[12]\.[^\r\n]{1,80})", "SSH"),
)
# Statements in a frame that gives their length: PostgreSQL simple query; MySQL query and prepare.
_STATEMENTS: tuple[tuple[bytes, str, Literal["big", "little"], int], ...] = (
    (rb"(?s)Q(\x00...)[\s(/]*([A-Za-z]{2,20})", "PostgreSQL", "big", 1),
    (rb"(?s)(...)\x00[\x03\x16][\s(/*]*([A-Za-z]{2,20})", "MySQL", "little", 4),
)
_EXTENDED = rb"(?s)[BP]\x00\x00..[^\x00]*\x00.*S\x00\x00\x00\x04\Z"  # Parse or Bind first, Sync last
_SSH_REASONS = {bytes([n]) for n in range(1, 16)}
_WHOLE_MOST = 512  # RFC 2812 2.3: the longest line of a protocol above


def recognise(payload: bytes, length: int) -> Message:
    """What these bytes are, as far as they say so themselves."""
    message = _http(payload) or _tls(payload, length) or _framed(payload, length) or _whole(payload, length)
    return message or _statement(payload, length) or _command(payload) or Message()


def _http(payload: bytes) -> Message | None:
    """The first line of an HTTP/1.x message, and whether its head announces the end."""
    if payload.startswith(_HTTP2_PREFACE):
        return Message("HTTP/2 connection preface", "http", purpose=Purpose.MESSAGE)
    response = _HTTP_RESPONSE.match(payload)
    if not (match := response or _HTTP.match(payload)):
        return None
    whole = match.end() < len(payload)
    if whole and response is None and b" HTTP/" not in match[0]:
        return None  # another protocol's GET
    line = match[0].decode("latin-1") + ("" if whole else "…")
    head = payload.partition(b"\r\n\r\n")[0] + b"\r\n"
    return Message(line, "http", None, _CLOSE.search(head) is not None, response is not None, Purpose.MESSAGE)


def _tls(payload: bytes, length: int) -> Message | None:
    """A TLS record (RFC 8446 5.1): its type, and an alert's meaning where it is in the clear."""
    if len(payload) < 5 or payload[0] not in _TLS or payload[1] != 3 or payload[2] > 4:
        return None
    alone = length == 5 + int.from_bytes(payload[3:5], "big")
    if payload[0] == 21:
        # RFC 8446 6: description 0 is close_notify; a warning of another kind is no end. Encrypted, it cannot be read.
        warning = length == 7 and len(payload) == 7 and payload[5] == 1 and payload[6] != 0
        return Message("TLS alert", "tls", Confidence.CERTAIN if alone and not warning else None)
    if length == 24 and payload.startswith(_TLS13_ALERT):
        return Message("TLS 1.3 record of an alert's size", "tls", Confidence.LIKELY)
    # RFC 6520: a record type of its own. Application data may be anything.
    purpose = {22: Purpose.MESSAGE, 24: Purpose.PING}.get(payload[0]) if alone else None
    return Message(f"TLS {_TLS[payload[0]]}", "tls", purpose=purpose)


def _framed(payload: bytes, length: int) -> Message | None:
    """Frames that give their own length: HTTP/2 (RFC 9113 4.1), WebSocket (RFC 6455 5.2), SSH before keys (RFC 4253 6)."""
    if len(payload) >= 9:
        size, connection = 9 + int.from_bytes(payload[:3], "big"), payload[5:9] == b"\0\0\0\0"
        if connection and payload[3] == 7 and payload[4] == 0 and 17 <= size == length:
            return Message("HTTP/2 GOAWAY", "http", Confidence.LIKELY)
        if connection and payload[3] == 6 and payload[4] <= 1 and size == length == 17:
            return Message("HTTP/2 PING" + (" ACK" if payload[4] else ""), "http", purpose=Purpose.PING)
        # A request: HEADERS with END_HEADERS, on a client's stream, that hold something.
        if payload[3] == 1 and payload[4] & ~0x29 == 4 and payload[5] < 0x80 and payload[8] & 1 and 9 < size <= length:
            return Message("HTTP/2 HEADERS", "http", purpose=Purpose.MESSAGE)
    if len(payload) >= 2 and payload[0] in (0x88, 0x89, 0x8A):
        masked, size = payload[1] >> 7, payload[1] & 0x7F
        if size <= 125 and length == 2 + 4 * masked + size:
            if payload[0] != 0x88:
                return Message("WebSocket ping" if payload[0] == 0x89 else "WebSocket pong", purpose=Purpose.PING)
            if size != 1:  # nothing, or a status code of two bytes and more (RFC 6455 5.5.1)
                return Message("WebSocket close", None, Confidence.LIKELY)
    # SSH_MSG_DISCONNECT is 1, with a reason from 1 to 15 (RFC 4253 11.1), behind a padding length of at least 4.
    disconnects = payload[5:9] == b"\1\0\0\0" and payload[4] >= 4 and payload[9:10] in _SSH_REASONS
    if disconnects and length == 4 + int.from_bytes(payload[:4], "big"):
        return Message("SSH disconnect", None, Confidence.LIKELY)
    return None


def _whole(payload: bytes, length: int) -> Message | None:
    """Messages that are known only as a whole: captured to their last byte."""
    if len(payload) != length or length > _WHOLE_MOST:
        return None
    for pattern, name in _QUITS:
        if re.match(pattern, payload):
            return Message(name, None, Confidence.LIKELY)
    for pattern, name in _PINGS:
        if re.match(pattern, payload):
            return Message(name, purpose=Purpose.PING)
    if re.match(_EXTENDED, payload):
        return Message("PostgreSQL extended query", purpose=Purpose.MESSAGE)
    return None


def _statement(payload: bytes, length: int) -> Message | None:
    """A statement of SQL, of which the first word is named: no more, since what follows may be private."""
    for pattern, name, order, around in _STATEMENTS:
        match = re.match(pattern, payload)
        if match and around + int.from_bytes(match[1], order) == length:
            return Message(f"{name} {match[2].decode('latin-1').upper()}", purpose=Purpose.MESSAGE)
    return None


def _command(payload: bytes) -> Message | None:
    """A command, of which the first word is named, or a greeting."""
    for pattern, name in _COMMANDS:
        if match := re.match(pattern, payload):
            word = match[1].decode("latin-1")
            # A PING that is not all that was sent may have a message with it, or a request behind it.
            return Message(f"{name} {word}", purpose=None if word.upper() == "PING" else Purpose.MESSAGE)
    return None
