"""One shape for five decompressors, each imported only when a file needs it.

The shape is that of the standard library's bz2 and lzma, which isal and lz4 share: output is bounded by the
caller, so that a file that expands a million times costs time, never memory.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .magic import Compression

MAX_WINDOW = 1 << 27
"""Largest zstd window and xz dictionary accepted, in bytes: what the zstd tool itself accepts without
``--long=31`` (ZSTD_WINDOWLOG_LIMIT_DEFAULT 27), twice what ``xz -9`` needs. A file may ask for 2 to 4 GB, and
be a kilobyte long."""

_XZ_OVERHEAD = 16 << 20  # liblzma's memlimit counts its own tables besides the dictionary
_ZSTD_SLICE = 2048
"""Bytes given to zstandard in one call, whose output no argument bounds. The worst four bytes of zstd are a
block of 128 KiB (RFC 8878, RLE_Block), so this bounds a call to 64 MiB. Slices of 64 KiB would save 0.4 s of
CPU per GB, and bound it to 2 GiB."""

_BZIP2_SLICE = 128
"""Bytes given to bz2 in one call, so that a call ends one block (five in a hostile file: 230 MB). A block's
checksum follows it, and a damaged block is garbage from its first byte (the Burrows-Wheeler transform spreads
it): so a block is taken whole or not at all, as libbz2 does if its output is not bounded."""


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
        raise ImportError(
            f"{kind} data needs the Python module {module.partition('.')[0]}: {cure}"
        ) from missing
    return _MAKERS[kind](library)


_MODULES: dict[Compression, tuple[str, str]] = {
    "gzip": ("isal.igzip_lib", "isal"),
    "zstd": ("zstandard", "zstandard"),
    "xz": ("lzma", ""),
    "bzip2": ("bz2", ""),
    "lz4": ("lz4.frame", "lz4"),
}


def _gzip(library: Any) -> Codec:
    return Codec(
        "gzip", lambda: library.IgzipDecompressor(flag=library.DECOMP_GZIP), (library.error, EOFError)
    )


def _zstd(library: Any) -> Codec:
    decompressor, errors = library.ZstdDecompressor(max_window_size=MAX_WINDOW), (library.ZstdError,)
    return Codec("zstd", lambda: _Sliced(decompressor.decompressobj(), _ZSTD_SLICE, errors), errors)


def _xz(library: Any) -> Codec:
    limit = MAX_WINDOW + _XZ_OVERHEAD
    return Codec(
        "xz",
        lambda: library.LZMADecompressor(library.FORMAT_XZ, memlimit=limit),
        (library.LZMAError, EOFError),
    )


def _bzip2(library: Any) -> Codec:
    errors = (OSError, ValueError, EOFError)
    return Codec("bzip2", lambda: _Sliced(library.BZ2Decompressor(), _BZIP2_SLICE, errors), errors)


def _lz4(library: Any) -> Codec:
    return Codec("lz4", library.LZ4FrameDecompressor, (RuntimeError, ValueError))


_MAKERS: dict[Compression, Callable[[Any], Codec]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "xz": _xz,
    "bzip2": _bzip2,
    "lz4": _lz4,
}


class _Unbounded(Protocol):
    """A decompressor of one frame that gives all it can."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, /) -> bytes: ...


class _Sliced:
    """Bounds the output of a decompressor by slicing its input; what it gave before a damage stays."""

    def __init__(self, frame: _Unbounded, size: int, errors: tuple[type[Exception], ...]) -> None:
        self._frame = frame
        self._size = size
        self._errors = errors
        self._failed: Exception | None = None
        self._input = memoryview(b"")
        self._output = memoryview(b"")

    @property
    def eof(self) -> bool:
        return self._frame.eof and not self._output

    @property
    def needs_input(self) -> bool:
        return not (self._input or self._output or self._failed or self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + bytes(self._input)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        if data:
            self._input = memoryview(bytes(self._input) + data if self._input else data)
        parts: list[bytes | memoryview] = []
        room = max_length
        while True:
            take = len(self._output) if max_length < 0 else min(room, len(self._output))
            parts.append(self._output[:take])
            self._output = self._output[take:]
            room -= take
            if room == 0 or self._failed or self._frame.eof or not self._input:
                break
            piece, self._input = self._input[: self._size], self._input[self._size :]
            try:
                self._output = memoryview(self._frame.decompress(piece))
            except self._errors as failed:
                self._failed = failed
        out = b"".join(parts)
        if self._failed and not out:
            raise self._failed  # only now: the slices before it were whole
        return out
