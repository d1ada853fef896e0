"""``pcapdiag analyze`` in the formats that leave the terminal: one of them, all at once, from standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from tests.cli.conftest import Library
from tests.end_to_end.command import analyze
from tests.end_to_end.shipped import CAPTURES, RESET

Captured = pytest.CaptureFixture[str]
#: How a request begins, in hexadecimal.
GET = "47 45 54 20"
FOLDER = {"report.txt", "report.json", "report.jsonl", "report.csv", "report.md", "report.html", "timeline.png"}


@pytest.mark.parametrize(("name", "first"), [("markdown", "**4 requests"), ("html", "<!DOCTYPE html>")])
def test_a_format_that_shows_packets(name: str, first: str, tmp_path: Path) -> None:
    """Markdown and HTML are asked for by name or by ending, and show packets around what was found."""
    by_name = analyze(RESET, "--format", name)
    assert (by_name.returncode, by_name.stderr) == (0, "")
    assert by_name.stdout.startswith(first)
    assert "SYN,ACK" in by_name.stdout
    out = tmp_path / f"report{'.md' if name == 'markdown' else '.html'}"
    assert analyze(RESET, "-o", out).returncode == 0
    assert out.read_text("utf-8") == by_name.stdout


def test_payload_only_if_asked_for() -> None:
    """The bytes of a request are in the page with --payload alone."""
    assert GET not in analyze(RESET, "--format", "html").stdout
    assert GET in analyze(RESET, "--format", "html", "--payload").stdout


def test_all_formats_at_once(tmp_path: Path) -> None:
    """--report DIR has the report in every format, with packets in each, and the answer is printed besides."""
    out = tmp_path / "out"
    run = analyze(RESET, "--report", out)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("4 requests on idle connections")
    assert {path.name for path in out.iterdir()} >= FOLDER
    assert json.loads((out / "report.json").read_text())["excerpts"]
    assert (out / "report.txt").read_text().startswith("4 requests on idle connections")
    again = analyze(RESET, "--report", out)
    assert (again.returncode, again.stdout) == (2, "")
    assert "--force" in again.stderr
    assert analyze(RESET, "--report", out, "--force").returncode == 0


def test_the_folder_is_checked_before_the_work(library: Library, tmp_path: Path, capsys: Captured) -> None:
    """A folder that cannot be written is refused at once."""
    (tmp_path / "out").write_text("a file")
    assert main(["analyze", "a.pcap", "--report", str(tmp_path / "out")]) == 2
    assert main(["analyze", "a.pcap", "--report", str(tmp_path / "no" / "out")]) == 2
    assert library.calls == []
    assert capsys.readouterr().err.count("pcapdiag: ") == 2


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_standard_input_shows_packets_too(name: str, tmp_path: Path) -> None:
    """What comes through a pipe is kept while it is read twice, is called standard input, and leaves no copy behind."""
    run = analyze("-", "--format", name, stdin=RESET.read_bytes(), TMPDIR=str(tmp_path))
    assert (run.returncode, run.stderr) == (0, "")
    assert "SYN,ACK" in run.stdout
    assert "standard input" in run.stdout
    assert str(tmp_path) not in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_standard_input_beside_files(tmp_path: Path) -> None:
    """A capture from a pipe and one from a file are two capture points, and each is called by its name."""
    other = CAPTURES / "silence-after-idle.pcap"
    run = analyze("-", other, "--format", "markdown", stdin=RESET.read_bytes(), TMPDIR=str(tmp_path))
    assert run.returncode == 0
    assert "standard input" in run.stdout
    assert "silence-after-idle.pcap" in run.stdout
    assert str(tmp_path) not in run.stdout


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", 2, "pcapdiag: standard input: an empty file\n"),
        (b"no capture at all, but some text that is long enough", 2, "pcapdiag: standard input: "),
        (RESET.read_bytes()[:-1], 3, "pcapdiag: standard input: damaged at byte "),
    ],
)
def test_trouble_names_standard_input(data: bytes, code: int, said: str, tmp_path: Path) -> None:
    """What is wrong with standard input is said of standard input, not of the copy."""
    run = analyze("-", "--format", "html", stdin=data, TMPDIR=str(tmp_path))
    assert run.returncode == code
    assert run.stderr.startswith(said)
    assert str(tmp_path) not in run.stderr + run.stdout


def test_no_room_for_a_copy(tmp_path: Path) -> None:
    """Where standard input cannot be kept, that is said before anything is analysed."""
    small = ("sh", "-c", 'ulimit -f 1; exec "$@"', "sh")
    run = analyze("-", "--format", "html", stdin=RESET.read_bytes(), before=small, TMPDIR=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("pcapdiag: standard input: cannot be kept in ")
    assert list(tmp_path.iterdir()) == []
