"""The real command in a process of its own: exit codes, what goes where, colours and widths, formats, output files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.end_to_end.command import PCAPDIAG, analyze, environment, on_terminal, pcapdiag
from tests.end_to_end.shipped import GATEWAY, RESET, ROOT, SURVIVES

HEADLINE = "4 requests on idle connections were answered by RST, with no FIN before."
ESCAPE = "\x1b["


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A capture that a killed tcpdump left: all but the last byte."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RESET.read_bytes()[:-1])
    return path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([RESET], 0),
        ([SURVIVES], 0),
        ([SURVIVES, "--fail-on-findings"], 0),
        ([RESET, "--fail-on-findings"], 1),
        ([RESET, "--min-idle", "9s", "--fail-on-findings"], 0),
        (["no-such-file.pcap"], 2),
        ([RESET, "no-such-file.pcap"], 2),
        ([RESET, "no-such-file.pcap", "--fail-on-findings"], 2),
        ([RESET, "--min-idle", "soon"], 2),
        ([RESET, "--no-such-option"], 2),
        ([], 2),
        (["{cut}"], 3),
        (["{cut}", "--fail-on-findings"], 1),
        (["{cut}", "no-such-file.pcap"], 2),
    ],
    ids=str,
)
def test_exit_codes(arguments: list[str | Path], code: int, cut: Path) -> None:
    """0 done, 1 found and asked to fail, 2 bad usage or unreadable, 3 damaged: the graver wins, unreadable first."""
    assert analyze(*(cut if a == "{cut}" else a for a in arguments)).returncode == code


def test_the_report_is_on_stdout_and_trouble_on_stderr(cut: Path) -> None:
    """Stdout holds the report alone, first line first; stderr one line for each thing that is wrong, and no more."""
    fine, broken, absent = analyze(RESET), analyze(cut, "no-such-file.pcap"), analyze("no-such-file.pcap")
    assert (fine.stdout.splitlines()[0], fine.stderr) == (HEADLINE, "")
    assert broken.stdout.startswith(HEADLINE)
    assert [line.split(": ")[:2] for line in broken.stderr.splitlines()] == [
        ["pcapdiag", str(cut)],
        ["pcapdiag", "no-such-file.pcap"],
    ]
    assert (absent.stdout, absent.stderr) == ("", "pcapdiag: no-such-file.pcap: no such file or directory\n")


def test_a_pipe_is_80_columns_wide_and_plain() -> None:
    """Piped, the report has no escape sequence and no line wider than 80, and COLUMNS widens it to 120 at most."""
    for path in (RESET, GATEWAY, SURVIVES):
        lines = analyze(path).stdout.splitlines()
        assert max(map(len, lines)) <= 80
        assert not any(ESCAPE in line or line != line.rstrip() for line in lines)
    wide = analyze(GATEWAY, COLUMNS="300").stdout.splitlines()
    assert 80 < max(map(len, wide)) <= 120
    assert max(map(len, analyze(GATEWAY, COLUMNS="60").stdout.splitlines())) <= 60


def test_colour_only_for_a_terminal_and_never_against_no_color() -> None:
    """A terminal gets colour, unless NO_COLOR is set and not empty or TERM is dumb; --color decides over all."""
    expected = (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False))
    for variables, colored in expected:
        assert (ESCAPE in on_terminal(RESET, **variables)[1]) is colored
    assert ESCAPE not in on_terminal(RESET, "--color", "never")[1]
    assert ESCAPE in analyze(RESET, "--color", "always", NO_COLOR="1").stdout


def test_a_terminal_gets_the_same_words_as_a_pipe() -> None:
    """Without its colours, what a terminal of 80 columns shows is what a pipe gets; a wider one is filled."""
    code, shown = on_terminal(RESET)
    assert code == 0
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == analyze(RESET).stdout
    assert max(map(len, on_terminal(GATEWAY, columns=100, NO_COLOR="1")[1].splitlines())) > 80


def test_ascii_output() -> None:
    """Where stdout cannot carry Unicode the report is ASCII, and nothing of it is lost."""
    plain = analyze(RESET, PYTHONIOENCODING="ascii")
    assert plain.returncode == 0
    assert plain.stdout.isascii()
    assert plain.stdout.count("\n") == analyze(RESET).stdout.count("\n")


def test_json() -> None:
    """JSON is one document that its schema describes, and says what the terminal says."""
    document = json.loads(analyze(GATEWAY, "--format", "json").stdout)
    jsonschema.validate(document, json.loads((files("pcapdiag") / "report/schema.json").read_text()))
    assert document["schema_version"] == 2
    assert document["headline"] == HEADLINE
    assert [len(f["twins"]) for f in document["findings"]] == [1, 1, 1, 1]


def test_jsonl() -> None:
    """JSON lines are one finding a line, then each cause and its cures, then a summary; together they are the JSON document."""
    lines = [json.loads(line) for line in analyze(RESET, "--format", "jsonl").stdout.splitlines()]
    assert [line.pop("type") for line in lines] == ["finding"] * 4 + ["cause", "advice", "summary"]
    document = json.loads(analyze(RESET, "--format", "json").stdout)
    assert lines[:-1] == document["findings"] + document["causes"] + document["advice"]
    assert lines[-1].items() <= document.items()


def test_output_file(tmp_path: Path) -> None:
    """-o writes what stdout would get, in the format its ending asks for; without --force it overwrites nothing."""
    out, document = tmp_path / "out.txt", tmp_path / "out.json"
    quiet = analyze(RESET, "-o", out)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert out.read_text() == analyze(RESET).stdout
    assert analyze(RESET, "-o", document).returncode == 0
    assert json.loads(document.read_text())["headline"] == HEADLINE
    out.write_text("mine")
    refused = analyze(RESET, "-o", out)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"pcapdiag: {out}: exists already (--force overwrites it)\n"
    assert out.read_text() == "mine"
    assert analyze(RESET, "-o", out, "--force").returncode == 0
    assert out.read_text() == analyze(RESET).stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.json", "out.txt"]


def test_a_capture_is_never_overwritten(tmp_path: Path) -> None:
    """Not even --force writes over a capture that is to be read."""
    path = tmp_path / "x.pcap"
    path.write_bytes(RESET.read_bytes())
    run = analyze(path, "-o", path, "--force")
    assert (run.returncode, run.stdout) == (2, "")
    assert "is one of the captures to be read" in run.stderr
    assert path.read_bytes() == RESET.read_bytes()


def test_help() -> None:
    """--help documents the exit codes, each command has its own, and both fit 80 columns."""
    shown, own = pcapdiag("--help").stdout, pcapdiag("analyze", "--help").stdout
    assert "Exit codes:" in shown
    assert "--min-idle DURATION" in own
    assert max(map(len, (shown + own).splitlines())) <= 80


def test_version() -> None:
    """--version names the program and its version, installed or run from its folder."""
    assert re.fullmatch(r"pcapdiag \d+\.\d+\.\d+\S*\n", pcapdiag("--version").stdout)


def test_a_reader_that_leaves() -> None:
    """A reader that left before the report came, as head may, is no trouble: nothing on stderr, 141 as by SIGPIPE."""
    with subprocess.Popen([*PCAPDIAG, "analyze", str(RESET)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
                          env=environment()) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_a_progress_bar_for_those_who_watch(tmp_path: Path) -> None:
    """Input that takes longer than a second gets a bar on a terminal's stderr, not with --no-progress, nor in the report."""
    for options, shown in (((), True), (("--no-progress",), False)):
        fifo, out = tmp_path / f"fifo{shown}", tmp_path / f"out{shown}"
        os.mkfifo(fifo)
        writer = threading.Thread(target=trickle, args=(fifo, 1.6))
        writer.start()
        code, text = on_terminal(fifo, "-o", out, *options)
        writer.join()
        assert code == 0
        assert ("M records" in text) is shown
        assert out.read_text().startswith(HEADLINE)


def trickle(path: Path, seconds: float) -> None:
    """Write the shipped capture into a named pipe, a little at a time."""
    data, steps = RESET.read_bytes(), 16
    with path.open("wb", buffering=0) as fifo:
        for n in range(steps):
            fifo.write(data[len(data) * n // steps : len(data) * (n + 1) // steps])
            time.sleep(seconds / steps)
