"""Per service: which silences survived, which failed, and whether that looks like a timer or an event."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from pcapdiag.durations import format_duration
from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Closings, Endpoint, Extreme, Keepalive, Outcome, Service
from pcapdiag.inference.events import explanation
from pcapdiag.inference.silences import outlived
from pcapdiag.inference.types import Clock, Event, FailedSilence, Fit, Loss, Pattern, ServiceView


def views(
    services: Sequence[Service],
    losses: Iterable[Loss],
    incidents: Mapping[Endpoint, int],
    events: Sequence[Event] = (),
) -> tuple[ServiceView, ...]:
    """One view a service, worst first. ``services`` are those of :func:`merged`.

    Of ``losses`` those count that the path is to blame for, and nobody who closed the connection. They are evidence whether or
    not they are shown. ``incidents`` counts findings.
    """
    by_service: dict[Endpoint, list[Loss]] = {}
    for loss in losses:
        if loss.by_the_path:
            by_service.setdefault(loss.service, []).append(loss)
    out = [
        _view(service, by_service.get(service.endpoint, []), incidents.get(service.endpoint, 0), events)
        for service in services
    ]
    return tuple(sorted(out, key=lambda v: (-v.incidents, -v.service.idle_periods, v.endpoint)))


def merged(services: Iterable[Service], twice: Container[Endpoint] = (), others: Iterable[Endpoint] = ()) -> list[Service]:
    """The same service at several capture points is one. Of those in ``twice`` the points saw the same connections: the numbers
    are then those of the point that saw most, as what failed counts once, too. Of ``others`` nothing else may be known."""
    out: dict[Endpoint, Service] = {}
    for s in services:
        t = out.get(s.endpoint)
        if t is None:
            out[s.endpoint] = s
            continue
        out[s.endpoint] = _fullest(s, t) if s.endpoint in twice else _together(s, t)
    for endpoint in others:
        out.setdefault(endpoint, Service(endpoint, 0, 0, dict.fromkeys(Outcome, 0), 0, (0,) * len(EDGES), None, (0, 0), 0))
    return list(out.values())


def _fullest(s: Service, t: Service) -> Service:
    """The one of which more is known; what stands out may have been seen at either."""
    return replace(
        max(t, s, key=lambda each: (each.idle_periods, each.connections)),
        longest_survived=_extreme(max, t.longest_survived, s.longest_survived),
        longest_probed=_extreme(max, t.longest_probed, s.longest_probed),
    )


def _together(s: Service, t: Service) -> Service:
    return Service(
        endpoint=s.endpoint,
        connections=s.connections + t.connections,
        idle_periods=s.idle_periods + t.idle_periods,
        outcomes={o: s.outcomes[o] + t.outcomes[o] for o in Outcome},
        survived=s.survived + t.survived,
        histogram=tuple(a + b for a, b in zip(s.histogram, t.histogram, strict=True)),
        longest_survived=_extreme(max, s.longest_survived, t.longest_survived),
        probes=(s.probes[0] + t.probes[0], s.probes[1] + t.probes[1]),
        probed=s.probed + t.probed,
        resets_without_idle=s.resets_without_idle + t.resets_without_idle,
        refused=s.refused + t.refused,
        longest_probed=_extreme(max, s.longest_probed, t.longest_probed),
        closings=(_closings(s.closings[0], t.closings[0]), _closings(s.closings[1], t.closings[1])),
        keepalives=_keepalives((*s.keepalives, *t.keepalives)),
        silent_at_end=s.silent_at_end + t.silent_at_end,
        closed_histogram=(
            _sums(s.closed_histogram[0], t.closed_histogram[0]),
            _sums(s.closed_histogram[1], t.closed_histogram[1]),
        ),
    )


def _sums(s: tuple[int, ...], t: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip_longest(s, t, fillvalue=0))


def _extreme(which: Callable[..., Extreme], *extremes: Extreme | None) -> Extreme | None:
    """The longest or the shortest of them; of equal ones the one that was there first."""
    found = [extreme for extreme in extremes if extreme is not None]
    return which(found, key=lambda e: e.length) if found else None


def _closings(s: Closings, t: Closings) -> Closings:
    shortest, longest = _extreme(min, s.shortest, t.shortest), _extreme(max, s.longest, t.longest)
    return Closings(s.periods + t.periods, shortest, longest)


def _keepalives(seen: Iterable[Keepalive]) -> tuple[Keepalive, ...]:
    """Those that are alike as one, commonest first."""
    alike: dict[tuple[str, int, int], Keepalive] = {}
    for k in seen:
        key = (k.side, -1 if k.after is None else k.after, -1 if k.every is None else k.every)
        o = alike.get(key, k._replace(connections=0, probes=0, answered=0))
        alike[key] = k._replace(
            connections=k.connections + o.connections, probes=k.probes + o.probes, answered=k.answered + o.answered
        )
    return tuple(k for _, k in sorted(alike.items(), key=lambda i: (-i[1].connections, -i[1].probes, i[0])))


def _view(service: Service, losses: list[Loss], incidents: int, events: Sequence[Event]) -> ServiceView:
    # An event takes connections whatever their silence: beside failures that came one by one it tells nothing of a timer.
    samples = [loss.silence for loss in losses if loss.telling] or [loss.silence for loss in losses]
    not_shown = sum(not loss.shown for loss in losses)
    shortest = min(samples, key=lambda s: (s.lower_bound, s.length, s.ended.place), default=None)
    longest = service.longest_survived
    failed = total = 0
    uncertain = False
    if shortest is not None:
        failed = sum(s.length >= shortest.length for s in samples)
        survived, uncertain = _survived_beyond(service, longest, shortest.length)
        total = failed + survived
    event = _event_of(service.endpoint, samples, events)
    pattern, reason = _pattern(samples, shortest, longest, event)
    if event is None and any(loss.telling and loss.refreshed for loss in losses):
        pattern, reason = _probed(service, [loss for loss in losses if loss.telling], pattern, reason)
    return ServiceView(service, incidents, longest, shortest, failed, total, uncertain, pattern, reason, not_shown)


def _probed(service: Service, losses: list[Loss], pattern: Pattern, reason: str) -> tuple[Pattern, str]:
    """The pattern where answered probes broke the silence of what failed: their silences may look like anything."""
    from pcapdiag.inference.bracket import Survived, bracket, idle_time  # few services have such losses

    found = bracket(Survived.of(service), losses)
    if found.clock is Clock.PAYLOAD:
        return _pattern([idle_time(loss) for loss in losses], found.high, found.low, None)
    if found.fit is not Fit.CROSSING or pattern is Pattern.CONTRADICTED or found.low is None or found.high is None:
        return pattern, reason
    return Pattern.CONTRADICTED, (
        f"silences of up to {format_duration(found.low.length)} survived between answered probes, and one of "
        f"{format_duration(found.high.length)} failed there: its length does not explain it"
    )


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
    first, last = format_duration(lengths[0]), format_duration(lengths[-1])
    spread = f"gaps from {first} to {last}" if first != last else f"gaps of {first}"
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
