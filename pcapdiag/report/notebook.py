"""How an analysis and its rows show themselves in a notebook: small tables of HTML, without style or script of their own.

They need no pandas, and say less than the DataFrames: what a person looks at first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pcapdiag.correlate.joined import Failed
from pcapdiag.engine.types import Connection, IdlePeriod
from pcapdiag.inference.types import Cause, ServiceView
from pcapdiag.report import cure, words
from pcapdiag.report.blocks import stream
from pcapdiag.report.headline import cured, headline, others
from pcapdiag.report.joined import asked, result
from pcapdiag.report.markup import Markup, table, tag, together
from pcapdiag.report.model import CaptureFile, Report
from pcapdiag.report.text import clean, cut
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.zeek import history
from pcapdiag.rules.types import Finding

#: Rows that are shown of a sequence, and in an analysis of its findings and services.
_ROWS, _FEW = 20, 5
_LABEL = 60  # cells of what was sent

_Cells = tuple[tuple[str, Callable[[Any], str]], ...]

_FINDING: _Cells = (
    ("rule", lambda f: f"{f.rule} {f.name}"),
    ("time", lambda f: iso(f.period.wake.first.ref.time, 3)),
    ("client", lambda f: str(f.period.connection.client)),
    ("server", lambda f: str(f.period.connection.server)),
    ("idle", lambda f: words.gap(f.period)),
    ("sent", lambda f: cut(clean(f.sent.label or words.sent(f)), _LABEL)),
    ("came back", lambda f: words.answer(f.period)),
    ("sure", lambda f: str(f.confidence)),
    ("where", lambda f: f"frame {f.period.wake.first.ref.frame}, {stream(f.period)}"),
)
_PERIOD: _Cells = (
    ("time", lambda p: iso(p.wake.first.ref.time, 3)),
    ("client", lambda p: str(p.connection.client)),
    ("server", lambda p: str(p.connection.server)),
    ("idle", words.gap),
    ("ended by", lambda p: p.kind),
    ("outcome", lambda p: str(p.outcome)),
    ("where", lambda p: f"frame {p.wake.first.ref.frame}, {stream(p)}"),
)
_CONNECTION: _Cells = (
    ("client", lambda c: str(c.client)),
    ("server", lambda c: str(c.server)),
    ("first seen", lambda c: iso(c.first.time, 3)),
    ("last seen", lambda c: iso(c.last.time, 3)),
    ("packets", lambda c: f"{sum(c.packets):,}"),
    ("payload", lambda c: f"{sum(c.payload):,}"),
    ("idle periods", lambda c: f"{c.idle_periods:,}"),
    ("history", history),
)
_SERVICE: _Cells = (
    ("server", lambda v: str(v.endpoint)),
    ("connections", lambda v: f"{v.service.connections:,}"),
    ("idle periods", lambda v: f"{v.service.idle_periods:,}"),
    ("incidents", lambda v: f"{v.incidents:,}"),
    ("longest survived", lambda v: seconds(v.longest_survived.length) if v.longest_survived else ""),
    ("shortest failed", lambda v: words.failed_silence(v.shortest_failed) if v.shortest_failed else ""),
    ("pattern", lambda v: str(v.pattern)),
)
_CAUSE: _Cells = (
    ("server", lambda c: str(c.service)),
    ("longest survived", lambda c: seconds(c.bracket.low.length) if c.bracket.low else ""),
    ("shortest failed", lambda c: words.failed_silence(c.bracket.high) if c.bracket.high else ""),
    ("one timer", lambda c: str(c.bracket.fit)),
    ("keepalive", lambda c: f"{c.setting.time} s" if c.setting else ""),
    ("does", lambda c: cure.kept(c.counterfactual) if c.counterfactual else ""),
)
_FILE: _Cells = (
    ("name", lambda f: f.name),
    ("format", lambda f: f.facts.format),
    ("records", lambda f: f"{f.facts.records:,}"),
    ("segments", lambda f: f"{f.facts.segments:,}"),
    ("from", lambda f: "" if f.facts.first_time is None else iso(f.facts.first_time, 3)),
    ("to", lambda f: "" if f.facts.last_time is None else iso(f.facts.last_time, 3)),
    ("trouble", lambda f: f.error or (f.facts.damage.reason if f.facts.damage else "")),
)
_FAILED: _Cells = (
    ("log", lambda f: f"{f.log.source.name}, line {f.line.logged.line}"),
    ("time", lambda f: iso(f.line.logged.start, 3)),
    ("request", lambda f: cut(clean(asked(f.line.logged)), _LABEL)),
    ("got", lambda f: result(f.line.logged)),
    ("x-request-id", lambda f: cut(clean(f.line.logged.request_id or ""), _LABEL)),
    ("finding", lambda f: f"frame {f.line.finding.wake.frame}" if f.line.finding else f"none: {f.line.why}"),
)
_CELLS: dict[type, _Cells] = {
    Finding: _FINDING, IdlePeriod: _PERIOD, Connection: _CONNECTION, ServiceView: _SERVICE, Cause: _CAUSE, CaptureFile: _FILE,
    Failed: _FAILED,
}  # fmt: skip


def rows(shown: Sequence[object], most: int = _ROWS) -> Markup:
    """Objects of one kind as a table, and how many more there are."""
    if not shown:
        return tag("p", "None.")
    cells = _CELLS[type(shown[0])]
    made = table([name for name, _ in cells], ([say(row) for _, say in cells] for row in shown[:most]))
    return together([made, tag("p", f"… {len(shown) - most:,} more")]) if len(shown) > most else made


def whole(report: Report) -> Markup:
    """An analysis: its answer, what was read, the first services and incidents, and what limits it."""
    anonymous = [tag("p", "Addresses and names are not those of the captures.")] if report.anonymized else []
    read = (f"{words.count(report.records, 'record')} in {words.count(len(report.files), 'file')}: "
            f"{words.count(report.connections, 'connection')}, {words.count(report.idle_periods, 'idle period')}")  # fmt: skip
    keepalive = cured(report)
    limits = [tag("li", f"{limit.code}: {limit.text} ({limit.count:,})") for limit in report.limits]
    return together([
        tag("p", tag("b", headline(report)), *(tag("span", f" {said}.") for said in others(report))),
        *([tag("p", tag("b", keepalive))] if keepalive else []),
        *anonymous,
        tag("p", read),
        rows(report.services, _FEW) if report.services else "",
        rows(report.incidents, _FEW) if report.incidents else "",
        tag("ul", *limits) if limits else "",
    ])  # fmt: skip
