"""A capture cut at every byte: what is whole is analysed, the damage is named by byte and frame, the exit code says it."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.capture import open_source
from pcapdiag.cli.main import main
from tests.capture.capture_files import PACK, everything
from tests.end_to_end.cutting import pieces
from tests.end_to_end.damage import RST_FRAME, Small, in_a_pipe, small_pcap, small_pcapng
from tests.end_to_end.shipped import RESET

CAPTURES = {
    "pcap": small_pcap(),
    "pcap big-endian": small_pcap(">", nano=False),
    "pcapng": small_pcapng(),
    "pcapng big-endian": small_pcapng(">"),
    "pcapng, old packet blocks": small_pcapng(packet_block=2),
}
#: Fewer bytes than these cannot be told from something else.
ENOUGH = 4

each = pytest.mark.parametrize("small", CAPTURES.values(), ids=CAPTURES)


def check(analysis: pcapdiag.Analysis, small: Small, size: int) -> None:
    """Everything before the cut was analysed, and the damage is where the first unit begins that is not whole."""
    (file,) = analysis.capture
    whole = small.whole(size)
    damage = file.facts.damage
    assert file.facts.records == whole.records == file.facts.segments
    assert len(analysis.findings) == (whole.records == RST_FRAME)
    assert (damage is None) == (whole.end == size)
    if damage is not None:
        assert (damage.offset, damage.frame) == (whole.end, whole.records)
        assert damage.reason.startswith("the file ends in the middle of a")


@each
def test_a_file_cut_at_every_byte(small: Small, tmp_path: Path) -> None:
    """A file cut anywhere gives all its whole records, and names where the first broken one begins."""
    path = tmp_path / "cut"
    for size in range(len(small.data) + 1):
        path.write_bytes(small.data[:size])
        if size < ENOUGH:
            with pytest.raises(pcapdiag.CaptureError, match="empty file" if size == 0 else "too short for a capture"):
                pcapdiag.analyze(path)
        else:
            check(pcapdiag.analyze(path), small, size)


@each
def test_a_pipe_closed_at_every_byte(small: Small) -> None:
    """A stream that ends anywhere, as when tcpdump is killed, gives the same."""
    for size in range(len(small.data) + 1):
        with in_a_pipe(small.data[:size]) as name:
            if size < ENOUGH:
                with pytest.raises(pcapdiag.CaptureError, match="empty file" if size == 0 else "too short"):
                    pcapdiag.analyze(name)
            else:
                check(pcapdiag.analyze(name), small, size)


@each
def test_the_command_at_every_byte(small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the report, one line on stderr with byte and frame, and exits with 3; with 2 if it is none."""
    path = tmp_path / "cut"
    for size in range(len(small.data) + 1):
        path.write_bytes(small.data[:size])
        code, (out, err) = main(["analyze", str(path)]), capsys.readouterr()
        whole = small.whole(size)
        if size < ENOUGH:
            assert (code, out) == (2, "")
            assert err.startswith(f"pcapdiag: {path}: ")
        elif whole.end == size:
            assert (code, err) == (0, "")
        else:
            assert code == 3
            assert err.startswith(f"pcapdiag: {path}: damaged at byte {whole.end}, after frame {whole.records}: ")
            assert err.count("\n") == 1
            assert f"(byte {whole.end:,}, after frame {whole.records})" in " ".join(out.split())
        assert out.startswith("1 request on an idle connection was answered by RST") == (whole.records == RST_FRAME)


@pytest.mark.parametrize("kind", PACK)
def test_compressed_data_that_breaks_off(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a compressed file that breaks off, what can still be decompressed is analysed; report and stderr say why."""
    whole = pieces(RESET)
    ends = list(accumulate(map(len, whole.records), initial=len(whole.header)))[1:]
    packed = PACK[kind](RESET.read_bytes())
    path = tmp_path / "cut"
    path.write_bytes(packed[:-3])
    assert main(["analyze", str(path), "--format", "json"]) == 3
    out, err = capsys.readouterr()
    with open_source(str(path)) as source:
        delivered, _ = everything(source)
    (file,) = json.loads(out)["capture"]["files"]
    assert file["records"] == sum(end <= len(delivered) for end in ends)
    assert file["error"] == f"the {kind} data breaks off: cut, or still being written"
    assert err.startswith(f"pcapdiag: {path}: ")
    assert file["error"] in err
    assert file["damage"] is None or f"damaged at byte {file['damage']['offset']}, after frame {file['records']}: " in err


def test_compressed_and_cut_before(tmp_path: Path) -> None:
    """A capture that was cut before it was compressed is damaged like a plain one; offsets are of what is inside."""
    small = CAPTURES["pcap"]
    for kind, pack in PACK.items():
        path = tmp_path / kind
        for size in range(ENOUGH, len(small.data) + 1, 37):
            path.write_bytes(pack(small.data[:size]))
            check(pcapdiag.analyze(path), small, size)


def test_a_damaged_file_of_a_ring(tmp_path: Path) -> None:
    """Damage in one file of several ends that file only: the ones after it are read, and the damage names the file."""
    small = small_pcap(later=True)
    split = small.units[5].end
    header, data = small.data[:24], small.data
    for size in range(24, split):
        (tmp_path / "ring0").write_bytes(data[:size])
        (tmp_path / "ring1").write_bytes(header + data[split:])
        analysis = pcapdiag.analyze([tmp_path / "ring0", tmp_path / "ring1"])
        first, second = sorted(analysis.capture, key=lambda file: file.name)
        assert first.facts.records == small.whole(size).records
        assert second.facts.records == small.units[-1].records - 5
        assert (first.facts.damage is None) == (small.whole(size).end == size)
        assert second.facts.damage is None
        assert [f.name for f in analysis.report.damaged] == ([first.name] if first.facts.damage else [])
