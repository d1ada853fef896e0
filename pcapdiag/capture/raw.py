"""The file descriptor: what was opened, and its bytes as they are stored."""

from __future__ import annotations

import math
import os
import select
import stat

from .errors import CaptureError


class RawFile:
    """An open file, FIFO or standard input (``-``), read from where it stands.

    ``size`` is the bytes there are to read (None: unknown), ``consumed`` those read so far. ``seekable``: a
    regular file, whose bytes can be read again. Raises `CaptureError` if it cannot be opened; the methods
    raise OSError.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.consumed = 0
        self.size: int | None = None
        self.seekable = False
        self._base = 0  # standard input may have been read by others before
        try:
            self._fd = 0 if path == "-" else os.open(path, os.O_RDONLY)
            found = os.fstat(self._fd)
        except OSError as error:
            raise CaptureError(path, plainly(error)) from error
        except ValueError as error:
            raise CaptureError(path, "no name of a file: it holds a NUL byte") from error
        try:
            self._look(found)
        except BaseException:
            self.close()
            raise

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, as soon as there are some; b"" at the end."""
        while True:
            try:
                data = os.read(self._fd, size)
            except BlockingIOError:  # standard input shared with a program that made it non-blocking
                self.ready(None)
            else:
                self.consumed += len(data)
                return data

    def readinto(self, buffer: memoryview) -> int:
        """Like `read`, into the start of ``buffer``; 0 at the end."""
        while True:
            try:
                count = os.readv(self._fd, [buffer])
            except BlockingIOError:
                self.ready(None)
            else:
                self.consumed += count
                return count

    def reread(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes again, from ``offset`` after where reading began. Only if ``seekable``."""
        return os.pread(self._fd, size, self._base + offset)

    def ready(self, timeout: float | None) -> bool:
        """Whether a read returns at once (also at the end); waits at most ``timeout`` seconds, None: for
        ever."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(None if timeout is None else math.ceil(timeout * 1000)))

    def close(self) -> None:
        """Closes it; standard input is left open. May be called twice."""
        if self._fd > 0:
            os.close(self._fd)
        self._fd = -1

    def _look(self, found: os.stat_result) -> None:
        if stat.S_ISDIR(found.st_mode):
            raise CaptureError(self.path, "a directory")
        if os.isatty(self._fd):
            raise CaptureError(self.path, "a terminal: pipe a capture into it, as in tcpdump -U -w - | ...")
        if stat.S_ISREG(found.st_mode):
            self.seekable = True
            self._base = os.lseek(self._fd, 0, os.SEEK_CUR)
            left = found.st_size - self._base
            self.size = left if left > 0 else None  # files in /proc say 0 and hold something


def plainly(error: OSError) -> str:
    """What the system says, as it reads in a sentence."""
    return (error.strerror or str(error)).lower()
