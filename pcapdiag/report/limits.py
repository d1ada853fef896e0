"""What a capture cannot prove, from what was counted while reading it."""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Outcome
from pcapdiag.report.model import CaptureFile, Limit, Point


def limits(files: Sequence[CaptureFile], points: Sequence[Point], trailing: int = 0) -> tuple[Limit, ...]:
    """One Limit for each thing that weakens the verdicts; codes are those of the CAP family. ``trailing`` counts
    compressed files with something behind their end."""
    facts = [f.facts for f in files]
    totals = [p.totals for p in points]
    connections = sum(t.connections for t in totals)
    without_syn = connections - sum(t.syn_seen for t in totals)
    cut = sum(f.skipped.get("cut by snap length", 0) for f in facts)
    drops = sum(f.reported_drops or 0 for f in facts)
    back, farthest = sum(f.clock_back for f in facts), max((f.clock_back_most for f in facts), default=0)
    holes = [f.hole_before for f in files if f.hole_before is not None]
    evicted = sum(t.evicted_closed + t.evicted_open for t in totals)
    untimed = sum(f.untimed for f in facts)
    found = (
        ("CAP901", sum(t.one_sided for t in totals), "connections of which only one direction was captured"),
        ("CAP902", without_syn, "connections that began before the capture: who is client is inferred"),
        ("CAP903", drops, "packets that the capturing program says it dropped"),
        ("CAP904", cut, "records cut so short by the snap length that the TCP header is missing"),
        ("CAP905", sum(t.outcomes.get(Outcome.UNDECIDED, 0) for t in totals),
         "idle periods undecided: the capture missed traffic, or ended before the answer"),
        ("CAP906", back, f"records earlier than the one before, by up to {format_duration(farthest)}"),
        ("CAP907", sum(t.copies for t in totals), "packets recorded more than once: the copies change nothing"),
        ("CAP908", len(holes), f"holes between files, the longest {format_duration(max(holes, default=0))}"),
        ("CAP909", evicted, "connections forgotten because there were too many: what they did later is new to us"),
        ("CAP910", untimed, "simple packets without a time: they take that of the record before"),
        ("CAP911", trailing, "compressed files with something behind their end, which was not read"),
    )  # fmt: skip
    return tuple(Limit(code, text, count) for code, count, text in found if count > 0)
