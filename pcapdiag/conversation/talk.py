"""From statements to segments: what each side has sent so far gives the numbers of what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .language import Header, NextFile, statements
from .said import Line
from .segments import ACK, MASK, RST, SYN, Endpoint, Segment
from .setting import MOST_CONNECTIONS, Setting
from .sides import SYN_WINDOW, WINDOW, Side, options, sent

ROUTER = {False: "10.9.9.9", True: "fd00::9"}
MACS = {"C": "02:00:00:00:00:01", "S": "02:00:00:00:00:02"}

_MS = 1_000_000
_QUOTABLE = {False: (3, 4, 5, 11, 12), True: (1, 2, 3, 4)}  # RFC 792, RFC 4443: the errors, which quote a packet


@dataclass(slots=True)
class Talk:
    """Everybody who talks, and the segments recorded so far."""

    setting: Setting
    sides: dict[tuple[str, int], Side] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    file: int = 0
    begun: bool = False

    def take(self, statement: Header | NextFile | Line) -> None:
        """Take one statement. Raises ConversationError where it does not fit what was said before."""
        if isinstance(statement, NextFile):
            self.file += 1
        elif isinstance(statement, Header):
            if self.begun:
                raise statement.place.wrong("what holds for the whole conversation stands above its first packet")
            try:
                self.setting = self.setting.said(statement.key, statement.values)
            except ValueError as error:
                raise statement.place.wrong(str(error)) from None
        else:
            self.begun = True
            self._line(statement)

    def _line(self, line: Line) -> None:
        sender = self._side(line.side, line)
        peer = self._side("S" if line.side == "C" else "C", line)
        if sender.endpoint.six != peer.endpoint.six:
            raise line.place.wrong(f"{sender.endpoint.address} cannot talk to {peer.endpoint.address}: IPv4 and IPv6")
        self._fits(line, sender)
        if line.kind == "missed":
            sender.next = (sender.next + line.count) & MASK
            return
        if line.kind in ("copy", "ICMP"):
            if sender.last is None:
                raise line.place.wrong("this side has sent nothing yet")
            segment = self._repeated(line, sender.last)
        else:
            segment = self._segment(line, sender, peer)
            sender.last, sender.asked = segment, False
        if not line.quiet:
            self.segments.append(segment)

    def _side(self, side: str, line: Line) -> Side:
        number = line.connection
        if (side, number) not in self.sides:
            if number > MOST_CONNECTIONS:
                raise line.place.wrong(f"a conversation has at most {MOST_CONNECTIONS} connections")
            isn = self.setting.first_number(side, number)
            ttl = self.setting.ttl[side == "S"]
            self.sides[side, number] = Side(self.setting.end(side, number), isn, ttl, (isn + 1) & MASK)
        return self.sides[side, number]

    def _fits(self, line: Line, sender: Side) -> None:
        """A word that would change nothing is a misunderstanding, and so is repeating what was never sent."""
        words, link = line.words, self.setting.link
        if words.dir is not None and link not in ("sll", "sll2"):
            raise line.place.wrong("dir= is recorded by `link sll` and `link sll2` alone")
        if words.mac is not None and link == "raw":
            raise line.place.wrong("mac= is recorded by `link ethernet`, `link sll` and `link sll2` alone")
        if sender.endpoint.six and (words.ipid is not None or words.df is not None):
            raise line.place.wrong("IPv6 has neither ipid= nor df=")
        if line.kind == "again" and sender.unit is None:
            raise line.place.wrong("this side has sent neither payload nor SYN nor FIN to send again")
        if line.icmp and line.icmp[0] not in _QUOTABLE[sender.endpoint.six]:
            kinds = ", ".join(map(str, _QUOTABLE[sender.endpoint.six]))
            raise line.place.wrong(f"the ICMP errors that quote a packet are of type {kinds}")

    def _repeated(self, line: Line, last: Segment) -> Segment:
        """The side's last packet recorded once more, or a router's error about it."""
        words = line.words
        at, place = self.setting.start + line.time, line.place.line
        seen: dict[str, Any] = {"time": at, "file": self.file, "interface": words.via, "line": place}
        if line.kind == "copy":
            return replace(last, **seen, ttl=words.ttl or last.ttl, source_mac=words.mac or last.source_mac,
                           direction=words.dir or last.direction)  # fmt: skip
        six, out = last.source.six, line.side == "S"
        return Segment(
            **seen, connection=line.connection, side=line.side,
            source=Endpoint(ROUTER[six], 0), target=last.source._replace(port=0), ttl=words.ttl or 64,
            ip_id=None if six else 0, dont_fragment=None if six else True,
            source_mac=words.mac or MACS["C" if out else "S"], target_mac=MACS[line.side],
            direction=words.dir or ("out" if out else "in"), icmp=line.icmp, quoted=last,
        )  # fmt: skip

    def _segment(self, line: Line, sender: Side, peer: Side) -> Segment:
        """Something the side sends; both sides move on."""
        words, six = line.words, sender.endpoint.six
        # RFC 9293 3.10.7.1: a host without the connection takes all it says from the segment it answers. To a SYN: number
        # 0, and the ACK covers it.
        refusal = line.kind == "RST ACK" and sender.asked
        bare = line.kind == "RST" or refusal
        seq, flags, payload = (0, RST | ACK, b"") if refusal else sent(line, sender, peer)
        seq = (seq + words.seq) & MASK
        ack = (peer.next + words.ack) & MASK if flags & ACK else 0
        window = 0 if bare else SYN_WINDOW if flags & SYN else WINDOW
        # A record clock may go back; the host's own did not.
        sender.clock = max(sender.clock, (self.setting.start + line.time) // _MS)
        stamped = words.ts if words.ts is not None else self.setting.timestamps and not bare
        if flags & ACK:
            sender.said_ack = ack
        elif flags & SYN:
            peer.asked = True
        ip_id = 0 if bare else sender.ip_id
        if not bare:
            sender.ip_id = (sender.ip_id + 1) & 0xFFFF
        return Segment(
            self.setting.start + line.time, self.file, words.via, line.connection, line.side, line.place.line,
            sender.endpoint, peer.endpoint, words.ttl or sender.ttl,
            None if six else ip_id if words.ipid is None else words.ipid,
            None if six else words.df is not False,
            words.mac or MACS[line.side], MACS["S" if line.side == "C" else "C"],
            words.dir or ("out" if line.side == "C" else "in"),
            seq, ack, flags, window if words.win is None else words.win,
            options(sender, peer, flags, payload, stamped), payload,
        )  # fmt: skip


def conversation(text: str, setting: Setting | None = None) -> tuple[Segment, ...]:
    """The segments of a conversation, in the order of its lines; ``setting`` is what holds where no header says otherwise.

    Raises ConversationError, which names the line.
    """
    return listen(text, setting).segments


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole conversation: its segments, how many files they are in, and what held for all of it."""

    segments: tuple[Segment, ...]
    files: int
    setting: Setting


def listen(text: str, setting: Setting | None = None) -> Heard:
    """As :func:`conversation`, with all that is needed to write it as captures."""
    talk = Talk(setting or Setting())
    for statement in statements(text):
        talk.take(statement)
    return Heard(tuple(talk.segments), talk.file + 1, talk.setting)
