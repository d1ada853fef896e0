"""Writes frames as pcap and pcapng files, and gz twins. Files appear whole or not at all."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from columns import Capture
from frames import Frames, make_frames
from numpy.typing import NDArray
from payload import make_pool
from workloads import Workload

CHUNK: Final = 200_000
"""Records assembled at a time: about 300 MB of full-size frames."""
ETHERNET_LINK: Final = 1


class Sink(Protocol):
    """A file format being written."""

    def write(self, frames: Frames) -> None:
        """Append records."""

    def close(self) -> None:
        """Flush, and give the file its name."""


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._out = self._partial.open("wb")

    def close(self) -> None:
        self._out.close()
        self._partial.replace(self._path)


class PcapFile(_File):
    """Little-endian pcap, in µs or ns."""

    def __init__(self, path: Path, snaplen: int, nanoseconds: bool) -> None:
        """Write the file header."""
        super().__init__(path)
        self._unit = 1 if nanoseconds else 1000
        magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
        self._out.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, snaplen, ETHERNET_LINK))

    def write(self, frames: Frames) -> None:
        """Append one record per frame."""
        seconds, rest = np.divmod(frames.time, 10**9)
        columns = (seconds, rest // self._unit, frames.captured, frames.original)
        headers = _little_endian(columns)
        self._out.write(b"".join(_interleave(_rows(headers), frames.heads, frames.bodies)))


class PcapngFile(_File):
    """Little-endian pcapng: one section, one interface, enhanced packet blocks without options."""

    def __init__(self, path: Path, snaplen: int, nanoseconds: bool) -> None:
        """Write the section header and the interface description."""
        super().__init__(path)
        self._unit = 1 if nanoseconds else 1000
        self._out.write(struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28))
        options = struct.pack("<HHB3xHH", 9, 1, 9 if nanoseconds else 6, 0, 0)  # if_tsresol, end of options
        length = 20 + len(options)
        interface = struct.pack("<IIHHI", 1, length, ETHERNET_LINK, 0, snaplen)
        self._out.write(interface + options + struct.pack("<I", length))

    def write(self, frames: Frames) -> None:
        """Append one enhanced packet block per frame."""
        pad = -frames.captured % 4
        length = 32 + frames.captured + pad
        ticks = frames.time // self._unit
        n = ticks.size
        high, low = ticks >> 32, ticks & 0xFFFFFFFF
        columns = (np.full(n, 6), length, np.zeros(n), high, low, frames.captured, frames.original)
        headers = _little_endian(columns)
        ends = _little_endian((np.zeros(n), length)).tobytes()
        tails = [ends[8 * i + 4 - p : 8 * i + 8] for i, p in enumerate(pad.tolist())]
        self._out.write(b"".join(_interleave(_rows(headers), frames.heads, frames.bodies, tails)))


def _little_endian(columns: Sequence[NDArray[Any]]) -> NDArray[np.uint32]:
    """Columns side by side as little-endian 32-bit numbers."""
    return np.stack([c.astype("<u4") for c in columns], axis=1)


def _rows(table: NDArray[np.uint32]) -> list[bytes]:
    """The bytes of each row."""
    width = table.shape[1] * 4
    flat = table.tobytes()
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def _interleave(*columns: list[bytes]) -> list[bytes]:
    """First of each column, then second of each, and so on."""
    out = [b""] * (len(columns) * len(columns[0]))
    for i, column in enumerate(columns):
        out[i :: len(columns)] = column
    return out


def write_capture(capture: Capture, stem: Path, workload: Workload) -> None:
    """Write the plain formats of a workload (not gz) from the same frames, at ``stem`` and their suffixes."""
    kinds: dict[str, type[PcapFile | PcapngFile]] = {"pcap": PcapFile, "pcapng": PcapngFile}
    sinks: list[Sink] = [
        kinds[s](stem.with_name(f"{stem.name}.{s}"), workload.snaplen, workload.nanoseconds)
        for s in workload.suffixes
        if s in kinds
    ]
    pool = make_pool()
    for begin in range(0, len(capture), CHUNK):
        frames = make_frames(capture, begin, min(begin + CHUNK, len(capture)), workload.snaplen, pool)
        for sink in sinks:
            sink.write(frames)
    for sink in sinks:
        sink.close()


def write_gz(plain: Path) -> None:
    """Write the gz twin of a file, at gzip's usual level 6, without a time stamp: always the same bytes."""
    twin = plain.with_name(plain.name + ".gz")
    partial = plain.with_name(plain.name + ".gz.partial")
    with plain.open("rb") as src, partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
        shutil.copyfileobj(src, out, 1 << 20)
    partial.replace(twin)
