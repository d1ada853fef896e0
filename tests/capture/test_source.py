"""Files of every kind give exactly their bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.capture import CaptureError, DamagedStream, NotCapture, Source, open_source
from pcapdiag.capture.decoders import MAX_WINDOW
from tests.capture.capture_files import PACK, everything, large, pcap, pcapng

LARGE = large()


def read(source: Source, size: int = 1 << 18) -> bytes:
    """Everything of ``source``, which is whole."""
    out, damage = everything(source, size)
    assert damage is None
    return out


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, str]:
    """The same large capture, plain (None) and compressed in every way; no name says which is which."""
    folder = tmp_path_factory.mktemp("packed")
    paths: dict[str | None, str] = {}
    for kind in (None, *PACK):
        path = folder / f"capture-{len(paths)}"
        path.write_bytes(PACK[kind](LARGE) if kind else LARGE)
        paths[kind] = str(path)
    return paths


@pytest.mark.parametrize("kind", [None, *PACK])
def test_bytes(kind: str | None, packed: dict[str | None, str]) -> None:
    """A file gives its decompressed bytes, whatever its name, and says how it was stored and how far it was
    read."""
    with open_source(packed[kind]) as source:
        assert (source.compression, source.live) == (kind, False)
        assert source.size == os.path.getsize(packed[kind])
        assert source.path == packed[kind]
        assert source.name == os.path.basename(packed[kind])
        assert read(source) == LARGE
        assert source.consumed == source.size
        assert source.wait(0)
        assert not source.trailing


@pytest.mark.parametrize("kind", [None, *PACK])
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 100_000), min_size=1, max_size=20))
def test_chunks(kind: str | None, packed: dict[str | None, str], sizes: list[int]) -> None:
    """Chunking changes nothing: reads of any sizes give the same bytes, and the end stays the end."""
    out = bytearray()
    with open_source(packed[kind]) as source:
        turn = 0
        while count := source.readinto(memoryview(bytearray(sizes[turn % len(sizes)] + 50))):
            turn += 1
            assert count <= sizes[(turn - 1) % len(sizes)] + 50
            out += b"." * count
        assert source.readinto(memoryview(bytearray(10))) == 0
    assert len(out) == len(LARGE)
    with open_source(packed[kind]) as source:
        assert read(source, sizes[0] + 50) == LARGE


@pytest.mark.parametrize("kind", PACK)
def test_one_byte_at_a_time(kind: str, tmp_path: Path) -> None:
    """A buffer of one byte is enough."""
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](pcap(range(9))))
    with open_source(str(path)) as source:
        assert read(source, 1) == pcap(range(9))


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("padding", [0, 4, 512])
def test_several_frames(kind: str, padding: int, tmp_path: Path) -> None:
    """Several members, frames or streams behind one another are one file, also with zeros between and behind
    them."""
    parts = [LARGE[at : at + 50_001] for at in range(0, len(LARGE), 50_001)]
    path = tmp_path / "x"
    path.write_bytes(b"".join(PACK[kind](part) + b"\0" * padding for part in [*parts, b""]))
    with open_source(str(path)) as source:
        assert read(source) == LARGE
        assert not source.trailing


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("garbage", [b"hello, this is no frame" * 9, b"abcd"])
def test_trailing_garbage(kind: str, garbage: bytes, tmp_path: Path) -> None:
    """What follows the last frame and is none is ignored, and said."""
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](LARGE) + garbage)
    with open_source(str(path)) as source:
        assert read(source) == LARGE
        assert source.trailing


@pytest.mark.parametrize("kind", ["zstd", "lz4"])
def test_skippable_frames(kind: str, tmp_path: Path) -> None:
    """Skippable frames, as pzstd and seekable formats write them, are skipped wherever they stand."""
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    path = tmp_path / "x"
    path.write_bytes(skippable + PACK[kind](LARGE) + skippable * 2)
    with open_source(str(path)) as source:
        assert source.compression == kind
        assert read(source) == LARGE
        assert not source.trailing


@pytest.mark.parametrize("kind", PACK)
def test_expansion_is_bounded(kind: str, tmp_path: Path) -> None:
    """A few kilobytes that expand to hundreds of megabytes are never in memory at once."""
    path = tmp_path / "bomb"
    with path.open("wb") as out:
        out.write(PACK[kind](pcap()))
        out.write(PACK[kind](bytes(1 << 28)))
    code = (
        "import resource, sys; from pcapdiag.capture import open_source\n"
        "start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "source, buffer, total = open_source(sys.argv[1]), memoryview(bytearray(1 << 18)), 0\n"
        "while count := source.readinto(buffer): total += count\n"
        "assert total == 24 + (1 << 28), total\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)\n"
    )
    used = int(subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True).stdout)
    assert used < 100 << 10, f"{used} KiB"


def test_zstd_window_too_large(tmp_path: Path) -> None:
    """A zstd file that asks for a window of gigabytes is refused before memory is taken, with the cure."""
    path = tmp_path / "x"
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    data = bytearray(packer.compress(pcap()) + packer.flush())
    assert not data[4] & 0x20, "a single-segment frame has no window descriptor"
    data[5] = (31 - 10) << 3  # 2 GiB, by hand: a compressor would itself take that memory
    path.write_bytes(data)
    with pytest.raises(
        CaptureError, match=rf"larger than {MAX_WINDOW >> 20} MiB: unpack it first with zstd -d --long=31"
    ):
        open_source(str(path))


def test_plain_needs_no_decompressor(tmp_path: Path) -> None:
    """A plain capture is opened and read without importing any decompressor; a compressed one imports only
    its own."""
    plain, packed = tmp_path / "a.pcap", tmp_path / "b"
    plain.write_bytes(LARGE)
    packed.write_bytes(PACK["gzip"](LARGE))
    code = (
        "import sys; from pcapdiag.capture import expand, open_source, preview\n"
        "for path in expand(sys.argv[1:]): preview(path); open_source(path).readinto(memoryview(bytearray(99)))\n"
        "print(sorted({'isal', 'zstandard', 'lz4', 'lzma', 'bz2'} & set(sys.modules)))\n"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run([*run, plain], check=True, capture_output=True, text=True).stdout == "[]\n"
    assert subprocess.run([*run, packed], check=True, capture_output=True, text=True).stdout == "['isal']\n"


@pytest.mark.parametrize("kind", PACK)
def test_missing_library(kind: str, packed: dict[str | None, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library for a compression is missing, the error says what to install; it is not taken for no
    capture."""
    module = {
        "gzip": "isal.igzip_lib",
        "zstd": "zstandard",
        "xz": "lzma",
        "bzip2": "bz2",
        "lz4": "lz4.frame",
    }[kind]
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CaptureError, match=f"{kind} data needs the Python module") as caught:
        open_source(packed[kind])
    assert not isinstance(caught.value, NotCapture)


NOT_CAPTURES = {
    "an empty file": b"",
    "2 bytes: too short": b"\xd4\xc3",
    "a text file": "Grüße, Welt\n".encode(),
    "not what it captures: capture with tcpdump -w": b"13:37:00.123456 IP 10.0.0.1.443 > 10.0.0.2.5: Flags [S]\n",
    "an HTML page": b"<!DOCTYPE html><html><body>404</body></html>",
    "prints as XML": b'<?xml version="1.0"?>\n<pdml version="0">',
    "zip archive: unpack it first": b"PK\x03\x04" + bytes(99),
    "tar archive: unpack it first": b"a.pcap".ljust(257, b"\0") + b"ustar\00000",
    "snoop capture: convert it with editcap -F pcap": b"snoop\0\0\0\0\0\0\2",
    "Network Monitor 2 capture: convert it with editcap -F pcap": b"GMBU\0\2" + bytes(99),
    "nothing but zeros": bytes(5000),
    "no byte-order magic": b"\n\r\r\n" + bytes(99),
    "not a capture: its first bytes are 01 02 03": b"\1\2\3" + bytes(range(200)),
}


@pytest.mark.parametrize("kind", [None, *PACK])
@pytest.mark.parametrize("what", NOT_CAPTURES)
def test_not_a_capture(what: str, kind: str | None, tmp_path: Path) -> None:
    """What is no capture is refused in words that say what it is, also inside compressed data."""
    path = tmp_path / "x.pcap"
    path.write_bytes(PACK[kind](NOT_CAPTURES[what]) if kind else NOT_CAPTURES[what])
    with pytest.raises(NotCapture, match=what) as caught:
        open_source(str(path))
    assert caught.value.path == str(path)
    assert what in caught.value.reason
    assert (f"inside {kind} data" in caught.value.reason) == (kind is not None)


def test_packed_twice(tmp_path: Path) -> None:
    """A compressed file inside a compressed file is named."""
    path = tmp_path / "x"
    path.write_bytes(PACK["zstd"](PACK["gzip"](pcap())))
    with pytest.raises(NotCapture, match="gzip data inside compressed data: unpack it once first, inside zstd data"):
        open_source(str(path))


def test_etl(tmp_path: Path) -> None:
    """A Windows trace has no magic: it is known by its name."""
    path = tmp_path / "trace.ETL"
    path.write_bytes(b"\0\0\1\0" + bytes(100))
    with pytest.raises(NotCapture, match="etl trace of Windows"):
        open_source(str(path))


def test_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a directory and a forbidden file are errors with their reason, and no file is left
    open."""
    path = tmp_path / "x"
    with pytest.raises(CaptureError, match=f"{path}: no such file or directory"):
        open_source(str(path))
    with pytest.raises(CaptureError, match="a directory"):
        open_source(str(tmp_path))
    with pytest.raises(CaptureError, match="NUL"):
        open_source("a\0b")
    path.write_bytes(b"none")
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with pytest.raises(NotCapture):
        open_source(str(path))
    assert len(before) == (len(os.listdir("/proc/self/fd")) if before else 0)

    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(CaptureError, match="permission denied") as caught:
        open_source(str(path))
    assert not isinstance(caught.value, NotCapture)


@pytest.mark.parametrize("kind", [None, *PACK])
def test_input_error(kind: str | None, packed: dict[str | None, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fails in the middle, everything before is delivered, then the damage is named with its
    offset."""
    source = open_source(packed[kind])
    buffer = memoryview(bytearray(30_000))
    out = bytes(buffer[: source.readinto(buffer)])

    def fails(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fails)
    monkeypatch.setattr(os, "readv", fails)
    rest, damage = everything(source, 30_000)
    assert damage is not None
    assert "input/output error" in damage.reason
    assert out + rest == LARGE[: len(out + rest)]
    assert damage.offset == len(out + rest) >= 30_000
    with pytest.raises(DamagedStream):
        source.readinto(buffer)


def test_closed_twice(packed: dict[str | None, str]) -> None:
    """A source may be closed twice, and is at its end then."""
    source = open_source(packed[None])
    source.close()
    source.close()
    assert source.readinto(memoryview(bytearray(9))) == 0


@pytest.mark.parametrize(
    "data",
    [
        pcap(),
        pcap(order=">"),
        pcap(magic=0xA1B23C4D),
        pcap(magic=0xA1B2CD34, order=">"),
        pcapng(),
        pcapng(order=">"),
        pcap()[:4],
        pcapng()[:7],
    ],
)
def test_every_magic(data: bytes, tmp_path: Path) -> None:
    """Every magic of pcap and pcapng is known, also where little more than it is there."""
    path = tmp_path / "x"
    path.write_bytes(data)
    with open_source(str(path)) as source:
        assert read(source) == data
