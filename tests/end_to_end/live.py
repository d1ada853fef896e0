"""`pcapdiag analyze -` on a stream that a test writes, and the times at which its lines come."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from types import TracebackType
from typing import IO, Self

from tests.end_to_end.command import PCAPDIAG, environment, harmless
from tests.end_to_end.shipped import ROOT


class Live:
    """A running command: write to it (or let ``stdin`` feed it), ask for its next line, close it."""

    def __init__(self, *options: str, stdin: IO[bytes] | int | None = subprocess.PIPE) -> None:
        self._child = subprocess.Popen(
            [*PCAPDIAG, "analyze", "-", *options], stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0, cwd=ROOT, env=environment(),
        )  # fmt: skip
        self._lines: queue.Queue[tuple[float, str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,))
        self._reader.start()
        self.pid = self._child.pid

    def write(self, data: bytes) -> float:
        """Write; gives the time when it was done."""
        assert self._child.stdin is not None
        self._child.stdin.write(data)
        return time.monotonic()

    def line(self, timeout: float = 10) -> tuple[float, str]:
        """The next line and the time when it came; fails if none comes."""
        try:
            return self._lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"nothing was printed within {timeout} s") from None

    def quiet(self) -> bool:
        """Has everything that was printed been asked for?"""
        return self._lines.empty()

    def interrupt(self) -> None:
        """Ctrl-C."""
        import signal

        self._child.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, list[str], str]:
        """Close the stream; gives the exit code, the lines not yet asked for, and stderr."""
        assert self._child.stderr is not None
        if self._child.stdin is not None:
            self._child.stdin.close()
        code = self._child.wait(timeout=20)
        self._reader.join()
        errors = self._child.stderr.read().decode()
        rest = [line for _, line in self._lines.queue]
        harmless(code, "\n".join(rest) + errors)
        return code, rest, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._reader.join()
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()

    def _read(self, stdout: IO[bytes]) -> None:
        for line in iter(stdout.readline, b""):
            self._lines.put((time.monotonic(), line.decode().rstrip("\n")))


def frames(line: str) -> list[int]:
    """The frames of a finding's line, as text or as JSON."""
    if line.startswith("{"):
        return [f["frame"] for f in json.loads(line)["frames"]]
    return [int(n) for n in line.partition("frames ")[2].partition(" in ")[0].split(", ")]
