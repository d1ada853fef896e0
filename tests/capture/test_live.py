"""Pipes and standard input: read as they come, never waited for longer than needed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from pcapdiag.capture import CaptureError, NotCapture, Source, open_source
from tests.capture.capture_files import PACK, everything, large, pcap, pcapng

LARGE = large()
READ_STDIN = """
import hashlib, sys
from pcapdiag.capture import open_source
with open_source("-") as source:
    digest, buffer, total = hashlib.sha256(), memoryview(bytearray(1 << 18)), 0
    while count := source.readinto(buffer):
        digest.update(buffer[:count])
    print(source.name, source.live, source.size, source.compression, digest.hexdigest())
"""


@pytest.fixture
def pipe() -> Iterator[tuple[Source, int]]:
    """A source that reads a pipe, and the pipe's other end."""
    reading, writing = os.pipe()
    with open_source(f"/dev/fd/{reading}") as source:
        os.close(reading)
        yield source, writing
    with contextlib.suppress(OSError):  # the test may have closed it
        os.close(writing)


def write_slowly(fd: int, data: bytes, step: int) -> threading.Thread:
    """Writes ``data`` in pieces of ``step`` bytes and closes, meanwhile."""

    def write() -> None:
        for at in range(0, len(data), step):
            os.write(fd, data[at : at + step])
        os.close(fd)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_what_is_there_is_delivered(pipe: tuple[Source, int]) -> None:
    """A read returns as soon as some bytes are there, whatever the size of the buffer."""
    source, fd = pipe
    data, buffer = pcap([0, 1, 2]), memoryview(bytearray(1 << 18))
    assert source.live
    assert source.size is None
    os.write(fd, data[:100])
    assert source.readinto(buffer) == 100
    os.write(fd, data[100:])
    assert source.readinto(buffer) == len(data) - 100
    os.close(fd)
    assert source.readinto(buffer) == 0


@pytest.mark.parametrize("kind", [None, *PACK])
@pytest.mark.parametrize("step", [1, 777, 65536])
def test_in_pieces(kind: str | None, step: int, pipe: tuple[Source, int]) -> None:
    """A pipe that gives its bytes in any pieces, compressed or not, gives the same capture."""
    source, fd = pipe
    whole = LARGE[:20_000] if step == 1 else LARGE
    writer = write_slowly(fd, PACK[kind](whole) if kind else whole, step)
    assert everything(source)[0] == whole
    assert source.compression == kind
    writer.join()


def test_wait(pipe: tuple[Source, int]) -> None:
    """Waiting ends when bytes come or the time is over, whichever is first; the end of the stream counts as
    bytes."""
    source, fd = pipe
    buffer = memoryview(bytearray(999))
    started = time.monotonic()
    assert not source.wait(0)
    assert not source.wait(0.05)
    assert 0.04 < time.monotonic() - started < 5
    os.write(fd, pcap())
    assert source.wait(0)
    assert source.wait(60)
    assert source.readinto(buffer) == 24
    assert not source.wait(0)
    os.close(fd)
    assert source.wait(60)
    assert source.readinto(buffer) == 0


def test_wait_for_the_first_bytes(pipe: tuple[Source, int]) -> None:
    """Too few bytes to know a capture by are not ready yet, so that a tick is never missed in a read that
    blocks."""
    source, fd = pipe
    os.write(fd, pcapng()[:3])
    assert not source.wait(0.01)
    os.write(fd, pcapng()[3:11])
    assert not source.wait(0.01)
    os.write(fd, pcapng()[11:])
    assert source.wait(0)


def test_wait_for_decompressed_bytes(pipe: tuple[Source, int]) -> None:
    """On a compressed stream, ready means that decompressed bytes are ready, not that compressed ones
    came."""
    source, fd = pipe
    packer = zlib.compressobj(wbits=31)
    os.write(fd, packer.compress(pcap([1])))
    assert not source.wait(0.01)
    os.write(fd, packer.flush(zlib.Z_SYNC_FLUSH))
    assert source.wait(0)
    buffer = memoryview(bytearray(1 << 18))
    assert bytes(buffer[: source.readinto(buffer)]) == pcap([1])
    assert not source.wait(0.01)
    os.write(fd, packer.compress(b"more") + packer.flush())
    os.close(fd)
    assert source.wait(0)
    assert everything(source)[0] == b"more"


def test_flushed_zstd_is_delivered(pipe: tuple[Source, int]) -> None:
    """What a live zstd stream has flushed is delivered without waiting for more."""
    source, fd = pipe
    packer = zstandard.ZstdCompressor().compressobj()
    buffer = memoryview(bytearray(1 << 18))
    os.write(fd, packer.compress(LARGE[:500]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    assert bytes(buffer[: source.readinto(buffer)]) == LARGE[:500]
    os.write(fd, packer.compress(LARGE[500:900]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    assert bytes(buffer[: source.readinto(buffer)]) == LARGE[500:900]


@pytest.mark.parametrize("kind", PACK)
def test_cut_pipe(kind: str, pipe: tuple[Source, int]) -> None:
    """A compressed pipe that breaks off gives everything before, then the damage."""
    source, fd = pipe
    packed = PACK[kind](LARGE[:100_000])
    writer = write_slowly(fd, packed * 2 + packed[: len(packed) // 2], 10_000)
    out, damage = everything(source)
    writer.join()
    assert damage is not None
    assert f"the {kind} data breaks off" in str(damage)
    assert (LARGE[:100_000] * 3).startswith(out)
    assert damage.offset == len(out) >= 200_000


@pytest.mark.parametrize("kind", PACK)
def test_corrupt_pipe(kind: str, pipe: tuple[Source, int]) -> None:
    """A pipe cannot be read twice: of what precedes a damage at most one step (16 KiB) is lost, and nothing
    made up."""
    source, fd = pipe
    first, second = PACK[kind](LARGE[:100_000]), bytearray(PACK[kind](LARGE[100_000:]))
    second[50:60] = b"\xff" * 10
    writer = write_slowly(fd, first + second, 10_000)
    out, damage = everything(source)
    assert damage is not None
    while source._raw.read(1 << 16):
        pass  # let the writer end
    writer.join()
    assert out[:100_000] == LARGE[:100_000][: len(out)]
    assert len(out) >= 100_000 - (1 << 14)


@pytest.mark.parametrize(
    ("data", "what"), [(b"", "an empty file"), (b"\xd4\xc3\xb2", "3 bytes"), (b"hello\n", "a text file")]
)
def test_no_capture_in_a_pipe(data: bytes, what: str, pipe: tuple[Source, int]) -> None:
    """A pipe that brings no capture is an error from the first read, after any wait."""
    source, fd = pipe
    os.write(fd, data)
    os.close(fd)
    assert source.wait(60)
    for _ in range(2):
        with pytest.raises(NotCapture, match=what):
            source.readinto(memoryview(bytearray(99)))


def test_missing_library_for_a_pipe(pipe: tuple[Source, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is named also when it shows only in a pipe's first bytes."""
    source, fd = pipe
    monkeypatch.setitem(sys.modules, "zstandard", None)
    os.write(fd, PACK["zstd"](pcap()))
    with pytest.raises(CaptureError, match="pip install zstandard"):
        source.readinto(memoryview(bytearray(99)))


def test_fifo(tmp_path: Path) -> None:
    """A named pipe is read as it comes."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(PACK["lz4"](LARGE)))
    writer.start()
    with open_source(str(path)) as source:
        assert source.live
        assert everything(source)[0] == LARGE
    writer.join()


@pytest.mark.parametrize("kind", [None, *PACK])
def test_standard_input(kind: str | None, tmp_path: Path) -> None:
    """``-`` is standard input, from a pipe or from a file."""
    data = PACK[kind](LARGE) if kind else LARGE
    run = [sys.executable, "-c", READ_STDIN]
    piped = subprocess.run(run, input=data, check=True, capture_output=True).stdout.decode().split()
    path = tmp_path / "x"
    path.write_bytes(data)
    with path.open("rb") as file:
        redirected = subprocess.run(run, stdin=file, check=True, capture_output=True).stdout.decode().split()
    assert piped[:5] == ["standard", "input", "True", "None", str(kind)]
    assert redirected[:5] == ["standard", "input", "True", str(len(data)), str(kind)]
    assert piped[5] == redirected[5]


def test_nonblocking_standard_input() -> None:
    """Standard input that another program made non-blocking is waited for, not taken for its end."""
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_NONBLOCK)
    with subprocess.Popen([sys.executable, "-c", READ_STDIN], stdin=reading, stdout=subprocess.PIPE) as child:
        time.sleep(0.3)
        os.write(writing, LARGE[:50_000])
        time.sleep(0.1)
        os.write(writing, LARGE[50_000:60_000])
        os.close(writing)
        os.close(reading)
        output = child.communicate()[0]
    assert child.returncode == 0
    assert b"standard input True None None" in output


def test_closed_standard_input() -> None:
    """A closed standard input is an error, not a traceback of something else."""
    code = "import os; os.close(0)\nfrom pcapdiag.capture import open_source\nopen_source('-')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CaptureError: standard input: bad file descriptor" in run.stderr


def test_terminal() -> None:
    """A terminal is not waited for: nobody types a capture."""
    leader, follower = os.openpty()
    try:
        with pytest.raises(CaptureError, match="a terminal: pipe a capture into it"):
            open_source(os.ttyname(follower))
    finally:
        os.close(leader)
        os.close(follower)
