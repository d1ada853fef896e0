"""One capture in several files: the same findings in any order and format; holes are named; other points stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.capture.timeline import LEAST_HOLE
from pcapdiag.engine.types import Bound, IdlePeriod, RecordRef
from tests.capture.capture_files import PACK
from tests.end_to_end.cutting import packet, parts, pieces
from tests.end_to_end.shipped import GATEWAY, MIDDLE, RESET, SHIPPED, SURVIVES, tshark
from tests.programs import needs

#: Frames after which the ring's files end: inside gaps, and between the first lost request (97) and its RST.
CUTS = (40, 97, 120)
FORMATS = ("pcap", "pcapng", *(f"{name}.{kind}" for name in ("pcap", "pcapng") for kind in PACK))
Facts = tuple[object, ...]


def write(folder: Path, source: Path, cuts: Sequence[int], formats: Sequence[str] = ("pcap",)) -> list[Path]:
    """Write the files of a ring; ``formats`` are used in turn."""
    whole, files = pieces(source), []
    for number, (first, last) in enumerate(parts(whole, cuts)):
        form, _, packed = formats[number % len(formats)].partition(".")
        data = whole.pcapng(first, last) if form == "pcapng" else whole.pcap(first, last)
        path = folder / f"ring{number}.cap"
        path.write_bytes(PACK[packed](data) if packed else data)
        files.append(path)
    return files


def facts(analysis: pcapdiag.Analysis, first: Sequence[int] = (1,)) -> list[Facts]:
    """What the findings say, with the frames that the uncut file has; ``first`` is the first frame of each file."""

    def frame(ref: RecordRef | None) -> tuple[int, int] | None:
        return None if ref is None else (first[ref.file] + ref.frame - 1, ref.time)

    def view(p: IdlePeriod) -> Facts:
        assert p.answer is not None
        refs = (p.start, p.last_before, p.wake.first.ref, p.wake.last_sent, p.answer.first.ref, p.ended, p.connection.first)
        return (p.connection.client, p.connection.server, p.gap, p.silence, p.bound, p.fin, p.hole, p.outcome, p.peer,
                p.connection.packets, p.answer.delay, *map(frame, refs))  # fmt: skip

    return [(f.rule, f.confidence, f.sent, f.reasons, f.against, *map(view, (f.period, *f.twins)))
            for f in analysis.findings]  # fmt: skip


def firsts(analysis: pcapdiag.Analysis, source: Path, cuts: Sequence[int]) -> list[int]:
    """The first frame of each file that was analysed, in the order in which it was."""
    known = {f"ring{n}.cap": first for n, (first, _) in enumerate(parts(pieces(source), cuts))}
    return [known[Path(file.name).name] for file in analysis.capture]


def pauses(source: Path) -> list[tuple[int, int]]:
    """Each frame but the last, and the ns from it to the next."""
    times = [packet(record).time for record in pieces(source).records]
    return [(n, b - a) for n, (a, b) in enumerate(pairwise(times), 1)]


@lru_cache
def uncut(source: Path) -> list[Facts]:
    """The facts of the whole file."""
    return facts(pcapdiag.analyze(source))


def test_any_order_of_arguments(tmp_path: Path) -> None:
    """Whatever the order in which the files are named, they are one timeline with the findings of the uncut capture."""
    files = write(tmp_path, RESET, CUTS)
    for order in permutations(files):
        analysis = pcapdiag.analyze(list(order))
        assert [Path(file.name) for file in analysis.capture] == files
        assert facts(analysis, firsts(analysis, RESET, CUTS)) == uncut(RESET)
        assert analysis.report.limits == ()
        assert len(analysis.report.points) == 1


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cut_and_format(tmp_path: Path, data: st.DataObject) -> None:
    """Cut anywhere, each file in another format or compressed, the ring says what the uncut capture says."""
    source = data.draw(st.sampled_from([path for path, _ in SHIPPED]))
    busy = [n for n, pause in pauses(source) if pause < LEAST_HOLE]
    cuts = sorted(data.draw(st.sets(st.sampled_from(busy), max_size=5)))
    formats = data.draw(st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3))
    for old in tmp_path.iterdir():
        old.unlink()
    files = data.draw(st.permutations(write(tmp_path, source, cuts, formats)))
    analysis = pcapdiag.analyze(files)
    assert facts(analysis, firsts(analysis, source, cuts)) == uncut(source)
    assert [file.hole_before for file in analysis.capture] == [None] * len(files)
    whole = pcapdiag.analyze(source)
    assert analysis.report.outcomes == whole.report.outcomes
    assert analysis.report.records == whole.report.records
    assert analysis.report.points[0].totals.connections == whole.report.points[0].totals.connections


def test_a_cut_inside_a_pause(tmp_path: Path) -> None:
    """Where the files part at a long pause it may be a hole: the findings are the same, but across it not certain."""
    for cut in [n for n, pause in pauses(RESET) if pause >= LEAST_HOLE]:
        analysis = pcapdiag.analyze(write(tmp_path, RESET, [cut]))
        assert [f.period.gap for f in analysis.findings] == [view[2] for *_, view in uncut(RESET)]
        for finding in analysis.findings:
            across = finding.period.start is not None and finding.period.start.file < finding.period.file
            hole = across and analysis.capture[1].hole_before is not None
            assert (str(finding.confidence), finding.period.bound, finding.period.hole) == (
                ("likely", Bound.UPPER, True) if hole else ("certain", Bound.EXACT, False)
            )


@needs("tshark")
@pytest.mark.parametrize("source", [RESET, MIDDLE, GATEWAY], ids=lambda path: path.name)
def test_frames_and_streams_are_those_of_each_file(source: Path, tmp_path: Path) -> None:
    """A finding's frames and stream are the ones that tshark shows in that file of the ring."""
    files = write(tmp_path, source, CUTS, ("pcap", "pcapng"))
    analysis = pcapdiag.analyze(files)
    rows = [{row.frame: row for row in tshark(path)} for path in files]
    views = [p for f in analysis.findings for p in (f.period, *f.twins)]
    assert len(views) == len(uncut(source)) * (2 if source == GATEWAY else 1)
    assert any(p.start and p.start.file < p.file for p in views)
    for p in views:
        wake, rst = p.wake.first.ref, p.answer.first.ref if p.answer else p.ended
        assert p.start is not None
        assert p.file == wake.file
        assert rows[wake.file][wake.frame].stream == p.stream
        assert rows[wake.file][wake.frame].sender == p.connection.client
        assert rows[rst.file][rst.frame].flags & 4
        assert {rows[r.file][r.frame].time for r in (p.start, wake, rst)} == {p.start.time, wake.time, rst.time}
    for c in analysis.connections:
        assert rows[c.first.file][c.first.frame].stream == c.stream
        assert c.file == c.first.file


def test_a_missing_file_is_a_hole(tmp_path: Path) -> None:
    """A file missing in the middle is named with its length, and what happened across it is not called certain."""
    files = write(tmp_path, RESET, CUTS)
    times = [file.facts for file in pcapdiag.analyze(files).capture]
    analysis = pcapdiag.analyze([files[0], files[2], files[3]])
    missing = times[2].first_time - times[0].last_time
    assert [file.hole_before for file in analysis.capture] == [None, missing, None]
    assert "CAP908" in {limit.code for limit in analysis.report.limits}
    everything = [*analysis.findings, *analysis.report.unproved]
    lost = {facts[5][0] for facts in uncut(RESET)}
    assert {f.period.connection.client for f in everything} <= lost
    for finding in everything:
        assert (finding.period.hole, finding.period.bound) == (True, Bound.UPPER)
        assert str(finding.confidence) != "certain"
        assert "CAP908" in {doubt.code for doubt in finding.doubts}


def test_two_capture_points_stay_apart() -> None:
    """Captures that overlap are two points: nothing is a copy, each has its own connections, a loss in both is one."""
    both = pcapdiag.analyze([MIDDLE, RESET])
    single = {path: pcapdiag.analyze(path) for path in (MIDDLE, RESET)}
    assert sorted(point.files for point in both.report.points) == [(0,), (1,)]
    for point in both.report.points:
        path = Path(both.capture[point.files[0]].name)
        alone = single[path].report.points[0].totals
        assert (point.totals.connections, point.totals.copies) == (alone.connections, 0)
        assert point.totals.outcomes == alone.outcomes
    assert len(both.findings) == 4
    for finding in both.findings:
        legs = {both.report.file_name(p.file): p.wake.first.ref.frame for p in (finding.period, *finding.twins)}
        assert len(legs) == 2
        assert legs[str(RESET)] in {f.period.wake.first.ref.frame for f in single[RESET].findings}
        assert legs[str(MIDDLE)] in {f.period.wake.first.ref.frame for f in single[MIDDLE].findings}


def test_two_rings_of_two_points(tmp_path: Path) -> None:
    """Two rings captured at the same time are told apart by their times, in any mixture of their names."""
    for name, source in (("client", RESET), ("middle", MIDDLE)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, source, [n * len(pieces(source).records) // 4 for n in (1, 2, 3)])
    analysis = pcapdiag.analyze([tmp_path / "middle", tmp_path / "client"])
    points = [{Path(analysis.capture[i].name).parent.name for i in p.files} for p in analysis.report.points]
    assert sorted(map(sorted, points)) == [["client"], ["middle"]]
    assert [len(finding.twins) for finding in analysis.findings] == [1] * 4
    assert analysis.report.limits == ()


def test_captures_that_follow_each_other() -> None:
    """Two runs of which one follows the other after a hole are one point, and the hole is named."""
    analysis = pcapdiag.analyze([SURVIVES, RESET])
    assert [Path(file.name) for file in analysis.capture] == [RESET, SURVIVES]
    assert len(analysis.report.points) == 1
    hole = analysis.capture[1].facts.first_time - analysis.capture[0].facts.last_time
    assert analysis.capture[1].hole_before == hole > 10_000_000_000
    assert len(analysis.findings) == 4
    assert not analysis.report.unproved
