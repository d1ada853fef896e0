"""Where the rooms are joined: captures in, verdicts and a report out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from pcapdiag.durations import parse_duration
from pcapdiag.endings import Endings
from pcapdiag.engine import EDGES, Engine
from pcapdiag.engine.types import IdlePeriod, RecordRef
from pcapdiag.points import Points
from pcapdiag.reading import Progress
from pcapdiag.report.model import FileNames, Group, Options, Point, Report
from pcapdiag.results import Analysis
from pcapdiag.rules.catalogue import CATALOGUE, CAVEATS
from pcapdiag.rules.types import CaptureFacts, Finding, Limit
from pcapdiag.selection import Codes, Selection
from pcapdiag.verdicts import Judge
from pcapdiag.version import VERSION

if TYPE_CHECKING:
    from pcapdiag.joining import Extra

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def analyze(
    paths: Paths,
    *,
    min_idle: str | int | float | timedelta = "1s",
    max_connections: int = 1_000_000,
    service: Sequence[str] = (),
    host: Sequence[str] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    show_harmless: bool = False,
    keep: str = "incidents",
    on_finding: Callable[[Finding, FileNames], None] | None = None,
    on_period: Callable[[IdlePeriod], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    names: Mapping[str, str] | None = None,
    access_logs: Paths = (),
    log_format: str | None = None,
    ss: Paths = (),
    conntrack: Paths = (),
) -> Analysis:
    """Find what was lost on idle connections: requests, late answers, the connections themselves, each with its proof.

    Args:
        paths: one capture or several: files, directories, patterns, ``-`` for standard input. Files that follow each
            other in time are one timeline; files that overlap are different capture points, analysed apart.
        min_idle: how long a connection must be without payload to count as idle: text as ``500ms``, ``2m``, a number
            of seconds, or a timedelta.
        max_connections: how many connections to track at once, per capture point.
        service: only connections to these servers, as ``10.0.0.1:443`` or ``[2001:db8::1]:443``.
        host: only connections with an end in these addresses or networks, as ``10.1.2.3`` or ``10.1.0.0/16``.
        select: report only the findings (and limits) of these rules: codes or beginnings of codes, as ``IDLE101``, ``IDLE1``,
            ``CTX``. Every rule judges all the same: what one rule says never becomes another's.
        ignore: do not report the findings (and limits) of these rules.
        show_harmless: whether the terminal report lists what harmed nobody, and heartbeats, besides counting them.
        keep: ``"incidents"`` keeps the idle periods that neither survived nor were closed; ``"all"`` keeps every one,
            and its memory grows with the capture.
        on_finding: called with each finding as soon as it is decided, and an object with ``file_name(index)``.
        on_period: called with every idle period as soon as it is settled, those that survived and were closed among them,
            which are not kept for it.
        progress: called about ten times a second while reading.
        names: how to call files in the report, by path, where the path itself says nothing: it is that of a copy.
        access_logs: logs of Envoy or Istio, to be joined with what is found: ``sidecar.log``, or with whose log it is,
            ``client=sidecar.log`` (the client's proxy), ``server=gateway.log`` (the next hop's). Compressed ones too.
        log_format: their format, if it is none that is recognised: an Envoy format string, or a ``json_format``.
        ss: what ``ss -tno`` printed, once or again and again.
        conntrack: what ``conntrack -L`` or ``-E`` printed.

    Returns:
        An Analysis. Damage in a capture is not an error: everything before it is analysed, and the report says where
        it is. The same holds for an unreadable file among readable ones, and for what is given beside the captures.

    Raises:
        CaptureError: nothing could be read at all.
        ValueError: a duration, service or host is not written as it should be, or there is no such rule.
    """
    selection = Selection.parse(service, host)
    codes = Codes.parse(select, ignore, (rule.code for rule in CATALOGUE))
    options = Options(
        parse_duration(min_idle), max_connections, selection.texts, codes.select, codes.ignore, show_harmless
    )  # fmt: skip
    named = (paths,) if isinstance(paths, (str, os.PathLike)) else paths
    judge = Judge(selection, codes, keep == "all", on_period)
    extra = _extra((*named,), access_logs, log_format, ss, conntrack)
    run = _Run(tuple(os.fspath(path) for path in named), options, judge, keep, on_finding, names or {})
    if not 0 < run.options.min_idle <= 1 << 62:
        raise ValueError("min_idle must be longer than 0 and shorter than a century")
    if not 1 <= max_connections <= 1 << 29:
        raise ValueError("max_connections must be from 1 to 2^29")
    run.points.read(run.paths, progress)
    analysis = run.result()
    return analysis if extra is None else _beside(analysis, run, extra, progress)


def _extra(
    captures: Sequence[str | os.PathLike[str]], access_logs: Paths, log_format: str | None, ss: Paths, conntrack: Paths
) -> Extra | None:
    """What is given beside the captures, None if nothing is; checked before any work begins."""
    if not (access_logs or ss or conntrack):
        return None
    from pcapdiag.joining import Extra, check_format  # only who has more than captures pays for it

    extra = Extra.of(access_logs, log_format, ss, conntrack)
    if [*(os.fspath(path) for path in captures), *extra.paths].count("-") > 1:
        raise ValueError("standard input can be read only once")
    check_format(log_format)
    return extra


def _beside(analysis: Analysis, run: _Run, extra: Extra, progress: Callable[[Progress], None] | None) -> Analysis:
    """The analysis, joined with what else is given, and with users' own requests in the same capture."""
    from pcapdiag.joining import joined

    analysis = analysis.traced_back(progress)
    connections = chain.from_iterable(engine.connections() for engine in run.points.engines)
    joins = joined(analysis.report, extra, lambda: connections)
    before = analysis.report.joins
    return replace(analysis, report=replace(analysis.report, joins=replace(joins, impacts=before.impacts if before else ())))


@dataclass
class _Run:
    """One analysis while it runs."""

    paths: tuple[str, ...]
    options: Options
    judge: Judge
    keep: str
    on_finding: Callable[[Finding, FileNames], None] | None
    names: Mapping[str, str]
    points: Points = field(init=False)

    def __post_init__(self) -> None:
        self.points = Points(self.engine, self.fed, self.names)

    def engine(self, point: int) -> Engine:
        """The engine of a capture point."""
        options = self.options
        keep = self.keep if self.judge.on_period is None else "all"
        return Engine(min_idle=options.min_idle, max_connections=options.max_connections, keep=keep, point=point)

    def fed(self, engine: Engine) -> None:
        """Judge what is settled by now."""
        if engine.settled:
            self.decided(engine.drain())

    def decided(self, periods: list[IdlePeriod]) -> None:
        """Judge what the engine handed out."""
        for period in periods:
            finding = self.judge.take(period)
            if finding is not None and self.on_finding is not None:
                self.on_finding(finding, self.points)

    def result(self) -> Analysis:
        """The timelines have ended."""
        engines, files = self.points.engines, self.points.files
        for engine in engines:
            self.decided(engine.finish())
        judge, selection = self.judge, self.judge.selection
        servers = {p.connection.server for p in judge.periods}
        services = [[s for s in e.services() if selection.service(s.endpoint, servers)] for e in engines]
        verdicts = judge.result(chain.from_iterable(services), self.where)
        indices: dict[int, list[int]] = {}
        for index, file in enumerate(files):
            indices.setdefault(file.point, []).append(index)
        points = tuple(Point(tuple(indices.get(i, ())), e.totals()) for i, e in enumerate(engines))
        report = Report(
            version=VERSION,
            options=self.options,
            files=(*files, *self.points.unread),
            points=points,
            findings=verdicts.groups[Group.FINDINGS],
            unproved=verdicts.groups[Group.UNPROVED],
            heartbeats=verdicts.groups[Group.HEARTBEATS],
            harmless=verdicts.groups[Group.HARMLESS],
            dropped_findings=judge.dropped,
            verdicts=dict(sorted(judge.counted.items())),
            undecided=judge.undecided,
            events=verdicts.events,
            services=verdicts.services,
            limits=self.limits(points),
            histogram_edges=EDGES,
        )
        watched = {}
        if verdicts.losses:
            # Only who lost something pays for the import, and for asking the engines once more.
            from pcapdiag.advice.catalogue import advise
            from pcapdiag.inference.causes import causes, overall

            endings = Endings(engines, services, files)
            found = causes(verdicts.services, verdicts.losses, endings)
            report = replace(
                report,
                causes=found,
                advice=tuple(map(advise, found)),
                overall=overall(verdicts.services, verdicts.losses),
            )
            watched = {cause.service: endings.duration(cause.service) for cause in report.causes}
        return Analysis(report, tuple(judge.periods), tuple(engines), selection, self.paths, verdicts.losses, watched)

    def where(self, at: RecordRef) -> str:
        """A frame, and its file if there are several."""
        return f"frame {at.frame}" + (f" of {self.points.file_name(at.file)}" if len(self.points.files) > 1 else "")

    def limits(self, points: tuple[Point, ...]) -> tuple[Limit, ...]:
        """What the rules about the capture itself say of it."""
        holes = [f.hole_before for f in self.points.files if f.hole_before is not None]
        facts = CaptureFacts([f.facts for f in self.points.files], [p.totals for p in points], holes, self.points.trailing)
        told = (limit for rule in CAVEATS for limit in rule.limits(facts))
        return tuple(limit for limit in told if limit.code in self.judge.codes)
