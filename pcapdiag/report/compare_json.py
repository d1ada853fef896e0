"""A comparison as plain data for JSON, in the words of the report's own (see ``document.py`` and ``facts.py``)."""

from __future__ import annotations

from pcapdiag.correlate.comparison import Passage, Place
from pcapdiag.report.compare_words import conclusion, headline
from pcapdiag.report.comparison import ComparedIncident, ComparedPoint, Comparison
from pcapdiag.report.document import capture_file, finding
from pcapdiag.report.facts import Json, endpoint, ref

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(comparison: Comparison) -> Json:
    """All of it. Files are counted within each point."""
    return {
        "schema_version": SCHEMA_VERSION, "headline": headline(comparison), "points": [_point(p) for p in comparison.points],
        "incidents": [_incident(i, comparison) for i in comparison.incidents], "omitted": comparison.omitted,
    }  # fmt: skip


def _point(p: ComparedPoint) -> Json:
    clock = None
    if p.clock is not None:
        span = p.report.span
        moment = p.clock.at(span[0]) if span else None
        clock = {
            "ahead_ns": moment and moment.ahead, "uncertainty_ns": moment and moment.uncertainty,
            "drift_ppm": p.clock.drift, "outward": p.clock.outward, "homeward": p.clock.homeward,
            "round_trip_ns": p.clock.round_trip, "slack_ns": p.clock.slack, "told": p.clock.told is not None,
        }  # fmt: skip
    return {
        "label": p.label, "clock": clock, "records": p.report.records, "incidents": len(p.report.incidents),
        "files": [capture_file(f) for f in p.report.files],
    }  # fmt: skip


def _incident(i: ComparedIncident, comparison: Comparison) -> Json:
    v, points = i.verdict, comparison.points
    return {
        "where": str(v.where), "conclusion": conclusion(i, [p.label for p in points]), "ordered": v.ordered,
        "near": v.near, "far": v.far, "places": [_place(p) for p in v.places], "why": list(i.why),
        "point": i.point, "finding": finding(i.finding, points[i.point].report),
        "views": [{"point": point, "finding": finding(f, points[point].report)} for point, f in i.views],
    }  # fmt: skip


def _place(p: Place) -> Json:
    return {
        "point": p.point, "client": endpoint(p.client), "server": endpoint(p.server), "stream": p.stream, "own": p.own,
        "matched": p.matched, "request": _passage(p.request), "answer": _passage(p.answer), "ahead_ns": p.ahead,
        "uncertainty_ns": p.uncertainty, "ttl": p.ttl,
    }  # fmt: skip


def _passage(p: Passage) -> Json:
    return {"presence": str(p.presence), "record": ref(p.ref), "why": p.why or None}
