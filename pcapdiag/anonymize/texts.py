"""Text of a report with what names somebody replaced: addresses wherever they stand, and labels."""

from __future__ import annotations

import re

from pcapdiag.anonymize.addresses import Addresses

_HEX, _FOUR = "[0-9A-Fa-f]", r"\d{1,3}(?:\.\d{1,3}){3}"
#: A colon or full stop may follow that is the sentence's.
_FOUND = re.compile(
    rf"(?P<mac>(?<![\w:])(?:{_HEX}{{2}}:){{5}}{_HEX}{{2}}(?!\w|:\w))"
    rf"|(?P<six>(?<![\w:.])(?:{_HEX}{{0,4}}:){{2,7}}(?:{_FOUR}|{_HEX}{{1,4}}|(?<=::)))(?!\w|:\w)(?P<len6>/\d{{1,3}})?"
    rf"|(?P<four>(?<![\w.]){_FOUR})(?!\w|\.\d)(?P<len4>/\d{{1,2}})?"
)
#: What a label may say: the kind of a message, in the words of `pcapdiag.rules.messages`. Everything else came from the wire.
_KINDS = re.compile(
    r"TLS [a-z ]+|TLS 1\.3 record of an alert's size|HTTP/2 (?:PING(?: ACK)?|GOAWAY|connection preface)"
    r"|WebSocket (?:ping|pong|close)|(?:MySQL|PostgreSQL|MQTT|LDAP) [A-Za-z_0-9 ]{1,20}"
    r"|Redis (?:QUIT|PING)|IMAP LOGOUT|SSH disconnect|QUIT|PING"
)
_METHOD = re.compile(r"(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PROPFIND|REPORT) ")
_STATUS = re.compile(r"HTTP/1\.[01] \d{3}")


def hidden(label: str) -> str:
    """A label without what its sender chose: of a request the method, of a response the status, else the kind alone.

    >>> hidden("GET /orders/17 HTTP/1.1"), hidden("HTTP/1.1 200 Fine, Joe"), hidden("TLS alert"), hidden("SSH SSH-2.0-joe")
    ('GET (hidden)', 'HTTP/1.1 200', 'TLS alert', 'SSH (hidden)')
    """
    if _KINDS.fullmatch(label):
        return label
    if found := _METHOD.match(label):
        return f"{found[1]} (hidden)"
    if found := _STATUS.match(label):
        return found[0]
    kind = next((word for word in ("Redis", "SSH") if label.startswith(word + " ")), None)
    return f"{kind} (hidden)" if kind else "(hidden)"


class Texts:
    """Replaces addresses, IP and MAC, wherever they stand in text."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def __call__(self, text: str) -> str:
        """The text with every address replaced. Cheap where there is none: an address has three dots or two colons."""
        if text.count(":") < 2 and text.count(".") < 3:
            return text
        return _FOUND.sub(self._one, text)

    def _one(self, found: re.Match[str]) -> str:
        if found["mac"]:
            return self._addresses.mac(bytes.fromhex(found["mac"].replace(":", ""))).hex(":")
        address, length = found["six"] or found["four"], found["len6"] or found["len4"] or ""
        if address.endswith(":::"):  # "::" and the sentence's colon
            return self(address[:-1]) + ":"
        try:
            return self._addresses.network(address + length) if length else self._addresses.text(address)
        except ValueError:
            return found[0]  # four numbers or a time of day, but no address
