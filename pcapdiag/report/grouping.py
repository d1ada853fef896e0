"""What was lost, service by service, in the order in which every report for people shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Cause, ServiceView
from pcapdiag.report.headline import by_rule, rank
from pcapdiag.report.model import Report
from pcapdiag.rules.types import Finding

if TYPE_CHECKING:
    from pcapdiag.advice.types import Advice


class Affected(NamedTuple):
    """A service that lost something: what its silences say (None: none of its idle periods was kept), the incidents of
    each rule, worst rule first, what lies behind them, and what cures it (None: nothing is known of that)."""

    endpoint: Endpoint
    view: ServiceView | None
    rules: dict[str, list[Finding]]
    cause: Cause | None = None
    advice: Advice | None = None

    @property
    def incidents(self) -> int:
        """How many there are."""
        return sum(map(len, self.rules.values()))


def affected(report: Report) -> list[Affected]:
    """The services that lost something, worst first; at the end those that lost heartbeats alone, of which a cause is known."""
    groups: dict[Endpoint, list[Finding]] = {}
    for finding in report.incidents:
        groups.setdefault(finding.period.connection.server, []).append(finding)
    views = {v.endpoint: v for v in report.services}
    order = [e for e in views if e in groups] + [e for e in groups if e not in views]
    order.sort(key=lambda e: rank(groups[e])[:2])  # the sum of incidents decides next
    order += [cause.service for cause in report.causes if cause.service not in groups]
    return [Affected(e, views.get(e), by_rule(groups.get(e, ())), report.cause(e), report.cures(e)) for e in order]


def quiet(report: Report) -> list[ServiceView]:
    """The services that lost nothing."""
    lost = {f.period.connection.server for f in report.incidents} | {cause.service for cause in report.causes}
    return [v for v in report.services if v.endpoint not in lost]


def quiet_heading(report: Report) -> str:
    """What they are called: services without an incident, if others had some."""
    such = "such " if report.options.select or report.options.ignore else ""
    return f"Services without {such}an incident" if report.incidents else "Services"


def spread(findings: Iterable[Finding], most: int) -> list[Finding]:
    """So many of them that each service and rule has its first before any has its second."""
    ranks: dict[tuple[Endpoint, str], int] = {}
    ranked: list[tuple[int, int, Finding]] = []
    for finding in findings:
        key = finding.period.connection.server, finding.rule
        ranks[key] = rank = ranks.get(key, 0) + 1
        ranked.append((rank, len(ranked), finding))
    return [finding for *_, finding in sorted(ranked, key=lambda r: r[:2])][:most]


def folded(found: Sequence[Finding], first: int, last: int) -> tuple[Sequence[Finding], int, Sequence[Finding]]:
    """The first and the last few, and how many lie between them: of one that would be hidden alone, nothing is."""
    hidden = len(found) - first - last
    return (found[:first], hidden, found[first + hidden :]) if hidden > 1 else (found, 0, ())
