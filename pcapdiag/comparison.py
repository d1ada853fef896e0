"""Captures of several points of one path: what each says alone, and where between them a RST was made or a request lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pcapdiag.analyze import Paths, analyze
from pcapdiag.capture import CaptureError
from pcapdiag.correlate.comparison import Reason, Verdict, Where
from pcapdiag.correlate.coverage import Stretch
from pcapdiag.correlate.pooling import Clocks
from pcapdiag.correlate.whereabouts import Sight, verdict
from pcapdiag.durations import parse_duration
from pcapdiag.reading import Progress
from pcapdiag.report.compare_words import second_capture
from pcapdiag.report.comparison import ComparedIncident, ComparedPoint, Comparison
from pcapdiag.report.model import Report
from pcapdiag.report.names import short
from pcapdiag.rules.signals import the_rst
from pcapdiag.rules.types import Finding, Origin, Sender, Severity, Signal
from pcapdiag.tracks import Case, Key, find

#: Incidents of one capture point that are compared, unless another number is asked for.
MOST = 200


def compare(
    *paths: Paths,
    labels: Sequence[str] = (),
    offsets: Mapping[str, str | int | float | timedelta] | None = None,
    most: int = MOST,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Comparison:
    """Tell where between several capture points RSTs were made, and requests lost, and what proves it.

    Packets are known again by their sequence numbers and whatever else NAT leaves as it is; clocks need not agree. A connection
    that a proxy between the points made anew, or whose numbers a firewall replaced, is not known again: nothing is said of it.

    Args:
        paths: one argument for each capture point, nearest to the clients first if that is known: a file, a directory, a
            pattern, or several of these. Standard input cannot be read again, and is none of them.
        labels: what the points are called; the names of their files, if nothing is said.
        offsets: by how much a point's clock is ahead of the first one's, by label, instead of an estimate: text as ``-1.5s``,
            a number of seconds, or a timedelta.
        most: incidents of one point that are compared.
        progress: called about ten times a second while reading.
        options: as for `pcapdiag.analyze`.

    Returns:
        A Comparison: each point's report, and each incident with its places along the path.

    Raises:
        CaptureError: the captures of a point could not be read.
        ValueError: less than two points, labels that do not fit, or options that are none.
    """
    captures = [[os.fspath(p)] if isinstance(p, (str, os.PathLike)) else [os.fspath(q) for q in p] for p in paths]
    if len(captures) < 2:
        raise ValueError("compare needs the captures of two points, or more")
    if any("-" in point for point in captures):
        why = "is gone once it is read, and captures are compared by reading again: save it to a file"
        raise CaptureError("standard input", why)
    names = _labels(captures, labels)
    told = {label: signed(offset) for label, offset in (offsets or {}).items()}
    if not set(told) <= set(names):
        raise ValueError(f"no capture point is called {sorted(set(told) - set(names))[0]!r} (there are {', '.join(names)})")
    reports = [analyze(point, progress=progress, **options).report for point in captures]
    cases, findings, omitted = [], [], 0
    for point, report in enumerate(reports):
        found = _worth(report)
        omitted += max(0, len(found) - most)
        findings += found[:most]
        cases += [Case(point, finding.period) for finding in found[:most]]
    if cases:
        find(captures, cases, reports[0].options.max_connections, progress)
    connections = [[(key[:2], leg) for key, leg in case.legs.items()] for case in cases]
    clocks = Clocks(connections, [told.get(name) for name in names])
    run = _Run(reports, names, clocks)
    incidents = run.incidents(cases, findings)
    points = tuple(ComparedPoint(name, reports[i], clocks.of(i)) for i, name in enumerate(names))
    return Comparison(points, incidents, omitted)


def signed(text: str | int | float | timedelta) -> int:
    """ns of a duration that may be less than 0: ``-1.5s``, ``+200ms``. Raises ValueError."""
    if isinstance(text, str):
        sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
        return sign * parse_duration(text)
    return parse_duration(text) if isinstance(text, timedelta) else (-1 if text < 0 else 1) * parse_duration(abs(text))


def _labels(captures: Sequence[Sequence[str]], labels: Sequence[str]) -> tuple[str, ...]:
    if labels and len(labels) != len(captures):
        raise ValueError("as many labels as capture points")
    names = tuple(labels) or short([" ".join(point) for point in captures])
    if len(set(names)) < len(names):
        raise ValueError("capture points need labels that differ")
    return names


def _worth(report: Report) -> list[Finding]:
    """The findings of which it matters where they come from; of harmless ones, RSTs in a client's name that need not be its."""
    unproved = [f for f in report.unproved if f.severity is not Severity.CONTEXT]
    return [*report.incidents, *report.heartbeats, *unproved, *(f for f in report.harmless if f.rule == "IDLE104")]


class _Run:
    """From what was read to what is said."""

    def __init__(self, reports: Sequence[Report], labels: Sequence[str], clocks: Clocks) -> None:
        self.reports, self.labels, self.clocks = reports, labels, clocks

    def incidents(self, cases: Sequence[Case], findings: Sequence[Finding]) -> tuple[ComparedIncident, ...]:
        """Findings of several points on the same request are one incident, told by the first point's that shows a RST."""
        known: dict[tuple[Key, object], int] = {}
        leading: list[tuple[Case, Finding, list[tuple[int, Finding]]]] = []
        told = zip(cases, findings, strict=True)
        for case, finding in sorted(told, key=lambda one: the_rst(one[0].period) is None):  # who saw a RST knows more
            at = known.get((case.key, _same(case)))
            if at is not None:
                leading[at][2].append((case.point, finding))
                continue
            known |= {(key, _same(case)): len(leading) for key in (case.key, *case.legs)}
            leading.append((case, finding, []))
        made = [self._incident(*one) for one in leading]
        made = [i for i in made if i.finding.severity is not Severity.HARMLESS or i.verdict.where is Where.BETWEEN]
        return tuple(sorted(made, key=self._time))

    def _time(self, incident: ComparedIncident) -> tuple[int, int]:
        """On the first point's clock, as far as it is known."""
        time, clock = incident.finding.period.wake.first.ref.time, self.clocks.of(incident.point)
        return time - (clock.at(time).ahead if clock else 0), incident.point

    def _incident(self, case: Case, finding: Finding, views: list[tuple[int, Finding]]) -> ComparedIncident:
        if case.wake is None:
            lost = self._named([Reason(case.point, "the request could not be read again")])
            return ComparedIncident(case.point, finding, tuple(views), Verdict(Where.UNKNOWN, (), False), lost)
        sights = [
            Sight(key.point, leg, self.clocks.between(case.key[:2], key[:2]), self._stretches(key), key == case.key)
            for key, leg in sorted(case.legs.items(), key=lambda item: (item[0].point, item[0].timeline, sorted(item[0].ends)))
        ]  # fmt: skip
        told = verdict(case.period, sights)
        why = [*told.why, *self._not_found(case)]
        if told.where is Where.BETWEEN:
            why = [r for r in why if r.point is None]
        incident = ComparedIncident(case.point, finding, tuple(views), told, self._named(why))
        return replace(incident, finding=self._confirmed(incident))

    def _not_found(self, case: Case) -> list[Reason]:
        """Points at which the connection was not found, and what that may mean."""
        found = {key.point for key in case.legs}
        out = []
        for point in range(len(self.labels)):
            if point in case.crowded:
                out.append(Reason(point, "several connections there have its sequence numbers"))
            elif point in case.alike:
                out.append(Reason(point, "the same addresses, other sequence numbers: a device between replaces them"))
            elif point not in found:
                out.append(Reason(point, "no connection there has its sequence numbers: another path, or a proxy between"))
        return out

    def _named(self, why: Sequence[Reason]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.text if r.point is None else f"{self.labels[r.point]}: {r.text}" for r in why))

    def _stretches(self, key: Key) -> list[Stretch]:
        files = [f for f in self.reports[key.point].files if f.point == key.timeline]
        return [Stretch(f.facts, f.hole_before, f.error) for f in files]

    def _confirmed(self, incident: ComparedIncident) -> Finding:
        """The finding, with what the other captures say of who sent the RST."""
        finding, v = incident.finding, incident.verdict
        if finding.origin is None or v.where is Where.UNKNOWN:
            return finding
        sender = finding.origin.sender
        if v.where is Where.BETWEEN:
            sender = Sender.NEARER
        elif v.near is not None:  # whoever is beyond: what is told at the last point, if that is another one
            last = v.places[v.near].point
            seen = next((f.origin for p, f in incident.views if p == last and f.origin is not None), None)
            sender = seen.sender if seen is not None else sender
        text = second_capture(incident, self.labels, self.reports)
        points_to = sender if sender is not Sender.UNDETERMINED else None
        origin = Origin(sender, (Signal("second capture", text, points_to), *finding.origin.signals))
        return replace(finding, origin=origin)


def _same(case: Case) -> object:
    wake = case.period.wake.first
    return wake.seq, wake.ack, case.period.wake.kind
