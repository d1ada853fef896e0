"""When the system refuses: no permission, no room on the disk, no standard streams. Said in one line, nothing half-done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.command import PCAPDIAG, analyze, environment, harmless
from tests.end_to_end.shipped import RESET, ROOT
from tests.programs import needs

IS_ROOT = os.geteuid() == 0
linux = pytest.mark.skipif(sys.platform != "linux", reason="of Linux: /dev/full, setpriv, tmpfs")
#: Root may read everything; without these capabilities it may not.
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
AS_ANYBODY = POWERLESS if IS_ROOT else ()
refused = needs("setpriv") if IS_ROOT else pytest.mark.usefixtures()

SMALL_FILES = ("sh", "-c", 'ulimit -f 8; exec "$@"', "sh")


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder with a capture, both of which can be closed; opened again at the end, so that they can be removed."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    shutil.copy(RESET, folder / "x.pcap")
    yield folder
    folder.chmod(0o700)


@refused
def test_no_permission_to_read(sealed: Path) -> None:
    """A capture, or a folder, that may not be read is named; beside it a readable one is analysed in full."""
    (sealed / "x.pcap").chmod(0)
    for path in (sealed / "x.pcap", sealed):
        run = analyze(path, before=AS_ANYBODY)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr == f"pcapdiag: {sealed / 'x.pcap'}: permission denied\n"
    both = analyze(sealed / "x.pcap", RESET, before=AS_ANYBODY)
    assert both.returncode == 2
    assert both.stdout.startswith("4 requests on idle connections were answered by RST")
    sealed.chmod(0)
    run = analyze(sealed, before=AS_ANYBODY)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"pcapdiag: {sealed}: permission denied\n")


@refused
def test_no_permission_to_write(sealed: Path) -> None:
    """A report that may not be written is an error that names it, and leaves nothing behind."""
    sealed.chmod(0o500)
    run = analyze(RESET, "-o", sealed / "out.json", before=AS_ANYBODY)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"pcapdiag: {sealed / 'out.json'}: permission denied\n"
    assert [p.name for p in sealed.iterdir()] == ["x.pcap"]


@linux
@pytest.mark.parametrize("form", ["terminal", "json", "jsonl"])
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_full_device(form: str, unbuffered: str) -> None:
    """Where nothing can be written, as an output file or as stdout, the exit code is 2 and the reason is on stderr."""
    run = analyze(RESET, "--format", form, "-o", "/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (run.returncode, run.stderr) == (2, "pcapdiag: /dev/full: no space left on device\n")
    code, errors = redirected("/dev/full", "--format", form, unbuffered=unbuffered)
    assert (code, errors) == (2, "pcapdiag: standard output: no space left on device\n")


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_disk_that_fills_up(tmp_path: Path, unbuffered: str) -> None:
    """When only the beginning of a report can be written, its file does not appear, and a redirected one is an error."""
    out = tmp_path / "out.json"
    run = analyze(RESET, "-o", out, before=SMALL_FILES, PYTHONUNBUFFERED=unbuffered)
    assert (run.returncode, run.stderr) == (2, f"pcapdiag: {out}: file too large\n")
    assert list(tmp_path.iterdir()) == []
    code, errors = redirected(out, "--format", "json", before=SMALL_FILES, unbuffered=unbuffered)
    assert 0 < out.stat().st_size < 20_000
    assert (code, errors) == (2, "pcapdiag: standard output: file too large\n")


@linux
@needs("unshare", "mount")
@pytest.mark.skipif(not IS_ROOT, reason="mounts a small file system, which only root may")
def test_a_full_file_system(tmp_path: Path) -> None:
    """On a file system that fills up nothing is left behind, and what was there before, --force or not, is intact."""
    script = 'mount -t tmpfs -o size=12k t "$0" && echo mine >"$0/out.json" && "$@"; echo $?; ls -A "$0"; cat "$0/out.json"'
    out = tmp_path / "out.json"
    run = subprocess.run(["unshare", "-m", "sh", "-c", script, tmp_path, *PCAPDIAG, "analyze", RESET, "-o", out, "--force"],
                         capture_output=True, text=True, check=False, cwd=ROOT, env=environment())  # fmt: skip
    assert run.stdout.splitlines() == ["2", "out.json", "mine"]
    assert run.stderr == f"pcapdiag: {out}: no space left on device\n"


@pytest.mark.parametrize(
    ("streams", "code", "out"),
    [("<&-", 0, True), ("2>&-", 0, True), (">&-", 2, False), ("<&- 2>&-", 0, True), (">&- 2>&-", 2, False)],
)
def test_closed_streams(streams: str, code: int, out: bool) -> None:
    """Started without standard streams, as by cron or a supervisor, the command does what it still can."""
    run = shell(f'"$@" {streams}', "analyze", str(RESET))
    assert (run.returncode, run.stdout.startswith("4 requests")) == (code, out)


@pytest.mark.parametrize("streams", ["2>&-", pytest.param("2>/dev/full", marks=linux)])
@pytest.mark.parametrize(("argument", "code"), [("no-such-file.pcap", 2), ("--no-such-option", 2), ("{damaged}", 3)])
def test_trouble_that_cannot_be_told(streams: str, argument: str, code: int, tmp_path: Path) -> None:
    """Where stderr is closed or full, the exit code still says what it would have said."""
    path = tmp_path / "damaged.pcap"
    path.write_bytes(RESET.read_bytes()[:-1])
    run = shell(f'"$@" {streams}', "analyze", str(path) if argument == "{damaged}" else argument)
    assert run.returncode == code


@pytest.mark.parametrize(("stdin", "what"), [("<&-", "bad file descriptor"), ("</dev/null", "an empty file")])
def test_standard_input_that_is_none(stdin: str, what: str) -> None:
    """A closed stdin and an empty one are said to be what they are."""
    run = shell(f'"$@" {stdin}', "analyze", "-")
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"pcapdiag: standard input: {what}\n")


def shell(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``pcapdiag`` as ``"$@"`` of a shell script."""
    run = subprocess.run(["sh", "-c", script, "sh", *PCAPDIAG, *arguments], capture_output=True, text=True, check=False,
                         cwd=ROOT, env=environment(), timeout=60)  # fmt: skip
    harmless(run.returncode, run.stdout + run.stderr)
    return run


def redirected(
    target: str | Path, *options: str, before: tuple[str, ...] = (), unbuffered: str = ""
) -> tuple[int, str]:
    """Analyse with stdout redirected to ``target``: exit code and stderr."""
    with open(target, "wb") as out:
        run = subprocess.run([*before, *PCAPDIAG, "analyze", str(RESET), *options], stdout=out, stderr=subprocess.PIPE,
                             text=True, check=False, cwd=ROOT, env=environment(PYTHONUNBUFFERED=unbuffered))  # fmt: skip
    harmless(run.returncode, run.stderr)
    return run.returncode, run.stderr


def test_nothing_of_the_above_is_usual(tmp_path: Path) -> None:
    """The same runs succeed where the system does not refuse."""
    assert redirected(tmp_path / "out.json", "--format", "json") == (0, "")
    assert len(json.loads((tmp_path / "out.json").read_text())["findings"]) == 4
