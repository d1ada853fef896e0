"""Idle periods and the wakes that end them, as plain mutable records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.decode import ACK, RST, SYN, Segment
from tests.reference.sides import MS, Mark, Side, delta, gap, start_of

SETTLING = 250 * MS
HEARTBEAT_AT_MOST = 64
Ref = tuple[int, int]


@dataclass(slots=True, eq=False)
class Silence:
    """A stretch without segments whose end waits for an answer."""

    side: Side
    before: Mark
    ended: Segment
    payload: bool
    last: int  # time of the last segment of that side before an answer

    @property
    def first_length(self) -> int:
        """From the last segment before to the first after."""
        return gap(self.ended.time, self.before.time)

    def answered_by(self, s: Segment) -> bool:
        """Whether a segment of the other side shows that the connection lives."""
        if s.flags & (RST | SYN):
            return False
        return not self.payload or bool(s.flags & ACK and delta(s.ack, start_of(self.ended)) > 0)


@dataclass(slots=True, eq=False)
class Answer:
    """The first thing that came back."""

    kind: str
    frame: Ref
    time: int
    delay: int
    acknowledges: bool
    count: int = 1
    acknowledged: int | None = None
    icmp: tuple[int, int] | None = None
    went_on: Ref | None = None
    seq: int = 0


@dataclass(slots=True, eq=False)
class Period:
    """One idle period; `outcome` is empty while it is pending."""

    x: Side
    y: Side
    kind: str
    first: Segment
    start: Mark
    spoke: Side | None
    before: Mark
    silence: Silence | None
    stream: int | None
    hole: bool
    probes: dict[Side, int]
    length: int = 0
    segments: int = 1
    retransmissions: int = 0
    last_sent: Ref = (0, 0)
    sent_last: int = 0
    own_fin: Ref | None = None
    finished: int = 0  # when
    hole_in_numbers: bool = False  # of a FIN: traffic was missed before it
    heartbeat: bool = False
    missed: tuple[int, int] = (0, 0)
    distance: int | None = None  # d: the wake's ack minus the peer's next seq
    peer_unknown: bool = False
    peer: Segment | None = None
    peer_stamped: bool | None = None
    peer_df: set[bool] = field(default_factory=set)
    answer: Answer | None = None
    acked_at: int | None = None
    outcome: str = ""
    cut_short: bool = False
    heard: Ref | None = None  # the peer, without acknowledging the wake
    lives: bool = False  # when its answer was due
    clock_back: int = 0
    fin: str = ""
    fin_acknowledged: bool = False
    peer_fin: Ref | None = None

    def __post_init__(self) -> None:
        self.last_sent, self.sent_last = self.first.ref, self.first.time
        if self.kind == "rst" and self.silence and self.silence.side is self.y:
            self.sent_last = self.silence.last  # the RST answers what ended that silence
        s, x, y = self.first, self.x, self.y
        self.peer_unknown = y.next is None
        own = x if self.kind == "rst" else y  # a RST is compared with what its own side sent before
        self.peer, self.peer_stamped, self.peer_df = own.live, own.stamped, set(own.df)
        if y.fin and s.flags & ACK:
            self.fin_acknowledged = delta(s.ack, y.fin[0]) > 0
        if self.kind not in ("payload", "probe", "rst"):
            return
        jump = delta(start_of(s), x.next) if x.next is not None else 0
        lack = 0
        if s.flags & ACK and y.next is not None:
            self.distance = lack = delta(s.ack, y.next)
            self.fin_acknowledged = self.fin_acknowledged or (lack == 1 and not y.fin)
            lack -= lack == 1 or y.fin is not None
        self.missed = (max(0, jump), max(0, lack))

    @property
    def pending(self) -> bool:
        """Whether nothing came back yet."""
        return not self.outcome and self.acked_at is None

    def grows_at(self, time: int) -> bool:
        """Whether further segments of its side still belong to the wake."""
        if self.kind != "payload":
            return False
        return self.pending or (self.answer is not None and self.answer.kind == "rst" and self.settling(time))

    def settling(self, time: int) -> bool:
        """Whether a RST still belongs to the answer."""
        return self.answer is not None and gap(time, self.answer.time) <= SETTLING

    def decide(self, outcome: str) -> None:
        """Settle how it ended."""
        if self.outcome:
            return
        if outcome == "given-up":
            outcome = "unanswered" if self.retransmissions >= 2 and not self.lives else "undecided"
            outcome = {"icmp": "unreachable", "rst": "reset"}[self.answer.kind] if self.answer else outcome
        self.outcome = "undecided" if any(self.missed) and outcome != "survived" else outcome
        self.judge_fin()

    def judge_fin(self) -> None:
        """Say whether the peer had sent a FIN, as far as was seen by now; the first answer settles it."""
        if self.fin:
            return
        self.peer_fin = self.y.fin[1] if self.y.fin else None
        if self.y.fin:
            self.fin = "seen"
        elif self.peer_unknown or self.distance is None:
            self.fin = "unseen"
        else:
            self.fin = "excluded" if self.distance <= 0 else "inferred" if self.distance == 1 else "unseen"

    @property
    def bound(self) -> str:
        """How the measured gap relates to the true one."""
        return "upper" if any(self.missed) or self.hole else "lower" if self.start.ref is None else "exact"

    @property
    def gap(self) -> int:
        """From its beginning to what ended it."""
        return gap(self.first.time, self.start.time)

    def plain(self) -> dict[str, Any]:
        """Return its facts, sides named by endpoint."""
        s, base = self.first, self.silence
        first = base.first_length if base else gap(s.time, self.before.time)
        until = self.sent_last if (self.answer and self.answer.kind == "rst") or self.kind == "rst" else s.time
        answered = gap(until, base.before.time if base else self.before.time)
        return {
            "first": s.ref, "kind": self.kind, "outcome": self.outcome, "sender": self.x.endpoint,
            "last_speaker": self.spoke.endpoint if self.spoke else None, "start": self.start.ref,
            "gap": self.gap, "bound": self.bound, "silence": gap(s.time, self.before.time),
            "silence_first": first, "silence_answered": answered, "last_before": self.before.ref,
            "probes": {k.endpoint: v for k, v in self.probes.items() if v}, "fin": self.fin,
            "peer_fin": self.peer_fin, "missed": self.missed, "hole": self.hole, "stream": self.stream,
            "length": self.length, "segments": self.segments, "retransmissions": self.retransmissions,
            "last_sent": self.last_sent, "own_fin": self.own_fin, "heartbeat": self.heartbeat,
            "answer": self.answer and (self.answer.kind, self.answer.frame, self.answer.delay, self.answer.count,
                                       self.answer.acknowledges, self.answer.acknowledged, self.answer.icmp,
                                       self.answer.went_on),
            "peer": self.peer and (self.peer.ttl, self.peer.ip_id, self.peer.window, self.peer_stamped,
                                   next(iter(self.peer_df)) if len(self.peer_df) == 1 else None),
            "last_by": self.before.by and self.before.by.endpoint, "heard": self.heard, "cut_short": self.cut_short,
            "fin_acknowledged": self.fin_acknowledged, "clock_back": self.clock_back,
        }  # fmt: skip
