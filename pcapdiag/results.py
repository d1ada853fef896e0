"""What an analysis gives back: sequences of frozen data, each of which is also a tidy DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from pcapdiag.durations import parse_duration
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Connection, Endpoint, IdlePeriod, Waiting
from pcapdiag.inference.types import Cause, Counterfactual, Loss, ServiceView
from pcapdiag.reading import Progress
from pcapdiag.report.model import CaptureFile, Report
from pcapdiag.rules.types import Finding
from pcapdiag.selection import Selection

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from scapy.plist import PacketList

    from pcapdiag.advice.types import Advice  # noqa: F401  # in the name of a base class
    from pcapdiag.correlate.joined import Failed  # noqa: F401  # as above
    from pcapdiag.report.lanes import Align
    from pcapdiag.report.story import Story  # noqa: F401  # as above

T = TypeVar("T")
#: Incidents behind which a user's own request is looked for: the first.
_TRACED = 1000


class _Rows(Sequence[T], Generic[T]):
    """An immutable sequence that can be shown as a table; in a notebook it shows itself as one."""

    def __init__(self, rows: Sequence[T], report: Report) -> None:
        self._rows = tuple(rows)
        self._report = report

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return self._rows == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        return f"<{len(self)} {type(self).__name__.lower()}>"

    def _repr_html_(self) -> str:
        from pcapdiag.report.notebook import rows

        return rows(self._rows)


class Findings(_Rows[Finding]):
    """Findings in order of time."""

    def frame(self) -> pd.DataFrame:
        """One row a finding; times are datetime64[ns, UTC], gaps timedelta64[ns]. Needs pandas."""
        from pcapdiag.report.frames import findings_frame

        return findings_frame(self, self._report)


class IdlePeriods(_Rows[IdlePeriod]):
    """Idle periods in order of their end: those that did not simply survive, or all with ``keep="all"``."""

    def frame(self) -> pd.DataFrame:
        """One row an idle period; times are datetime64[ns, UTC], gaps timedelta64[ns]. Needs pandas."""
        from pcapdiag.report.frames import idle_periods_frame

        return idle_periods_frame(self)


class Connections(_Rows[Connection]):
    """Connections in order of first appearance, earlier incarnations of a 4-tuple included."""

    def frame(self) -> pd.DataFrame:
        """One row a connection; times are datetime64[ns, UTC]. Needs pandas."""
        from pcapdiag.report.frames import connections_frame

        return connections_frame(self)


class Services(_Rows[ServiceView]):
    """Services with idle periods, worst first."""

    def frame(self) -> pd.DataFrame:
        """One row a service; lengths of silence are timedelta64[ns]. Needs pandas."""
        from pcapdiag.report.frames import services_frame

        return services_frame(self, self._report.causes)


class Causes(_Rows[Cause]):
    """What lies behind the losses of each service that has some, worst first."""

    def frame(self) -> pd.DataFrame:
        """One row a service; lengths of silence are timedelta64[ns], settings are seconds. Needs pandas."""
        from pcapdiag.report.frames import causes_frame

        return causes_frame(self)


class Cures(_Rows["Advice"]):
    """What cures each of the services that lost something, if anything is known to."""

    def frame(self) -> pd.DataFrame:
        """One row a cure, those of a service that help most first. Needs pandas."""
        from pcapdiag.report.frames import cures_frame

        return cures_frame(self)

    def _repr_html_(self) -> str:
        from pcapdiag.report.notebook_pages import cures

        return cures(self._rows)


class FailedRequests(_Rows["Failed"]):
    """The failed requests of all access logs, log by log, each with the finding that it belongs to, or why it belongs to none."""

    def frame(self) -> pd.DataFrame:
        """One row a failed request; times are datetime64[ns, UTC]. Needs pandas."""
        from pcapdiag.report.frames import failed_frame

        return failed_frame(self, self._report)


class Stories(_Rows["Story"]):
    """For each service that lost something, worst first, what happened, from all sources."""

    def frame(self) -> pd.DataFrame:
        """One row a step of a story. Needs pandas."""
        from pcapdiag.report.frames import stories_frame

        return stories_frame(self)

    def _repr_html_(self) -> str:
        from pcapdiag.report.html_story import stories
        from pcapdiag.report.markup import tag, together

        return together(stories(self._report, False)) if self._rows else tag("p", "None.")


class CaptureFiles(_Rows[CaptureFile]):
    """The files that were read, in order of time, then those that could not be."""

    def frame(self) -> pd.DataFrame:
        """One row a file; times are datetime64[ns, UTC]. Needs pandas."""
        from pcapdiag.report.frames import files_frame

        return files_frame(self)


@dataclass(frozen=True)
class Analysis:
    """The result of `pcapdiag.analyze`.

    ``report`` is everything a renderer needs; the properties below are the same facts for further work.
    """

    report: Report
    _periods: tuple[IdlePeriod, ...]
    _engines: tuple[Engine, ...]
    _selection: Selection
    _paths: tuple[str, ...]
    _losses: tuple[Loss, ...] = ()
    _watched: Mapping[Endpoint, int] = field(default_factory=dict)

    def detailed(self, most: int = 50, progress: Callable[[Progress], None] | None = None) -> Analysis:
        """The same, with what takes a second reading: in ``report.excerpts`` the packets around the first incidents of each
        service and rule, ``most`` in all, and the SHA-256 of each file.

        Raises CaptureError if the captures cannot be read again: they are gone, or were standard input.
        """
        from pcapdiag.excerpts import chosen, digested, excerpts  # only who asks for packets pays for the import

        found = excerpts(self._paths, chosen(self.report, most), self._engines, self.report.options.max_connections, progress)
        whole = replace(self, report=replace(self.report, excerpts=found, files=digested(self.report.files)))
        return whole.traced_back(progress)

    def traced_back(self, progress: Callable[[Progress], None] | None = None) -> Analysis:
        """The same, with users' own requests behind lost ones, where the same capture shows them (a pod's ``-i any``): it is read
        again for them, twice. They stand in ``report.joins``. As it is where that was done, or cannot be: the captures are gone,
        or were standard input.
        """
        findings = self.report.incidents[:_TRACED]
        if self.report.joins is not None or "-" in self._paths or not findings:
            return self
        from pcapdiag.capture import CaptureError
        from pcapdiag.correlate.joined import Joins, Key
        from pcapdiag.impact import impacts

        try:
            found = impacts(self._paths, findings, self.report.options.max_connections, progress)
        except CaptureError:
            return self
        told = tuple((Key.of(f), one) for f, one in zip(findings, found, strict=True) if one is not None)
        return replace(self, report=replace(self.report, joins=Joins(impacts=told))) if told else self

    def packets(self, finding: Finding) -> PacketList:
        """The packets around a finding, in the order of the capture, as scapy has them: dissected from their link layer on, with
        their times and, as comments, their frames and what each was taken for. Where the report is `detailed` they are those of
        its excerpt; else the captures are read again for this one connection. Needs scapy.

        Raises CaptureError if the captures cannot be read again.
        """
        from pcapdiag.report.scapy_ import packet_list

        excerpt = self.report.excerpt(finding.period)
        if excerpt is None:
            from pcapdiag.excerpts import excerpts

            found = excerpts(self._paths, [finding.period], self._engines, self.report.options.max_connections)
            excerpt = found[0] if found else None
        return packet_list(excerpt, finding)

    def plot_timeline(self, *, align: Align = "time") -> Figure:
        """A picture with a lane for each affected connection: its packets, the idle gap with its length, the wake, the answer.

        All share one clock, whose long silences are left out and say so, or with ``align="wake"`` each counts from its wake.
        Without packets (see `detailed`) the captures are read again for them. Needs matplotlib.
        """
        from pcapdiag.report.timeline import timeline_figure

        again = not self.report.excerpts and "-" not in self._paths
        return timeline_figure((self.detailed() if again else self).report, align=align)

    def plot_gaps(self) -> Figure:
        """A picture of each service's silences by length: how many survived, which failed, and the bracket between. Needs
        matplotlib."""
        from pcapdiag.report.timeline import gaps_figure

        return gaps_figure(self.report)

    @cached_property
    def findings(self) -> Findings:
        """What is proved, twins merged, with what is only context (its severity says so). What is not proved, heartbeats and
        what harms nobody stand in ``report``."""
        return Findings(self.report.findings, self.report)

    @cached_property
    def idle_periods(self) -> IdlePeriods:
        """The idle periods that did not simply survive; every one with ``keep="all"``."""
        return IdlePeriods(sorted(self._periods, key=lambda p: (p.ended.time, p.file, p.ended.frame)), self.report)

    @cached_property
    def connections(self) -> Connections:
        """Every connection still tracked at the end. Made when first asked for, from the engine's own table."""
        chosen = (c for e in self._engines for c in e.connections() if self._selection.connection(c))
        return Connections(tuple(chosen), self.report)

    @cached_property
    def services(self) -> Services:
        """What survived and what failed, by server address and port."""
        return Services(self.report.services, self.report)

    @cached_property
    def causes(self) -> Causes:
        """Where the timeout of each service lies that lost something, and what would keep its connections alive."""
        return Causes(self.report.causes, self.report)

    @cached_property
    def advice(self) -> Cures:
        """What cures the losses of each service: where it is set, what it does not cover, and the text to paste."""
        return Cures(self.report.advice, self.report)

    @cached_property
    def joins(self) -> FailedRequests:
        """The failed requests of the access logs, joined with what was found. Sockets and connection tracking stand in
        ``report.joins``."""
        joins = self.report.joins
        return FailedRequests(joins.failed if joins is not None else (), self.report)

    @cached_property
    def story(self) -> Stories:
        """What happened, step by step, from all sources; empty where there is no more than captures (see `traced_back`)."""
        return Stories(self.report.story, self.report)

    def counterfactual(self, cause: Cause, keepalive: str | float | timedelta) -> Counterfactual:
        """What a keepalive of this time (``"60s"``, a number of seconds, a timedelta) would have done for the losses of one of
        the ``causes``, instead of the one that is recommended.

        Raises ValueError if it is no duration longer than 0.
        """
        from pcapdiag.inference.counterfactual import counterfactual

        time = parse_duration(keepalive)
        if time <= 0:
            raise ValueError("a keepalive must be longer than 0")
        losses = [loss for loss in self._losses if loss.service == cause.service]
        return counterfactual(losses, cause.bracket, cause.view.service, self._watched[cause.service], time)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Every incident as inference looks at it, whatever rules were selected, in order of time."""
        return self._losses

    def silent_at_end(self, least: Mapping[Endpoint, int]) -> Mapping[Endpoint, Waiting]:
        """Of each of these services, the open connections that had been silent for at least so many ns when the capture ended."""
        from pcapdiag.endings import Endings

        return Endings(self._engines, (), ()).waiting(least)

    @cached_property
    def capture(self) -> CaptureFiles:
        """What was read, file by file."""
        return CaptureFiles(self.report.files, self.report)

    def _repr_html_(self) -> str:
        from pcapdiag.report.notebook import whole

        return whole(self.report)

    def __repr__(self) -> str:
        r: Any = self.report
        return f"<Analysis: {len(r.findings)} findings in {r.connections} connections, {r.records} records>"
