"""Runs commands and measures them by what the kernel says of the ended child: CPU, wall time, peak memory.

A child's peak memory is never less than its parent's at the fork, so the runner imports nothing heavy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux
WARM_CHUNK: Final = 1 << 22


class CommandFailedError(Exception):
    """A measured command ended with another exit code than 0. Says which, and the end of its stderr."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took: ``cpu`` (user and system) and ``wall`` seconds, ``peak`` resident bytes."""

    cpu: float
    wall: float
    peak: int


def run_once(command: Sequence[str]) -> Usage:
    """Run a command with its output to /dev/null. Raises CommandFailedError."""
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
            raise CommandFailedError(f"exit code {child.returncode}: {' '.join(command)}: {' '.join(last)}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * MAXRSS_UNIT)


class Series:
    """Runs of several commands in turn (A B C A B C ...): a slow minute of the machine touches them all."""

    def __init__(self, commands: Mapping[str, Sequence[str]], runs: int) -> None:
        """Run them. A command that fails is left out, and why is kept in ``failed``."""
        self._runs: dict[str, list[Usage]] = {name: [] for name in commands}
        self.failed: dict[str, str] = {}
        for _ in range(runs):
            for name, command in commands.items():
                if name not in self.failed:
                    try:
                        self._runs[name].append(run_once(command))
                    except (CommandFailedError, OSError) as error:
                        self.failed[name] = str(error)

    def has(self, *names: str) -> bool:
        """Whether all of these ran, every time."""
        return all(n in self._runs and n not in self.failed for n in names)

    def median(self, name: str, what: Callable[[Usage], float]) -> float:
        """Median over the runs of one measure of a command."""
        return median(what(u) for u in self._runs[name])

    def cpu(self, name: str) -> float:
        """Median CPU time of a command, seconds."""
        return self.median(name, lambda u: u.cpu)

    def wall(self, name: str) -> float:
        """Median wall time of a command, seconds."""
        return self.median(name, lambda u: u.wall)

    def peak(self, name: str) -> int:
        """Highest peak memory of a command over the runs, bytes."""
        return max(u.peak for u in self._runs[name])

    def ratio(self, name: str, to: str, what: Callable[[Usage], float] = lambda u: u.cpu) -> float:
        """Median over the rounds of one command's measure divided by the other's of the same round."""
        pairs = zip(self._runs[name], self._runs[to], strict=True)
        return median(what(a) / what(b) for a, b in pairs)


def warm(path: Path) -> None:
    """Read a file to its end, so that it is in the page cache if it fits."""
    with path.open("rb", buffering=0) as file:
        while file.read(WARM_CHUNK):
            pass
