"""One side of one connection: where it stands, and what the next thing it sends looks like."""

from __future__ import annotations

from dataclasses import dataclass

from .said import Line
from .segments import ACK, FIN, MASK, PSH, RST, SYN, Endpoint, Option, Segment

WINDOW, SYN_WINDOW = 502, 64240  # of a Linux socket; once it is open they count 128 bytes: 64256

_MSS = {False: 1460, True: 1440}  # 1500 bytes of Ethernet, less the headers of IPv4 or IPv6 and TCP
_SCALE = 7
_COOKIE = (0x0123_4567, 0x89AB_CDEF)  # RFC 7413 4.1.1: 4 to 16 bytes, whatever the server gave out before
_NEXT_ISN = 1_000_003


@dataclass(slots=True)
class Side:
    """Where one side of one connection stands."""

    endpoint: Endpoint
    isn: int
    ttl: int
    next: int
    ip_id: int = 1000
    clock: int = 0  # of its last TSval, in ms
    began: bool = False
    outdated: bool = False  # its peer has begun another incarnation since
    asked: bool = False  # by a SYN that it has not answered
    said_ack: int | None = None
    unit: tuple[int, int, bytes] | None = None  # seq, flags and payload that `again` repeats
    last: Segment | None = None


def sent(line: Line, sender: Side, peer: Side) -> tuple[int, int, bytes]:
    """Return sequence number, flags and payload; move on the sender."""
    kind = line.kind
    if kind in ("SYN", "SYN ACK"):
        return _begin(line, sender, peer)
    if kind == "again" and sender.unit:
        return sender.unit
    if kind == "RST":
        return sender.next if peer.said_ack is None else peer.said_ack, RST, b""
    if kind == "probe":
        return (sender.next - 1) & MASK, ACK, line.payload
    if kind in ("ACK", "RST ACK"):
        return sender.next, ACK | (RST if kind == "RST ACK" else 0), b""
    flags = ACK | (PSH if line.payload and line.words.push is not False else 0) | (FIN if kind == "FIN" else 0)
    sender.unit = sender.next, flags, line.payload
    sender.next = (sender.next + len(line.payload) + (kind == "FIN")) & MASK
    return sender.unit


def _begin(line: Line, sender: Side, peer: Side) -> tuple[int, int, bytes]:
    """A SYN, with or without ACK: of another incarnation if there was one before."""
    opens = line.kind == "SYN"
    if sender.began and (opens or sender.outdated):
        sender.isn = (sender.isn + _NEXT_ISN) & MASK
    sender.isn = sender.isn if line.words.isn is None else line.words.isn
    peer.outdated |= opens and sender.began
    sender.began, sender.outdated = True, False
    sender.next = (sender.isn + 1 + len(line.payload)) & MASK
    sender.unit = sender.isn, SYN | (0 if opens else ACK), line.payload
    return sender.unit


def options(sender: Side, peer: Side, flags: int, payload: bytes, stamped: bool) -> tuple[Option, ...]:
    """The TCP options as Linux orders and pads them."""
    pad: Option = ("NOP", None)
    stamps: Option = ("timestamps", (sender.clock & MASK, (peer.clock if flags & ACK else 0) & MASK))
    if not flags & SYN:
        return (pad, pad, stamps) if stamped else ()
    opening: tuple[Option, ...] = (("MSS", _MSS[sender.endpoint.six]),)
    opening += (("SACK permitted", None), stamps) if stamped else (pad, pad, ("SACK permitted", None))
    opening += (pad, ("window scale", _SCALE))
    return (*opening, ("fast open", _COOKIE), pad, pad) if payload and not flags & ACK else opening
