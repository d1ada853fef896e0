"""The captures of several points read again, for the connections of the findings, wherever these show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median_low
from typing import NamedTuple

from pcapdiag.correlate.matching import MOST_LEGS, TRANSLATED, Leg, leg
from pcapdiag.correlate.packets import MASK, Packet, packet
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, IdlePeriod, RecordRef
from pcapdiag.points import Points
from pcapdiag.reading import Progress

Ends = frozenset[Endpoint]
#: Packets that are kept of a connection: of its beginning, before a wake, and after it.
BEGINNING, BEFORE, AFTER = 32, 512, 256
#: Of these, those by whose numbers it is looked for elsewhere.
ASKED = 96
#: Packets that are kept at another point of what may be the same connection, and how far around the time in question.
MOST, AROUND = 8_192, 2_000_000_000

_Told = Callable[[Progress], None] | None


class Key(NamedTuple):
    """Where a connection was recorded: capture point, timeline there, and its ends."""

    point: int
    timeline: int
    ends: Ends


@dataclass
class Case:
    """One finding's period at its capture point, and what was read of it. ``legs`` are its connection wherever it was found, by
    place, its own first; ``alike`` are points with the same addresses and other numbers, ``crowded`` those with too many
    connections that it may be."""

    point: int
    period: IdlePeriod
    wake: Packet | None = None
    legs: dict[Key, Leg] = field(default_factory=dict)
    numbers: frozenset[int] = frozenset()
    alike: set[int] = field(default_factory=set)
    crowded: set[int] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """Where it was found."""
        connection = self.period.connection
        return Key(self.point, connection.point, frozenset((connection.client, connection.server)))


def find(captures: Sequence[Sequence[str]], cases: Sequence[Case], most_connections: int, progress: _Told = None) -> None:
    """Fill the cases with what all points show of their connections; three readings of every capture, each in bounded memory.

    ``captures`` are the paths of each point.
    """
    reader = _Reader(captures, most_connections, progress)
    _own(reader, cases)
    cases = [case for case in cases if case.wake is not None]
    if cases:
        _everywhere(reader, cases, _candidates(reader, cases))


@dataclass
class _Keeper:
    """Keeps of one pair of ends the beginning, what lies around ``marks``, what has one of the ``numbers``, and what lies within
    the ``windows``."""

    marks: set[RecordRef] = field(default_factory=set)
    numbers: frozenset[int] = frozenset()
    windows: list[tuple[int, int]] = field(default_factory=list)
    kept: list[Packet] = field(default_factory=list)
    waiting: deque[Packet] = field(default_factory=lambda: deque(maxlen=BEFORE))
    after: int = BEGINNING

    def add(self, found: Packet) -> None:
        """Take the next packet."""
        if found.ref in self.marks:
            self.kept += self.waiting
            self.waiting.clear()
            self.after = AFTER
        around = any(first <= found.ref.time <= last for first, last in self.windows)
        if self.after > 0 or (len(self.kept) < MOST and (around or found.seq in self.numbers)):
            self.after -= 1
            self.kept.append(found)
        elif self.marks:
            self.waiting.append(found)


@dataclass
class _Reader:
    captures: Sequence[Sequence[str]]
    most_connections: int
    progress: _Told

    def read(
        self,
        point: int,
        take: Callable[[Packet], None],
        watch: Callable[[int], Iterable[Ends]],
        numbers: Iterable[int] = (),
    ) -> None:
        """Read one capture point; ``watch`` gives the connections that are wanted of a timeline."""

        def engine(timeline: int) -> Engine:
            pairs = [(one, other) for one, *rest in map(sorted, watch(timeline)) for other in (rest or [one])]
            nothing = [] if pairs or numbers else [(0, 0)]  # without a wish everything is traced
            return Engine(max_connections=self.most_connections, point=timeline, watch=pairs, numbers=numbers,
                          windows=nothing, trace=True, records=True)  # fmt: skip

        def fed(engine: Engine) -> None:
            for segment in engine.trace():
                found = packet(segment, engine.point)
                if found is not None:
                    take(found)
            engine.drain()

        Points(engine, fed).read(list(self.captures[point]), self.progress)

    def watched(self, keepers: Mapping[Key, _Keeper]) -> None:
        """Fill the keepers, each with its connection."""
        for point in sorted({key.point for key in keepers}):
            keys = [key for key in keepers if key.point == point]

            self.read(point, partial(_take, keepers, point), partial(_of_timeline, keys))


def _take(keepers: Mapping[Key, _Keeper], point: int, found: Packet) -> None:
    keeper = keepers.get(Key(point, found.timeline, found.ends))
    if keeper is not None:
        keeper.add(found)


def _of_timeline(keys: Sequence[Key], timeline: int) -> list[Ends]:
    return [key.ends for key in keys if key.timeline == timeline]


def _own(reader: _Reader, cases: Iterable[Case]) -> None:
    """Each case's connection at its own point, and the numbers by which it is looked for."""
    keepers: dict[Key, _Keeper] = {}
    for case in cases:
        keepers.setdefault(case.key, _Keeper()).marks.add(case.period.wake.first.ref)
    reader.watched(keepers)
    for case in cases:
        every, ref = keepers[case.key].kept, case.period.wake.first.ref
        case.wake = next((p for p in every if p.ref == ref), None)
        if case.wake is None:
            continue  # the capture changed, or the record holds several packets
        own = tuple(p for p in every if p.connection == case.wake.connection)
        at = own.index(case.wake)
        period, connection = case.period, case.period.connection
        since = own[_begins(own)].ref.time
        case.legs[case.key] = Leg(case.wake.timeline, connection.client, connection.server, own, (), since)
        asked = [*own[:BEGINNING], *own[max(0, at - ASKED) : at + ASKED]]
        rst = period.answer.first.seq if period.answer else period.wake.first.seq
        case.numbers = frozenset(p.seq for p in asked) | {rst & MASK}


def _candidates(reader: _Reader, cases: Sequence[Case]) -> dict[Key, list[Case]]:
    """Connections, at any point, that may be those of the cases."""
    cases_of: dict[int, list[int]] = {}
    for i, case in enumerate(cases):
        for number in case.numbers:
            cases_of.setdefault(number, []).append(i)
    found: dict[tuple[int, Key], list[Packet]] = {}
    elsewhere: dict[Ends, list[int]] = {}
    for i, case in enumerate(cases):
        elsewhere.setdefault(case.key.ends, []).append(i)

    def take(point: int, p: Packet) -> None:
        key = Key(point, p.timeline, p.ends)
        for i in elsewhere.get(p.ends, ()):
            if cases[i].point != point and p.length:
                cases[i].alike.add(point)
        for i in cases_of.get(p.seq, ()):
            if key != cases[i].key and len(packets := found.setdefault((i, key), [])) < MOST:
                packets.append(p)

    for point in range(len(reader.captures)):
        reader.read(point, partial(take, point), lambda _: elsewhere, cases_of)
    legs: dict[tuple[int, int], list[tuple[Key, Leg]]] = {}
    for (i, key), packets in found.items():
        case = cases[i]
        own = case.legs[case.key]
        assert case.wake is not None
        same = leg(own.packets, own.client, packets, case.wake)
        if same is not None:
            legs.setdefault((i, key.point), []).append((key, same))
    chosen: dict[Key, list[Case]] = {}
    for (i, point), several in legs.items():
        cases[i].alike.discard(point)
        several = _together(several)
        if len(several) > MOST_LEGS:
            cases[i].crowded.add(point)
            continue
        for key, same in several:
            cases[i].legs[key] = same
            chosen.setdefault(key, []).append(cases[i])
    return chosen


def _together(several: list[tuple[Key, Leg]]) -> list[tuple[Key, Leg]]:
    """Of connections of one point with the same numbers those that are one and its translations: recorded at the same times as
    the one that has most of them."""
    best = max(several, key=lambda found: len(found[1].matches))
    time = _apart(best[1])
    return [one for one in several if one is best or time is None or abs((_apart(one[1]) or time) - time) <= TRANSLATED]


def _apart(found: Leg) -> int | None:
    """By how much later it was recorded there, roughly."""
    return median_low(m.other.ref.time - m.own.ref.time for m in found.matches) if found.matches else None


def _everywhere(reader: _Reader, cases: Sequence[Case], chosen: Mapping[Key, list[Case]]) -> None:
    """The connections that were found elsewhere, read in full around the time in question."""
    keepers = {}
    for key, several in chosen.items():
        keeper = keepers[key] = _Keeper()
        for case in several:
            apart = _apart(case.legs[key])
            keeper.numbers |= case.numbers
            keeper.windows.append(_window(case, apart) if apart is not None else (0, 1 << 63))
    reader.watched(keepers)
    for case in cases:
        own = case.legs[case.key]
        assert case.wake is not None
        for key in [key for key in case.legs if key != case.key]:
            whole = leg(own.packets, own.client, keepers[key].kept, case.wake) if keepers[key].kept else None
            if whole is None:
                del case.legs[key]
            else:
                apart = _apart(whole)
                case.legs[key] = whole if apart is None else replace(whole, since=_window(case, apart)[0])


def _begins(own: Sequence[Packet]) -> int:
    """The first packet from which on none is left out."""
    return 0 if len(own) < BEGINNING + BEFORE else BEGINNING


def _window(case: Case, apart: int) -> tuple[int, int]:
    """From the first packet that was kept of the connection's time before the wake, to the last one of the incident; by the other
    point's clock."""
    own = case.legs[case.key].packets
    period = case.period
    first = own[_begins(own)].ref.time
    last = max(period.ended.time, period.wake.last_sent.time, period.answer.first.ref.time if period.answer else 0)
    return min(first, period.wake.first.ref.time) + apart - AROUND, last + apart + AROUND
