"""What holds for a whole conversation: who talks, since when, over which link. Header lines change it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from .segments import MASK, Endpoint

#: 2026-01-01T00:00:00Z in ns: seconds of a conversation can be read off the clock.
START = 1_767_225_600_000_000_000
#: Every kind of capture that can be written, and its LINKTYPE_ value (tcpdump.org/linktypes.html).
LINKS = {"raw": 101, "ethernet": 1, "sll": 113, "sll2": 276}
MOST_CONNECTIONS = 1000

_CLIENT, _SERVER = Endpoint("10.0.0.1", 50000), Endpoint("10.0.0.2", 443)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2070, 1, 1, tzinfo=UTC)  # a conversation of 31 years still fits the 32 bits of a classic pcap
# Numbers of further connections lie apart from each other, so that none looks like the same incident seen twice.
_CLIENT_STEP, _SERVER_STEP = -5, 10_000_019


@dataclass(frozen=True, slots=True)
class Setting:
    """Client and server of the first connection, their TTLs as recorded and initial sequence numbers, whether timestamps are
    negotiated, the link, the snap length in bytes (None: whole packets), the start in ns. ``others`` are ends of further
    connections where they are not the obvious ones.

    The client's numbers begin just below 2^32: its first 80 bytes cross it.
    """

    client: Endpoint = _CLIENT
    server: Endpoint = _SERVER
    ttl: tuple[int, int] = (64, 61)
    isn: tuple[int, int] = (0xFFFFFFB0, 1_000_000)
    timestamps: bool = True
    link: str = "raw"
    snap: int | None = None
    start: int = START
    others: Mapping[tuple[str, int], Endpoint] = field(default_factory=dict)

    def end(self, side: str, connection: int) -> Endpoint:
        """That end of a connection: another client port for each, the same server for all, unless it was said otherwise."""
        if (side, connection) in self.others:
            return self.others[side, connection]
        if side == "S":
            return self.server
        return self.client._replace(port=(self.client.port + connection - 2) % 65535 + 1)

    def first_number(self, side: str, connection: int) -> int:
        """The initial sequence number of a side's first incarnation."""
        at, step = (0, _CLIENT_STEP) if side == "C" else (1, _SERVER_STEP)
        return (self.isn[at] + step * (connection - 1)) & MASK

    def said(self, key: str, values: tuple[str, ...]) -> Setting:
        """The setting after a header line. Raises ValueError that says what would be right."""
        if match := re.fullmatch(r"([CS])([2-9]|[1-9]\d{1,2})", key, re.ASCII):
            if len(values) != 2 or values[0] != "is":
                raise ValueError(f"write it like `{key} is 10.0.0.9:443`")
            return replace(self, others={**self.others, (match[1], int(match[2])): _endpoint(values[1])})
        if key not in _HEADERS:
            raise ValueError(f"no such line; a line begins with its time in seconds, or is `file` or one of {_EXAMPLES}")
        count, example, read = _HEADERS[key]
        try:
            if len(values) != count:
                raise ValueError
            return replace(self, **{key: read(*values)})
        except (ValueError, KeyError, OverflowError):
            raise ValueError(f"write it like `{example}`") from None


def _endpoint(text: str) -> Endpoint:
    match = re.fullmatch(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)):(?P<port>\d{1,5})", text, re.ASCII)
    try:
        if not match or not 0 < int(match["port"]) < 65536:
            raise ValueError
        address = ip_address(match["four"] or match["six"])
        if (address.version == 6) != (match["six"] is not None):
            raise ValueError
    except ValueError:
        raise ValueError(f"{text} is no address and port as 10.0.0.1:50000 or [2001:db8::2]:443") from None
    return Endpoint(str(address), int(match["port"]))


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return read


def _pair(read: Callable[[str], int]) -> Callable[[str, str], tuple[int, int]]:
    return lambda client, server: (read(client), read(server))


def _start(text: str) -> int:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None or not _EPOCH <= when < _LATEST:
        raise ValueError
    return (when - _EPOCH) // timedelta(microseconds=1) * 1000


#: Each header: how many values it has, how it is written, what reads it.
_HEADERS: dict[str, tuple[int, str, Callable[..., Any]]] = {
    "client": (1, "client 10.0.0.1:50000", _endpoint),
    "server": (1, "server [2001:db8::2]:443", _endpoint),
    "ttl": (2, "ttl 64 61", _pair(_between(1, 255))),
    "isn": (2, "isn 4294967216 1000000", _pair(_between(0, MASK))),
    "timestamps": (1, "timestamps no", {"yes": True, "no": False}.__getitem__),
    "link": (1, f"link {'|'.join(LINKS)}", {name: name for name in LINKS}.__getitem__),
    "snap": (1, "snap 96", _between(1, 262_144)),
    "start": (1, "start 2026-01-02T03:04:05Z", _start),
}
_EXAMPLES = ", ".join(f"`{example}`" for _, example, _ in _HEADERS.values())
