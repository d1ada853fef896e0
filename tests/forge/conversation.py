"""Conversations as text, readable as documentation, turned into packets.

    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  120 bytes
    0.045  S  900 bytes
  350.100  C  80 bytes        # first request after the silence
  350.120  S  RST

A line is: seconds, side, what. Sequence and acknowledgement numbers follow from what was sent before; every segment
acknowledges all that its peer sent so far. What is sent:

    SYN, SYN ACK, ACK, N bytes, FIN, N bytes FIN, RST, RST ACK    (a second SYN of a side draws a new ISN)
    again      the side's last payload (or SYN, or FIN) once more       copy     its last packet once more, as it was
    probe      a keepalive probe, `probe 1 byte` as Windows sends it    missed N N bytes that were not captured
    ICMP T/C   an error by a router, quoting the side's last packet

A bare RST is the answer of a host without the connection: seq is what its peer last acknowledged, no ACK, window 0, no
options, IP ID 0. RST ACK is the abort of a live socket, with timestamps and window.

Further words on a line: `win=0 ttl=63 ipid=0 via=1 isn=5 seq=+1 ack=-80 ts=no push=no push quiet` (`quiet`: sent but not
captured; `via` is the interface, and `ack=` and `seq=` shift the number). They hold for that line only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from tests.forge.packets import ACK, FIN, MASK, PSH, RST, SYN, Packet, address, icmp_error, tcp, timestamps

START = 1_700_000_000_000_000_000
ROUTER = {4: "10.9.9.9", 16: "fd00::9"}
_WORD = re.compile(r"(win|ttl|ipid|via|isn|seq|ack|ts|push)=(\S+)")


@dataclass(slots=True)
class Sender:
    """One side: where it stands, and how its packets look."""

    address: tuple[bytes, int]
    isn: int
    ttl: int
    window: int = 502
    ip_id: int = 1000
    next: int = 0
    began: bool = False
    said_ack: int | None = None
    unit: tuple[int, int, bytes] = (0, 0, b"")  # seq, flags and payload that `again` repeats
    last: bytes = b""


@dataclass(slots=True)
class Conversation:
    """Two senders, and the packets recorded of them."""

    client: Sender
    server: Sender
    stamps: bool = True
    packets: list[Packet] = field(default_factory=list)

    def line(self, text: str) -> None:
        """Take one line of a conversation."""
        seconds, side, what = text.split(None, 2)
        words = dict(_WORD.findall(what))
        what = _WORD.sub("", what)
        quiet = "quiet" in what.split()
        what = " ".join(w for w in what.split() if w != "quiet")
        sender, peer = (self.client, self.server) if side == "C" else (self.server, self.client)
        time = START + int(Decimal(seconds) * 1_000_000_000)
        if match := re.fullmatch(r"missed (\d+)", what):
            sender.next = (sender.next + int(match[1])) & MASK
            return
        if match := re.fullmatch(r"ICMP (\d+)/(\d+)", what):
            router = address(ROUTER[len(sender.address[0])])
            data = icmp_error(router, int(match[1]), int(match[2]), sender.last)
        elif what == "copy":
            data = _recopied(sender.last, int(words.get("ttl", sender.ttl)))
        else:
            data = self._segment(sender, peer, what, words, time)
            sender.last = data
        if not quiet:
            self.packets.append(Packet(time, data, int(words.get("via", 0))))

    def _segment(self, sender: Sender, peer: Sender, what: str, words: dict[str, str], time: int) -> bytes:
        stamped = self.stamps and words.get("ts") != "no"
        seq, flags, payload, bare = self._what(sender, peer, what, words)
        seq = (seq + int(words.get("seq", 0))) & MASK
        ack = (peer.next + int(words.get("ack", 0))) & MASK if flags & ACK else 0
        window = int(words.get("win", 0 if bare else sender.window))
        ip_id = 0 if bare or len(sender.address[0]) == 16 else sender.ip_id
        if not bare:
            sender.ip_id = (sender.ip_id + 1) & 0xFFFF
        if flags & ACK:
            sender.said_ack = ack
        options = timestamps(time // 1_000_000, 0) if stamped and not bare else b""
        return tcp(sender.address, peer.address, seq, ack, flags, window=window, payload=payload, options=options,
                   ttl=int(words.get("ttl", sender.ttl)), ip_id=int(words.get("ipid", ip_id)))  # fmt: skip

    def _what(self, sender: Sender, peer: Sender, what: str, words: dict[str, str]) -> tuple[int, int, bytes, bool]:
        """Return sequence number, flags, payload, and whether it is a bare RST; move on the sender."""
        push = PSH if words.get("push") != "no" else 0
        if what in ("SYN", "SYN ACK"):
            if sender.began and what == "SYN":
                sender.isn = (sender.isn + 1_000_003) & MASK
            sender.isn = int(words.get("isn", sender.isn))
            sender.began, sender.next = True, (sender.isn + 1) & MASK
            sender.unit = sender.isn, SYN | (ACK if what == "SYN ACK" else 0), b""
            return *sender.unit, False
        if what == "ACK":
            return sender.next, ACK, b"", False
        if what == "RST":
            seq = peer.said_ack if peer.said_ack is not None else sender.next
            return seq, RST, b"", True
        if what == "RST ACK":
            return sender.next, RST | ACK, b"", False
        if what == "again":
            return *sender.unit, False
        if what in ("probe", "probe 1 byte"):
            return (sender.next - 1) & MASK, ACK, b"\0" if what != "probe" else b"", False
        match = re.fullmatch(r"(?:(\d+) bytes? ?)?(FIN)?", what)
        if not match or not what:
            raise ValueError(f"what is sent? {what!r}")
        payload = b"x" * int(match[1] or 0)
        flags = ACK | (push if payload else 0) | (FIN if match[2] else 0)
        sender.unit = sender.next, flags, payload
        sender.next = (sender.next + len(payload) + bool(match[2])) & MASK
        return *sender.unit, False


def _recopied(data: bytes, ttl: int) -> bytes:
    """Return a packet as another interface saw it, with another TTL perhaps (the checksum is not mended)."""
    at = 7 if data[0] >> 4 == 6 else 8
    return data[:at] + bytes([ttl]) + data[at + 1 :]


def conversation(
    text: str,
    *,
    client: tuple[str, int] = ("10.0.0.1", 50000),
    server: tuple[str, int] = ("10.0.0.2", 443),
    client_isn: int = 0xFFFFFFB0,
    server_isn: int = 1_000_000,
    ttl: tuple[int, int] = (64, 61),
    stamps: bool = True,
) -> list[Packet]:
    """Return the packets of a conversation. The client's numbers cross 2^32 within its first 80 bytes."""
    a, b = ((address(host), port) for host, port in (client, server))
    talk = Conversation(
        Sender(a, client_isn, ttl[0], next=(client_isn + 1) & MASK),
        Sender(b, server_isn, ttl[1], next=(server_isn + 1) & MASK),
        stamps,
    )
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            talk.line(line)
    return talk.packets


def merge(*conversations: list[Packet]) -> list[Packet]:
    """Return the packets of several conversations in order of time."""
    return sorted((p for c in conversations for p in c), key=lambda p: p.time)
