"""What a timeline shows: every affected connection, each frame that proves once, every gap with its length, in order of time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.anonymize import anonymized
from pcapdiag.engine.types import Seen
from pcapdiag.report.filters import proof
from pcapdiag.report.gaps import gaps
from pcapdiag.report.gaps_drawing import gaps_drawing
from pcapdiag.report.lanes import REPLACED, Align, lanes
from pcapdiag.report.marks import MarkKind
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.timeline_drawing import WORDY, description, timeline_drawing
from pcapdiag.report.words import gap
from tests.report import kinds, samples
from tests.report.drawn import SHIPPED, incidents, overlaps, shipped, words_of
from tests.report.factory import RST, T0, S, period

aligned = pytest.mark.parametrize("align", ["time", "wake"])
each = pytest.mark.parametrize("name", SHIPPED)


def drawn_periods(report: Report) -> list[str]:
    """The gaps of all that was lost."""
    return [gap(f.period) for f in (*report.incidents, *report.heartbeats, *report.unproved) if f.period.idle]


@each
@aligned
def test_each_frame_that_proves_is_marked_once(name: str, align: Align) -> None:
    """Of every incident, the frames that prove it stand in its lane, each once, with what it proves."""
    report = shipped(name)
    made = lanes(report, align=align)
    assert report.incidents
    for finding in report.incidents:
        proofs = proof(finding.period)
        (lane,) = [one for one in made.lanes if {m.ref for m in one.marks} >= {p.ref for p in proofs}]
        for role, ref in proofs:
            (mark,) = [m for m in lane.marks if m.ref == ref]
            assert mark.role == role


@each
@aligned
def test_marks_stand_in_order_of_time_to_the_nanosecond(name: str, align: Align) -> None:
    """Between two packets of a lane the axis counts what lies between their records, and no lane goes back in place."""
    made = lanes(shipped(name), align=align)
    for lane in made.lanes:
        first = lane.marks[0]
        assert all(m.at - first.at == m.ref.time - first.ref.time for m in lane.marks)
        places = [made.axis.x(m.at) for m in sorted(lane.marks, key=lambda m: m.at)]
        assert places == sorted(places)


@each
def test_a_bar_lies_from_the_last_payload_to_the_wake(name: str) -> None:
    """Each gap's bar is as long as the gap, ends at a mark that is its wake, and says its length with its bound."""
    report = shipped(name)
    made = lanes(report)
    assert sorted(bar.text for lane in made.lanes for bar in lane.bars) == sorted(drawn_periods(report))
    gaps = sorted(f.period.gap for f in (*report.incidents, *report.heartbeats, *report.unproved))
    assert sorted(bar.end - bar.start for lane in made.lanes for bar in lane.bars) == gaps
    for lane in made.lanes:
        assert all(any(m.at == bar.end and m.role for m in lane.marks) for bar in lane.bars)


@each
def test_packets_are_drawn_as_what_they_were_taken_for(name: str) -> None:
    """Who sent each packet and what kind it is are those of the ladder; a copy has no mark, an ICMP error comes from the other side."""
    report = shipped(name)
    marks = {m.ref: m for lane in lanes(report).lanes for m in lane.marks}
    for finding in report.incidents:
        excerpt = report.excerpt(finding.period)
        assert excerpt is not None
        for step in excerpt.steps:
            segment = step.segment
            if segment.seen is Seen.COPY:
                continue
            mark = marks[segment.ref]
            sent_by_client = segment.source == excerpt.connection.client
            assert (mark.side == "client") is (sent_by_client is not (segment.seen is Seen.ICMP))
            if segment.seen in (Seen.RST, Seen.FIN, Seen.SYN, Seen.PAYLOAD, Seen.RETRANSMISSION):
                assert mark.kind.value.lower() == segment.seen.value


def test_without_packets_the_proof_is_drawn() -> None:
    """A report that was not detailed has the same lanes, gaps and notes, with the frames that prove alone."""
    whole = shipped("reset-after-idle.pcap")
    bare = lanes(replace(whole, excerpts=()))
    full = lanes(whole)
    for a, b in zip(bare.lanes, full.lanes, strict=True):
        assert (a.label, a.about, [bar.text for bar in a.bars], [n.text for n in a.notes]) == (
            b.label, b.about, [bar.text for bar in b.bars], [n.text for n in b.notes]
        )  # fmt: skip
        assert [(m.ref, m.kind, m.side, m.role) for m in a.marks] == [(m.ref, m.kind, m.side, m.role) for m in b.marks if m.role]
    assert all(len(a.marks) == 3 for a in bare.lanes)


def test_aligned_on_wakes_all_wakes_stand_in_one_place() -> None:
    """With align="wake", time 0 is each connection's first wake, and a longer gap begins further left."""
    made = lanes(incidents(5), align="wake")
    assert made.origin is None
    assert all(bar.end == 0 for lane in made.lanes for bar in lane.bars)
    by_length = sorted((bar.end - bar.start, made.axis.x(bar.start)) for lane in made.lanes for bar in lane.bars)
    assert [x for _, x in by_length] == sorted((x for _, x in by_length), reverse=True)


def test_on_one_clock_lanes_follow_each_other() -> None:
    """With align="time", lanes stand in order of their wakes, and the axis begins with the first packet of all."""
    made = lanes(incidents(5))
    assert made.origin == min(lane.marks[0].ref.time for lane in made.lanes)
    wakes = [lane.bars[0].end for lane in made.lanes]
    assert wakes == sorted(wakes)
    assert min(m.at for lane in made.lanes for m in lane.marks) == 0


def test_a_gap_of_which_only_a_bound_is_known_is_open() -> None:
    """A connection first seen at its wake: the bar is as long as the bound, has no beginning, and says >=."""
    made = lanes(samples.report())
    (bar,) = [bar for lane in made.lanes for bar in lane.bars if bar.open]
    assert (bar.text, bar.end - bar.start) == (">= 412.007 s", 412_007_000_000)


def test_a_reset_out_of_silence_is_its_own_wake() -> None:
    """Where a RST ends the silence, that RST is the mark at the end of the bar, and nothing is said to have come back."""
    made = lanes(samples.report(findings=(kinds.in_silence(),)))
    (lane,) = made.lanes
    assert [m.kind for m in lane.marks] == [MarkKind.PAYLOAD, MarkKind.RST]
    assert lane.marks[-1].side == "server"
    assert lane.bars[0].summary == "900.000 s"
    assert len(lane.notes) == 1


def test_context_is_no_lane_and_harmless_only_when_asked_for() -> None:
    """What is only easily mistaken for a loss is not drawn; what harmed nobody is with --show-harmless."""
    quiet = replace(samples.report().options, show_harmless=False)
    harmless = samples.report(findings=(kinds.refused(), kinds.without_idle()), harmless=(kinds.farewell("QUIT"),), options=quiet)
    assert lanes(harmless).lanes == ()
    assert len(lanes(replace(harmless, options=replace(quiet, show_harmless=True))).lanes) == 1


@pytest.mark.parametrize("number", [0, 1, 5, 6, 7, 20, 21, 50, 120])
@aligned
def test_it_reads_well_with_any_number(number: int, align: Align) -> None:
    """From none to very many: every drawn gap's length can be read, no words cover each other or leave the paper, and what is
    left out is said."""
    made = lanes(incidents(number), align=align)
    drawing = timeline_drawing(made)
    said = words_of(drawing.shapes)
    assert len(made.lanes) == min(number, 50)
    assert made.left_out == number - len(made.lanes)
    for lane in made.lanes:
        assert any(lane.bars[0].text in text for text in said)
        assert any(lane.client in text for text in said)
    assert (f"50 of {number} affected connections drawn" in " ".join(said)) is (number > 50)
    assert ("not named" in " ".join(said)) is (number > WORDY)
    assert ("No affected connection" in " ".join(said)) is (number == 0)
    assert overlaps(drawing) == []


@each
@aligned
def test_real_captures_read_well(name: str, align: Align) -> None:
    """No words of a real incident's timeline cover each other, every gap's length is named, and so are wake and answer."""
    made = lanes(shipped(name), align=align)
    drawing = timeline_drawing(made)
    said = words_of(drawing.shapes)
    assert overlaps(drawing) == []
    for lane in made.lanes:
        assert all(any(bar.text in text for text in said) for bar in lane.bars)
        assert all(bar.text in description(made) for bar in lane.bars)
        if len(made.lanes) <= WORDY:
            assert any(note.text in said for note in lane.notes)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_labels_are_harmless(text: str) -> None:
    """Whatever a sender chose to be a label, every word of the drawing is harmless, on one line, and short."""
    for report in (samples.hostile(text), samples.report(findings=tuple(samples.hostile(text).findings[:2]))):
        drawing = timeline_drawing(lanes(report))
        for said in [*words_of(drawing.shapes), drawing.description, *(getattr(s, "title", "") for s in drawing.shapes)]:
            assert said == clean(said)
        assert all(len(said) < 200 for said in words_of(drawing.shapes))


@each
def test_an_anonymised_report_has_anonymous_pictures(name: str) -> None:
    """Drawn from the anonymised report, a picture says so, and holds no address or label of the capture; places stay the same."""
    report = shipped(name)
    hidden = anonymized(report, b"0" * 32)
    drawing = timeline_drawing(lanes(hidden))
    told = " ".join([*words_of(drawing.shapes), drawing.description, *(getattr(s, "title", "") for s in drawing.shapes)])
    told += " ".join(words_of(gaps_drawing(gaps(hidden)).shapes))
    assert REPLACED in told
    assert REPLACED not in lanes(report).note
    for finding in report.incidents:
        c, label = finding.period.connection, finding.sent.label
        assert c.client.address not in told
        assert c.server.address not in told
        assert label is None or not label.startswith("GET ") or label[:20] not in told
    assert [m.at for lane in lanes(hidden).lanes for m in lane.marks] == [m.at for lane in lanes(report).lanes for m in lane.marks]


def test_a_clock_that_went_back_breaks_nothing() -> None:
    """A RST recorded before its request stands left of it."""
    early = period(60 * S, T0, (1, 5, 4), delay=-500_000, flags=RST)
    (lane,) = lanes(samples.report(findings=(replace(samples.report().findings[0], period=early),))).lanes
    assert [m.ref.frame for m in lane.marks] == [1, 4, 5]
