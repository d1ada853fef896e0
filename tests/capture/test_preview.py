"""The first packet's time, from the first bytes of any capture."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.capture import CaptureError, Preview, is_stream, preview
from tests.capture.capture_files import (
    PACK,
    SECOND,
    block,
    enhanced,
    interface,
    option,
    pcap,
    pcapng,
    section,
)

TIME = 1_700_000_000 * SECOND + 123_456_000


def look(path: Path, data: bytes) -> Preview:
    """The preview of a file that holds ``data``."""
    path.write_bytes(data)
    return preview(str(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file's name, that says nothing."""
    return tmp_path / "x"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34])
def test_pcap(order: str, magic: int, path: Path) -> None:
    """Byte order and unit of time come from the magic."""
    assert look(path, pcap([TIME, TIME + 9], order, magic)) == Preview("pcap", TIME, 1)


def test_pcap_nanoseconds(path: Path) -> None:
    """Nanoseconds are kept to the last one."""
    assert look(path, pcap([TIME + 789], magic=0xA1B23C4D)).first_time == TIME + 789


def test_pcap_link_type_without_flags(path: Path) -> None:
    """The FCS length in the upper bits is not part of the link type."""
    data = bytearray(pcap([TIME]))
    data[20:24] = struct.pack("<I", 0x5400_0071)
    assert look(path, bytes(data)).link_type == 0x71


@pytest.mark.parametrize("form", [pcap, pcapng])
def test_no_packets(form: object, path: Path) -> None:
    """A capture without packets has no first time."""
    data = pcap() if form is pcap else pcapng()
    assert look(path, data) == Preview("pcap" if form is pcap else "pcapng", None, 1)


@pytest.mark.parametrize("order", "<>")
def test_pcapng(order: str, path: Path) -> None:
    """In either byte order pcapng gives the time of its first packet, microseconds by default."""
    assert look(path, pcapng([TIME, TIME + 5000], order)) == Preview("pcapng", TIME, 1)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("resolution", "units"),
    [(0, 1), (3, 10**3), (9, 10**9), (12, 10**12), (0x80, 1), (0x8A, 1 << 10), (0x9E, 1 << 30)],
)
@pytest.mark.parametrize("offset", [0, 1_000_000_000, -7])
def test_pcapng_units(order: str, resolution: int, units: int, offset: int, path: Path) -> None:
    """if_tsresol of base 10 and base 2, and if_tsoffset, are obeyed in integers."""
    options = option(2, b"eth0", order) + option(9, bytes([resolution]), order)
    options += option(14, struct.pack(order + "q", offset), order) + option(0, b"", order)
    ticks = 7_000_000 * units + units // 3
    data = section(order) + interface(113, options, order) + enhanced(ticks, order=order)
    assert look(path, data) == Preview("pcapng", (7_000_000 + offset) * SECOND + units // 3 * SECOND // units, 113)


def test_pcapng_interface_of_the_packet(path: Path) -> None:
    """Time and link type are those of the packet's own interface."""
    nanoseconds = option(9, b"\x09")
    data = section() + interface(1) + interface(276, nanoseconds) + enhanced(TIME + 7, index=1)
    assert look(path, data) == Preview("pcapng", TIME + 7, 276)


def test_pcapng_old_packet_block(path: Path) -> None:
    """The old packet block has a 16-bit interface and a drop count before its time."""
    ticks = TIME // 1000
    old = block(2, struct.pack("<HHIIII", 1, 9, ticks >> 32, ticks & 0xFFFFFFFF, 4, 4) + b"abcd")
    assert look(path, section() + interface(1) + interface(101) + old) == Preview("pcapng", TIME, 101)


def test_pcapng_passes_blocks_without_time(path: Path) -> None:
    """Simple packets have no time; unknown blocks, secrets and long comments are passed."""
    simple = block(3, struct.pack("<I", 4) + b"abcd")
    unknown = block(0x0BAD, b"?" * 1001)
    secrets = block(10, struct.pack("<II", 0x544C534B, 300_000) + b"s" * 300_000)
    start = section(options=option(1, b"c" * 60_000))
    data = start + interface() + simple + unknown + secrets + enhanced(TIME // 1000)
    assert look(path, data).first_time == TIME
    assert look(path, start + interface() + simple).first_time is None


def test_pcapng_sections(path: Path) -> None:
    """A new section has its own byte order and begins with no interfaces."""
    data = section("<") + interface(1) + section(">") + interface(113, order=">") + enhanced(TIME // 1000, order=">")
    assert look(path, data) == Preview("pcapng", TIME, 113)
    assert look(path, section() + interface(1) + section() + enhanced(5)).first_time is None


@pytest.mark.parametrize("length", [0, 4, 11, 0x7FFFFFFF, 0xFFFFFFFF])
def test_pcapng_wrong_length(length: int, path: Path) -> None:
    """A block whose length cannot be true ends the search, and the search ends."""
    wrong = struct.pack("<II", 0x0BAD, length) + bytes(20)
    assert look(path, section() + interface() + wrong + enhanced(5)) == Preview("pcapng", None, 1)


@pytest.mark.parametrize("kind", PACK)
def test_compressed(kind: str, path: Path) -> None:
    """A compressed capture is previewed like a plain one."""
    assert look(path, PACK[kind](pcapng([TIME]))) == Preview("pcapng", TIME, 1)


@pytest.mark.parametrize("kind", PACK)
def test_damaged_behind_its_start(kind: str, path: Path) -> None:
    """Damage behind the first bytes is not the preview's business."""
    data = PACK[kind](pcap([TIME]))
    whole = data * 1 if kind in ("xz", "bzip2") else data[:-2]
    assert look(path, whole).format == "pcap"


def test_not_a_capture(path: Path) -> None:
    """What is no capture is an error, as when it is opened."""
    with pytest.raises(CaptureError, match="a text file"):
        look(path, b"hello")
    with pytest.raises(CaptureError, match="no such file"):
        preview(str(path) + "?")


def test_pipes_are_left_alone(tmp_path: Path) -> None:
    """Nothing is read from what can be read only once: it would be missing later."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert preview("-") == preview(str(fifo)) == Preview(None, None, None)
    assert is_stream("-")
    assert is_stream(str(fifo))
    assert not is_stream(str(tmp_path))
    assert not is_stream(str(tmp_path / "missing"))


STARTS = st.sampled_from(
    [b"", pcap(), pcap(order=">"), section(), section() + interface(), section(">") + interface(order=">")]
)


def test_arbitrary(tmp_path: Path) -> None:
    """Arbitrary bytes, also behind a good start, give a Preview or a CaptureError."""

    @settings(max_examples=300, deadline=None)
    @given(
        STARTS,
        st.lists(st.binary(max_size=60) | st.sampled_from([interface(), enhanced(7), section()]), max_size=6),
    )
    def check(start: bytes, rest: list[bytes]) -> None:
        try:
            seen = look(tmp_path / "x", start + b"".join(rest))
        except CaptureError:
            assert not start
        else:
            assert seen.format in ("pcap", "pcapng")

    check()


def test_cut_anywhere(path: Path) -> None:
    """A capture cut after its magic, at any byte, has a preview; the time is there as soon as its bytes
    are."""
    for whole in (pcap([TIME]), pcapng([TIME])):
        times = [look(path, whole[:end]).first_time for end in range(12, len(whole))]
        first = times.index(TIME)
        assert set(times[:first]) == {None}
        assert set(times[first:]) == {TIME}
