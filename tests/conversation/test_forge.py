"""Capture files of conversations: times, interfaces, snap length, formats, as other readers find them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pcapdiag.conversation import FORMATS, LINKS, START, ConversationError, conversation, forge
from pcapdiag.conversation.packets import packet
from tests.conversation.talks import OPENED, SIX, everything, talks
from tests.forge import conversation as fast
from tests.forge import files
from tests.forge.packets import Packet
from tests.programs import needs
from tests.reference.records import Record, walk

TALK = OPENED + "350.100000001 C 80 bytes\n350.12 S RST"
FIELDS = ("frame.time_epoch", "frame.interface_id", "frame.cap_len", "frame.len", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags",
          "tcp.window_size_value", "tcp.len", "tcp.checksum.status", "ip.checksum.status")  # fmt: skip


def tshark(data: bytes, folder: Path, *fields: str) -> list[dict[str, str]]:
    """What tshark says of each TCP segment that is not quoted in an ICMP error."""
    (folder / "x").write_bytes(data)
    command = ["tshark", "-n", "-r", str(folder / "x"), "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    command += ["-Y", "tcp && !icmp && !icmpv6", "-T", "json", *(f"-e{field}" for field in (*FIELDS, *fields))]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    layers = [found["_source"]["layers"] for found in json.loads(run.stdout)]
    return [{name: value[0] for name, value in layer.items()} for layer in layers]


def records(data: bytes) -> list[Record]:
    """All records of a file that is whole."""
    read = walk(data)
    assert not read.damaged
    return read.records


@pytest.mark.parametrize("container", FORMATS)
@pytest.mark.parametrize("ends", ["", SIX], ids=["IPv4", "IPv6"])
def test_files_are_as_the_tests_write_them(container: str, ends: str) -> None:
    """Another writer makes the same records of the same packets."""
    packets = [Packet(s.time, fast.packet(s), s.interface) for s in conversation(ends + TALK)]
    other = files.pcapng(packets) if container == "pcapng" else files.pcap(packets)
    (forged,) = forge(ends + TALK, container=container)
    assert records(forged) == records(other)
    assert len(records(forged)) == 8


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(talks())
def test_every_segment_is_one_record(text: str) -> None:
    """Each recorded segment is one record, in order, with its time to the nanosecond, its interface and all its bytes."""
    (forged,) = forge(text)
    link = text.split("link ")[1].split()[0]
    found = [(r.time, r.interface, bytes(r.data), r.link_type) for r in records(forged)]
    assert found == [(s.time, 0 if link == "sll2" else s.interface, packet(s, link), LINKS[link]) for s in conversation(text)]


def test_a_snap_length_cuts_records() -> None:
    """With `snap` each record holds that many bytes from the link layer on, and says how long it was."""
    for container in FORMATS:
        (forged,) = forge(f"snap 60\nlink ethernet\n{TALK}", container=container)
        assert {len(r.data) for r in records(forged)} <= set(range(61))
        assert max(r.original for r in records(forged)) == 14 + 52 + 900


def test_each_file_line_begins_another() -> None:
    """One capture for each file, with the same interfaces; one may be empty."""
    forged = forge(f"{OPENED}0.05 S 5 bytes via=1\nfile\n1 C ACK\nfile")
    assert [len(records(data)) for data in forged] == [7, 1, 0]
    assert [data.count(b"\t\0\x01\0\t\0\0\0") for data in forged] == [2, 2, 2]  # if_tsresol once an interface


def test_a_pcap_has_one_interface() -> None:
    """What classic pcap cannot hold is refused; a cooked capture of version 2 says it in the packet."""
    with pytest.raises(ConversationError, match="line 2: `1 C copy via=1`.*pcapng"):
        forge("0 C SYN\n1 C copy via=1", container="pcap")
    (forged,) = forge("link sll2\n0 C SYN\n1 C copy via=1", container="pcap")
    assert len(records(forged)) == 2


def test_there_are_two_containers() -> None:
    """Any other is refused."""
    with pytest.raises(ValueError, match="neither pcapng nor pcap"):
        forge(TALK, container="snoop")


def test_scapy_is_told_of_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without scapy there are segments, and the error for packets says what to install."""
    monkeypatch.setitem(sys.modules, "scapy.packet", None)
    assert conversation(TALK)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'pcapdiag\[packets\]'") as found:
        forge(TALK)
    assert found.value.name == "scapy"


def test_segments_need_no_scapy() -> None:
    """Importing the room and reading a conversation loads no guest."""
    code = "import sys; from pcapdiag.conversation import conversation; conversation('0 C SYN'); print('scapy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


@needs("tshark")
@pytest.mark.parametrize("container", FORMATS)
@pytest.mark.parametrize("link", sorted(LINKS))
@pytest.mark.parametrize("six", [False, True], ids=["IPv4", "IPv6"])
def test_tshark_finds_what_was_said(tmp_path: Path, container: str, link: str, six: bool) -> None:
    """tshark agrees on time, numbers, flags, window, length and interface, and finds every checksum good."""
    text = f"link {link}\n{everything(six)}"
    if container == "pcap" and link != "sll2":
        text = text.replace("via=1", "")
    segments = [s for s in conversation(text) if s.icmp is None]
    for number, data in enumerate(forge(text, container=container)):
        mine = [s for s in segments if s.file == number]
        found = tshark(data, tmp_path)
        assert len(found) == len(mine)
        for segment, row in zip(mine, found, strict=True):
            _agree(segment, row, link)


def _agree(segment: Any, row: dict[str, str], link: str) -> None:
    seconds, _, fraction = row["frame.time_epoch"].partition(".")
    assert int(seconds) * 10**9 + int(fraction) == segment.time
    said = [int(row[name], 0) for name in ("tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len")]
    assert said == [segment.seq, segment.ack, segment.flags, segment.window, len(segment.payload)]
    assert row["tcp.checksum.status"] == "1"
    assert row.get("ip.checksum.status", "1") == "1"
    assert int(row.get("frame.interface_id", 0)) == (0 if link == "sll2" else segment.interface)


@needs("tshark")
def test_tshark_reads_a_cut_capture(tmp_path: Path) -> None:
    """It knows how much of each packet there was, and the lengths of the payload."""
    rows = tshark(forge(f"snap 60\n{TALK}")[0], tmp_path)
    assert {int(row["frame.cap_len"]) for row in rows} <= set(range(61))
    assert [int(row["tcp.len"]) for row in rows] == [0, 0, 0, 120, 900, 0, 80, 0]


def test_the_start_is_the_stroke_of_midnight() -> None:
    """Seconds of a conversation can be read off the clock."""
    assert START % (86400 * 10**9) == 0
