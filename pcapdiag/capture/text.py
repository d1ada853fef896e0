"""Text that comes with captures (logs, tables), line by line, from a file, a pipe or standard input, decompressed if need be."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from .errors import CaptureError, DamagedStream
from .magic import DESCRIBABLE, ENOUGH, Compression, capture_format, compression_of
from .raw import RawFile, plainly
from .unpack import Unpacker

LONGEST_LINE = 1 << 18
"""Characters of a line that are delivered, without its newline; the rest of it is dropped. Whoever reads it has a limit below
this one, and says that the line was longer."""

_CHUNK = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def text_lines(path: str) -> Iterator[str]:
    r"""The lines of ``path`` (``-`` is standard input) with their newlines. Bytes that are no text stay visible, as ``\xff``.

    Raises `CaptureError` if it cannot be opened or is a capture, and `DamagedStream` where the rest cannot be had, after every
    line before it. UTF-16 is known by its mark: PowerShell's ``>`` writes it.
    """
    raw = RawFile(path)
    try:
        yield from _lines(_decoded(_Bytes(raw)))
    finally:
        raw.close()


class _Bytes:
    """Decompressed bytes in pieces."""

    def __init__(self, raw: RawFile) -> None:
        self._raw = raw
        self._delivered = 0

    def __iter__(self) -> Iterator[bytes]:
        """Each piece; the first has enough to tell what it is, if there is so much."""
        head = b""
        while len(head) < DESCRIBABLE and (data := self._read()):
            head += data
        kind = compression_of(head) if len(head) >= ENOUGH else None
        first = True
        for piece in self._plain(head) if kind is None else self._unpacked(head, kind):
            if first and capture_format(piece) is not None:
                raise CaptureError(self._raw.path, "a capture, where text was expected")
            first = False
            self._delivered += len(piece)
            yield piece

    def _plain(self, head: bytes) -> Iterator[bytes]:
        yield head
        while data := self._read():
            yield data

    def _unpacked(self, head: bytes, kind: Compression) -> Iterator[bytes]:
        try:
            unpacker = Unpacker(kind, self._raw.reread if self._raw.seekable else None)
        except ImportError as missing:
            raise CaptureError(self._raw.path, str(missing)) from missing
        unpacker.feed(head)
        while not unpacker.ended:
            if unpacker.hungry:
                if data := self._read():
                    unpacker.feed(data)
                else:
                    unpacker.end()
            if piece := unpacker.take(_CHUNK):
                yield piece
        if unpacker.damage is not None:
            raise DamagedStream(self._raw.path, self._delivered, unpacker.damage)

    def _read(self) -> bytes:
        try:
            return self._raw.read(_CHUNK)
        except OSError as error:
            raise DamagedStream(self._raw.path, self._delivered, f"cannot be read further: {plainly(error)}") from error


def _decoded(pieces: _Bytes) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    for piece in pieces:
        data = piece
        if decoder is None:
            mark, name = next(((m, n) for m, n in _BOMS if data.startswith(m)), (b"", "utf-8"))
            decoder, data = codecs.getincrementaldecoder(name)("backslashreplace"), data[len(mark) :]
        yield decoder.decode(data)
    if decoder is not None:
        yield decoder.decode(b"", final=True)


def _lines(texts: Iterator[str]) -> Iterator[str]:
    """Split at newlines alone: a request's path may hold what Unicode too calls the end of a line."""
    rest: list[str] = []
    length = 0
    try:
        for text in texts:
            *whole, last = text.split("\n")
            for line in whole:
                rest.append(line[: max(0, LONGEST_LINE - length)])
                yield "".join(rest) + "\n"
                rest, length = [], 0
            rest.append(last[: max(0, LONGEST_LINE - length)])
            length += len(rest[-1])
    except DamagedStream:
        if any(rest):
            yield "".join(rest)
        raise
    if any(rest):
        yield "".join(rest)
