"""Lengths that lie: in every header, whatever they say, nothing before them is lost and nothing is made up."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.report.model import CaptureFile
from tests.end_to_end.command import analyze
from tests.end_to_end.damage import LATER, LOST, RST_FRAME, Small, small_pcap, small_pcapng
from tests.forge.files import pcap
from tests.forge.wrap import LINKS, Link

ORDERS = {"little-endian": "<", "big-endian": ">"}
#: Around every limit that a length may be compared with: of headers, of libpcap's largest record, of a signed number.
EDGES = (0, 1, 3, 4, 8, 11, 12, 15, 16, 19, 20, 27, 28, 31, 32, 33, 36, 65535, 262144, 262145, 2**24, 2**24 + 4, 2**27,
         2**27 + 1, 2**31 - 4, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 4, 2**32 - 1)  # fmt: skip
lengths = st.one_of(st.sampled_from(EDGES), st.integers(0, 300), st.integers(0, 2**32 - 1))
fuzz = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, data: bytes) -> tuple[pcapdiag.Analysis, CaptureFile]:
    """Analyse ``data``, and hold the result to the laws that any bytes have to obey."""
    path.write_bytes(data)
    analysis = pcapdiag.analyze(path)
    (file,) = analysis.capture
    facts = file.facts
    assert facts.records == facts.segments + sum(facts.skipped.values())
    if facts.damage is not None:
        assert 0 <= facts.damage.offset <= len(data)
        assert facts.damage.frame == facts.records
    return analysis, file


def proved(analysis: pcapdiag.Analysis) -> list[tuple[int, int]]:
    """Gap and RST frame of each finding."""
    return [(f.period.gap, f.period.answer.first.ref.frame) for f in analysis.findings if f.period.answer]


EXPECTED = [(9_055_000_000, RST_FRAME)]


def changed(small: Small, at: int, form: str, value: int) -> bytes:
    """The capture with the number at ``at`` replaced."""
    data = bytearray(small.data)
    struct.pack_into(form, data, at, value)
    return bytes(data)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize(("field", "offset"), [("captured", 8), ("original", 12)])
@fuzz
@given(number=st.integers(1, RST_FRAME + len(LATER)), value=lengths)
@example(number=RST_FRAME + 1, value=2**31)
@example(number=1, value=0)
def test_pcap_record_lengths(order: str, field: str, offset: int, number: int, value: int, tmp_path: Path) -> None:
    """A record's lengths may say anything: the records before are there, and a length that is absurd is the damage."""
    small = small_pcap(order, later=True)
    unit = small.units[number]
    analysis, file = read(tmp_path / "x", changed(small, unit.begin + offset, order + "I", value))
    if number > RST_FRAME:
        assert proved(analysis) == EXPECTED
    if field == "original":
        assert (file.facts.records, file.facts.damage) == (small.units[-1].records, None)
    else:
        assert file.facts.records >= number - 1
        damage = file.facts.damage
        if value > len(small.data):
            assert damage is not None
            assert (damage.offset, damage.frame) == (unit.begin, number - 1)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("packet_block", [6, 2, 3], ids=["enhanced", "old", "simple"])
@fuzz
@given(data=st.data(), value=lengths)
def test_pcapng_lengths(order: str, packet_block: int, data: st.DataObject, value: int, tmp_path: Path) -> None:
    """Any number in any block may lie (block length, its copy at the end, captured and option lengths): what was
    before that block is there, and the damage is not before it."""
    small = small_pcapng(order, later=True, packet_block=packet_block)
    index = data.draw(st.integers(2, len(small.units) - 1), label="block")
    unit = small.units[index]
    at = data.draw(st.integers(unit.begin, unit.end - 4), label="byte")
    wide = data.draw(st.booleans(), label="four bytes")
    changed_bytes = changed(small, at, order + ("I" if wide else "H"), value if wide else value & 0xFFFF)
    analysis, file = read(tmp_path / "x", changed_bytes)
    before = small.units[index - 1].records
    if before >= RST_FRAME and packet_block != 3:  # simple packets have no times, so there is no gap
        assert proved(analysis) == EXPECTED
    assert file.facts.records >= before
    if file.facts.damage is not None:
        assert file.facts.damage.offset >= unit.begin


@pytest.mark.parametrize("small", [small_pcap(), small_pcapng()], ids=["pcap", "pcapng"])
@fuzz
@given(data=st.data(), value=lengths)
def test_file_headers(small: Small, data: st.DataObject, value: int, tmp_path: Path) -> None:
    """Whatever stands in the file header, section header or interface description gives a result or a named error."""
    end = small.units[1].end if small.data[:4] == b"\n\r\r\n" else 24
    at = data.draw(st.integers(0, end - 4), label="byte")
    try:
        read(tmp_path / "x", changed(small, at, "<I", value))
    except pcapdiag.CaptureError as error:
        assert error.path == str(tmp_path / "x")


@pytest.mark.parametrize("link", [link for link in LINKS if link.four], ids=lambda link: link.name)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lengths_inside_packets(link: Link, data: st.DataObject, tmp_path: Path) -> None:
    """Any byte of any header of a packet may lie (link, tag, tunnel, IP, UDP, TCP): it is one packet more or less,
    never damage, and what was found before stays found."""
    packets = [p._replace(data=link.wrap(p.data)) for p in (*LOST, *LATER)]
    number = data.draw(st.integers(RST_FRAME, len(packets) - 1), label="packet")
    victim = bytearray(packets[number].data)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(victim) - 1 - 20), label="byte")  # the last 20 are payload
        victim[at] = data.draw(st.sampled_from((0, 1, 4, 5, 6, 15, 16, 20, 127, 128, 255)) | st.integers(0, 255))
    packets[number] = packets[number]._replace(data=bytes(victim))
    analysis, file = read(tmp_path / "x", pcap(packets, link.link_type))
    assert (file.facts.records, file.facts.damage) == (len(packets), None)
    assert file.facts.segments >= len(packets) - 1
    assert proved(analysis)[:1] == EXPECTED  # a byte that makes a RST of a response may well add another


@fuzz
@given(data=st.binary(max_size=200), small=st.sampled_from([small_pcap(), small_pcapng(">")]), at=st.integers(28, 500))
def test_anything_behind_a_good_start(data: bytes, small: Small, at: int, tmp_path: Path) -> None:
    """Garbage after any part of a good capture gives what the good part holds, and a result or damage for the rest."""
    at = min(max(at, 28), len(small.data))  # less is no capture yet
    _, file = read(tmp_path / "x", small.data[:at] + data)
    assert file.facts.records >= small.whole(at).records


@pytest.mark.parametrize("length", [2**31 - 4, 2**31, 2**32 - 4])
@pytest.mark.parametrize("small", [small_pcap(), small_pcapng()], ids=["pcap", "pcapng"])
def test_an_absurd_length_takes_no_memory(small: Small, length: int) -> None:
    """A length of 2 or 4 GB, on a stream that goes on for 64 MB, is met with 400 MB of address space to spare."""
    at = small.units[-2].begin
    pcapng = small.data[:4] == b"\n\r\r\n"
    data = changed(small, at + (4 if pcapng else 8), "<I", length) + bytes(64 << 20)
    run = analyze("-", stdin=data, before=("sh", "-c", 'ulimit -v 400000; exec "$@"', "sh"))
    assert run.returncode == 3
    assert f"damaged at byte {at}, after frame {small.units[-3].records}: " in run.stderr
