"""What else a RST carries: signals that are measured and said, but that prove nothing of the place by themselves."""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod, SegmentFacts, WakeKind
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.signals import ACK, SWAPPED
from pcapdiag.rules.types import Sender, Signal

_ETHERNET, _SLL, _SLL2 = 1, 113, 276
#: Packet types of cooked captures (`man 7 packet`, tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html).
_INCOMING, _OUTGOING = 0, 4
_PACKET_TYPES = {_INCOMING: "incoming", 1: "broadcast", 2: "multicast", 3: "to another host", _OUTGOING: "outgoing"}


def window(period: IdlePeriod, rst: SegmentFacts) -> Signal:
    """A live window beside an ACK is a socket's; window 0 everybody sends."""
    text = f"{rst.window}" + ("" if period.peer.window is None else f", that side's last was {period.peer.window}")
    return Signal("window", text, Sender.ABORTED if rst.window and rst.flags & ACK else None)


def timestamps(period: IdlePeriod, rst: SegmentFacts) -> Signal | None:
    """Whether the RST has the option that the connection uses: only who holds the connection can fill it in.

    RFC 7323 (3.2) lets a RST go without it, so that its absence alone tells nothing.
    """
    before = period.peer.timestamps
    if rst.timestamps is None:
        return Signal("timestamps", "unknown: the RST's options were cut off", None)
    has = "present" if rst.timestamps else "none"
    if before is None:
        return Signal("timestamps", f"{has}; whether they were negotiated is unknown", None)
    if before:
        return Signal("timestamps", f"{has}, negotiated", Sender.ABORTED if rst.timestamps else None)
    return Signal("timestamps", f"{has}, not negotiated", None)


def ip_id(period: IdlePeriod, rst: SegmentFacts) -> Signal | None:
    """IP ID and DF. Linux without a socket sends ID 0 with DF; but so it sends SYN,ACKs, and other systems count on."""
    if rst.ip_id is None:
        return None
    text = f"IP ID {rst.ip_id}" + {None: "", True: ", DF set", False: ", DF not set"}[rst.dont_fragment]
    if period.peer.ip_id is not None:
        text += f"; that side's last was {period.peer.ip_id}"
        text += {None: "", True: ", DF set", False: ", DF not set"}[period.peer.dont_fragment]
    if rst.ip_id == 0 and rst.dont_fragment:
        text += ": as Linux sends it without a socket"
    return Signal("IP ID", text, None)


def source_mac(period: IdlePeriod, rst: SegmentFacts) -> Signal | None:
    """The device that brought the RST onto this link, against the one to which the wake was sent.

    Neither points anywhere: the router that brings everything may be the sender or not, and another address than the one
    written to is usual with virtual routers (HSRP, VRRP) and paths that differ by direction.
    """
    wake = period.wake.first
    if rst is wake or (rst.link_type, wake.link_type) != (_ETHERNET, _ETHERNET) or rst.via != wake.via:
        return None
    source, target = rst.head[6:12], wake.head[:6]
    if len(source) < 6 or len(target) < 6 or not any(source):
        return None
    if source == target:
        return Signal("source MAC", f"{source.hex(':')}, to which the {noun(period)} was sent", None)
    text = f"{source.hex(':')}, the {noun(period)} was sent to {target.hex(':')}: another device, or another address of one"
    return Signal("source MAC", text, None)


def interface(period: IdlePeriod, rst: SegmentFacts) -> Signal | None:
    """Whether the RST was recorded another way than what its alleged sender sent before."""
    via = period.peer.via
    if via is None or via == rst.via:
        return None
    text = f"recorded another way ({rst.via}) than that side's segments ({via}): interface, direction, tag or tunnel differ"
    return Signal("interface", text, None)


def direction(rst: SegmentFacts) -> Signal | None:
    """Packet type of a cooked capture: whether the captured machine sent it."""
    if rst.link_type == _SLL and len(rst.head) >= 2:
        kind = int.from_bytes(rst.head[:2], "big")
    elif rst.link_type == _SLL2 and len(rst.head) >= 11:
        kind = rst.head[10]
    else:
        return None
    text = _PACKET_TYPES.get(kind, "unknown") + f" (packet type {kind})"
    if kind == _OUTGOING:
        text += ": made on the capturing machine, or forwarded by it"
    elif kind == _INCOMING:
        text += ": the capturing machine received it"
    return Signal("direction", text, None)


def went_on(period: IdlePeriod, rst: SegmentFacts) -> Signal | None:
    """Whether the endpoint spoke after the RST in its name: a stack that resets a connection has no more to say on it."""
    answer = period.answer
    if answer is None or answer.went_on is None or period.wake.kind is WakeKind.RST:
        return None
    after = answer.went_on.time - rst.ref.time
    text = f"that side sent on {format_duration(after)} after the RST, in frame {answer.went_on.frame}"
    if after <= SWAPPED:
        return Signal("went on", f"{text}: the records may be swapped", None)
    return Signal("went on", f"{text}: the RST is not its own", Sender.NEARER)
