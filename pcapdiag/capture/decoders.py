"""One shape for five decompressors, each imported only when a file needs it.

The shape is that of the standard library's bz2 and lzma, which isal and lz4 share: output is bounded by the
caller, so that a file that expands a million times costs time, never memory.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .magic import Compression

if TYPE_CHECKING:
    import zstandard

MAX_WINDOW = 1 << 27
"""Largest zstd window and xz dictionary accepted, in bytes: what the zstd tool itself accepts without
``--long=31`` (ZSTD_WINDOWLOG_LIMIT_DEFAULT 27), twice what ``xz -9`` needs. A file may ask for 2 to 4 GB, and
be a kilobyte long."""

_XZ_OVERHEAD = 16 << 20  # liblzma's memlimit counts its own tables besides the dictionary
_ZSTD_SLICE = 2048
"""Bytes given to zstandard in one call, whose output no argument bounds. The worst four bytes of zstd are a
block of 128 KiB (RFC 8878, RLE_Block), so this bounds a call to 64 MiB. Slices of 64 KiB would save 0.4 s of
CPU per GB, and bound it to 2 GiB."""

_BZIP2_SLICE, _BZIP2_BLOCK = 128, 1 << 22
"""Bytes given to and taken from bz2 in one call, so that a call ends one block. A block's checksum follows
it, and a damaged block is garbage from its first byte (the Burrows-Wheeler transform spreads it); taken in
one call it is checked before it is given out. Blocks hold 900 kB; only one with very long runs expands beyond
4 MiB, and is given out unchecked."""


class Decoder(Protocol):
    """A decompressor of one frame (gzip member, xz stream), as ``bz2.BZ2Decompressor`` is one."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """How to make a decoder of ``kind``, and the exceptions by which it says that its input is damaged."""

    kind: Compression
    new: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]


def codec(kind: Compression) -> Codec:
    """The decompressor for ``kind``. Raises ImportError, its text saying what to install, if that is
    missing."""
    module, package = _MODULES[kind]
    try:
        library: Any = importlib.import_module(module)
    except ImportError as missing:
        cure = f"pip install {package}" if package else f"this Python was built without {module}"
        raise ImportError(f"{kind} data needs the Python module {module.partition('.')[0]}: {cure}") from missing
    return _MAKERS[kind](library)


_MODULES: dict[Compression, tuple[str, str]] = {
    "gzip": ("isal.igzip_lib", "isal"),
    "zstd": ("zstandard", "zstandard"),
    "xz": ("lzma", ""),
    "bzip2": ("bz2", ""),
    "lz4": ("lz4.frame", "lz4"),
}


def _gzip(library: Any) -> Codec:
    return Codec("gzip", lambda: library.IgzipDecompressor(flag=library.DECOMP_GZIP), (library.error, EOFError))


def _zstd(library: Any) -> Codec:
    decompressor, errors = library.ZstdDecompressor(max_window_size=MAX_WINDOW), (library.ZstdError,)
    return Codec("zstd", lambda: _Sliced(_ZstdFrame(decompressor), _ZSTD_SLICE, -1, errors), errors)


def _xz(library: Any) -> Codec:
    limit = MAX_WINDOW + _XZ_OVERHEAD
    return Codec(
        "xz",
        lambda: library.LZMADecompressor(library.FORMAT_XZ, memlimit=limit),
        (library.LZMAError, EOFError),
    )


def _bzip2(library: Any) -> Codec:
    errors = (OSError, ValueError, EOFError)
    return Codec("bzip2", lambda: _Sliced(library.BZ2Decompressor(), _BZIP2_SLICE, _BZIP2_BLOCK, errors), errors)


def _lz4(library: Any) -> Codec:
    return Codec("lz4", library.LZ4FrameDecompressor, (RuntimeError, ValueError))


_MAKERS: dict[Compression, Callable[[Any], Codec]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "xz": _xz,
    "bzip2": _bzip2,
    "lz4": _lz4,
}


class _ZstdFrame:
    """zstandard's decompressor of one frame in the common shape, but for the bound: it gives all it can."""

    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._frame = decompressor.decompressobj()
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int = -1, /) -> bytes:
        return self._frame.decompress(data)


class _Sliced:
    """Gives ``frame`` its input in slices, each for at most ``most`` bytes of output, and keeps what is more
    than was asked for. What the slices before a damage gave is not lost with it."""

    def __init__(self, frame: Decoder, size: int, most: int, errors: tuple[type[Exception], ...]) -> None:
        self._frame = frame
        self._size = size
        self._most = most
        self._errors = errors
        self._failed: Exception | None = None
        self._input = b""
        self._at = 0  # how far the input was given
        self._output = memoryview(b"")

    @property
    def eof(self) -> bool:
        return self._frame.eof and not self._output

    @property
    def needs_input(self) -> bool:
        return not self._output and not self._can_step()

    @property
    def unused_data(self) -> bytes:
        return (self._frame.unused_data or b"") + self._input[self._at :]

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        if data:
            self._input, self._at = self._input[self._at :] + data, 0
        parts: list[memoryview] = []
        room = max_length if max_length >= 0 else sys.maxsize
        while True:
            part, self._output = self._output[:room], self._output[room:]
            parts.append(part)
            room -= len(part)
            if not room or not self._can_step():
                break
            self._step()
        out = b"".join(parts)
        if self._failed and not out:
            raise self._failed
        return out

    def _can_step(self) -> bool:
        if self._failed or self._frame.eof:
            return False
        return self._at < len(self._input) or not self._frame.needs_input

    def _step(self) -> None:
        end = self._at + self._size if self._frame.needs_input else self._at
        try:
            self._output = memoryview(self._frame.decompress(self._input[self._at : end], self._most))
        except self._errors as failed:
            self._failed = failed
        self._at = min(end, len(self._input))
