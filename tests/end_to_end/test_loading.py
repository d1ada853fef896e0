"""What a run loads: heavy guests stay out of the main job, and optional ones may be missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.capture.capture_files import PACK
from tests.end_to_end.command import environment
from tests.end_to_end.shipped import RESET, ROOT

GUESTS = {"pandas", "numpy", "matplotlib", "scapy", "dpkt"}
#: Loaded only for input or output that needs them.
SOMETIMES = {"rich.console", "rich.progress", "isal", "zstandard", "lz4", "bz2", "lzma", "asyncio", "signal", "socket"}
ANALYZE = f"import pcapdiag; a = pcapdiag.analyze({str(RESET)!r}); assert len(a.findings) == 4"
MAIN = "import os, sys; from pcapdiag.cli.main import main; "
COMMAND = MAIN + "assert main(['analyze', %r, '-o', os.devnull, '--format', %r]) == 0"
#: Makes a module look as if it were not installed.
MISSING = "import sys; sys.modules.update(dict.fromkeys({names!r}))\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a Python of its own."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment(), timeout=60)


def loaded(code: str) -> set[str]:
    """All modules and packages that ``code`` has loaded at its end, beyond those of a bare interpreter."""
    done = run(f"import sys; bare = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - bare), sep='\\n')")
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import pcapdiag",
        "import pcapdiag.cli.main",
        ANALYZE,
        COMMAND % (str(RESET), "terminal"),
        COMMAND % (str(RESET), "json"),
        COMMAND % (str(RESET), "jsonl"),
        COMMAND % (str(RESET), "csv"),
    ],
    ids=["import pcapdiag", "import the command", "analyze()", "terminal", "json", "jsonl", "csv"],
)
def test_the_main_job_loads_no_heavy_guest(code: str) -> None:
    """Neither importing pcapdiag nor a whole analysis, by library or command, loads a guest that it does not need."""
    modules = loaded(code)
    assert not modules & (GUESTS | SOMETIMES)
    assert not {m.partition(".")[0] for m in modules} & GUESTS


def test_importing_costs_little() -> None:
    """Importing the package loads neither the command line nor a renderer: who wants them asks for them."""
    modules = loaded("import pcapdiag")
    assert not [m for m in modules if m.startswith(("pcapdiag.cli", "click", "rich"))]
    assert not modules & {f"pcapdiag.report.{name}" for name in ("terminal", "json_", "jsonl", "frames", "formats")}


def test_frames_load_pandas_when_asked_for() -> None:
    """A DataFrame is what loads pandas, and only then."""
    assert "pandas" in loaded(f"{ANALYZE}; assert len(a.findings.frame()) == 4")


def test_frames_without_pandas_say_what_to_install() -> None:
    """Without pandas everything but the frames works, and those say what to install."""
    code = MISSING.format(names=["pandas", "numpy", "matplotlib", "scapy", "dpkt"]) + ANALYZE
    assert run(code).returncode == 0
    failed = run(code + "; a.findings.frame()")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith(("ImportError: ", "ModuleNotFoundError: "))
    assert "pip install" in failed.stderr.splitlines()[-1]


def test_pictures_load_matplotlib_when_asked_for() -> None:
    """A figure is what loads matplotlib, and only then; a drawing for a page needs none."""
    assert "matplotlib" in loaded(f"{ANALYZE}; a.plot_gaps()")
    drawn = "from pcapdiag.report.svg import timeline_svg; timeline_svg(a.report)"
    assert not loaded(f"{ANALYZE}; {drawn}") & GUESTS


def test_pictures_without_matplotlib_say_what_to_install() -> None:
    """Without matplotlib everything but the pictures works, and those say what to install."""
    code = MISSING.format(names=["matplotlib"]) + ANALYZE
    for call in ("a.plot_timeline()", "a.plot_gaps()"):
        failed = run(f"{code}; {call}")
        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1] == "ModuleNotFoundError: plots need matplotlib: pip install 'pcapdiag[plot]'"


@pytest.mark.parametrize(("kind", "module"), [("gzip", "isal"), ("zstd", "zstandard"), ("lz4", "lz4")])
def test_a_decompressor_is_loaded_for_its_own_files(kind: str, module: str, tmp_path: Path) -> None:
    """Only the decompressor that a file needs is loaded; where it is missing the error says what to install."""
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](RESET.read_bytes()))
    code = COMMAND % (str(path), "terminal")
    assert loaded(code) & {"isal", "zstandard", "lz4"} == {module}
    absent = run(MISSING.format(names=[module]) + MAIN + f"sys.exit(main(['analyze', {str(path)!r}]))")
    assert (absent.returncode, absent.stdout) == (2, "")
    assert absent.stderr == f"pcapdiag: {path}: {kind} data needs the Python module {module}: pip install {module}\n"
