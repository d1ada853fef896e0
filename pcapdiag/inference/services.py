"""Per service: which silences survived, which failed, and whether that looks like a timer or an event."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Endpoint, Extreme, Fin, IdlePeriod, Outcome, Service, WakeKind
from pcapdiag.inference.types import FailedSilence, Pattern, ServiceView

#: A restart or failover resets everything within moments; timers run out when each connection's own idleness does.
EVENT_SPAN = 5_000_000_000
EVENT_LEAST = 3
#: Connections that fall idle together and fail by one timer fail as far apart as their gaps differ; those that an event
#: resets fail together, however different their gaps are.
EVENT_SPREAD, EVENT_RATIO = 4, 2


def views(services: Iterable[Service], periods: Sequence[IdlePeriod], incidents: dict[Endpoint, int]) -> tuple[ServiceView, ...]:
    """One view a service, worst first. ``periods`` are those that did not survive; ``incidents`` counts findings."""
    failures: dict[Endpoint, list[IdlePeriod]] = {}
    for period in periods:
        if _failed(period):
            failures.setdefault(period.connection.server, []).append(period)
    out = [
        _view(service, failures.get(service.endpoint, []), incidents.get(service.endpoint, 0))
        for service in _merged(services)
    ]
    return tuple(sorted(out, key=lambda v: (-v.incidents, -v.service.idle_periods, v.endpoint)))


def _failed(period: IdlePeriod) -> bool:
    """Did the connection die in this silence, without anybody closing it?"""
    return (
        period.outcome is Outcome.RESET
        and period.wake.kind in (WakeKind.PAYLOAD, WakeKind.PROBE)
        and period.fin in (Fin.EXCLUDED, Fin.UNSEEN)
        and period.answer is not None
        and period.answer.acknowledged is None
        and period.answer.first.seq == period.wake.first.ack  # else it answers a segment that was missed
    )


def _merged(services: Iterable[Service]) -> list[Service]:
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
        )
    return list(out.values())


def _view(service: Service, failures: list[IdlePeriod], incidents: int) -> ServiceView:
    samples = [
        FailedSilence(
            after=min(p.silence_first, p.silence_answered),
            length=p.silence_answered,
            lower_bound=p.last_before is None,
            ended=p.wake.first.ref,
        )
        for p in failures
    ]
    shortest = min(samples, key=lambda s: (s.lower_bound, s.length), default=None)
    longest = service.longest_survived
    failed = total = 0
    uncertain = False
    if shortest is not None:
        failed = sum(s.length >= shortest.length for s in samples)
        survived, uncertain = _survived_beyond(service, longest, shortest.length)
        total = failed + survived
    pattern, reason = _pattern(samples, shortest, longest)
    return ServiceView(service, incidents, longest, shortest, failed, total, uncertain, pattern, reason)


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


def _pattern(
    samples: list[FailedSilence], shortest: FailedSilence | None, longest: Extreme | None
) -> tuple[Pattern, str]:
    """What the failures look like together, in a sentence with the numbers."""
    if shortest is None:
        return Pattern.NONE, "no silence failed"
    exact = [s for s in samples if not s.lower_bound]
    times = sorted(s.ended.time for s in exact or samples)
    lengths = sorted(s.length for s in exact or samples)
    span, n = times[-1] - times[0], len(exact)
    spread = f"gaps from {format_duration(lengths[0])} to {format_duration(lengths[-1])}"
    apart = lengths[-1] >= EVENT_RATIO * lengths[0] and lengths[-1] - lengths[0] >= EVENT_SPREAD * span
    if n >= EVENT_LEAST and span <= EVENT_SPAN and apart:
        return Pattern.EVENT, (
            f"{n} failures within {format_duration(span)}, {spread}: an event (restart, failover, flush), not a timer"
        )
    if longest is not None and longest.length >= shortest.length and not shortest.lower_bound:
        return Pattern.CONTRADICTED, (
            f"a silence of {format_duration(longest.length)} survived and one of {format_duration(shortest.length)} failed: "
            "one idle timeout does not explain both"
        )
    if shortest.lower_bound:
        return Pattern.UNDETERMINED, "only lower bounds are known of the silences that failed"
    if longest is None:
        return Pattern.UNDETERMINED, "no silence survived to compare with"
    if n < 2:
        return Pattern.UNDETERMINED, "one failure, longer than all that survived: consistent with a timer"
    return Pattern.TIMER, (
        f"the failures follow the gap: all that failed were longer than {format_duration(longest.length)}, {spread}"
    )

