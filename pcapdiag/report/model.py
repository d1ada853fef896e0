"""The one report model: plain frozen data, complete; renderers decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pcapdiag.engine.types import Extreme, FileFacts, Outcome, Totals
from pcapdiag.inference.types import ServiceView
from pcapdiag.rules.types import Finding


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """One file as it was read.

    ``point`` is the index of its capture point, -1 for a file that could not be read at all. ``hole_before`` is ns
    between the file before it on its timeline and this one, if that is too long to be a pause of the traffic.
    ``error`` is why it could not be read at all, or what stopped the decompression.
    """

    name: str
    point: int
    compression: str | None
    facts: FileFacts
    hole_before: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """One capture point: files that make one timeline (indices into ``Report.files``), and its sums."""

    files: tuple[int, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Options:
    """What the analysis was asked for. ``min_idle`` in ns; ``filters`` as the user wrote them."""

    min_idle: int
    max_connections: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing this capture cannot prove or that weakens what it says, in one sentence, with its number."""

    code: str
    text: str
    count: int


class FileNames(Protocol):
    """What a finding needs to be printed before the report exists: the names of the files so far."""

    def file_name(self, index: int) -> str:
        """The name of file ``index``, as in ``RecordRef.file``."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is said of one analysis.

    ``findings`` are proved, in time order, twins merged, farewells and heartbeats excluded; ``unproved`` are
    those for which the capture missed traffic; ``heartbeats`` and ``farewells`` are findings on such wakes:
    counted apart. ``services`` come worst first and hold only services with idle periods. ``histogram_edges``
    are the bounds of the buckets of ``Service.histogram``, in ns. Times are ns since the epoch.
    """

    version: str
    options: Options
    files: tuple[CaptureFile, ...]
    points: tuple[Point, ...]
    findings: tuple[Finding, ...]
    unproved: tuple[Finding, ...]
    heartbeats: tuple[Finding, ...]
    farewells: tuple[Finding, ...]
    dropped_findings: int
    services: tuple[ServiceView, ...]
    limits: tuple[Limit, ...]
    histogram_edges: tuple[int, ...]

    def file_name(self, index: int) -> str:
        """The name of file ``index``, as in ``RecordRef.file``."""
        return self.files[index].name

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
