"""Per service: which silences survived, which failed, and whether that looks like a timer or an event."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pcapdiag.durations import format_duration
from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Endpoint, Extreme, Outcome, Service
from pcapdiag.inference.events import explanation
from pcapdiag.inference.silences import outlived
from pcapdiag.inference.types import Event, FailedSilence, Pattern, ServiceView


class Failure(NamedTuple):
    """One incident as it was seen on one service; ``shown`` is whether the report tells it."""

    service: Endpoint
    silence: FailedSilence
    shown: bool = True


def views(
    services: Sequence[Service],
    failures: Iterable[Failure],
    incidents: Mapping[Endpoint, int],
    events: Sequence[Event] = (),
) -> tuple[ServiceView, ...]:
    """One view a service, worst first. ``services`` are those of :func:`merged`.

    ``failures`` are the idle periods in which a connection was lost without anybody having closed it: which those are, the
    rules say. They are evidence whether or not they are shown. ``incidents`` counts findings.
    """
    by_service: dict[Endpoint, list[Failure]] = {}
    for failure in failures:
        by_service.setdefault(failure.service, []).append(failure)
    out = [
        _view(service, by_service.get(service.endpoint, []), incidents.get(service.endpoint, 0), events)
        for service in services
    ]
    return tuple(sorted(out, key=lambda v: (-v.incidents, -v.service.idle_periods, v.endpoint)))


def merged(services: Iterable[Service]) -> list[Service]:
    """The same service at several capture points is one."""
    out: dict[Endpoint, Service] = {}
    for s in services:
        t = out.get(s.endpoint)
        if t is None:
            out[s.endpoint] = s
            continue
        longest = max((x for x in (s.longest_survived, t.longest_survived) if x), key=lambda x: x.length, default=None)
        out[s.endpoint] = Service(
            endpoint=s.endpoint,
            connections=s.connections + t.connections,
            idle_periods=s.idle_periods + t.idle_periods,
            outcomes={o: s.outcomes[o] + t.outcomes[o] for o in Outcome},
            survived=s.survived + t.survived,
            histogram=tuple(a + b for a, b in zip(s.histogram, t.histogram, strict=True)),
            longest_survived=longest,
            probes=(s.probes[0] + t.probes[0], s.probes[1] + t.probes[1]),
            probed=s.probed + t.probed,
            resets_without_idle=s.resets_without_idle + t.resets_without_idle,
            refused=s.refused + t.refused,
        )
    return list(out.values())


def _view(service: Service, failures: list[Failure], incidents: int, events: Sequence[Event]) -> ServiceView:
    samples = [failure.silence for failure in failures]
    not_shown = sum(not failure.shown for failure in failures)
    shortest = min(samples, key=lambda s: (s.lower_bound, s.length), default=None)
    longest = service.longest_survived
    failed = total = 0
    uncertain = False
    if shortest is not None:
        failed = sum(s.length >= shortest.length for s in samples)
        survived, uncertain = _survived_beyond(service, longest, shortest.length)
        total = failed + survived
    pattern, reason = _pattern(samples, shortest, longest, _event_of(service.endpoint, samples, events))
    return ServiceView(service, incidents, longest, shortest, failed, total, uncertain, pattern, reason, not_shown)


def _survived_beyond(service: Service, longest: Extreme | None, length: int) -> tuple[int, bool]:
    """How many survived silences are at least ``length`` ns: at least so many, if True comes with it."""
    if longest is None or longest.length < length:
        return 0, False
    at = max(bisect_right(EDGES, length) - 1, 0)
    beyond = sum(service.histogram[at + 1 :])
    inside = service.histogram[at]
    if at + 1 >= len(EDGES) or longest.length < EDGES[at + 1]:
        beyond += 1  # the longest itself lies in the bucket
        inside -= 1
    return beyond, inside > 0


def _event_of(service: Endpoint, samples: list[FailedSilence], events: Sequence[Event]) -> Event | None:
    """The event that holds every one of ``samples``, if there is one."""
    return next((e for e in events if samples and all(e.holds(service, s.ended.time) for s in samples)), None)


def _pattern(
    samples: list[FailedSilence], shortest: FailedSilence | None, longest: Extreme | None, event: Event | None
) -> tuple[Pattern, str]:
    """What the failures look like together, in a sentence with the numbers."""
    if shortest is None:
        return Pattern.NONE, "no silence failed"
    if event is not None:
        return Pattern.UNDETERMINED if event.or_timer else Pattern.EVENT, (
            f"{len(samples)} of {event.failures} failures that came within {format_duration(event.end - event.start)}: "
            f"{explanation(event)}"
        )
    exact = [s for s in samples if not s.lower_bound]
    lengths = sorted(s.length for s in exact or samples)
    n = len(exact)
    spread = f"gaps from {format_duration(lengths[0])} to {format_duration(lengths[-1])}"
    if longest is not None and outlived(shortest, longest):
        return Pattern.CONTRADICTED, (
            f"a silence of {format_duration(longest.length)} survived and one of {format_duration(shortest.length)} failed: "
            "one idle timeout does not explain both"
        )
    if shortest.lower_bound:
        return Pattern.UNDETERMINED, "only lower bounds are known of the silences that failed"
    if longest is None:
        return Pattern.UNDETERMINED, "no silence survived to compare with"
    if n < 2:
        than = "longer than all that" if longest.length < shortest.length else "hardly shorter than what"
        return Pattern.UNDETERMINED, f"one failure, {than} survived: consistent with a timer"
    if longest.length >= shortest.length:
        return Pattern.TIMER, (
            f"the failures follow the gap: what failed begins at {format_duration(shortest.length)}, and nothing survived more "
            f"than a little longer ({format_duration(longest.length)}), {spread}"
        )
    return Pattern.TIMER, (
        f"the failures follow the gap: all that failed were longer than {format_duration(longest.length)}, {spread}"
    )
