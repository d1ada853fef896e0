"""A truth file holds the whole truth."""

from __future__ import annotations

import json

from pcapdiag.lab.types import Captured, Expected, Said, Truth


def test_what_is_written_is_read_back() -> None:
    """Everything of a run comes back from its file, in which each thing that was said stands on a line of its own."""
    said = Said("0001", 0, "client", "request", "10.1.0.1:5", "198.51.100.80:80", None, 7, 6_000_000_000, 88, "ECONNRESET", "IDLE101")
    ring = Captured("client", "to-middle", "dumpcap", ("a_1.pcapng", "a_2.pcapng"),
                    (Expected("0001", "IDLE101", "10.1.0.1:5", "198.51.100.80:80", 7, None, lower=True),))  # fmt: skip
    truth = Truth("a", "2026-11-25", "Linux 6.18", ("client", "server"), {"a_1.pcapng": ring, "b.pcap": Captured("x", "any", "tcpdump")},
                  "10.2.0.2:8080", 4, None, (said, said), {"ss": "a.ss.txt"})  # fmt: skip
    assert Truth.from_json(json.loads(truth.text())) == truth
    assert sum('"0001", "connection"' in line for line in truth.text().splitlines()) == 2
