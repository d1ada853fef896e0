"""The one report model: plain frozen data, complete; renderers decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pcapdiag.engine.types import Endpoint, Extreme, FileFacts, IdlePeriod, Outcome, Totals
from pcapdiag.inference.types import Bracket, Cause, Event, ServiceView
from pcapdiag.rules.heartbeats import is_heartbeat
from pcapdiag.rules.types import Confidence, Finding, Limit, Severity

if TYPE_CHECKING:  # a report without excerpts needs nothing of what they are made of
    from pcapdiag.advice.types import Advice
    from pcapdiag.correlate.joined import Joins
    from pcapdiag.report.excerpt import Excerpt
    from pcapdiag.report.story import Story


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """One file as it was read.

    ``point`` is the index of its capture point, -1 for a file that could not be read at all. ``hole_before`` is ns
    between the file before it on its timeline and this one, if that is too long to be a pause of the traffic.
    ``error`` is why it could not be read at all, or what stopped the decompression. ``sha256`` is that of the file as it is
    stored, in hexadecimal, None unless the report was `detailed`.
    """

    name: str
    point: int
    compression: str | None
    facts: FileFacts
    hole_before: int | None
    error: str | None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One capture point: files that make one timeline (indices into ``Report.files``), and its sums."""

    files: tuple[int, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Options:
    """What the analysis was asked for. ``min_idle`` in ns; ``filters`` as the user wrote them; ``select`` and ``ignore`` are
    codes of rules, or beginnings of codes, whose findings are reported or not."""

    min_idle: int
    max_connections: int
    filters: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    show_harmless: bool = False


class Anonymized(NamedTuple):
    """That names and addresses in a report are not the captures' own. ``dropped`` packets of its excerpts are left out because
    their addresses could not be replaced safely."""

    dropped: int


class FileNames(Protocol):
    """What a finding needs to be printed before the report exists: the names of the files so far."""

    def file_name(self, index: int) -> str:
        """The name of file ``index``, as in ``RecordRef.file``."""
        ...


class Group(StrEnum):
    """What a finding counts as."""

    FINDINGS = "findings"
    UNPROVED = "unproved"
    HEARTBEATS = "heartbeats"
    HARMLESS = "harmless"


def group_of(finding: Finding) -> Group:
    """Each finding counts as one thing: what harms nobody first, then what is not proved."""
    if finding.severity is Severity.HARMLESS:
        return Group.HARMLESS
    if not finding.proved:
        return Group.UNPROVED
    apart = finding.severity is not Severity.CONTEXT and is_heartbeat(finding.period, finding.sent)
    return Group.HEARTBEATS if apart else Group.FINDINGS


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is said of one analysis.

    ``findings`` are proved, in time order, twins merged, without those that are apart: ``unproved`` are those for which the
    capture missed traffic, ``heartbeats`` those on such wakes, and ``harmless`` those that harmed nobody. ``verdicts`` counts
    idle periods by the code of the rule that proved what became of each, and ``undecided`` those of which nothing is proved,
    so that ``idle_periods`` = survived + ``verdicts`` + closed + ``undecided``, over everything that was read. ``events`` are
    failures that came together. ``services`` come worst first and hold only services with idle periods. ``histogram_edges``
    are the bounds of the buckets of ``Service.histogram``, in ns. Times are ns since the epoch. ``excerpts`` are packets around
    the first of the findings, empty unless the report was `detailed`. ``evidence`` is filled when their packets are written as a
    capture: the frame there of each record (index of the file, frame). ``anonymized`` is None if nothing was replaced. ``causes``
    are what lies behind the losses of each service, in the order of the services, and ``advice`` what cures each of them;
    ``overall`` is the bracket over all services together, None where nothing failed. ``joins`` is what else the user has (access
    logs, socket tables, connection tracking, users' own requests), None if nothing was given or looked for.
    """

    version: str
    options: Options
    files: tuple[CaptureFile, ...]
    points: tuple[Point, ...]
    findings: tuple[Finding, ...]
    unproved: tuple[Finding, ...]
    heartbeats: tuple[Finding, ...]
    harmless: tuple[Finding, ...]
    dropped_findings: int
    verdicts: dict[str, int]
    undecided: int
    events: tuple[Event, ...]
    services: tuple[ServiceView, ...]
    limits: tuple[Limit, ...]
    histogram_edges: tuple[int, ...]
    excerpts: tuple[Excerpt, ...] = ()
    evidence: Mapping[tuple[int, int], int] = field(default_factory=dict)
    anonymized: Anonymized | None = None
    causes: tuple[Cause, ...] = ()
    advice: tuple[Advice, ...] = ()
    overall: Bracket | None = None
    joins: Joins | None = None

    @property
    def story(self) -> tuple[Story, ...]:
        """All sources together: for each service that lost something, what happened, step by step. Empty where there is no more
        than captures."""
        if self.joins is None:
            return ()
        from pcapdiag.report.story import stories  # only who has more than captures pays for it

        return stories(self)

    def excerpt(self, period: IdlePeriod) -> Excerpt | None:
        """The packets around this period, if there are any: see ``excerpts``."""
        point, wake = period.connection.point, period.wake.first.ref
        return next((e for e in self.excerpts if wake in e.wakes and e.connection.point == point), None)

    def cause(self, service: Endpoint) -> Cause | None:
        """What lies behind the losses of this service, if it is known."""
        return next((c for c in self.causes if c.service == service), None)

    def cures(self, service: Endpoint) -> Advice | None:
        """What cures the losses of this service, if anything is known to."""
        return next((a for a in self.advice if a.target.service == service), None)

    def file_name(self, index: int) -> str:
        """The name of file ``index``, as in ``RecordRef.file``."""
        return self.files[index].name

    @property
    def incidents(self) -> tuple[Finding, ...]:
        """The findings in which something was lost: all but those that are only easily mistaken for it."""
        return tuple(f for f in self.findings if f.severity is not Severity.CONTEXT)

    @property
    def doubtful(self) -> tuple[Finding, ...]:
        """Of what harmed nobody, what may have: the goodbyes of which only a FIN right behind them says that they are."""
        return tuple(f for f in self.harmless if f.sent.farewell is Confidence.POSSIBLE)

    @property
    def context(self) -> tuple[Finding, ...]:
        """The findings that are not this failure, but easily mistaken for it. The engine hands out the first ones only."""
        return tuple(f for f in self.findings if f.severity is Severity.CONTEXT)

    @property
    def weighed(self) -> tuple[tuple[Finding, ...], ...]:
        """All findings in groups: what is lost and proved before the rest."""
        return self.incidents, self.heartbeats, self.unproved, self.context, self.harmless

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The same, one after the other."""
        return tuple(finding for group in self.weighed for finding in group)

    @property
    def resets_without_idle(self) -> int:
        """RSTs to payload with no idle before, over all capture points, whatever was selected."""
        return sum(p.totals.resets_without_idle for p in self.points)

    @property
    def refused(self) -> int:
        """RSTs to a SYN, over all capture points, whatever was selected."""
        return sum(p.totals.refused for p in self.points)

    @property
    def records(self) -> int:
        """Packet records read, over all files."""
        return sum(f.facts.records for f in self.files)

    @property
    def segments(self) -> int:
        """TCP segments decoded, over all files."""
        return sum(f.facts.segments for f in self.files)

    @property
    def connections(self) -> int:
        """Connections tracked, over all capture points."""
        return sum(p.totals.connections for p in self.points)

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """Idle periods by how they ended, over all capture points."""
        return {o: sum(p.totals.outcomes.get(o, 0) for p in self.points) for o in Outcome}

    @property
    def idle_periods(self) -> int:
        """Idle periods that ended, over all capture points."""
        return sum(self.outcomes.values())

    @property
    def skipped(self) -> dict[str, int]:
        """Records that are no TCP segment, by reason, over all files."""
        out: dict[str, int] = {}
        for f in self.files:
            for reason, n in f.facts.skipped.items():
                out[reason] = out.get(reason, 0) + n
        return out

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last record time in ns, None without records."""
        first = [f.facts.first_time for f in self.files if f.facts.first_time is not None]
        last = [f.facts.last_time for f in self.files if f.facts.last_time is not None]
        return (min(first), max(last)) if first and last else None

    @property
    def longest_survived(self) -> Extreme | None:
        """The longest silence that survived, over all capture points."""
        survived = [p.totals.longest_survived for p in self.points if p.totals.longest_survived]
        return max(survived, key=lambda e: e.length, default=None)

    @property
    def damaged(self) -> tuple[CaptureFile, ...]:
        """Files that stop making sense somewhere, or could not be read."""
        return tuple(f for f in self.files if f.facts.damage or f.error)

    @property
    def unreadable(self) -> tuple[CaptureFile, ...]:
        """Files of which not one record could be read, with the reason in ``error``."""
        return tuple(f for f in self.files if f.error and not f.facts.records)
