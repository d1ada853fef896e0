"""Bytes of one capture, from a file, a pipe or standard input, decompressed if need be.

Plain files are read straight into the caller's buffer. Compressed ones come in steps of 64 KiB, which stay in
the cache on their way through the decompressor into the buffer: measured, that copy costs 3 % of
decompressing gzip.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self

from .errors import CaptureError, DamagedStream, NotCapture
from .magic import DESCRIBABLE, ENOUGH, Compression, capture_format, compression_of, looks_like, undecided
from .raw import RawFile, plainly
from .unpack import Unpacker

_HEAD = 4096  # first read: enough to know a file by, little enough to look at a thousand files
_CHUNK, _STEP = 1 << 16, 1 << 16  # compressed bytes a read, decompressed bytes a step
# What cannot be read twice loses the step in which a damage is met (unpack.py says why): small steps, 15 %
# slower.
_CAUTIOUS_CHUNK, _CAUTIOUS_STEP = 1 << 12, 1 << 14


def open_source(path: str) -> Source:
    """Opens ``path`` (``-`` is standard input) for reading from its start.

    A file is looked at: raises `CaptureError` if it cannot be opened or is no capture. A pipe is not waited
    for: from there the same error comes out of the first `Source.readinto`.
    """
    source = Source(path)
    try:
        source._look()
    except BaseException:
        source.close()
        raise
    return source


class Source:
    """An open capture. Made by `open_source`; not for several threads.

    ``path`` is as it was given, ``name`` is for people. ``size`` is in stored (compressed) bytes, None if
    unknown. ``live``: standard input or a FIFO, which is read as it comes and only once. ``compression`` is
    None for plain data, and for a live source until something has come.
    """

    def __init__(self, path: str) -> None:
        self._raw = RawFile(path)
        self.path = path
        self.name = "standard input" if path == "-" else os.path.basename(path)
        self.size = self._raw.size
        self.live = path == "-" or not self._raw.seekable
        self.compression: Compression | None = None
        self._unpacker: Unpacker | None = None
        self._pending = memoryview(b"")  # to be delivered before anything else
        self._plain_or_packed = False  # the stored bytes' magic was seen
        self._known = False  # the capture's magic was seen
        self._ended = False
        self._damage: str | None = None
        self._failure: CaptureError | None = None
        self._delivered = 0

    @property
    def consumed(self) -> int:
        """Stored (compressed) bytes read so far; compare with ``size``."""
        return self._raw.consumed

    @property
    def trailing(self) -> bool:
        """Whether something else follows the compressed data. It is ignored, as gzip ignores it."""
        return self._unpacker is not None and self._unpacker.trailing

    def readinto(self, buffer: memoryview) -> int:
        """Fills ``buffer`` (of bytes) from its start and returns how many bytes; 0 is the end.

        A live source returns as soon as there is something. Raises `DamagedStream` where the rest cannot be
        had, after everything before it; `CaptureError` from the first call on a live source that is no
        capture.
        """
        filled, size = 0, len(buffer)
        while filled < size:
            if self._failure is not None:
                raise self._failure
            if self._known and self._pending:
                count = min(len(self._pending), size - filled)
                buffer[filled : filled + count] = self._pending[:count]
                self._pending = self._pending[count:]
                filled += count
            elif self._ended or (filled and self.live):
                break
            elif self._known and self._unpacker is None:
                filled += self._read_plain(buffer[filled:])
            else:
                self._advance()
        self._delivered += filled
        if size and not filled and self._damage is not None:
            raise DamagedStream(self.path, self._delivered, self._damage)
        return filled

    def wait(self, timeout: float) -> bool:
        """Whether `readinto` would return at once; waits at most ``timeout`` seconds for it. Always true of
        files."""
        if not self.live:
            return True
        deadline = time.monotonic() + timeout
        while not (self._ended or self._failure or (self._known and self._pending)):
            if self._unpacker is None or self._unpacker.hungry:
                if not self._raw.ready(max(0.0, deadline - time.monotonic())):
                    return False
                if self._known and self._unpacker is None:
                    return True
            self._advance()
        return True

    def close(self) -> None:
        """Closes the file; standard input is left open. May be called twice."""
        self._raw.close()
        self._ended, self._pending = True, memoryview(b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self) -> None:
        """Of a file: finds out whether it is a capture."""
        while not (self.live or self._known or self._failure):
            self._advance()
        if self._failure is not None:
            raise self._failure

    def _advance(self) -> None:
        """One read, or one step of decompression, towards ``_pending``; judges the first bytes."""
        try:
            if self._unpacker is not None:
                self._unpack(self._unpacker)
            else:
                data = self._raw.read(_HEAD)
                self._ended = not data
                self._append(data)
                if not self._plain_or_packed and (self._ended or len(self._pending) >= ENOUGH):
                    self._plain_or_packed = True
                    self._begin(bytes(self._pending))
        except OSError as error:
            self._broken(error)
        if self._plain_or_packed and not self._known:
            self._judge()

    def _begin(self, head: bytes) -> None:
        self.compression = compression_of(head)
        if self.compression is None:
            return
        try:
            self._unpacker = Unpacker(self.compression, self._raw.reread if self._raw.seekable else None)
        except ImportError as missing:
            self._failure = CaptureError(self.path, str(missing))
            return
        self._pending, self._ended = memoryview(b""), False
        self._unpacker.feed(head)

    def _unpack(self, unpacker: Unpacker) -> None:
        again = self._raw.seekable
        if unpacker.hungry:
            if data := self._raw.read(_CHUNK if again else _CAUTIOUS_CHUNK):
                unpacker.feed(data)
            else:
                unpacker.end()
        self._append(unpacker.take(_STEP if again else _CAUTIOUS_STEP))
        self._ended, self._damage = unpacker.ended, unpacker.damage

    def _read_plain(self, buffer: memoryview) -> int:
        try:
            count = self._raw.readinto(buffer)
        except OSError as error:
            self._broken(error)
            return 0
        self._ended = not count
        return count

    def _append(self, data: bytes) -> None:
        self._pending = memoryview(bytes(self._pending) + data if self._pending else data)

    def _broken(self, error: OSError) -> None:
        self._plain_or_packed = self._ended = True
        self._damage = f"cannot be read further: {plainly(error)}"

    def _judge(self) -> None:
        """Sets ``_known`` or ``_failure`` as soon as the first bytes allow."""
        head = bytes(self._pending[:DESCRIBABLE])
        if self._failure or (undecided(head) and not self._ended):
            return
        if capture_format(head):
            self._known = True
        elif self._raw.seekable and not self._ended and len(head) < DESCRIBABLE:
            return  # more can be had at once, and may tell what it is
        elif self._damage is not None and undecided(head):
            self._failure = CaptureError(self.path, f"nothing in it can be read: {self._damage}")
        else:
            within = f", inside {self.compression} data" if self.compression else ""
            self._failure = NotCapture(self.path, looks_like(head, self.path) + within)
