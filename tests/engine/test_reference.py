"""The core and the reference say the same of everything: idle periods, connections, totals, records."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.harness import MORE, core, differences, law_of_records
from tests.engine.talk import OPENED, SECOND
from tests.forge.conversation import conversation, merge
from tests.forge.files import Interface, Section, pcap, pcapng
from tests.forge.packets import Packet
from tests.forge.traffic import PLAUSIBLE, SANE, captures
from tests.forge.wrap import LINKS, Link
from tests.reference.run import reference

HERE = Path(__file__).parents[2] / "captures"
FOREIGN = Path(os.environ.get("PCAPDIAG_CORPUS", ""))
IDLE = st.sampled_from((SECOND, 60 * SECOND, SECOND * 3 // 10))
TALK = OPENED + "30 C probe\n30.02 S ACK\n60 C 80 bytes\n60.2 C again\n60.22 S RST"
TALK6: dict[str, Any] = {"client": ("2001:db8::1", 50000), "server": ("2001:db8::2", 443)}


def agree(files: list[bytes], min_idle: int = SECOND, contiguous: list[bool] | None = None) -> None:
    """Both readers say the same, and each obeys the law of records."""
    expected, found = reference(files, min_idle, contiguous or []), core(files, min_idle, contiguous or [])
    law_of_records(expected)
    law_of_records(found)
    assert not differences(expected, found)


@MORE
@given(captures(kinds=PLAUSIBLE), IDLE)
def test_plausible_traffic(packets: list[Packet], min_idle: int) -> None:
    """Requests and responses, delayed ACKs, losses, probes, FINs and RSTs as stacks send them."""
    agree([pcapng(packets)], min_idle)


@MORE
@given(captures(most=2, kinds=SANE), IDLE)
def test_implausible_traffic(packets: list[Packet], min_idle: int) -> None:
    """Copies, crossing payload, swapped records, port reuse, challenge ACKs, missed bytes, ICMP errors."""
    agree([pcapng(packets)], min_idle)


@MORE
@given(captures(most=2, kinds=PLAUSIBLE), st.integers(0, 40), st.booleans())
def test_traffic_in_two_files(packets: list[Packet], at: int, contiguous: bool) -> None:
    """A ring of files as one timeline, with or without a hole."""
    agree([pcapng(packets[:at]), pcapng(packets[at:])], SECOND, [True, contiguous])


CARRIED = [(link, six) for link in LINKS for six in (False, True) if (link.six if six else link.four)]


@pytest.mark.parametrize(("link", "six"), CARRIED, ids=[f"{link.name}-IPv{6 if six else 4}" for link, six in CARRIED])
def test_link_types_and_tunnels(link: Link, six: bool) -> None:
    """Every link type and tunnel, whole and cut after 96 bytes."""
    packets = conversation(TALK, **(TALK6 if six else {}))
    wrapped = [p._replace(data=link.wrap(p.data)) for p in packets]
    for snap in (65535, 140, 96, 60):
        agree([pcap([p.cut(snap) for p in wrapped], link.link_type)])
    assert core([pcap(wrapped, link.link_type)], SECOND).files[0]["segments"] == len(packets)


RESOLUTIONS = (None, 6, 9, 3, 10, 0x80 | 10, 0x80 | 30, 0x80 | 33)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_pcapng_dialects(order: str, resolution: int | None) -> None:
    """Either byte order, if_tsresol of either base, if_tsoffset, old and simple packet blocks, unknown blocks, drops."""
    packets = conversation(TALK)
    for offset in (None, 0, 1_699_999_000, -5):
        for kind in (6, 2, 3):
            interfaces = [Interface(resolution=resolution, offset=offset)]
            agree([bytes(Section(packets, interfaces, order, kind, noise=True, drops=7))])


@MORE
@given(captures(most=2, kinds=PLAUSIBLE), st.integers(0, 40))
def test_pcapng_sections(packets: list[Packet], at: int) -> None:
    """Several sections of either byte order, several interfaces with their own clocks."""
    plain = [Interface(), Interface(resolution=6)]
    other = [Interface(offset=1000), Interface(resolution=0x80 | 32)]
    agree([bytes(Section(packets[:at], plain, "<")) + bytes(Section(packets[at:], other, ">", noise=True))])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("style", [{"nano": True}, {"nano": False}, {"kuznetzov": True}], ids=str)
def test_pcap_dialects(order: str, style: dict[str, bool]) -> None:
    """Both byte orders, µs and ns, modified by Kuznetzov."""
    agree([pcap(conversation(TALK), order=order, **style)])


@MORE
@given(captures(most=2, kinds=PLAUSIBLE), st.integers(20, 100))
def test_headers_cut_by_the_snap_length(packets: list[Packet], snap: int) -> None:
    """Headers cut by the snap length are counted, not guessed; options may be cut off."""
    agree([pcapng([p.cut(snap) for p in packets])])


def test_many_services_at_once() -> None:
    """Interleaved connections of several services."""
    talks = [
        conversation(TALK, client=(f"10.1.0.{n}", 50000 + n), server=(f"10.2.0.{n % 3}", 443), client_isn=n * 99_999_999)
        for n in range(40)
    ]
    agree([pcap(merge(*talks))])


def _bytes_of(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        zstandard = pytest.importorskip("zstandard")
        return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(data))
    return data


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix not in (".md", ".py", ".json")) if folder.is_dir() else []


@pytest.mark.parametrize("min_idle", [SECOND, SECOND // 10])
@pytest.mark.parametrize("path", _files(HERE), ids=lambda p: p.name)
def test_shipped_captures(path: Path, min_idle: int) -> None:
    """Every shipped capture."""
    agree([_bytes_of(path)], min_idle)


@pytest.mark.skipif(not FOREIGN.name, reason="PCAPDIAG_CORPUS names no folder of captures")
@pytest.mark.parametrize("min_idle", [SECOND, SECOND // 10])
@pytest.mark.parametrize("path", _files(FOREIGN) if FOREIGN.name else [], ids=lambda p: p.name)
def test_captures_made_by_others(path: Path, min_idle: int) -> None:
    """Every capture of the folder that PCAPDIAG_CORPUS names; where time stands beyond 64 bits, its records only."""
    data = _bytes_of(path)
    if any(t is not None and t >= 2**63 for f in reference([data], min_idle).files for t in f["span"]):
        found, expected = core([data], min_idle).files, reference([data], min_idle).files
        assert [(f["records"], f["segments"]) for f in found] == [(f["records"], f["segments"]) for f in expected]
    else:
        agree([data], min_idle)
