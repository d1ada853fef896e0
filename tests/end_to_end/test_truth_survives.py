"""However a capture was mutilated, nothing false is said of it: fewer findings, looser bounds, never a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.engine.types import Bound, Fin
from tests.end_to_end.cutting import parts, pieces
from tests.end_to_end.shipped import GATEWAY, MIDDLE, RESET, SHIPPED, SURVIVES, Run

#: As in test_captures.py: how far the endpoints' clocks may be from the capture's, ns.
TOLERANCE = 5_000_000
#: The longest pause that survived in the runs without keepalive: no silence of theirs that survived was longer.
LONGEST = 3_000_000_000 + 3 * TOLERANCE

each = pytest.mark.parametrize(("path", "run"), SHIPPED, ids=[path.name for path, _ in SHIPPED])
fuzz = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


def nothing_false(analysis: pcapdiag.Analysis, run: Run, *, unnamed_loss: bool = False) -> None:
    """Each finding is a request that its client saw lost, its gap keeps its bound, and no survival is made up.

    What is listed as not proved may name an earlier request of a connection that did lose one, and only that.
    With ``unnamed_loss`` records are missing where nothing in the capture tells it. What is known of a connection by its
    absence, which is a lower bound, then cannot be held to the truth; all that follows from sequence numbers can.
    """
    lost = {r.client: r for r in run.lost} | {r.seen_as: r for r in run.lost}
    # What is not proved may be wrong: that is why it is listed apart, and never as more than possible.
    assert {str(finding.confidence) for finding in analysis.report.unproved} <= {"possible"}
    for finding in analysis.report.incidents:  # what was reset right behind the beginning of a capture is not one
        for period in (finding.period, *finding.twins):
            request = lost[period.connection.client]
            if abs(period.wake.first.ref.time - request.sent) >= TOLERANCE:
                assert not finding.proved
                continue
            assert request.gap is not None
            beyond = period.gap - request.gap
            if period.bound is Bound.EXACT or (period.bound is Bound.LOWER and not unnamed_loss):
                assert beyond < TOLERANCE, (period.bound, period.gap, request.gap)
            if period.bound is not Bound.LOWER:
                assert beyond > -TOLERANCE, (period.bound, period.gap, request.gap)
        if str(finding.confidence) == "certain" and finding.rule == "IDLE101":
            assert (finding.period.bound is not Bound.UPPER, finding.period.fin) == (True, Fin.EXCLUDED)
    for survived in (service.longest_survived for service in analysis.services):
        if survived is not None and run.keepalive is None and not (survived.lower_bound and unnamed_loss):
            assert survived.length < LONGEST, survived


@each
def test_few_connections_remembered(path: Path, run: Run) -> None:
    """With room for any number of connections, those that were forgotten do not come back with a longer silence."""
    for most in range(1, 24):
        nothing_false(pcapdiag.analyze(path, max_connections=most), run)


@each
def test_started_late_and_stopped_early(path: Path, run: Run, tmp_path: Path) -> None:
    """A capture begun in the middle of everything, at any frame, and ended at any, knows less and nothing wrong."""
    whole = pieces(path)
    for first in range(1, len(whole.records), 3):
        (tmp_path / "x").write_bytes(whole.pcap(first, len(whole.records) - first % 7))
        nothing_false(pcapdiag.analyze(tmp_path / "x"), run)


@each
@fuzz
@given(data=st.data())
def test_records_missing(path: Path, run: Run, data: st.DataObject, tmp_path: Path) -> None:
    """Whichever records were lost, single ones or stretches, a gap across them is not called exact."""
    records = pieces(path).records
    gone = set(data.draw(st.lists(st.integers(0, len(records) - 1), max_size=8)))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(records) - 1))
        gone |= set(range(at, at + data.draw(st.integers(1, 40))))
    kept = b"".join(record for n, record in enumerate(records) if n not in gone)
    (tmp_path / "x").write_bytes(pieces(path).header + kept)
    nothing_false(pcapdiag.analyze(tmp_path / "x"), run, unnamed_loss=True)


@each
@fuzz
@given(data=st.data())
def test_files_missing_and_damaged(path: Path, run: Run, data: st.DataObject, tmp_path: Path) -> None:
    """Of a ring, files may be missing and damaged in the middle: what was lost there does not lengthen a silence."""
    whole = pieces(path)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole.records) - 1), min_size=1, max_size=4)))
    files, missing, unnamed = [], False, []
    for number, (first, last) in enumerate(parts(whole, cuts)):
        fate = data.draw(st.sampled_from(("whole", "whole", "missing", "damaged")))
        if fate == "missing":
            missing = bool(files)
            continue
        if missing:
            unnamed.append(len(files))
        # what is behind the damage is lost, and that it is, the file itself tells
        last = data.draw(st.integers(first, last)) if fate == "damaged" else last
        files.append(tmp_path / f"ring{number}")
        files[-1].write_bytes(whole.pcap(first, last) + b"\xff" * 60 * (fate == "damaged"))
        missing = False
    if files:
        analysis = pcapdiag.analyze(files)
        holes = [file.hole_before for file in analysis.capture]
        nothing_false(analysis, run, unnamed_loss=any(holes[number] is None for number in unnamed))


@pytest.mark.parametrize("path", [RESET, MIDDLE, GATEWAY, SURVIVES], ids=lambda path: path.name)
@pytest.mark.parametrize("sender", ["10.1.0.1", "198.51.100.80"])
def test_one_direction(path: Path, sender: str, tmp_path: Path) -> None:
    """Of which only one direction was captured, a capture yields no certain finding, since a FIN may have been missed."""
    whole = pieces(path)
    address = bytes(map(int, sender.split(".")))
    at = 16 + (26 if int.from_bytes(whole.header[20:24], "little") == 1 else 32)
    kept = [record for record in whole.records if record[at : at + 4] == address]
    (tmp_path / "x").write_bytes(whole.header + b"".join(kept))
    analysis = pcapdiag.analyze(tmp_path / "x")
    assert not any(str(f.confidence) == "certain" for f in analysis.findings)
    assert "CAP901" in {limit.code for limit in analysis.report.limits}
