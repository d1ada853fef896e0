"""Everything that is known of one connection, and why each rule says what it says of it: plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from pcapdiag.engine.types import Connection, IdlePeriod
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import CaptureFile
from pcapdiag.rules.types import Finding, Reading


@dataclass(frozen=True, slots=True)
class Judged:
    """One idle period (or, if it was not idle, one RST without idleness), the finding about it, and how each verdict rule
    read it, in order of code. A period that survived or was closed has no finding, and no rule applies."""

    period: IdlePeriod
    finding: Finding | None
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One incarnation of a 4-tuple: what is known of it, the steps of its ladder, of ``segments`` in all, and its periods in
    order of time."""

    connection: Connection
    steps: tuple[Step, ...]
    segments: int
    periods: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All incarnations of one 4-tuple at one capture point, in order of time; ``asked`` is the index of the one that was asked
    for. ``min_idle`` is in ns. ``files`` are those that were read."""

    files: tuple[CaptureFile, ...]
    min_idle: int
    incarnations: tuple[Incarnation, ...]
    asked: int

    def file_name(self, index: int) -> str:
        """The name of file ``index``, as in ``RecordRef.file``."""
        return self.files[index].name
