"""The verdicts of one analysis: judged as idle periods are settled, counted, and in the end set beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Endpoint, IdlePeriod, Outcome, RecordRef, Service
from pcapdiag.inference.events import events
from pcapdiag.inference.services import merged, views
from pcapdiag.inference.silences import comparison, failed_silence, outlived
from pcapdiag.inference.types import Event, Loss, ServiceView
from pcapdiag.losses import by_the_path, legs, losses, lost_in_silence
from pcapdiag.report.model import Group, group_of
from pcapdiag.report.times import iso
from pcapdiag.rules.catalogue import verdict, weighed
from pcapdiag.rules.twins import merge_twins
from pcapdiag.rules.types import Finding, Severity
from pcapdiag.selection import Codes, Selection

#: Findings kept in full; what comes after is counted. A capture with more tells nothing new, and memory is bounded.
MOST_FINDINGS = 100_000


class Verdicts(NamedTuple):
    """What all findings together say: twins merged, compared, chosen by their rules."""

    groups: dict[Group, tuple[Finding, ...]]
    events: tuple[Event, ...]
    services: tuple[ServiceView, ...]
    losses: tuple[Loss, ...]


@dataclass(eq=False)
class Judge:
    """Judges idle periods by all rules, whatever is to be reported, and keeps what is asked for.

    ``counted`` and ``undecided`` are over everything that was read, so that the sums close; ``periods`` and ``findings`` hold
    what is of a selected connection and was harmed, up to a bound; with ``keep_all`` everything. ``on_period`` is told of each
    idle period of a selected connection.
    """

    selection: Selection
    codes: Codes
    keep_all: bool
    on_period: Callable[[IdlePeriod], None] | None = None
    periods: list[IdlePeriod] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    undecided: int = 0
    dropped: int = 0

    def take(self, period: IdlePeriod) -> Finding | None:
        """Judge one period; gives its finding, if it is to be reported."""
        finding = None
        harmed = period.outcome not in (Outcome.SURVIVED, Outcome.CLOSED)
        if harmed:
            finding = verdict(period)
            if period.idle and finding is not None and finding.proved:
                self.counted[finding.rule] = self.counted.get(finding.rule, 0) + 1
            elif period.idle:
                self.undecided += 1
        if self.selection and not self.selection.connection(period.connection):
            return None
        if self.on_period is not None and period.idle:
            self.on_period(period)
        if not harmed and not self.keep_all:
            return None
        chosen = finding is not None and finding.rule in self.codes
        if not self.keep_all and max(len(self.periods), len(self.findings)) >= MOST_FINDINGS:
            self.dropped += chosen
            return None
        if period.idle:
            self.periods.append(period)
        if finding is not None:
            finding = weighed(finding)
            self.findings.append(finding)
        return finding if chosen else None

    def result(self, services: Iterable[Service], where: Callable[[RecordRef], str]) -> Verdicts:
        """When everything was read. ``where`` names a frame for people."""
        whole = merge_twins(self.findings)
        services = merged(services, _seen_twice(whole), (server for f in whole if f.proved for server in legs(f)))
        longest = {service.endpoint: service.longest_survived for service in services}
        lost = [f for f in whole if f.proved and lost_in_silence(f)]
        together = events([f.period for f in lost], longest)

        def compared(finding: Finding) -> Finding:
            if not lost_in_silence(finding):
                return finding
            server, failed = finding.period.connection.server, failed_silence(finding.period)
            for event in together:
                if event.holds(server, failed.ended.time):
                    return replace(finding, compared=(_part_of(event),))
            survived = longest.get(server)
            if survived is not None and by_the_path(finding) and outlived(failed, survived):
                return replace(finding, compared=(comparison(failed, survived, where(survived.ended)),))
            return finding

        groups: dict[Group, list[Finding]] = {group: [] for group in Group}
        for finding in whole:
            if finding.rule in self.codes:
                groups[group_of(finding)].append(compared(finding))
        found = tuple(losses(whole, together, self.codes.__contains__))
        return Verdicts(
            {group: tuple(members) for group, members in groups.items()},
            together,
            views(services, found, _incidents(groups[Group.FINDINGS]), together),
            found,
        )


def _part_of(event: Event) -> str:
    """What a finding says of its event, which is told whole in one place."""
    span = format_duration(event.end - event.start)
    what = "one of those that came together" if event.or_timer else "part of the event"
    return f"{what} at {iso(event.start, 3)}: {event.failures:,} failures within {span}"


def _seen_twice(findings: Iterable[Finding]) -> frozenset[Endpoint]:
    """The services of which several capture points saw the same connection."""
    seen = ((leg.connection, f.period.connection) for f in findings for leg in f.twins)
    return frozenset(a.server for a, b in seen if a.server == b.server and a.point != b.point)


def _incidents(findings: Sequence[Finding]) -> dict[Endpoint, int]:
    """How many incidents each service has: one that was seen as several connections counts once for each of their services."""
    incidents: dict[Endpoint, int] = {}
    for finding in findings:
        if finding.severity is not Severity.CONTEXT:
            for server in legs(finding):
                incidents[server] = incidents.get(server, 0) + 1
    return incidents
