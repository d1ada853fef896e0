"""From text to capture files."""

from __future__ import annotations

from pcapdiag.writing import Interface, Record, pcap, pcapng

from .errors import ConversationError
from .packets import packet
from .setting import LINKS, Setting
from .talk import Heard, listen

FORMATS = ("pcapng", "pcap")


def forge(text: str, setting: Setting | None = None, *, container: str = "pcapng") -> list[bytes]:
    """The capture files of a conversation as bytes: one, and one more for each of its ``file`` lines.

    ``container`` is "pcapng", or "pcap" for classic pcap. Raises ConversationError, which names the line;
    ModuleNotFoundError where scapy is missing; ValueError for another container.
    """
    if container not in FORMATS:
        raise ValueError(f"{container!r} is neither {' nor '.join(FORMATS)}")
    heard = listen(text, setting)
    link_type, snap = LINKS[heard.setting.link], heard.setting.snap
    if container == "pcap":
        _one_interface(text, heard)
        return [pcap(records, link_type, snap) for records in _records(heard)]
    files = _records(heard)
    interfaces = 1 + max((record.interface for records in files for record in records), default=0)
    return [pcapng(records, [Interface(link_type, snap)] * interfaces) for records in files]


def _records(heard: Heard) -> list[list[Record]]:
    """The records of each file. Of an sll2 capture, the interface is in the packet, and the file has one."""
    link = heard.setting.link
    files: list[list[Record]] = [[] for _ in range(heard.files)]
    for segment in heard.segments:
        interface = 0 if link == "sll2" else segment.interface
        files[segment.file].append(Record(segment.time, interface, packet(segment, link)))
    return files


def _one_interface(text: str, heard: Heard) -> None:
    for segment in heard.segments:
        if segment.interface and heard.setting.link != "sll2":
            line = text.splitlines()[segment.line - 1].strip()
            right = "a classic pcap file has one interface: via= needs pcapng, or `link sll2`"
            raise ConversationError(segment.line, line, right)
