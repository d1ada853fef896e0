"""The real command: in a process of its own, or, where hundreds of runs are needed, in this one."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pcapdiag.cli.main import BUG
from tests.end_to_end.shipped import ROOT

PCAPDIAG = (sys.executable, "-m", "pcapdiag")
#: What the caller's own environment must not decide.
_OURS = ("NO_COLOR", "COLUMNS", "LINES", "PCAPDIAG_DEBUG", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONUNBUFFERED",
         "LC_ALL", "LANG", "TERM")  # fmt: skip


def environment(**more: str) -> dict[str, str]:
    """The environment of the runs: that of the tests, without what changes the output, with the tree's package."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **more}


def pcapdiag(
    *arguments: str | Path,
    stdin: bytes | int = b"",
    cwd: Path = ROOT,
    before: Sequence[str] = (),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run ``pcapdiag`` with its output piped; ``before`` is a command that runs it, ``variables`` its environment.

    Nothing may be a traceback or pass for a bug, whatever is tested.
    """
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    run = subprocess.run([*before, *PCAPDIAG, *map(str, arguments)], capture_output=True, check=False, cwd=cwd,
                         env=environment(**variables), timeout=60, **given)  # fmt: skip
    shown = subprocess.CompletedProcess(run.args, run.returncode, run.stdout.decode(), run.stderr.decode())
    harmless(shown.returncode, shown.stdout + shown.stderr)
    return shown


def harmless(code: int, text: str) -> None:
    """Fail if a run ended in a traceback, a bug, or by a signal."""
    assert "Traceback" not in text, text
    assert code != BUG, text
    assert code >= 0, text


def analyze(*arguments: str | Path, **options: bytes | str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``pcapdiag analyze``."""
    return pcapdiag("analyze", *arguments, **options)  # type: ignore[arg-type]  # passed on as they are


def on_terminal(*arguments: str | Path, columns: int = 80, **variables: str) -> tuple[int, str]:
    """Run ``pcapdiag analyze`` with a terminal of that width as output; gives its exit code and what it printed."""
    leader, follower = pty.openpty()
    os.set_blocking(leader, True)
    _resize(follower, columns)
    with subprocess.Popen([*PCAPDIAG, "analyze", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=follower,
                          stderr=follower, cwd=ROOT, env=environment(**variables)) as child:  # fmt: skip
        os.close(follower)
        shown = bytearray()
        try:
            while data := os.read(leader, 65536):
                shown += data
        except OSError:  # Linux: EIO, when the last writer has closed
            pass
        os.close(leader)
    text = shown.decode().replace("\r\n", "\n")
    harmless(child.returncode, text)
    return child.returncode, text


def _resize(terminal: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
