"""A piece of wire between two interfaces: ``python -m pcapdiag.lab.relay LEFT RIGHT``, in a namespace of its own.

    client ══ LEFT  relay  RIGHT ══ middle

Some kernels have neither netem nor 802.1Q. What those would do is done here, between two packet sockets: every frame that
arrives on one interface leaves on the other, later by ``--delay``, and with an 802.1Q tag towards one end
(``--tag right:100``), which is taken off on the way back. Nothing else is touched: a host behind it sees what it would see
on a longer cable, or behind a switch's trunk.

The sockets speak ``PACKET_VNET_HDR``. veth leaves checksums and segmentation to a device that never comes; the header in front of
each frame says what is still to be done, and handing it on keeps a frame as good as it was: without it the far
stack drops it for its checksum. One line ``relaying`` on stdout says that both sockets are open.
"""

from __future__ import annotations

import argparse
import select
import signal
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from types import FrameType

from pcapdiag.durations import parse_duration

# <linux/if_packet.h>, <linux/if_ether.h>: names that the socket module does not have.
_SOL_PACKET, _AUXDATA, _VNET_HDR, _IGNORE_OUTGOING = 263, 8, 15, 23
_ETH_P_ALL, _ETH_P_8021Q = 0x0003, 0x8100
_TP_STATUS_VLAN_VALID = 1 << 4
#: struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid.
_AUX = struct.Struct("=IIIHHHH")
#: struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, in the machine's own byte order.
_VNET = struct.Struct("=BBHHHH")
_NEEDS_CSUM = 1
#: A super-segment has at most 64 KiB, and two headers in front.
_FRAME = 65536 + 64
_MACS = 12


@dataclass(slots=True)
class _Way:
    """One direction: where frames leave, how much later, the tag they get (None: none), and those under way."""

    out: socket.socket
    delay: int
    tag: int | None
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)

    def take(self, frame: bytes, now: int) -> None:
        """A frame came in; one delay for all keeps their order."""
        self.waiting.append((now + self.delay, frame if self.tag is None else tagged(frame, self.tag)))

    def send(self, now: int) -> None:
        """Hand over what is due."""
        while self.waiting and self.waiting[0][0] <= now:
            try:
                self.out.send(self.waiting.popleft()[1])
            except OSError as error:  # the interface went down, or refuses a frame: so does a cable
                print(f"lost a frame: {error}", file=sys.stderr, flush=True)  # noqa: T201


def tagged(frame: bytes, vlan: int) -> bytes:
    r"""``frame`` (virtio_net_hdr first) with an 802.1Q tag; what is said about its headers moves with them.

    >>> plain = bytes(10) + bytes(range(12)) + b"\x08\x00IP"
    >>> tagged(plain, 100)[10:].hex(" ", 2)
    '0001 0203 0405 0607 0809 0a0b 8100 0064 0800 4950'
    """
    flags, gso_type, header, gso_size, start, offset = _VNET.unpack_from(frame)
    vnet = _VNET.pack(flags, gso_type, header and header + 4, gso_size, start + 4 if flags & _NEEDS_CSUM else start, offset)
    at = _VNET.size + _MACS
    return vnet + frame[_VNET.size : at] + struct.pack("!HH", _ETH_P_8021Q, vlan) + frame[at:]


def received(sock: socket.socket, strip: int | None) -> bytes | None:
    """The next frame with its virtio_net_hdr. The kernel takes a tag off and tells it beside the frame: it is put back, unless it
    is the one to ``strip``. None if there is no frame, or if it does not carry the tag that everything here carries."""
    try:
        frame, beside, _, _ = sock.recvmsg(_FRAME, 128)
    except (BlockingIOError, OSError):
        return None
    tag = None
    for level, kind, data in beside:
        if (level, kind) == (_SOL_PACKET, _AUXDATA):
            status, _, _, _, _, tci, _ = _AUX.unpack_from(data)
            tag = tci & 0xFFF if status & _TP_STATUS_VLAN_VALID else None
    if strip is not None:
        return frame if tag == strip else None
    return frame if tag is None else tagged(frame, tag)


def packet_socket(interface: str) -> socket.socket:
    """A packet socket on ``interface`` that hears every frame but its own. Raises OSError without CAP_NET_RAW."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # protocol 0: hears nothing until it is bound
    for option in (_VNET_HDR, _AUXDATA, _IGNORE_OUTGOING):
        sock.setsockopt(_SOL_PACKET, option, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((interface, _ETH_P_ALL))
    sock.setblocking(False)
    return sock


def relay(left: str, right: str, delay: int, tag_left: int | None = None, tag_right: int | None = None) -> None:
    """Hand frames on until the process is ended. ``delay`` is ns in each direction; a tag is a VLAN number."""
    ends = packet_socket(left), packet_socket(right)
    to_right, to_left = _Way(ends[1], delay, tag_right), _Way(ends[0], delay, tag_left)
    ways = ((ends[0], to_right, tag_left), (ends[1], to_left, tag_right))
    print("relaying", flush=True)  # noqa: T201
    while True:
        due = [way.waiting[0][0] for _, way, _ in ways if way.waiting]
        wait = max(0, min(due) - time.monotonic_ns()) / 1e9 if due else None
        ready, _, _ = select.select(ends, (), (), wait)
        now = time.monotonic_ns()
        for end, way, strip in ways:
            if end in ready and (frame := received(end, strip)) is not None:
                way.take(frame, now)
        for _, way, _ in ways:
            way.send(time.monotonic_ns())


def _tag(text: str) -> tuple[str, int]:
    """``right:100`` as its side and number."""
    side, _, number = text.partition(":")
    if side not in {"left", "right"} or not number.isdigit() or not 0 < int(number) < 4095:
        raise argparse.ArgumentTypeError(f"not a tag: {text!r} (write it like right:100)")
    return side, int(number)


def main() -> None:
    """The program: two interfaces, and what this wire does to frames."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    parser = argparse.ArgumentParser(prog="pcapdiag.lab.relay", description="A piece of wire between two interfaces.")
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("--delay", type=parse_duration, default=0, help="of each direction, as 20ms")
    parser.add_argument("--tag", type=_tag, default=None, help="tag frames that leave on one side, as right:100")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    side, number = wanted.tag or (None, None)
    relay(
        wanted.left,
        wanted.right,
        wanted.delay,
        tag_left=number if side == "left" else None,
        tag_right=number if side == "right" else None,
    )


if __name__ == "__main__":
    main()
