"""Whose story is told: a service, its findings, and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pcapdiag.advice.plan import Errand
from pcapdiag.correlate.joined import Joins, Key
from pcapdiag.engine.types import Endpoint, RecordRef
from pcapdiag.report.grouping import Affected
from pcapdiag.report.model import Report
from pcapdiag.rules.types import Finding

#: What tells a step: sentences, evidence as (text, file that holds it), and errands for what is missing.
Told = Iterator[str | tuple[str, str | None] | Errand]
_S = 1_000_000_000
#: What is suspected where nothing was measured.
_SOME = 60 * _S


class Scene(NamedTuple):
    """One service that lost something, in its report."""

    report: Report
    affected: Affected
    joins: Joins
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, service: Affected, report: Report) -> Scene:
        """Its incidents in order of time."""
        found = [finding for findings in service.rules.values() for finding in findings]
        found.sort(key=lambda f: f.period.wake.first.ref.place)
        return cls(report, service, report.joins or Joins(), tuple(found))

    @property
    def service(self) -> Endpoint:
        """The server's address and port."""
        return self.affected.endpoint

    @property
    def keys(self) -> tuple[Key, ...]:
        """By what the findings are known."""
        return tuple(map(Key.of, self.findings))

    @property
    def timeout(self) -> int:
        """The shortest silence that failed, in whole seconds (as ns): what is collected must bear that."""
        high = self.affected.cause.bracket.high if self.affected.cause is not None else None
        shortest = high.length if high is not None else min((f.period.gap for f in self.findings), default=0)
        return max(_S, -(-shortest // _S) * _S) if shortest else _SOME

    def file(self, at: RecordRef) -> str:
        """The capture that holds a record."""
        return self.report.file_name(at.file)
