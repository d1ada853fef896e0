"""Gap length against outcome, as plain data: for each service what survived, what failed, and the timeout's bracket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log

from pcapdiag.durations import parse_duration
from pcapdiag.engine.types import Bound, Endpoint, RecordRef
from pcapdiag.inference import silences
from pcapdiag.inference.types import Cause, ServiceView, Step
from pcapdiag.report.headline import in_silence
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.times import seconds
from pcapdiag.report.words import SIGN, beyond, count, failed_silence, survived
from pcapdiag.rules.types import Finding

_S = 1_000_000_000
#: A log axis needs a beginning above 0; a silence this short is none.
_LEAST = 1_000_000
#: Services with a plot of their own; those that lost something come first.
MOST = 12


@dataclass(frozen=True, slots=True)
class Bucket:
    """``survived`` silences of at least ``start`` ns and at most ``end``, which is that of the longest or of the bucket."""

    start: int
    end: int
    survived: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A silence of ``length`` ns that failed: ``ref`` is the frame that ended it, ``rule`` what became of it. ``bound`` says
    which way the true length may differ; ``in_silence`` whether the connection was lost in the silence, so that its length
    tells what the path bears."""

    length: int
    rule: str
    bound: Bound
    in_silence: bool
    ref: RecordRef

    @property
    def title(self) -> str:
        """The failure in words."""
        return f"{SIGN[self.bound]}{seconds(self.length)}: {self.rule}, frame {self.ref.frame}"


@dataclass(frozen=True, slots=True)
class GapPlot:
    """One service on a logarithmic axis from ``start`` to ``end`` ns, the same for all of a report.

    ``survived`` and ``failed`` are the ends of the bracket in ns, (longest survived, shortest that failed], each None where
    there is none; if ``crossed``, a longer silence survived than the shortest that failed, and one timer does not explain them.
    ``text`` says the numbers in a sentence, ``pattern`` what they look like together. ``buckets`` are those that hold something.
    ``keepalive`` is the time in ns of the one that is recommended, if any; ``rate`` the estimate of how many fail by length, if
    there is one.
    """

    endpoint: Endpoint
    start: int
    end: int
    buckets: tuple[Bucket, ...]
    failures: tuple[Failure, ...]
    survived: int | None
    failed: int | None
    text: str
    pattern: str
    keepalive: int | None = None
    rate: tuple[Step, ...] = ()

    @property
    def title(self) -> str:
        """The service, as a heading."""
        return clean(str(self.endpoint))

    @property
    def crossed(self) -> bool:
        """Do the ends of the bracket contradict each other?"""
        return self.survived is not None and self.failed is not None and self.survived >= self.failed

    @property
    def tallest(self) -> int:
        """The number of silences in the fullest bucket."""
        return max((bucket.survived for bucket in self.buckets), default=0)

    def x(self, length: int) -> float:
        """Where a length is drawn, from 0 to 1: its logarithm; what is outside stands at the border."""
        inside = min(max(length, self.start), self.end)
        return log(inside / self.start) / log(self.end / self.start)

    @property
    def ticks(self) -> tuple[tuple[int, str], ...]:
        """Lengths to be named on the axis: a few round ones."""
        return tuple((parse_duration(name), name) for name in _TICKS if self.start <= parse_duration(name) <= self.end)


#: As people set timeouts.
_TICKS = (
    "1 ms", "10 ms", "100 ms", "1 s", "2 s", "5 s", "10 s", "20 s", "30 s", "1 min", "2 min", "5 min", "10 min", "20 min",
    "30 min", "1 h", "2 h", "4 h", "8 h", "1 d", "2 d", "5 d", "10 d", "30 d",
)  # fmt: skip


def gaps(report: Report, most: int = MOST) -> tuple[GapPlot, ...]:
    """A plot for each of the first ``most`` services, worst first, all with one axis."""
    failures: dict[Endpoint, list[Failure]] = {}
    for finding in (*report.incidents, *report.heartbeats):
        if finding.period.idle:
            failures.setdefault(finding.period.connection.server, []).append(_failure(finding))
    views = [v for v in report.services if v.service.survived or v.endpoint in failures][:most]
    parts = [(v, _buckets(v, report.histogram_edges), tuple(failures.get(v.endpoint, ()))) for v in views]
    causes = [report.cause(v.endpoint) for v in views]
    keepalives = [c.setting.time * _S for c in causes if c is not None and c.setting is not None]
    start, end = _range(parts, keepalives)
    return tuple(_plot(*part, cause, start, end) for part, cause in zip(parts, causes, strict=True))


def _failure(finding: Finding) -> Failure:
    period = finding.period
    inside = in_silence(finding)
    # What a timeout saw is the silence since the last answered segment, not since the last payload: probes may lie between.
    length = silences.failed_silence(period).length if inside else period.silence
    return Failure(length, finding.rule, period.bound, inside, period.wake.first.ref)


def _buckets(view: ServiceView, edges: tuple[int, ...]) -> tuple[Bucket, ...]:
    ends = [*edges[1:], edges[-1] * 2] if edges else []
    counted = zip(edges, ends, view.service.histogram, strict=False)
    held = [Bucket(start, end, n) for start, end, n in counted if n]
    # Of the last bucket it is known where its silences end: drawn further, they would reach into the bracket.
    longest = view.longest_survived
    if held and longest and held[-1].start < longest.length < held[-1].end:
        held[-1] = replace(held[-1], end=longest.length)
    return tuple(held)


def _range(parts: Iterable[tuple[ServiceView, tuple[Bucket, ...], tuple[Failure, ...]]], also: list[int]) -> tuple[int, int]:
    """From a little below the shortest length to a little above the longest."""
    lengths = list(also)
    for view, buckets, failures in parts:
        lengths += [at for bucket in buckets for at in (bucket.start, bucket.end)] + [f.length for f in failures]
        lengths += [view.longest_survived.length] if view.longest_survived else []
        lengths += [view.shortest_failed.length] if view.shortest_failed else []
    shortest, longest = min(lengths, default=_S), max(lengths, default=_S)
    return max(_LEAST, shortest * 4 // 5), max(2 * _LEAST, longest * 5 // 4, shortest * 2)


def _plot(
    view: ServiceView, buckets: tuple[Bucket, ...], failures: tuple[Failure, ...], cause: Cause | None, start: int, end: int
) -> GapPlot:
    longest, failed = view.longest_survived, view.shortest_failed
    text = f"longest survived {survived(longest)}" if longest else "none was seen to survive"
    if failed:
        text += f", shortest that failed {failed_silence(failed)}; {beyond(view)}"
    else:
        text += f" of {count(view.service.survived, 'silence')}; none failed"
    return GapPlot(
        view.endpoint, start, end, buckets, failures, longest.length if longest else None, failed.length if failed else None,
        text, "" if view.pattern == "none" else f"{view.pattern}: {clean(view.pattern_reason)}",
        cause.setting.time * _S if cause and cause.setting else None, cause.estimate if cause else (),
    )  # fmt: skip
