"""The evidence: small, told in Wireshark's comments, and read again it gives the same findings."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.engine.types import Bound, Seen
from pcapdiag.report.filters import proof
from pcapdiag.report.model import Report, group_of
from pcapdiag.report.pcapng import Evidence, evidence
from pcapdiag.report.telling import headers
from pcapdiag.rules.catalogue import CATALOGUE
from pcapdiag.rules.types import Confidence, Finding
from tests.end_to_end import mixed
from tests.end_to_end.shipped import CAPTURES, RESET
from tests.programs import needs

FILES = sorted(CAPTURES.glob("*.pcap*"))
each = pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
EXAMPLES = [(rule.code, example) for rule in CATALOGUE for example in (*rule.shows, *rule.does_not_show)]
OPENED = ["0.000 C SYN", "0.020 S SYN ACK", "0.021 C ACK"]


def detailed(*paths: Path) -> Report:
    """The report of these captures, with packets."""
    return pcapdiag.analyze(paths).detailed(most=1000).report


def made(report: Report, *, payload: bool = False, **other: int) -> Evidence:
    """Its evidence."""
    return evidence(report, command="pcapdiag analyze x.pcap", payload=payload, **other)


def again(found: Evidence, directory: Path) -> Report:
    """What pcapdiag says of the evidence."""
    path = directory / "evidence.pcapng"
    path.write_bytes(found.data)
    return pcapdiag.analyze(path).report


def told(report: Report) -> list[tuple[object, ...]]:
    """Of each finding what must be the same: rule, wake, gap, how sure it is, who sent the RST, what it counts as."""
    return sorted(map(_told, report.all_findings), key=str)


def _told(f: Finding) -> tuple[object, ...]:
    p = f.period
    sender = None if f.origin is None else f.origin.sender
    return (f.rule, p.wake.first.ref.time, p.gap, p.bound, p.outcome, p.connection.client, f.severity, f.confidence, f.proved,
            sender, group_of(f), p.clock_back)  # fmt: skip


def conversation(directory: Path, lines: Iterable[str] | str, head: str = "") -> list[Path]:
    """A conversation's captures."""
    text = lines if isinstance(lines, str) else head + "\n".join(lines)
    paths = []
    for n, data in enumerate(forge(text)):
        paths.append(directory / f"in{n}.pcapng")
        paths[-1].write_bytes(data)
    return paths


def comments(found: Evidence, directory: Path) -> dict[int, str]:
    """The packets' comments as tshark shows them, by frame."""
    path = directory / "shown.pcapng"
    path.write_bytes(found.data)
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.number", "-e", "frame.comment"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {int(number): text for number, _, text in (line.partition("\t") for line in lines)}


@pytest.mark.parametrize("payload", [False, True], ids=["headers", "payload"])
@each
def test_read_again_it_says_the_same(path: Path, payload: bool, tmp_path: Path) -> None:
    """Every shipped capture: each finding is in its evidence as it is in the capture, and no other."""
    report = detailed(path)
    assert told(again(made(report, payload=payload), tmp_path)) == told(report)


@pytest.mark.parametrize("pattern", ["capture-formats.ring_*", "capture-points.*.pcap", "full-chain.*.pcap*", "reset-after-idle*.pcap"])
def test_several_files_are_one_evidence(pattern: str, tmp_path: Path) -> None:
    """Rings, and captures of several points: the same incidents, each as it was first seen."""
    report = detailed(*sorted(CAPTURES.glob(pattern)))
    assert report.incidents
    assert told(again(made(report), tmp_path)) == told(report)


@pytest.mark.parametrize(("code", "example"), EXAMPLES, ids=[f"{code} {e.title}" for code, e in EXAMPLES])
def test_the_rules_examples_say_the_same(code: str, example: pcapdiag.rules.types.Example, tmp_path: Path) -> None:
    """Each conversation of the rules' pages gives the same findings from its evidence; where payload or a hole that is not in it
    would have told more or less, the file says so."""
    report = detailed(*conversation(tmp_path, example.conversation))
    found = made(report)
    told_again = again(found, tmp_path)
    if told(told_again) == told(report):
        return
    holes, order = any(f.period.hole for f in report.all_findings), tuple(Confidence)
    if holes:
        assert b"some time was not captured" in found.data
    else:
        assert b"from more payload than is kept" in found.data
        for one, other in zip(report.all_findings, told_again.all_findings, strict=True):
            assert one.rule == other.rule
            assert order.index(other.confidence) >= order.index(one.confidence)
        assert told(again(made(report, payload=True), tmp_path)) == told(report)


def _talk(request: str, exchanges: int, pause: float, *, ack: bool = True) -> list[str]:
    """A connection of many exchanges, then silence, then a request that is reset."""
    lines, at = list(OPENED), 0.1
    for _ in range(exchanges):
        lines += [f"{at:.3f} C {request}", f"{at + 0.02:.3f} S 900 bytes", *([f"{at + 0.06:.3f} C ACK"] if ack else [])]
        at += pause
    return [*lines, f"{at + 350:.3f} C {request}", f"{at + 350.02:.3f} S RST"]


LONG = {
    "busy": (_talk("80 bytes", 200, 0.3), ""),
    "many silences": (_talk("80 bytes", 200, 7), ""),
    "heartbeats": (_talk("17 bytes", 60, 5), ""),
    "heartbeats without ACKs": (_talk("17 bytes", 60, 5, ack=False), ""),
    "heartbeats as long as alerts": (_talk("24 bytes", 60, 5), ""),
    "download": ([*OPENED, "0.1 C 80 bytes", *(f"{0.2 + n * 0.01:.3f} S 1448 bytes" for n in range(300)), "3.3 C ACK",
                  "353 C 80 bytes", "353.02 S RST"], ""),
    "push": ([*OPENED, "0.1 C 80 bytes", *(f"{0.2 + n * 0.01:.3f} S 1448 bytes" for n in range(300)), "3.3 C ACK",
              "353 S 80 bytes", "353.2 S again", "353.6 S again", "354.4 S again", "354.42 C RST"], ""),
    "first seen at its wake": (["0.0 C2 80 bytes", "0.1 S2 100 bytes", "312.0 C 80 bytes", "312.02 S RST"],
                               "C2 is 10.0.0.7:3333\nS2 is 10.0.0.8:80\n"),
    "mixed": (mixed.talk().splitlines(), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_what_is_left_out_changes_nothing(name: str, tmp_path: Path) -> None:
    """Of long connections only what lies around the incidents is kept; the verdict needs no more."""
    lines, head = LONG[name]
    report = detailed(*conversation(tmp_path, lines, head))
    found = made(report)
    assert report.all_findings
    assert told(again(found, tmp_path)) == told(report)
    assert len(found.frames) < 100 or name == "mixed"


def test_a_lower_bound_is_marked(tmp_path: Path) -> None:
    """Since when was recorded is no packet; an empty record with a comment stands for it, so that the gap is the same."""
    lines, head = LONG["first seen at its wake"]
    report = detailed(*conversation(tmp_path, lines, head))
    found = made(report)
    (before,), (after,) = report.incidents, again(found, tmp_path).incidents
    assert (after.period.bound, after.period.gap) == (Bound.LOWER, before.period.gap)
    assert found.frames[0, before.period.wake.first.ref.frame] == 2
    assert b"No packet. The capture recorded since this moment" in found.data


@needs("tshark")
@each
def test_wireshark_shows_what_each_packet_is(path: Path, tmp_path: Path) -> None:
    """The proving frames of each finding carry a comment with the rule, the frame's number in the capture and its file."""
    report = detailed(path)
    found = made(report)
    said = comments(found, tmp_path)
    for finding in report.all_findings:
        for _, ref in proof(finding.period):
            text = said[found.frames[ref.file, ref.frame]]
            assert f"{finding.rule} {finding.name}" in text
            assert f"[frame {ref.frame} of " in text
    assert len(said) >= len(found.frames)


@needs("capinfos")
def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    """The section's comment has the answer, the version and the command; Wireshark shows it in the file's properties."""
    path = tmp_path / "evidence.pcapng"
    path.write_bytes(made(detailed(RESET)).data)
    shown = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True).stdout
    assert f"Evidence by pcapdiag {pcapdiag.__version__}: 4 requests on idle connections were answered by RST" in shown
    assert "Made by: pcapdiag analyze x.pcap" in shown
    assert "nanoseconds (9)" in shown


@each
def test_payload_stays_at_home(path: Path) -> None:
    """Without --payload no packet holds more than its headers and the few bytes that tell what kind of message a wake is; the
    lengths are the original ones."""
    report = detailed(path)
    kept = made(report)
    wakes = {f.period.wake.first.ref for f in report.all_findings}
    for excerpt in report.excerpts:
        for step in excerpt.steps:
            segment = step.segment
            secret = segment.record[headers(segment) + (16 if segment.ref in wakes else 0) :]
            assert len(secret) < 12 or secret not in kept.data
    assert b"Host:" not in kept.data


def test_frames_map_back() -> None:
    """Each packet of the excerpts is in the evidence, where the map says, byte for byte as far as it was kept."""
    report = detailed(RESET)
    found = made(report, payload=True)
    steps = [step for e in report.excerpts for step in (*e.steps, *(e.successor.steps if e.successor else ()))]
    assert {(s.segment.ref.file, s.segment.ref.frame) for s in steps} == set(found.frames)
    assert sorted(found.frames.values()) == list(range(1, len(found.frames) + 1))
    assert all(step.segment.record in found.data for step in steps)


def test_what_does_not_fit_is_left_out_and_said(tmp_path: Path) -> None:
    """Next connections go first, then what followed, then whole connections; what is there still proves itself."""
    report = detailed(RESET)
    whole = made(report)
    assert b"To keep this file small" not in whole.data
    few = made(report, most_bytes=len(whole.data) - 1_000)
    assert len(few.data) <= len(whole.data) - 1_000
    assert b"To keep this file small" in few.data
    assert told(again(few, tmp_path)) == told(report)
    fewer = made(report, most_bytes=5_000)
    assert b"all of " in fewer.data
    assert b"no packets are in this file" in fewer.data
    assert 0 < len(again(fewer, tmp_path).incidents) < 4
    assert not made(report, most_bytes=0).frames


def test_payload_goes_before_packets_do(tmp_path: Path) -> None:
    """Where payload was asked for and is too much, it is cut, and the packets stay."""
    lines = [*OPENED, "0.1 C 80 bytes", *(f"{0.2 + n * 0.01:.3f} S 1448 bytes" for n in range(5)), "3.3 C ACK",
             "353 C 1400 bytes", "353.02 S RST"]  # fmt: skip
    report = detailed(*conversation(tmp_path, lines))
    whole, less = made(report, payload=True), made(report, payload=True, most_bytes=4_000)
    assert less.frames == whole.frames
    assert b"the payload of " in less.data
    assert len(less.data) < len(whole.data)
    assert told(again(less, tmp_path)) == told(report)


def test_a_thousand_incidents_stay_below_a_megabyte(tmp_path: Path) -> None:
    """As many as the excerpts hold, each with all its packets: no file is larger than a tracker takes."""
    text = "\n".join(f"C{n} is 10.0.{n // 200}.{n % 200 + 1}:4{n:04d}\nS{n} is 10.9.0.1:443" for n in range(2, 600))
    lines = []
    for n in range(2, 600):
        lines += [(n / 100, f"C{n} SYN"), (n / 100 + 0.02, f"S{n} SYN ACK"), (n / 100 + 0.021, f"C{n} ACK"),
                  (n / 100 + 0.03, f"C{n} 80 bytes"), (n / 100 + 0.05, f"S{n} 900 bytes"), (n / 100 + 0.06, f"C{n} ACK"),
                  (n / 100 + 350, f"C{n} 80 bytes"), (n / 100 + 350.02, f"S{n} RST")]  # fmt: skip
    report = detailed(*conversation(tmp_path, [f"{at:.3f} {what}" for at, what in sorted(lines)], text + "\n"))
    assert len(report.incidents) == 598
    found = made(report)
    assert len(found.data) < 1_000_000
    assert told(again(found, tmp_path)) == told(report)
    small = made(report, most_bytes=100_000)
    assert len(small.data) < 100_000
    assert set(told(again(small, tmp_path))) < set(told(report))


def test_a_report_without_packets_makes_an_empty_capture(tmp_path: Path) -> None:
    """Nothing found, or not detailed: a file that says so, and opens."""
    report = detailed(CAPTURES / "keepalive-survives.pcap")
    assert again(made(report), tmp_path).records == 0
    assert again(made(replace(detailed(RESET), excerpts=())), tmp_path).records == 0


def test_icmp_errors_and_copies_are_kept(tmp_path: Path) -> None:
    """What decides beside segments is there: errors that quote one, the same packet recorded again."""
    found = made(detailed(CAPTURES / "icmp-prohibited.pcap"))
    assert {f.period.answer and f.period.answer.kind for f in again(found, tmp_path).incidents} == {"icmp"}
    twice = next(example for code, example in EXAMPLES if code == "CAP907")
    copied = detailed(*conversation(tmp_path, twice.conversation))
    copies = [s.segment.ref for e in copied.excerpts for s in e.steps if s.segment.seen is Seen.COPY]
    assert copies
    assert {(ref.file, ref.frame) for ref in copies} <= set(made(copied).frames)
