"""The packets around an incident: what a report shows, draws and hands on besides the frames that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pcapdiag.engine.types import Connection, RecordRef, Traced
from pcapdiag.report.ladder import Sizes, Step

Side = Literal["client", "server"]


def came_from(segment: Traced, connection: Connection) -> Side:
    """From whose side a packet came: an ICMP error comes back to whoever sent what it quotes."""
    return "client" if (segment.source == connection.client) is (segment.icmp is None) else "server"


#: Around each frame that proves something: enough for the handshake, the exchange before the silence, and what came after.
AROUND = Sizes(beginning=5, before=6, after=6, end=0, most=400)
#: Of the next connection: its handshake, and whether it is served.
NEXT = Sizes(beginning=8, before=0, after=0, end=0, most=8)


@dataclass(frozen=True, slots=True)
class Successor:
    """The next connection of the same client address to the same server: its first packets, of ``segments`` in all."""

    connection: Connection
    steps: tuple[Step, ...]
    segments: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Packets of one affected connection around its incidents, in the order of the capture, of ``segments`` in all: its
    beginning, the last ones before each silence, the wake, the answer, and what followed. The steps' segments hold their
    records' bytes as captured. ``wakes`` are the first records of the wakes it was made for; by them it is found."""

    connection: Connection
    wakes: tuple[RecordRef, ...]
    steps: tuple[Step, ...]
    segments: int
    successor: Successor | None
