"""What a conversation becomes: its segments, in order, with everything that is needed to write them as packets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MASK = 0xFFFFFFFF

#: A TCP option by its name: ("MSS", 1460), ("timestamps", (TSval, TSecr)), ("fast open", cookie as two numbers), ("NOP", None).
Option = tuple[str, int | tuple[int, int] | None]


class Endpoint(NamedTuple):
    """One end of a connection: a textual IP address and a TCP port."""

    address: str
    port: int

    @property
    def six(self) -> bool:
        """Is the address an IPv6 one?"""
        return ":" in self.address


@dataclass(frozen=True, slots=True)
class Segment:
    """One recorded segment, or an ICMP error about one.

    ``time`` is ns since the Unix epoch, ``file`` and ``interface`` count from 0, ``connection`` from 1; ``side`` is "C" or
    "S" (of an ICMP error: to whom it was sent) and ``line`` the line of the text that says it. ``seq`` and ``ack`` are the
    raw 32-bit numbers, ``window`` is unscaled. ``ip_id`` is None for IPv6. ``direction`` is "in" or "out", as a cooked capture
    tells. An ICMP error has ``icmp`` (type, code) and the segment it quotes; its numbers are 0 and it has no port.
    """

    time: int
    file: int
    interface: int
    connection: int
    side: str
    line: int
    source: Endpoint
    target: Endpoint
    ttl: int
    ip_id: int | None
    dont_fragment: bool | None
    source_mac: str
    target_mac: str
    direction: str
    seq: int = 0
    ack: int = 0
    flags: int = 0
    window: int = 0
    options: tuple[Option, ...] = ()
    payload: bytes = field(default=b"", repr=False)
    icmp: tuple[int, int] | None = None
    quoted: Segment | None = None
