"""Each kind of bad input: one line on stderr that names it, an exit code, no traceback, and everything else analysed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pcapdiag
from tests.capture.capture_files import block
from tests.end_to_end.command import analyze
from tests.end_to_end.cutting import packet, pieces
from tests.end_to_end.damage import LOST, small_pcap, small_pcapng
from tests.end_to_end.shipped import CAPTURES, RESET, SURVIVES, tshark
from tests.forge.files import RAW, Interface, Section, pcap
from tests.forge.packets import Packet
from tests.programs import needs

#: What no capture is, and how it is called.
NO_CAPTURES = {
    b"": "an empty file",
    b"\xd4": "1 byte: too short for a capture",
    b"\xd4\xc3\xb2": "3 bytes: too short for a capture",
    b"hello\n": "a text file",
    b"\0" * 5000: "nothing but zeros: the file was lost, or never written",
    b"\x7fELF\x02\x01\x01" + b"\0" * 60: "a program",
    b"\x01\x02\x03\x04\x05\x06\x07\x08": "not a capture: its first bytes are 01 02 03 04 05 06 07 08",
    b"\n\r\r\n\x1c\0\0\0not pcapng": "not pcapng, though it begins like it",
    b"\x1f\x8b\x08\0\0\0\0\0": "nothing in it can be read: the gzip data breaks off",
    b"12:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S]\n": "what tcpdump prints, not what it captures",
}  # fmt: skip

no_capture = pytest.mark.parametrize(("data", "what"), NO_CAPTURES.items(), ids=lambda x: str(x)[:24])


@no_capture
def test_no_capture(data: bytes, what: str, tmp_path: Path) -> None:
    """What is no capture is called what it is: exit code 2, nothing on stdout; the library raises CaptureError."""
    path = tmp_path / "x.pcap"
    path.write_bytes(data)
    run = analyze(path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"pcapdiag: {path}: {what}")
    assert run.stderr.count("\n") == 1
    with pytest.raises(pcapdiag.CaptureError) as raised:
        pcapdiag.analyze(path)
    assert (raised.value.path, raised.value.reason.startswith(what)) == (str(path), True)


@no_capture
def test_no_capture_on_standard_input(data: bytes, what: str) -> None:
    """The same from a pipe."""
    run = analyze("-", stdin=data)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"pcapdiag: standard input: {what}")


def test_names_of_nothing(tmp_path: Path) -> None:
    """A missing file, a folder without captures, a link to nothing, a pattern without match: said, exit code 2."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("hello")
    (tmp_path / "link").symlink_to("gone")
    told = {"missing.pcap": "no such file or directory", "folder": "a directory without captures",
            "link": "a link to nothing", "*.pcapng": "no file matches", "": "no such file or directory"}  # fmt: skip
    for name, what in told.items():
        run = analyze(name, cwd=tmp_path)
        assert (run.returncode, run.stdout, run.stderr) == (2, "", f"pcapdiag: {name}: {what}\n")


@pytest.mark.parametrize("bad", ["empty", "text", "missing", "folder"])
def test_a_readable_and_an_unreadable_file(bad: str, tmp_path: Path) -> None:
    """What can be read is analysed and reported in full; what cannot is named in the report and on stderr: 2."""
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "folder").mkdir()
    for arguments in ([tmp_path / bad, RESET], [RESET, tmp_path / bad]):
        run = analyze(*arguments, "--format", "json")
        document = json.loads(run.stdout)
        assert run.returncode == 2
        assert [line.split(": ")[1] for line in run.stderr.splitlines()] == [str(tmp_path / bad)]
        assert len(document["findings"]) == 4
        files = {file["name"]: file["error"] for file in document["capture"]["files"]}
        assert files.keys() == {str(RESET), str(tmp_path / bad)}
        assert files[str(RESET)] is None
        assert files[str(tmp_path / bad)] in run.stderr


def test_a_damaged_and_a_good_file(tmp_path: Path) -> None:
    """Beside a damaged capture a good one is read to its end, and only the damaged one is named."""
    path = tmp_path / "damaged.pcap"
    path.write_bytes(SURVIVES.read_bytes()[:5000])
    run = analyze(path, RESET)
    assert run.returncode == 3
    assert run.stdout.startswith("4 requests on idle connections were answered by RST")
    assert [line.split(": ")[1] for line in run.stderr.splitlines()] == [str(path)]


@pytest.mark.parametrize("cut", [1, 7, 16, 40, 81])
def test_standard_input_closed_in_mid_record(cut: int) -> None:
    """A stream that dies in the middle of a record: the findings before are reported, byte and frame are named."""
    whole = pieces(RESET)
    data = whole.pcap(1, 120)
    run = analyze("-", stdin=data + whole.records[120][:cut])
    assert run.returncode == 3
    assert f"standard input: damaged at byte {len(data)}, after frame 120: " in run.stderr
    assert run.stdout.count("frame.number == ") == 2 * 3
    assert "2 requests on idle connections were answered by RST, with no FIN before." in run.stdout


def test_a_header_and_nothing_else(tmp_path: Path) -> None:
    """A capture without a packet is no error: the report says that nothing was read."""
    for data in (small_pcap().data[:24], bytes(Section([])), bytes(Section([], []))):
        (tmp_path / "x").write_bytes(data)
        run = analyze(tmp_path / "x")
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith("No TCP segment was read, so nothing can be said.")


@needs("tshark")
def test_unknown_blocks_and_several_sections(tmp_path: Path) -> None:
    """Unknown, custom, secret and journal blocks change nothing, and frames are counted as tshark counts them."""
    packets = [packet(record) for record in pieces(RESET).records]
    ethernet = [Interface(1, 6)]
    between = block(0xBAD, b"\x12\x34\0\0anything") + block(10, b"KSLT\4\0\0\0none") + block(9, b"__REALTIME_TIMESTAMP=1700000000000000\n")
    between += block(0x7FFFFFFF, b"") + block(0x80000001, b"local")
    first, second = (bytes(Section(part, ethernet, noise=True)) for part in (packets[:50], packets[50:]))
    data = first + between + second
    path = tmp_path / "x.pcapng"
    path.write_bytes(data)
    analysis = pcapdiag.analyze(path)
    assert analysis.report.damaged == ()
    found = [f.period.answer.first.ref.frame for f in analysis.findings if f.period.answer]
    assert found == [row.frame for row in tshark(path, "tcp.flags.reset == 1")]
    assert [f.period.stream for f in analysis.findings] == [row.stream for row in tshark(path, "tcp.flags.reset == 1")]


def test_zero_length_packets(tmp_path: Path) -> None:
    """Packets of which nothing was captured, or of which nothing was, are frames that are skipped by reason."""
    nothing = [Packet(p.time, b"", original=original) for p in LOST for original in (0, 60)]
    packets = [p for pair in zip(nothing[::2], LOST, nothing[1::2], strict=True) for p in pair]
    for data in (pcap(packets), bytes(Section(packets, [Interface(RAW, 9)]))):
        (tmp_path / "x").write_bytes(data)
        analysis = pcapdiag.analyze(tmp_path / "x")
        (file,) = analysis.capture
        assert (file.facts.records, file.facts.segments, file.facts.damage) == (24, 8, None)
        assert sum(file.facts.skipped.values()) == 16
        assert [f.period.answer.first.ref.frame for f in analysis.findings if f.period.answer] == [23]


@pytest.mark.parametrize("hostile", [b"\x1b[2J\x1b]0;x\x07", b"\x9b31m\x00\x08\x7f", "\u202e\u2028\x85".encode(), b"[red]x[/]<b>&\xff\xfe"])
@pytest.mark.parametrize("form", ["terminal", "json", "jsonl"])
def test_captured_bytes_do_not_act(hostile: bytes, form: str, tmp_path: Path) -> None:
    """What a request holds cannot act on a terminal, in a report or in a live line, and the finding is there."""
    wake = LOST[6].data[:-25] + (b"GET /" + hostile).ljust(25, b"!")[:25]
    data = pcap([*LOST[:6], LOST[6]._replace(data=wake), LOST[7]])
    (tmp_path / "x").write_bytes(data)
    for run in (analyze(tmp_path / "x", "--format", form), analyze("-", "--format", form, stdin=data)):
        assert (run.returncode, run.stderr) == (0, "")
        assert "GET /" in run.stdout
        assert all(character.isprintable() or character == "\n" for character in run.stdout)


def test_the_shipped_captures_are_not_damaged() -> None:
    """Nothing of the above is said of a capture that is whole."""
    for path in sorted(CAPTURES.glob("*.pcap")):
        run = analyze(path)
        assert (run.returncode, run.stderr) == (0, "")
        assert "damage" not in run.stdout
    assert small_pcapng().whole(10**9).records == len(LOST)
