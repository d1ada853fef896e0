"""A damaged compressed file gives all that can be decompressed, then says so."""

from __future__ import annotations

import bz2
import contextlib
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcapdiag.capture import CaptureError, DamagedStream, open_source
from tests.capture.capture_files import PACK, everything, large

LARGE = large(1500)
LOOKAHEAD = 2
"""Bytes that isal may hold back at a cut: it decodes a symbol only with the bits of a longer one at hand,
zlib does not."""
PACKED = {kind: pack(LARGE[:100_000]) + pack(LARGE[100_000:]) for kind, pack in PACK.items()}
TOLD: dict[str, tuple[Callable[[], Any], tuple[type[Exception], ...]]] = {
    "gzip": (lambda: zlib.decompressobj(31), (zlib.error,)),
    "zstd": (lambda: zstandard.ZstdDecompressor().decompressobj(), (zstandard.ZstdError,)),
    "xz": (lzma.LZMADecompressor, (lzma.LZMAError,)),
    "bzip2": (bz2.BZ2Decompressor, (OSError,)),
    "lz4": (lz4.frame.LZ4FrameDecompressor, (RuntimeError,)),
}


def delivered(path: Path, size: int = 1 << 16) -> tuple[bytes, DamagedStream | None]:
    """What comes out of ``path``, and the damage met, whose offset is the number of bytes before it."""
    with open_source(str(path)) as source:
        out, damage = everything(source, size)
    assert damage is None or damage.offset == len(out)
    return out, damage


def decompressable(kind: str, data: bytes) -> bytes:
    """All that a plain decompressor gives, fed one byte at a time so that an error takes nothing with it."""
    new, errors = TOLD[kind]
    out, decoder = bytearray(), new()
    try:
        for at in range(len(data)):
            if decoder.eof:
                decoder = new()
            out += decoder.decompress(data[at : at + 1])
    except errors:
        pass
    return bytes(out)


@pytest.mark.parametrize("kind", PACK)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_truncated(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    """Cut anywhere, a file gives all that decompresses before the cut and then a DamagedStream, or it ends
    with a frame."""
    whole = PACKED[kind]
    end = data.draw(st.integers(0, len(whole) - 1))
    path = tmp_path / "cut"
    path.write_bytes(whole[:end])
    told = decompressable(kind, whole[:end])
    assert LARGE.startswith(told)
    try:
        out, damage = delivered(path, data.draw(st.sampled_from([100, 4096, 1 << 18])))
    except CaptureError:
        assert len(told) < 4 + LOOKAHEAD
        return
    assert told.startswith(out)
    assert len(told) - len(out) <= (LOOKAHEAD if kind == "gzip" else 0)
    assert damage is not None or end == len(PACK[kind](LARGE[:100_000]))


@pytest.mark.parametrize("kind", PACK)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_corrupted(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    """With any byte changed, nothing that a plain decompressor can give before the damage is lost, and none
    is made up."""
    whole = bytearray(PACKED[kind])
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "corrupt"
    path.write_bytes(whole)
    told = decompressable(kind, bytes(whole))
    try:
        out, damage = delivered(path)
    except CaptureError:
        assert len(told) < 4 + LOOKAHEAD or not LARGE.startswith(told[:4])
        return
    if damage is None:
        # the change made the second frame's magic into garbage, or a reserved field into another
        assert out in (LARGE, LARGE[:100_000])
    elif kind == "gzip":
        # where zlib and isal see the damage may differ by a symbol; what follows the changed byte is wrong
        # anyway
        assert out.startswith(told[: len(told) - LOOKAHEAD])
    else:
        assert out == told


@pytest.mark.parametrize("kind", PACK)
def test_checksum(kind: str, tmp_path: Path) -> None:
    """A wrong checksum at the end is a damage, after all bytes."""
    frame = bytearray(PACK[kind](LARGE))
    at = {"gzip": -6, "zstd": -2, "xz": -40, "bzip2": -3, "lz4": -2}[kind]
    frame[at] ^= 0x10
    path = tmp_path / "x"
    path.write_bytes(frame)
    out, damage = delivered(path)
    assert damage is not None
    assert kind in damage.reason
    assert out == LARGE or kind == "xz"  # xz checks its index after its last block


@pytest.mark.parametrize("kind", PACK)
def test_nothing_before_the_damage(kind: str, tmp_path: Path) -> None:
    """A file cut before its first byte of content is an error, since nothing of it was delivered."""
    path = tmp_path / "x"
    path.write_bytes(PACKED[kind][:8])
    with pytest.raises(CaptureError, match=f"nothing in it can be read: the {kind} data breaks off"):
        open_source(str(path))


def test_arbitrary(tmp_path: Path) -> None:
    """Arbitrary bytes behind any compression's magic give a named error."""

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from([frame[:12] for frame in PACKED.values()]),
        st.integers(2, 12),
        st.binary(max_size=300),
    )
    def check(magic: bytes, keep: int, rest: bytes) -> None:
        path = tmp_path / "x"
        path.write_bytes(magic[:keep] + rest)
        with contextlib.suppress(CaptureError):
            assert delivered(path)[1] is not None

    check()
