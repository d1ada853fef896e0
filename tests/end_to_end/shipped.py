"""The shipped captures, what their endpoints wrote down while they were made, and what tshark shows of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "captures"
RESET = CAPTURES / "reset-after-idle.pcap"
MIDDLE = CAPTURES / "reset-after-idle.middle-any.pcap"
GATEWAY = CAPTURES / "reset-across-nat.gateway-any.pcap"
SURVIVES = CAPTURES / "keepalive-survives.pcap"


def endpoint(text: str) -> Endpoint:
    """``10.1.0.1:80`` as an Endpoint."""
    address, _, port = text.rpartition(":")
    return Endpoint(address, int(port))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its client noted it; ``seen_as`` is the client as the server sees it, ``lost`` that a RST came."""

    client: Endpoint
    server: Endpoint
    seen_as: Endpoint
    sent: int
    gap: int | None
    rule: str | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One truth file."""

    captures: tuple[str, ...]
    requests: tuple[Request, ...]
    behind: Endpoint
    keepalive: int | None

    @property
    def lost(self) -> list[Request]:
        """The requests that a rule has to find, in the order in which they were sent."""
        return [r for r in self.requests if r.rule]

    def paused(self, least: int) -> list[Request]:
        """The requests after a pause of at least ``least`` ns."""
        return [r for r in self.requests if r.gap is not None and r.gap >= least]


def _run(path: Path) -> Run:
    told = json.loads(path.read_text())
    seen = {r["client"]: r["server_saw"] for r in told["requests"] if r["server_saw"]}
    requests = [
        Request(endpoint(r["client"]), endpoint(r["server"]), endpoint(seen[r["client"]]), r["sent_ns"], r["gap_ns"],
                r["rule"], r["result"] != "200")
        for r in told["requests"]
    ]  # fmt: skip
    behind = endpoint(told["server_behind_nat"])
    return Run(tuple(told["captures"]), tuple(requests), behind, told["client_keepalive_s"])


#: The runs of `captures/reset-after-idle.make.py`; those of the lab name their scenario (see test_lab_captures.py).
RUNS = tuple(_run(path) for path in sorted(CAPTURES.glob("*.truth.json")) if "scenario" not in json.loads(path.read_text()))
#: Each capture and its truth.
SHIPPED = tuple((CAPTURES / name, run) for run in RUNS for name in run.captures)


class Row(NamedTuple):
    """One TCP segment as tshark shows it."""

    frame: int
    stream: int
    time: int
    sender: Endpoint
    receiver: Endpoint
    length: int
    flags: int


_FIELDS = ("frame.number", "tcp.stream", "frame.time_epoch", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport",
           "tcp.len", "tcp.flags")  # fmt: skip


def _nanoseconds(epoch: str) -> int:
    seconds, _, fraction = epoch.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])


@lru_cache(maxsize=64)
def tshark(path: Path, display_filter: str = "tcp") -> tuple[Row, ...]:
    """The TCP segments of ``path`` that ``display_filter`` shows. The file must not change between two calls."""
    command = ["tshark", "-n", "-r", str(path), "-Y", display_filter, "-T", "fields"]
    for field in _FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = []
    for line in run.stdout.splitlines():
        frame, stream, time, a, sport, b, dport, length, flags = line.split("\t")
        ends = Endpoint(a, int(sport)), Endpoint(b, int(dport))
        rows.append(Row(int(frame), int(stream), _nanoseconds(time), *ends, int(length), int(flags, 16)))
    return tuple(rows)
