"""``pcapdiag ss``: the command, its formats, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from tests.capture.capture_files import PACK
from tests.end_to_end.command import pcapdiag
from tests.end_to_end.shipped import ROOT

TABLE = ROOT / "captures/full-chain.ss.txt"
SLOW = ROOT / "captures/keepalive-too-slow.ss.txt"
ROW = "ESTAB 0 0 10.1.0.1:40000 198.51.100.80:80"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns, whatever the terminal."""
    monkeypatch.setenv("COLUMNS", "80")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    code = main(["ss", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def table(path: Path, *lines: str) -> Path:
    """A file of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["$ ss -tno", ROW], "1 of 1 established connections had no keepalive timer."),
        (["$ ss -tno", f"{ROW} timer:(keepalive,59sec,0)"], "One connection had a keepalive timer."),
        (["$ ss -tno", f"{ROW} timer:(keepalive,59sec,0)", f"{ROW}80 timer:(keepalive,1sec,0)"], "All 2 connections had a keepalive timer."),
        (["$ ss -tn", ROW], "Whether one connection had keepalive cannot be told: no timer is shown. Run ss with -o, as in ss -tnope."),
        (["$ ss -tno", f"{ROW} timer:(on,1sec,0)", f"{ROW}80 timer:(keepalive,1sec,0)"],
         "No established connection was without keepalive: 1 had it, of 1 it cannot be told."),
        (["$ ss -tno", "LISTEN 0 9 *:80 *:*"], "No established connection was seen."),
        (["$ ss -tno", "ESTAB 0 0 127.0.0.1:4000 127.0.0.1:80"], "No established connection was seen, but for 1 within the host."),
        ([], "No established connection was seen."),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_answer(
    lines: list[str], answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever there is to say; the exit code is 0 all the same."""
    code, out, err = run(capsys, table(tmp_path / "ss.txt", *lines))
    assert (code, err) == (0, "")
    assert " ".join(out.partition("\n\n")[0].split()).startswith(answer)
    assert json.loads(run(capsys, tmp_path / "ss.txt", "--format", "json")[1])["answer"] == answer


def test_both_formats_count_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal lists a few, JSON everything."""
    _, out, _ = run(capsys, SLOW)
    found = json.loads(run(capsys, SLOW, "--format", "json")[1])
    assert found["keepalive"] == {"none": 2, "on": 4, "unknown": 0}
    assert "and 1 more (--all lists them)" in out
    (group,) = found["groups"]
    assert len(group["connections"]) == 6
    assert all(f"{c['local']['address']}:{c['local']['port']}" in run(capsys, SLOW, "--all")[1] for c in group["connections"])
    assert found["sources"][0]["lines"] == len(SLOW.read_text().splitlines())


def test_it_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 80 columns."""
    for path in (TABLE, SLOW):
        assert all(len(line) <= 80 for line in run(capsys, path)[1].splitlines())


def test_options_choose(capsys: pytest.CaptureFixture[str]) -> None:
    """By age, service and process; what was left out is counted."""
    assert "5 of 5 established" in run(capsys, TABLE, "--service", "198.51.100.80:80")[1]
    assert "that was asked for" in run(capsys, TABLE, "--service", "198.51.100.80:81")[1]
    assert "2 of 2 established" in run(capsys, TABLE, "--min-age", "8s")[1]
    assert "15 not asked for" in run(capsys, TABLE, "--process", "envoy")[1]
    assert run(capsys, TABLE, "--service", "nowhere")[0] == 2


@pytest.mark.parametrize("kind", PACK)
def test_compressed_files(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Are read; one that breaks off is read as far as it goes, and that is said, with exit code 3."""
    path = tmp_path / "ss.txt"
    path.write_bytes(PACK[kind](TABLE.read_bytes()))
    assert "5 of 5 established" in run(capsys, path)[1]
    path.write_bytes(PACK[kind](TABLE.read_bytes())[:-9])
    code, out, err = run(capsys, path)
    assert code == 3
    assert "damaged" in out
    assert str(path) in err


def test_standard_input() -> None:
    """``ss | pcapdiag ss -``."""
    done = pcapdiag("ss", "-", stdin=TABLE.read_bytes())
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 of 5 established" in done.stdout
    assert "standard input: 147 lines" in done.stdout


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line; the other files are still read."""
    code, out, err = run(capsys, tmp_path / "none", TABLE)
    assert code == 2
    assert "5 of 5 established" in out
    assert err.startswith("pcapdiag: ")
    code, out, err = run(capsys, ROOT / "README.md")
    assert (code, out) == (2, "")
    assert "nothing that ss prints: neither a socket nor a date" in err
    assert run(capsys, ROOT / "captures/reset-after-idle.pcap")[0] == 2


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A process may call itself anything."""
    path = table(tmp_path / "ss.txt", "$ ss -tnop", ROW + ' users:(("a\x07\u202eb",pid=7,fd=9))')
    _, out, _ = run(capsys, path)
    assert "a\\x07\\u202eb" in out
