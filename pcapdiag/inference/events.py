"""Failures that came together, whatever the silences before them: an event, no timer.

A timer runs out when each connection's own idleness does. Something that takes all connections at once (a restart, a failover,
a table that was flushed) makes them fail together, however long each had been silent. But requests come together too: a burst
into a pool of connections that a timer has cut finds many of them dead within a moment, after silences of every length, all of
them longer than what survives. So being together is not enough: something in the group must be beyond what a timer can do.
Where nothing is known to survive, both remain possible, and both are said.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Endpoint, Extreme, IdlePeriod, WakeKind
from pcapdiag.inference.silences import failed_silence, outlived
from pcapdiag.inference.types import Event, FailedSilence

#: A restart or failover resets everything within moments, and three are no coincidence of two.
EVENT_SPAN = 5_000_000_000
EVENT_LEAST = 3
#: Connections that fall idle together and fail by one timer fail as far apart as their gaps differ; those that an event
#: resets fail together, however different their gaps are.
EVENT_SPREAD, EVENT_RATIO = 4, 2
#: An event stands out: in this time before and after it, fewer failed than in it. Where failures go on and on, any few
#: seconds hold some with very different gaps.
EVENT_AROUND = 300_000_000_000


def events(failures: Sequence[IdlePeriod], longest: Mapping[Endpoint, Extreme | None]) -> tuple[Event, ...]:
    """The events among ``failures``, in order of time. ``longest`` is the longest silence that survived, by service.

    Failures of several server addresses are one event if on each of them something speaks against a timer; an address of which
    it is not known what survives is looked at alone.
    """
    found: list[Event] = []
    marked = sorted(
        ((f.ended.time, f, p) for p in failures for f in [failed_silence(p)]),
        key=lambda m: (m[0], m[2].connection.server, m[1].length, m[1].lower_bound),
    )
    times = [time for time, *_ in marked]
    start = 0
    while start < len(marked):
        end = bisect_right(times, times[start] + EVENT_SPAN)
        here = _events_in([(f, p) for _, f, p in marked[start:end]], longest) if end - start >= EVENT_LEAST else []
        here = [event for event in here if _stands_out(event, marked, times)]
        found += here
        # Where there is none, a quarter on: every failure is looked at in a few windows, however many fall into each. Failures at
        # one time are never parted.
        further = bisect_left(times, times[start + (end - start) // 4])
        start = end if here else max(further, bisect_right(times, times[start]))
    return tuple(sorted(found, key=lambda e: (e.start, e.services)))


def moment(failures: Iterable[FailedSilence]) -> tuple[int, int] | None:
    """The time that is part of every one of these silences, from and to in ns: None if there is none, or too few failed. What
    takes connections then is found out at the next request on each, however much later that comes.

    A silence with unanswered probes in it counts for the part in which it was lost, whichever of them the failure is dated by.
    """
    exact = [f for f in failures if not f.lower_bound]
    if len(exact) < EVENT_LEAST:
        return None
    start = max(f.ended.time - f.after for f in exact)
    end = min(f.ended.time - (f.length - f.after) for f in exact)
    return (start, end) if start < end else None


def sentence(event: Event) -> str:
    """What the event is, with its numbers; the time and the services stand beside it."""
    return (
        f"{event.failures:,} failures within {format_duration(event.end - event.start)}, after silences from "
        f"{format_duration(event.shortest)} to {format_duration(event.longest)}: {explanation(event)}"
    )


def explanation(event: Event) -> str:
    """What explains the failures: an event alone, or a timer as well."""
    if not event.or_timer:
        return "an event (restart, failover, flush), not a timer"
    return (
        "an event (restart, failover, flush), or one burst into what a timer had cut: each measured silence was at least "
        f"{format_duration(event.shortest)}, and none that long is known to survive"
    )


_Failure = tuple[FailedSilence, IdlePeriod]


def _events_in(window: list[_Failure], longest: Mapping[Endpoint, Extreme | None]) -> list[Event]:
    """The events in one window of time: over all addresses with evidence against a timer, else of one address each."""
    by_address: dict[str, list[_Failure]] = {}
    for failure in window:
        by_address.setdefault(failure[1].connection.server.address, []).append(failure)
    telling = {a for a, group in by_address.items() if any(_beyond_a_timer(*failure, longest) for failure in group)}
    together = _event([failure for failure in window if failure[1].connection.server.address in telling], or_timer=False)
    groups = [
        group for address, group in by_address.items()
        if address not in telling and all(longest.get(p.connection.server) is None for _, p in group)
    ]  # fmt: skip
    return [event for event in (together, *(_event(group, or_timer=True) for group in groups)) if event is not None]


def _beyond_a_timer(failed: FailedSilence, period: IdlePeriod, longest: Mapping[Endpoint, Extreme | None]) -> bool:
    """Can no timer explain this one? It is shorter than what survived; or the RST came by itself, at a time of its own."""
    return period.wake.kind is WakeKind.RST or outlived(failed, longest.get(period.connection.server))


def _event(group: list[_Failure], *, or_timer: bool) -> Event | None:
    """These failures as one event, if there are enough of them and their silences differ far more than their times."""
    exact = sorted(f.length for f, _ in group if not f.lower_bound)
    if len(exact) < EVENT_LEAST:
        return None
    times = [f.ended.time for f, _ in group]
    span = max(times) - min(times)
    if exact[-1] < EVENT_RATIO * exact[0] or exact[-1] - exact[0] < EVENT_SPREAD * span:
        return None
    services = tuple(sorted({p.connection.server for _, p in group}))
    return Event(min(times), max(times), len(group), exact[0], exact[-1], services, or_timer)


def _stands_out(event: Event, marked: list[tuple[int, FailedSilence, IdlePeriod]], times: list[int]) -> bool:
    first = bisect_left(times, event.start - EVENT_AROUND)
    last = bisect_right(times, event.end + EVENT_AROUND)
    on_these = sum(p.connection.server in event.services for _, _, p in marked[first:last])
    return on_these - event.failures < event.failures
