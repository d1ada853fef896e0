"""Where the rooms are joined: captures in, verdicts and a report out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pcapdiag.capture import CaptureError, Preview, Timelines, expand, open_source, order, preview
from pcapdiag.durations import parse_duration
from pcapdiag.engine import EDGES, Engine
from pcapdiag.engine.types import Endpoint, FileFacts, IdlePeriod
from pcapdiag.inference.services import views
from pcapdiag.reading import Progress, read
from pcapdiag.report.limits import limits
from pcapdiag.report.model import CaptureFile, FileNames, Options, Point, Report
from pcapdiag.results import Analysis
from pcapdiag.rules.catalogue import judge
from pcapdiag.rules.twins import merge_twins
from pcapdiag.rules.types import Finding
from pcapdiag.selection import Selection
from pcapdiag.version import VERSION

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

#: Findings kept in full; what comes after is counted. A capture with more tells nothing new, and memory is bounded.
MOST_FINDINGS = 100_000


def analyze(
    paths: Paths,
    *,
    min_idle: str | int | float | timedelta = "1s",
    max_connections: int = 1_000_000,
    service: Sequence[str] = (),
    host: Sequence[str] = (),
    keep: str = "incidents",
    on_finding: Callable[[Finding, FileNames], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Analysis:
    """Find requests that were sent on idle connections and answered by RST.

    Args:
        paths: one capture or several: files, directories, patterns, ``-`` for standard input. Files that follow each
            other in time are one timeline; files that overlap are different capture points, analysed apart.
        min_idle: how long a connection must be without payload to count as idle: text as ``500ms``, ``2m``, a number
            of seconds, or a timedelta.
        max_connections: how many connections to track at once, per capture point.
        service: only connections to these servers, as ``10.0.0.1:443`` or ``[2001:db8::1]:443``.
        host: only connections with an end in these addresses or networks, as ``10.1.2.3`` or ``10.1.0.0/16``.
        keep: ``"incidents"`` keeps the idle periods that neither survived nor were closed; ``"all"`` keeps every one,
            and its memory grows with the capture.
        on_finding: called with each finding as soon as it is decided, and an object with ``file_name(index)``.
        progress: called about ten times a second while reading.

    Returns:
        An Analysis. Damage in a capture is not an error: everything before it is analysed, and the report says where
        it is. The same holds for an unreadable file among readable ones.

    Raises:
        CaptureError: nothing could be read at all.
        ValueError: a duration, service or host is not written as it should be.
    """
    selection = Selection.parse(service, host)
    options = Options(parse_duration(min_idle), max_connections, selection.texts)
    run = _Run(options, selection, keep, on_finding)
    if not 0 < run.options.min_idle <= 1 << 62:
        raise ValueError("min_idle must be longer than 0 and shorter than a century")
    if not 1 <= max_connections <= 1 << 29:
        raise ValueError("max_connections must be from 1 to 2^29")
    for path, seen in run.inputs([paths] if isinstance(paths, (str, os.PathLike)) else list(paths)):
        run.file(path, seen, progress)
    run.insist()
    return run.result()


@dataclass
class _Run:
    """One analysis while it runs."""

    options: Options
    selection: Selection
    keep: str
    on_finding: Callable[[Finding, FileNames], None] | None
    timelines: Timelines = field(default_factory=Timelines)
    engines: list[Engine] = field(default_factory=list)
    files: list[CaptureFile] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    unread: list[CaptureFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    periods: list[IdlePeriod] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    dropped: int = 0
    trailing: int = 0
    first_error: CaptureError | None = None

    def file_name(self, index: int) -> str:
        """The name of a file that is read or was."""
        return self.names[index]

    def inputs(self, arguments: Sequence[str | os.PathLike[str]]) -> list[tuple[str, Preview]]:
        """The captures the user named, in order of time. Those that cannot be read are kept for the report."""
        found: dict[str, Preview] = {}
        known: set[str] = set()
        for argument in [os.fspath(a) for a in arguments]:
            try:
                paths = expand([argument])
            except CaptureError as error:
                self.unreadable(argument, error)
                continue
            for path in paths:
                real = path if path == "-" else os.path.realpath(path)
                if real in known:
                    continue
                known.add(real)
                try:
                    found[path] = preview(path)
                except CaptureError as error:
                    self.unreadable(path, error)
        self.timelines = Timelines(found)
        return order(list(found.items()))

    def unreadable(self, path: str, error: CaptureError) -> None:
        """Keep for the report what could not be read, and go on with the rest."""
        self.first_error = self.first_error or error
        self.unread.append(CaptureFile(path, -1, None, FileFacts.nothing(), None, error.reason))

    def insist(self) -> None:
        """Raise if nothing at all could be read."""
        if all(file.error and not file.facts.records for file in self.files):
            raise self.first_error or CaptureError("nothing", "no capture was given")

    def file(self, path: str, seen: Preview, progress: Callable[[Progress], None] | None) -> None:
        """Read one file into its capture point."""
        try:
            source = open_source(path)
        except CaptureError as error:
            self.unreadable(path, error)
            return
        with source:
            at = self.timelines.assign(path, seen.first_time, alone=source.live)
            if at == len(self.engines):
                self.engines.append(
                    Engine(min_idle=self.options.min_idle, max_connections=self.options.max_connections,
                           keep=self.keep, point=at)
                )  # fmt: skip
            hole = self.timelines.hole(at, seen.first_time)
            engine = self.engines[at]
            engine.begin_file(len(self.files), contiguous=hole is None and at not in self.broken)
            self.names.append(source.name if source.live else path)
            try:
                facts, broken = read(source, engine, self.decided, progress)
            except CaptureError as error:  # only a pipe is looked at no earlier than here
                self.first_error = self.first_error or error
                facts, broken = engine.end_file(), error.reason
            self.trailing += source.trailing
        self.files.append(CaptureFile(self.names[-1], at, source.compression, facts, hole, broken))
        if facts.damage or broken:  # who knows what it held: lower bounds must not reach back beyond it
            self.broken.add(at)
        else:
            self.broken.discard(at)
        self.timelines.done(at, path, facts.last_time, facts.longest_pause)

    def decided(self, periods: list[IdlePeriod]) -> None:
        """Judge what the engine handed out."""
        for period in periods:
            if self.selection and not self.selection.connection(period.connection):
                continue
            finding = judge(period)
            if self.keep != "all" and len(self.periods) >= MOST_FINDINGS:
                self.dropped += finding is not None
                continue
            self.periods.append(period)
            if finding is not None:
                self.findings.append(finding)
                if self.on_finding is not None and not finding.sent.farewell:
                    self.on_finding(finding, self)

    def result(self) -> Analysis:
        """The timelines have ended."""
        for engine in self.engines:
            self.decided(engine.finish())
        merged = merge_twins(self.findings)
        plain = tuple(f for f in merged if f.proved and not f.sent.farewell and not f.period.wake.heartbeat)
        incidents: dict[Endpoint, int] = {}
        for finding in plain:
            for view in {finding.period.connection.server, *(t.connection.server for t in finding.twins)}:
                incidents[view] = incidents.get(view, 0) + 1
        servers = [p.connection.server for p in self.periods]
        services = [s for e in self.engines for s in e.services() if self.selection.service(s.endpoint, servers)]
        indices: dict[int, list[int]] = {}
        for index, file in enumerate(self.files):
            indices.setdefault(file.point, []).append(index)
        points = tuple(Point(tuple(indices.get(i, ())), e.totals()) for i, e in enumerate(self.engines))
        report = Report(
            version=VERSION,
            options=self.options,
            files=(*self.files, *self.unread),
            points=points,
            findings=plain,
            unproved=tuple(f for f in merged if not f.proved and not f.sent.farewell),
            heartbeats=tuple(f for f in merged if f.proved and f.period.wake.heartbeat and not f.sent.farewell),
            farewells=tuple(f for f in merged if f.sent.farewell),
            dropped_findings=self.dropped,
            services=views(services, self.periods, incidents),
            limits=limits(self.files, points, self.trailing),
            histogram_edges=EDGES,
        )
        return Analysis(report, tuple(self.periods), tuple(self.engines), self.selection)

