"""What the first bytes of a file say it is. Names are not believed: rings rename, people rename, browsers
rename."""

from __future__ import annotations

import re
from typing import Literal

Format = Literal["pcap", "pcapng"]
Compression = Literal["gzip", "zstd", "xz", "bzip2", "lz4"]

# Microseconds and nanoseconds (draft-ietf-opsawg-pcap section 4) and Kuznetzov's modified format, whose
# record headers have 24 bytes (libpcap, sf-pcap.c), each in both byte orders.
_PCAP = frozenset(
    magic.to_bytes(4, order) for magic in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34) for order in ("little", "big")
)
_PCAPNG = b"\x0a\x0d\x0d\x0a"  # a palindrome: the byte order is said by the byte-order magic at offset 8
_BYTE_ORDER = (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")

ENOUGH = 4
"""Bytes that decide whether and how a file is compressed."""
DESCRIBABLE = 512
"""Bytes that tell what a file is that is no capture: a tar archive says so at byte 257."""

_FRAMES: dict[Compression, bytes] = {
    "gzip": b"\x1f\x8b\x08",  # RFC 1952, CM = 8, the only method there ever was
    "zstd": b"\x28\xb5\x2f\xfd",  # RFC 8878 section 3.1.1
    "xz": b"\xfd7zX",  # the six-byte magic goes on with Z NUL; four bytes are unambiguous here
    "bzip2": b"BZh",
    "lz4": b"\x04\x22\x4d\x18",  # LZ4 frame format 1.6
}

_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"snoop\0\0\0", "a snoop capture: convert it with editcap -F pcap"),
    (0, b"RTSS", "a Microsoft Network Monitor 1 capture: convert it with editcap -F pcap"),
    (0, b"GMBU", "a Microsoft Network Monitor 2 capture: convert it with editcap -F pcap"),
    (0, b"TRSNIFF data", "a Sniffer capture: convert it with editcap -F pcap"),
    (0, b"XCP\0", "a NetXRay capture: convert it with editcap -F pcap"),
    (0, b"iptrace ", "an AIX iptrace capture: convert it with editcap -F pcap"),
    (0, b"btsnoop\0", "a Bluetooth capture: it holds no TCP"),
    (0, b"\x1c\x00\x01\xac", "an Ixia variant of pcap: convert it with editcap -F pcap"),
    (0, b"\xac\x01\x00\x1c", "an Ixia variant of pcap: convert it with editcap -F pcap"),
    (0, b"\xa1\xb2\xc3\xcd", "a Navtel variant of pcap: convert it with editcap -F pcap"),
    (0, b"\xcd\xc3\xb2\xa1", "a Navtel variant of pcap: convert it with editcap -F pcap"),
    (0, b"PK\x03\x04", "a zip archive: unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (0, b"Rar!\x1a\x07", "a rar archive: unpack it first"),
    (257, b"ustar", "a tar archive: unpack it first"),
    (0, b"\x1f\x9d", "a compress (.Z) file: unpack it first"),
    (0, b"\x02\x21\x4c\x18", "an lz4 file in the legacy format of lz4 -l: unpack it first"),
    (0, b"LZIP", "an lzip file: unpack it first"),
    (0, b"\x7fELF", "a program"),
)
_TCPDUMP_TEXT = re.compile(rb"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ (\S+ +(In|Out|B|M|P) +)?(IP6?|ARP)\b")


def capture_format(head: bytes) -> Format | None:
    """The capture format that ``head`` (the first 4 bytes or more, decompressed) begins, or None."""
    if head[:4] in _PCAP:
        return "pcap"
    if head[:4] == _PCAPNG and (len(head) < 12 or head[8:12] in _BYTE_ORDER):
        return "pcapng"
    return None


def undecided(head: bytes) -> bool:
    """Whether more bytes after ``head`` could change what `capture_format` says."""
    return len(head) < ENOUGH or (head[:4] == _PCAPNG and len(head) < 12)


def compression_of(head: bytes) -> Compression | None:
    """How a file that begins with ``head`` is compressed, or None. Skippable frames in front are walked
    over."""
    at = 0
    while _skippable(head[at : at + 4]) and len(head) >= at + 8:
        at += 8 + int.from_bytes(head[at + 4 : at + 8], "little")
    if _skippable(head[at : at + 4]) or (at and at >= len(head)):
        return "zstd"  # lz4 has the same skippable frames, but only pzstd is known to begin with one
    for name, magic in _FRAMES.items():
        if head.startswith(magic, at):
            return name
    return None


def starts_frame(kind: Compression, data: bytes) -> bool:
    """Whether ``data`` begins a further frame (member, stream) of a file compressed by ``kind``."""
    return data.startswith(_FRAMES[kind]) or (kind in ("zstd", "lz4") and _skippable(data[:4]))


def may_start_frame(kind: Compression, data: bytes) -> bool:
    """Whether ``data``, at most three bytes at the end of a file, is a frame's magic cut off."""
    return _FRAMES[kind].startswith(data)


def looks_like(head: bytes, path: str) -> str:
    """Why the file ``path`` that begins with ``head`` (its first `DESCRIBABLE` bytes) is no capture, for
    people."""
    if not head:
        return "an empty file"
    if capture_format(head[:4]) == "pcapng":
        return "not pcapng, though it begins like it: no byte-order magic follows (damaged, or something else)"
    for offset, magic, text in _OTHERS:
        if head.startswith(magic, offset):
            return text
    if nested := compression_of(head):
        return f"{nested} data inside compressed data: unpack it once first"
    if len(head) < ENOUGH:
        return f"{len(head)} byte{'s' if len(head) > 1 else ''}: too short for a capture"
    if not head.strip(b"\0"):
        return "nothing but zeros: the file was lost, or never written"
    if path.lower().endswith(".etl"):
        return "an .etl trace of Windows: convert it with pktmon etl2pcap, or with etl2pcapng"
    return _text(head) or "not a capture: its first bytes are " + head[:8].hex(" ")


def _skippable(magic: bytes) -> bool:
    return len(magic) == 4 and magic[0] & 0xF0 == 0x50 and magic[1:] == b"\x2a\x4d\x18"


def _text(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _TCPDUMP_TEXT.match(start):
        return "what tcpdump prints, not what it captures: capture with tcpdump -w FILE"
    if re.match(rb"(?i)<!doctype html|<html", start):
        return "an HTML page: an error or login page was saved in place of the capture"
    if b"<pdml" in head or b"<psml" in head:
        return "what tshark prints as XML: the capture itself is needed"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head):
        return "a text file"
    return None
