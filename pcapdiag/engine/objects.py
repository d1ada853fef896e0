"""From the core's numbers to the types of ``types.py``: the only place where the two meet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pcapdiag.engine.types import (
    Answer,
    AnswerKind,
    Bound,
    Closings,
    Connection,
    Damage,
    Endpoint,
    Extreme,
    FileFacts,
    Fin,
    IdlePeriod,
    Keepalive,
    Outcome,
    Pair,
    PeerFacts,
    Probing,
    RecordRef,
    RolesFrom,
    Seen,
    SegmentFacts,
    Service,
    Totals,
    Traced,
    Waiting,
    Wake,
    WakeKind,
)

# In the order of the core's enumerations.
_OUTCOMES = tuple(Outcome)
_KINDS = tuple(WakeKind)
_FINS = tuple(Fin)
_BOUNDS = tuple(Bound)
_ROLES = tuple(RolesFrom)
_REPLIES = (None, AnswerKind.RST, AnswerKind.ACK, AnswerKind.ICMP)
_SEEN = tuple(Seen)

MS = 1_000_000
BUCKETS, FIRST_OCTAVE = 120, 20
#: Lower edges of the histogram's buckets in ns: four an octave from 2^20 on; the first also holds all below it.
EDGES = tuple((4 + i % 4) << (FIRST_OCTAVE + i // 4 - 2) for i in range(BUCKETS))

#: LINKTYPE_ values (tcpdump.org/linktypes.html) that are decoded, and the commoner of those that are not.
LINK_TYPES = {
    0: "NULL", 1: "ETHERNET", 6: "IEEE802_5", 9: "PPP", 12: "RAW", 14: "RAW", 50: "PPP_HDLC", 51: "PPP_ETHER",
    101: "RAW", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 108: "LOOP", 113: "LINUX_SLL", 117: "PFLOG",
    119: "IEEE802_11_PRISM", 127: "IEEE802_11_RADIOTAP", 147: "USER0", 163: "IEEE802_11_AVS", 166: "PPP_PPPD",
    187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI", 195: "IEEE802_15_4_WITHFCS", 201: "BLUETOOTH_HCI_H4_WITH_PHDR",
    220: "USB_LINUX_MMAPPED", 227: "CAN_SOCKETCAN", 228: "IPV4", 229: "IPV6", 231: "DBUS", 239: "NFLOG", 247: "INFINIBAND",
    249: "USBPCAP", 251: "BLUETOOTH_LE_LL", 253: "NETLINK", 276: "LINUX_SLL2",
}  # fmt: skip
_PROTOCOLS = {1: "ICMP", 2: "IGMP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 59: "IPv6 no next header",
              88: "EIGRP", 89: "OSPF", 103: "PIM", 112: "VRRP", 132: "SCTP"}  # fmt: skip
_ETHERTYPES = {0: "LLC", 0x0806: "ARP", 0x8035: "RARP", 0x8863: "PPPoE discovery", 0x8864: "PPPoE control", 0x888E: "802.1X",
               0x88CC: "LLDP", 0x8809: "slow protocols", 0x8906: "FCoE", 0x88F7: "PTP", 0x9000: "loopback"}  # fmt: skip
# In the order of the core's Fate; None where the reason is told by a finer count.
_FATES = (None, None, None, None, "IP fragment", "cut by snap length", "bad link header", "bad IP header", "bad TCP header",
          "bad tunnel header", "too many tunnels", "systemd journal entry", "custom block")  # fmt: skip
_OTHER = (1 << 64) - 1


@lru_cache(maxsize=4096)
def endpoint(hi: int, lo: int, port: int) -> Endpoint:
    """The core's 128-bit address (IPv4 mapped) as text."""
    if hi == 0 and lo >> 32 == 0xFFFF:
        return Endpoint(str(ipaddress.IPv4Address(lo & 0xFFFFFFFF)), port)
    return Endpoint(str(ipaddress.IPv6Address(hi << 64 | lo)), port)


def key(one: Endpoint, other: Endpoint) -> tuple[int, int, int, int, int]:
    """The core's key of the connection between two endpoints: two addresses in two halves each, and both ports."""
    ends = []
    for address, port in (one, other):
        ip = ipaddress.ip_address(address)
        whole = int(ip) | (0xFFFF << 32 if ip.version == 4 else 0)
        ends.append((whole >> 64, whole & _OTHER, port))
    (a_hi, a_lo, a), (b_hi, b_lo, b) = sorted(ends)
    return a_hi, a_lo, b_hi, b_lo, a << 16 | b


def apart(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of time in order, those that overlap or touch made one. Raises ValueError for one that ends before it begins."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(windows):
        if last < first:
            raise ValueError("a window ends before it begins")
        if out and first <= out[-1][1] + 1:
            out[-1] = out[-1][0], max(last, out[-1][1])
        else:
            out.append((first, last))
    return out


def traced(*, ref: tuple[int, int, int], seen: int, **facts: Any) -> Traced:
    """One segment and what it was taken for."""
    return Traced(ref=RecordRef(*ref), seen=_SEEN[seen], **facts)


def _ref(r: tuple[int, int, int] | None) -> RecordRef | None:
    return None if r is None else RecordRef(*r)


def _extreme(e: Any) -> Extreme | None:
    return None if e is None else Extreme(e[0], e[1], _ref(e[2]), RecordRef(*e[3]))


def _segment(f: Any) -> SegmentFacts:
    return SegmentFacts(RecordRef(*f[0]), *f[1:13])


def _side(client: bool) -> str:
    return "client" if client else "server"


_LETTERS = "SHADFRT"  # in the order of the core's Letter


@lru_cache(maxsize=4096)
def history(told: int, client: int) -> str:
    """The core's letters, four bits each, as text: those of the client in upper case."""
    out = ""
    while told:
        letter, side = divmod((told & 15) - 1, 2)
        out += _LETTERS[letter] if side == client else _LETTERS[letter].lower()
        told >>= 4
    return out


def connection(*, roles: int, first: Any, last: Any, longest: Any, probing: Any, **facts: Any) -> Connection:
    """One connection's numbers as a Connection."""
    probes = facts["probes"]
    both = [_probing(*side) for side in probing] if probing else [Probing(n) for n in probes]
    return Connection(roles_from=_ROLES[roles], first=RecordRef(*first), last=RecordRef(*last),
                      longest_survived=_extreme(longest), probing=(both[0], both[1]), **facts)  # fmt: skip


def _probing(probes: int, answered: int, after: int | None, every: int | None) -> Probing:
    return Probing(probes, answered, _ns(after), _ns(every))


def _ns(ms: int | None) -> int | None:
    return None if ms is None or ms < 0 else ms * MS


def keepalive(server: bool, after: int, every: int, *counts: int) -> Keepalive:
    """How connections were probed that were probed alike; times in ms, -1 for unknown."""
    return Keepalive(_side(not server), _ns(after), _ns(every), *counts)


def _commonest(kept: Keepalive) -> tuple[int, int, str, int, int]:
    """The order of keepalives: by connections, by probes; then the client's first, and the quicker one."""
    after, every = (-1 if ns is None else ns for ns in (kept.after, kept.every))
    return -kept.connections, -kept.probes, kept.side, after, every


def idle_period(
    *, outcome: int, kind: int, sender: bool, last_speaker: bool | None, start: Any, before: Any, bound: int, fin: int,
    peer_fin: Any, wake: Any, reply: int, answer: Any, peer: Any, round_trip: int | None, ended: Any, last_by: bool | None,
    heard: Any, **facts: Any,
) -> IdlePeriod:  # fmt: skip
    """One emission of the core as an IdlePeriod."""
    first, length, segments, retransmissions, last_sent, own_fin, heartbeat = wake
    kind_of_answer = _REPLIES[reply]
    reply_facts = None
    if answer is not None and kind_of_answer is not None:
        segment, delay, count, covers, acknowledged, icmp_type, icmp_code, went_on = answer
        icmp = kind_of_answer is AnswerKind.ICMP
        reply_facts = Answer(kind_of_answer, _segment(segment), delay, count, covers, acknowledged,
                             icmp_type if icmp else None, icmp_code if icmp else None, _ref(went_on))  # fmt: skip
    ttl, ip_id, whole, via, window, stamps = peer or (None,) * 6
    return IdlePeriod(
        outcome=_OUTCOMES[outcome],
        sender=_side(sender),
        last_speaker=None if last_speaker is None else _side(last_speaker),
        start=_ref(start),
        last_before=_ref(before),
        bound=_BOUNDS[bound],
        fin=_FINS[fin],
        peer_fin=_ref(peer_fin),
        wake=Wake(_KINDS[kind], _segment(first), first[12][first[13]:] if length else b"", length, segments,
                  retransmissions, RecordRef(*last_sent), _ref(own_fin), heartbeat),
        answer=reply_facts,
        peer=PeerFacts(ttl, ip_id, whole, via, window, stamps, round_trip),
        ended=RecordRef(*ended),
        last_by=None if last_by is None else _side(last_by),
        heard=_ref(heard),
        **facts,
    )  # fmt: skip


def service(
    *, counts: list[int], outcomes: list[int], longest: Any, longest_probed: Any, closings: Any,
    keepalives: list[Keepalive], **facts: Any,
) -> Service:  # fmt: skip
    """One service's counts as a Service."""
    connections, from_clients, from_servers, probed, silent = counts
    by_clients, by_server = (Closings(n, _extreme(shortest), _extreme(most)) for n, shortest, most in closings)
    return Service(connections=connections, idle_periods=sum(outcomes), outcomes=_by_outcome(outcomes),
                   longest_survived=_extreme(longest), probes=(from_clients, from_servers), probed=probed,
                   longest_probed=_extreme(longest_probed), closings=(by_clients, by_server),
                   keepalives=tuple(sorted(keepalives, key=_commonest)), silent_at_end=silent, **facts)  # fmt: skip


def pair(*, longest: Any, **facts: Any) -> Pair:
    """What one client saw of a service as a Pair."""
    return Pair(longest_survived=_extreme(longest), **facts)


def together(one: Pair, other: Pair) -> Pair:
    """What the same client saw of the same service, counted in two places."""
    longest = max((p.longest_survived for p in (one, other) if p.longest_survived), default=None,
                  key=lambda e: (e.length, not e.lower_bound, -e.ended.file, -e.ended.frame))  # fmt: skip
    return one._replace(survived=one.survived + other.survived, longest_survived=longest)


def by_service(pair: Pair) -> tuple[Endpoint, int, int]:
    """The order of pairs: by service, and by the client's address as a number, IPv4 first."""
    client = ipaddress.ip_address(pair.client)
    return pair.server, client.version, int(client)


def waiting(connections: int, longest: list[tuple[Connection, int]]) -> Waiting:
    """Connections that were silent at the end as Waiting."""
    return Waiting(connections, tuple(longest))


def totals(*, outcomes: list[int], longest: Any, **facts: Any) -> Totals:
    """The timeline's sums as Totals."""
    return Totals(outcomes=_by_outcome(outcomes), longest_survived=_extreme(longest), **facts)


def _by_outcome(counts: list[int]) -> dict[Outcome, int]:
    return dict(zip(_OUTCOMES, counts, strict=True))


def link_type(number: int) -> str:
    """A link type's name."""
    return LINK_TYPES.get(number, f"link type {number}")


def file_facts(
    *, fates: list[int], protocols: dict[int, int], ethertypes: list[tuple[int, int]], links: list[tuple[int, int]],
    first: int | None, last: int | None, format: str, nanoseconds: bool, link_types: list[int], snap: int,
    drops: int | None, damage: tuple[int, int, str] | None, **facts: Any,
) -> FileFacts:  # fmt: skip
    """What the core counted in one file as FileFacts, reasons in words."""
    skipped: dict[str, int] = {}

    def add(reason: str, n: int) -> None:
        skipped[reason] = skipped.get(reason, 0) + n

    for number, n in links:
        add("other link types" if number == _OTHER else link_type(number), n)
    for number, n in ethertypes:
        add("other EtherTypes" if number == _OTHER else _ETHERTYPES.get(number, f"EtherType 0x{number:04x}"), n)
    for number, n in protocols.items():
        add(_PROTOCOLS.get(number, f"IP protocol {number}"), n)
    for reason, n in zip(_FATES, fates, strict=True):
        if reason is not None and n:
            add(reason, n)
    return FileFacts(
        skipped=skipped,
        first_time=first,
        last_time=last,
        format=f"{format} (ns)" if nanoseconds and format == "pcap" else format,
        link_types=tuple(link_type(n) for n in link_types),
        snap_length=snap or None,
        reported_drops=drops,
        damage=None if damage is None else Damage(*damage),
        **facts,
    )
