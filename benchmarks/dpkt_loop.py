"""The loop that people write with dpkt, to compare with: who was idle for a second, and who was then reset.

python benchmarks/dpkt_loop.py FILE
"""

from __future__ import annotations

import sys

import dpkt  # type: ignore[import-untyped]  # dpkt has no type hints


def main(path: str, idle_s: float = 1.0) -> None:
    """Print how many segments there were, how many came after an idle second, and how many were resets."""
    last: dict[frozenset[tuple[bytes, int]], float] = {}
    segments = after_idle = resets = 0
    with open(path, "rb") as file:
        for when, data in dpkt.pcap.Reader(file):
            ip = dpkt.ethernet.Ethernet(data).data
            if not isinstance(ip, dpkt.ip.IP | dpkt.ip6.IP6) or not isinstance(ip.data, dpkt.tcp.TCP):
                continue
            tcp = ip.data
            segments += 1
            key = frozenset(((ip.src, tcp.sport), (ip.dst, tcp.dport)))
            if tcp.flags & dpkt.tcp.TH_RST:
                resets += 1
            elif tcp.data and float(when) - last.get(key, float(when)) >= idle_s:
                after_idle += 1
            last[key] = float(when)
    print(segments, after_idle, resets)


if __name__ == "__main__":
    main(sys.argv[1])
