"""tshark, asked once per file for what it says of every TCP segment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.engine.talk import SECOND

FIELDS = ("frame.number", "tcp.stream", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport",
          "tcp.len", "tcp.analysis.keep_alive", "tcp.time_delta", "frame.time_epoch")  # fmt: skip
# Fragments are taken where they are, as the core does; VXLAN's old port must be named.
OPTIONS = ("-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.calculate_timestamps:TRUE",
           "-d", "udp.port==8472,vxlan")  # fmt: skip


class Row(NamedTuple):
    """One TCP segment, as tshark prints it."""

    frame: int
    stream: int
    source: tuple[str, int]
    target: tuple[str, int]
    length: int | None
    keepalive: bool
    time: int


class Segment(NamedTuple):
    """One TCP segment, as an engine's trace says."""

    frame: int
    stream: int | None
    source: tuple[str, int]
    target: tuple[str, int]
    length: int
    kind: str


def tshark(data: bytes, folder: Path) -> list[Row]:
    """Run tshark over a capture file; TCP quoted in ICMP errors is left out, its stream numbers are not."""
    path = folder / "capture"
    path.write_bytes(data)
    command = ["tshark", "-n", "-r", str(path), *OPTIONS, "-Y", "tcp && !icmp && !icmpv6", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 2), run.stderr  # 2: the file was cut
    return [row for line in run.stdout.splitlines() if (row := _row(dict(zip(FIELDS, line.split("\t"), strict=True))))]


def _row(said: dict[str, str]) -> Row | None:
    if not said["tcp.stream"]:
        return None  # too little of the header was captured
    innermost = {name: value.split(",")[-1] for name, value in said.items()}
    six = _inner_is_six(said)
    source, target = (innermost["ipv6.src" if six else "ip.src"], innermost["ipv6.dst" if six else "ip.dst"])
    seconds, _, fraction = said["frame.time_epoch"].partition(".")
    return Row(
        int(said["frame.number"]), int(said["tcp.stream"]), (source, int(said["tcp.srcport"])),
        (target, int(said["tcp.dstport"])), int(said["tcp.len"]) if said["tcp.len"] else None,
        bool(said["tcp.analysis.keep_alive"]), int(seconds) * SECOND + int(fraction.ljust(9, "0")),
    )  # fmt: skip


def _inner_is_six(said: dict[str, str]) -> bool:
    """Whether TCP is in IPv6: only the client's address of our own talks tells, where both occur."""
    if not said["ip.src"] or not said["ipv6.src"]:
        return bool(said["ipv6.src"])
    return said["ipv6.src"].split(",")[-1] in INNER_SIX


INNER_SIX = {"2001:db8::1", "2001:db8::2"}
