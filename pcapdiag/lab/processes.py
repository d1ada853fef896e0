"""Programs in a node's namespace, bounded in time and stopped at the end."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from pcapdiag.lab.network import Network
from pcapdiag.lab.types import Failed


class Process:
    """One program that runs. ``out`` and ``log`` are the files of its standard output and standard error."""

    def __init__(self, net: Network, node: str, command: tuple[str, ...], out: Path, log: Path, seconds: int) -> None:
        self.command, self.out, self.log, self.seconds = command, out, log, seconds
        bounded = net.inside(node, "timeout", str(seconds), *command)
        with out.open("wb") as stdout, log.open("wb") as stderr:
            # timeout(1) makes a process group of its own: a Ctrl-C reaches only the lab, which stops it in order
            self._process = subprocess.Popen(bounded, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self._process.poll() is None

    def until(self, ready: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
        """Wait until it is ready. Raises Failed if it ends before, or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            if not self.running or time.monotonic() > end:
                raise Failed(f"{self.command[0]} is not {what}: {self.told()}")
            time.sleep(0.02)

    def finish(self) -> None:
        """Wait for its own end. Raises Failed if that is a failure."""
        if self._process.wait(self.seconds + 5):
            raise Failed(f"{' '.join(self.command)[:200]} failed: {self.told()}")

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait(5)

    def told(self) -> str:
        """What it said on standard error, at most its end."""
        return self.log.read_text(errors="replace").strip()[-2000:]
