"""What one line says is sent: its words put together, and whether they go together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import Place
from .words import Words, read_word, unfitting

SENT = 'SYN, SYN ACK, ACK, 80 bytes, "text", hex 1503, FIN, RST, RST ACK, again, copy, probe, missed 80, ICMP 3/13'
#: What an IPv4 or IPv6 packet can hold beside its headers and their options, rounded down.
MOST_PAYLOAD = 65_000

_KINDS = ("SYN", "SYN ACK", "ACK", "FIN", "RST", "RST ACK", "again", "copy", "probe", "missed", "ICMP")
_WITH_PAYLOAD = ("", "FIN", "SYN", "SYN ACK")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens. ``time`` is ns since the start. ``kind`` is the words that say what is sent, "payload" if that is
    all, and ``payload`` what it holds; ``count`` of `missed`; ``icmp`` is type and code."""

    place: Place
    time: int
    side: str
    connection: int
    kind: str
    payload: bytes
    count: int
    icmp: tuple[int, int] | None
    words: Words
    quiet: bool


class Said:
    """What one line says is sent, as it is read word by word."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.names: list[str] = []
        self.words: dict[str, Any] = {}
        self.length: int | None = None
        self.content: bytes | None = None
        self.count = 0
        self.icmp: tuple[int, int] | None = None
        self.quiet = False

    def read(self, tokens: list[str | bytes]) -> None:
        """Take the tokens after time and side."""
        while tokens:
            token = tokens.pop(0)
            if isinstance(token, bytes):
                self.content = (self.content or b"") + token
            elif token == "hex":
                self.content = (self.content or b"") + self._hex(tokens)
            elif token == "quiet":
                self.quiet = True
            elif "=" in token:
                self._word(*token.split("=", 1))
            elif token.isdecimal() and tokens and tokens[0] in ("byte", "bytes"):
                del tokens[0]
                self._bytes(token)
            elif token in ("missed", "ICMP"):
                self.names.append(token)
                self._after(token, tokens.pop(0) if tokens else "")
            else:
                self.names.append(token)

    def _hex(self, tokens: list[str | bytes]) -> bytes:
        found = ""
        while tokens and isinstance(tokens[0], str) and re.fullmatch(r"([0-9a-fA-F]{2})+", tokens[0]):
            found += tokens.pop(0)  # type: ignore[operator]  # a word, as just seen
        if not found:
            raise self.place.wrong("hex wants pairs of hex digits: hex 1503030002 0100")
        return bytes.fromhex(found)

    def _word(self, key: str, value: str) -> None:
        if key in self.words:
            raise self.place.wrong(f"{key}= is said twice")
        try:
            self.words[key] = read_word(key, value)
        except ValueError as error:
            raise self.place.wrong(str(error)) from None

    def _bytes(self, text: str) -> None:
        if self.length is not None:
            raise self.place.wrong("a segment has one length")
        if len(text) > 9 or not 0 < int(text) <= MOST_PAYLOAD:
            raise self.place.wrong(f"a packet holds 1 to {MOST_PAYLOAD} bytes; without payload it is an ACK")
        self.length = int(text)

    def _after(self, name: str, token: str | bytes) -> None:
        text = token if isinstance(token, str) else ""
        if name == "missed":
            if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not int(text):
                raise self.place.wrong("missed wants the number of bytes that were not captured: missed 80")
            self.count = int(text)
            return
        match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text, re.ASCII)
        if not match or max(int(match[1]), int(match[2])) > 255:
            raise self.place.wrong("ICMP wants type and code: ICMP 3/13")
        self.icmp = int(match[1]), int(match[2])

    def line(self, time: int, side: str, connection: int) -> Line:
        """All of it, if it goes together."""
        wrong, name = self.place.wrong, " ".join(self.names)
        if name and name not in _KINDS:
            raise wrong(f"{name} is nothing that can be sent; there are {SENT}")
        payload = self._payload(name)
        kind = name if name and name != "FIN" else "payload" if payload and not name else name
        if not kind:
            raise wrong(f"what is sent? {SENT}")
        about = "payload" if payload and name in ("", "FIN") else kind
        if (key := unfitting(about, set(self.words))) is not None:
            raise wrong(f"{key}= says nothing of {kind}")
        if self.quiet and name == "missed":
            raise wrong("what was missed is quiet already")
        return Line(self.place, time, side, connection, kind, payload, self.count, self.icmp, Words(**self.words), self.quiet)

    def _payload(self, name: str) -> bytes:
        if name == "probe" and self.length is not None:
            if self.length != 1 or self.content is not None:
                raise self.place.wrong("a probe has no payload, or one byte: probe, probe 1 byte")
            return b"\0"
        if self.length is None and self.content is None:
            return b""
        if name not in _WITH_PAYLOAD:
            raise self.place.wrong(f"{name} has no payload")
        content = self.content or b""
        length = len(content) if self.length is None else self.length
        if len(content) > length:
            raise self.place.wrong(f"the {len(content)} bytes that are written out are more than {length}")
        if not 0 < length <= MOST_PAYLOAD:
            raise self.place.wrong(f"a packet holds 1 to {MOST_PAYLOAD} bytes; without payload it is an ACK")
        return content.ljust(length, b"x")
