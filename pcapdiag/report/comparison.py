"""What `pcapdiag.compare` gives: each capture point's own report, and what they say together of each incident."""

from __future__ import annotations

from dataclasses import dataclass

from pcapdiag.correlate.clocks import Clock
from pcapdiag.correlate.comparison import Presence, Verdict, Where
from pcapdiag.report.model import Report
from pcapdiag.report.words import count
from pcapdiag.rules.types import Finding


@dataclass(frozen=True, slots=True)
class ComparedPoint:
    """One capture point: what it is called, its own report, and how its clock differs from that of the first point (None: not
    known, for want of packets that both have)."""

    label: str
    report: Report
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class ComparedIncident:
    """One incident, by the finding of the first capture point that has one. ``point`` is the index of that point, ``views`` are
    the findings of others, with their points, on the same incident. ``why`` are reasons, in words, for what is not known."""

    point: int
    finding: Finding
    views: tuple[tuple[int, Finding], ...]
    verdict: Verdict
    why: tuple[str, ...]

    @property
    def sentence(self) -> tuple[Where, int | None, int | None, Presence | None, Presence | None]:
        """What makes two incidents alike: where, between which points, and whether request and answer were at the farther one."""
        v = self.verdict
        near = None if v.near is None else v.places[v.near].point
        far = None if v.far is None else v.places[v.far]
        if far is None:
            return v.where, near, None, None, None
        return v.where, near, far.point, far.request.presence, far.answer.presence


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What the captures of one path say together. ``incidents`` are in order of time; ``omitted`` more were not compared."""

    points: tuple[ComparedPoint, ...]
    incidents: tuple[ComparedIncident, ...]
    omitted: int

    @property
    def in_common(self) -> bool:
        """Was any connection of an incident found at more than one point?"""
        return any(len({p.point for p in i.verdict.places}) > 1 for i in self.incidents)

    def __repr__(self) -> str:
        return f"<Comparison: {len(self.points)} points, {count(len(self.incidents), 'incident')}>"

    def _repr_html_(self) -> str:
        from pcapdiag.report.notebook_pages import comparison

        return comparison(self)
