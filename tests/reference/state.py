"""One incarnation of a 4-tuple: its two sides, and what is pending between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reference.decode import ACK, Segment
from tests.reference.sides import MS, Mark, Side, delta, gap
from tests.reference.wakes import Period, Silence

ACK_MISSED = 3000 * MS


def _service(port: int) -> int:
    if port < 1024:
        return 2 if port > 515 else 4
    return 3 if port in (2049, 8443) else 1 if port < 32768 else 0


@dataclass(slots=True)
class Clock:
    """Where the record clock last stepped back by 1 ms or more."""

    at: tuple[int, int] = (0, 0)
    step: int = 0

    def since(self, ref: tuple[int, int] | None) -> int:
        """Return the step in ns if it lies after a record (None: the start of the run)."""
        return self.step if ref is None or self.at > ref else 0


@dataclass(slots=True, eq=False)
class Run:
    """Keepalive probes in a row without answer, from the first that came at least min_idle after idle_from."""

    side: Side
    first: Segment
    last: Segment
    start: Mark
    before: Mark
    silence: Silence | None
    count: int = 1
    clock_back: int = 0
    piece: int = 0
    probes: dict[Side, int] = field(default_factory=dict)  # inside the idle period, before the first of these
    late: bool = False  # after a FIN: no wake any more, but a RST still belongs to it
    stream: int | None = None  # in the file of the first


@dataclass(slots=True, eq=False)
class Connection:
    """State of one connection. `began` is where its first silence begins if its beginning was not captured."""

    sides: tuple[Side, Side]
    first: Segment
    began: Mark
    min_idle: int
    idle_from: Mark
    piece: int = 0  # which contiguous run of files this is
    stream: int | None = None  # in the file of the segment at hand
    first_stream: int | None = None
    last: Segment | None = None
    last_piece: int = 0
    spoke: Side | None = None  # who sent the last new payload
    first_speaker: Side | None = None
    shaking: bool = False  # begun with its handshake
    reset: bool = False
    just_probed: Side | None = None  # whose probe was the last segment
    over: bool = False  # an idle period ended, and no payload came since
    closing: Side | None = None  # whose FIN ended it
    gave_up: int | None = None  # when the pending wake's own side reset the connection
    swapped: tuple[Segment, Mark, Period | None] | None = None  # a RST with nothing before it, and what it ended
    wake: Period | None = None  # the last wake by payload
    run: Run | None = None
    silence: Silence | None = None
    probes: dict[Side, int] = field(default_factory=dict)  # since the last new payload
    history: list[tuple[Side, int, int]] = field(default_factory=list)
    survived: list[Silence] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    copies: int = 0
    letters: list[tuple[str, Side]] = field(default_factory=list)  # what each side first sent, in order, as Zeek calls it
    without_idle: list[tuple[str, Side, Segment]] = field(default_factory=list)  # what was reset, of which side, by what
    clock: Clock = field(default_factory=Clock)

    def side(self, endpoint: tuple[bytes, int]) -> tuple[Side, Side]:
        """Return the side of an endpoint, and the other one."""
        a, b = self.sides
        return (a, b) if endpoint == a.endpoint else (b, a)

    @property
    def closed(self) -> bool:
        """Whether a RST or both FINs were seen."""
        return self.reset or all(side.fin for side in self.sides)

    def server(self) -> Side:
        """Return the side that is the server: by SYN, by SYN-ACK, by port, by who spoke first."""
        a, b = sorted(self.sides, key=lambda side: side.endpoint)
        for named, of in (("syn", (b, a)), ("syn_ack", (a, b))):
            for side, server in zip((a, b), of, strict=True):
                if side.isn is not None and side.syn_ack == (named == "syn_ack"):
                    return server
        ports = [_service(side.endpoint[1]) for side in (a, b)]
        if ports[0] != ports[1]:
            return a if ports[0] > ports[1] else b
        if max(a.endpoint[1], b.endpoint[1]) < 1024 and a.endpoint[1] != b.endpoint[1]:
            return min(a, b, key=lambda side: side.endpoint[1])
        return a if self.first_speaker is b else b

    def before(self) -> Mark:
        """Return the last segment so far, or the start of the run if there is none."""
        if not self.last:
            return self.began
        x, y = self.side(self.last.source)
        tied = y.last is not None and y.last.time == self.last.time
        return Mark(self.last.time, self.last.ref, self.last_piece, None if tied else x)

    def idle_since(self, s: Segment) -> None:
        """Count idleness, and probes inside it, from this segment on."""
        self.idle_from = Mark(s.time, s.ref, self.piece)
        self.probes.clear()
        for side in self.sides:
            side.resent = None

    def acknowledged(self, x: Side, time: int) -> bool:
        """Whether all that x sent was acknowledged, or its ACK must have been missed."""
        _, y = self.side(x.endpoint)
        if x.next is None or y.acked is None or delta(x.next, y.acked) <= 0:
            return True
        return not x.resent and gap(time, self.idle_from.time) >= ACK_MISSED

    def quiet(self, s: Segment, x: Side, y: Side) -> bool:
        """Whether nothing was outstanding, judged by a segment of x."""
        if not self.acknowledged(x, s.time):
            return False
        if not s.flags & ACK:
            return self.acknowledged(y, s.time)
        return y.next is None or delta(y.next, s.ack) <= 0

    def tell(self, letter: str, x: Side) -> None:
        """Note a letter of the history, unless it is there already; there is room for twelve."""
        if (letter, x) not in self.letters and len(self.letters) < 12:
            self.letters.append((letter, x))

    def after_repeats(self, y: Side) -> None:
        """Let idleness begin where y last repeated what was outstanding."""
        if y.resent:
            bounded = self.idle_from.ref is None  # from below: a repetition is no first payload
            self.idle_from, y.resent = y.resent, None
            if bounded:
                self.idle_from.ref = None

    def idle(self, s: Segment, x: Side, y: Side) -> bool:
        """Whether a segment of x ends an idle period."""
        return gap(s.time, self.idle_from.time) >= self.min_idle and self.quiet(s, x, y)

    def end_period(
        self, kind: str, s: Segment, x: Side, before: Mark, silence: Silence | None, start: Mark | None = None
    ) -> Period:
        """End the idle period by a segment of x."""
        _, y = self.side(x.endpoint)
        start = start or self.idle_from
        hole = start.run != self.piece
        period = Period(x, y, kind, s, start, self.spoke, before, silence, self.stream, hole, dict(self.probes))
        period.clock_back = self.clock.since(start.ref)
        self.periods.append(period)
        self.over = True
        return period

    def settle(self) -> None:
        """Decide the last wake: nothing more is expected of it."""
        if self.wake:
            self.wake.decide("survived" if self.wake.acked_at is not None else "given-up")
