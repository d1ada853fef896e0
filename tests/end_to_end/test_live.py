"""From a live stream each finding is printed within a second of the packet that decides it, before the stream ends."""

from __future__ import annotations

import json
import time

import pytest

import pcapdiag
from tests.end_to_end.command import analyze
from tests.end_to_end.cutting import Pieces, pieces
from tests.end_to_end.live import Live, frames
from tests.end_to_end.shipped import RESET
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap

BUDGET = 1.0
#: Frames of the RSTs in the shipped capture, and the frames that prove each.
PROOFS = {98: [22, 97, 98], 110: [29, 109, 110], 125: [89, 124, 125], 140: [80, 139, 140]}
SHIPPED = pieces(RESET)

both = pytest.mark.parametrize("options", [(), ("--format", "jsonl")], ids=["terminal", "jsonl"])


def busy() -> Pieces:
    """Two connections lose a request at 10.0 s and 30.0 s, while a third has a packet every 50 ms of its own."""
    lost = []
    for number, (port, wake) in enumerate(((50001, 10.0), (50002, 30.0))):
        start = number + 0.5
        lost.append(conversation(f"""
            {start:.3f}  C  SYN
            {start + 0.001:.3f}  S  SYN ACK
            {start + 0.002:.3f}  C  ACK
            {start + 0.003:.3f}  C  120 bytes
            {start + 0.004:.3f}  S  900 bytes
            {start + 0.005:.3f}  C  ACK
            {wake:.3f}  C  80 bytes
            {wake + 0.02:.3f}  S  RST
        """, client=("10.0.0.1", port)))  # fmt: skip
    talk = "\n".join(f"{at / 1000:.3f} {side} 100 bytes" for at in range(0, 32_000, 100)
                     for at, side in ((at, "C"), (at + 50, "S")))  # fmt: skip
    return pieces(pcap(merge(*lost, conversation(talk, client=("10.0.0.9", 50009))), nano=False))


def test_the_frames_here_are_those_of_the_file() -> None:
    """What the tests below expect of the stream is what the library says of the file."""
    found = pcapdiag.analyze(RESET).findings
    assert [[f.period.start.frame, f.period.wake.first.ref.frame, f.period.answer.first.ref.frame] for f in found
            if f.period.start and f.period.answer] == list(PROOFS.values())  # fmt: skip


@both
@pytest.mark.parametrize("half", [0, 10, 40], ids=["whole records", "half a header follows", "half a record follows"])
def test_when_the_stream_falls_silent(options: tuple[str, ...], half: int) -> None:
    """After the RST nothing comes, or only the first half of a record: still the line is there within a second."""
    with Live(*options) as live:
        live.write(SHIPPED.header)
        done = owed = 0
        for rst, proof in list(PROOFS.items())[:3]:
            live.write(b"".join(SHIPPED.records[done : rst - 1])[owed:])
            assert live.quiet()
            begun = SHIPPED.records[rst][:half]
            written = live.write(SHIPPED.records[rst - 1] + begun)
            came, line = live.line()
            assert frames(line) == proof
            # the first also waits for Python to start, and only brings the process to where the others find it
            assert came - written < BUDGET or done == 0
            done, owed = rst, half
        live.write(b"".join(SHIPPED.records[done:])[owed:])
        code, _, errors = live.end()
    assert (code, errors) == (0, "")


@both
def test_while_other_packets_flow(options: tuple[str, ...]) -> None:
    """Packets of others, one each 50 ms without a pause, keep nobody waiting: the line comes within a second."""
    stream = busy()
    resets = [n for n, record in enumerate(stream.records) if record[16 + 33] == 0x04]
    assert len(resets) == 2
    with Live(*options) as live:
        live.write(stream.header)
        done = 0
        for rst in resets:
            live.write(b"".join(stream.records[done:rst]))
            started, written, done = done > 0, live.write(stream.records[rst]), rst + 1
            while live.quiet() and time.monotonic() - written < 10:
                time.sleep(0.05)
                live.write(stream.records[done])
                done += 1
            came, line = live.line()
            assert frames(line)[-1] == rst + 1
            assert came - written < BUDGET or not started  # as above
        code, _, errors = live.end()
    assert (code, errors) == (0, "")


def test_the_report_follows_the_lines() -> None:
    """When the stream ends, the whole report follows the lines, and it is that of the file but for the name."""
    with Live() as live:
        live.write(RESET.read_bytes())
        code, lines, errors = live.end()
    assert (code, errors) == (0, "")
    assert [frames(line) for line in lines[:4]] == list(PROOFS.values())
    report = analyze(RESET).stdout.splitlines()
    at = next(n for n, line in enumerate(report) if line.startswith("read "))
    assert lines[4:][1 : at + 1] == report[:at]
    assert lines[4 + 1 + at].startswith("read          standard input: pcap, ETHERNET, 150 records")


def test_jsonl_ends_with_the_summary() -> None:
    """The stream's JSON lines are those of the file, then the summary."""
    with Live("--format", "jsonl") as live:
        live.write(RESET.read_bytes())
        _, lines, _ = live.end()
    told = [json.loads(line.replace("standard input", str(RESET))) for line in lines]
    expected = [json.loads(line) for line in analyze(RESET, "--format", "jsonl").stdout.splitlines()]
    assert told[:-1] == expected[:-1]
    assert told[-1]["counts"] == expected[-1]["counts"]


def test_ctrl_c_ends_the_input_not_the_report() -> None:
    """The first Ctrl-C, which also ends the tcpdump that feeds us, lets the rest be read and the report be printed."""
    with Live() as live:
        live.write(SHIPPED.pcap(1, 98))
        assert frames(live.line()[1]) == PROOFS[98]
        live.interrupt()
        time.sleep(0.3)
        live.write(b"".join(SHIPPED.records[98:]))
        code, lines, errors = live.end()
    assert code == 0
    assert [frames(line) for line in lines[:3]] == list(PROOFS.values())[1:]
    assert any(line.startswith("4 requests on idle connections") for line in lines)
    assert errors.startswith("pcapdiag: interrupted")


def test_ctrl_c_twice_ends_all() -> None:
    """The second Ctrl-C ends the program at once, with the exit code of an interrupted one and no traceback."""
    with Live() as live:
        live.write(SHIPPED.pcap(1, 98))
        live.line()
        live.interrupt()
        time.sleep(0.3)
        live.interrupt()
        time.sleep(0.3)
        code, _, errors = live.end()
    assert code == 130
    assert errors.splitlines()[-1] == "pcapdiag: interrupted"
