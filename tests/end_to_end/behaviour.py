"""What real stacks did, read from the shipped captures by tshark: ``python -m tests.end_to_end.behaviour --write``.

``docs/behaviour.md`` holds blocks that begin ``<!-- wire: CAPTURE [NUMBER] [ROWS] -->``; the code block below such a line is the
ladder of the NUMBER-th thing (from 1) that the truth of that capture says was lost: the connection's segments from the last one
before it was sent on, at most ROWS of them. Which connection and when is the endpoints' own word; what is shown of it is tshark's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.end_to_end.shipped import CAPTURES, ROOT

PAGE = ROOT / "docs" / "behaviour.md"
_FIELDS = ("frame.number", "frame.time_epoch", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport",
           "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.window_size_value", "ip.ttl", "ipv6.hlim", "ip.id",
           "ip.flags.df", "tcp.hdr_len", "tcp.options.timestamp.tsval", "icmp.type", "icmp.code")  # fmt: skip
_BLOCK = re.compile(r"(?m)^<!-- wire: (?P<file>\S+)(?: (?P<number>\d+))?(?: (?P<rows>\d+))? -->\n```\n(?P<body>(?:.*\n)*?)```$")
_LETTERS = ((2, "S"), (1, "F"), (4, "R"), (8, "P"), (16, "A"))


@dataclass(frozen=True, slots=True)
class Wire:
    """One segment, or ICMP error that quotes one (``icmp``), as tshark shows it. Addresses and ports are those of the quoted
    segment, ``ttl`` and ``ip_id`` of the message that quotes it. ``ip_id`` and ``dont_fragment`` are None in IPv6."""

    frame: int
    time: int
    sender: str
    receiver: str
    flags: int
    seq: int
    ack: int
    length: int
    window: int
    ttl: int
    ip_id: int | None
    dont_fragment: bool | None
    header: int
    timestamps: bool
    icmp: tuple[int, int] | None


def _number(text: str) -> int:
    return int(text, 0) if text else 0


def _wire(line: str) -> Wire:
    values = dict(zip(_FIELDS, (column.split(",") for column in line.split("\t")), strict=True))
    icmp = bool(values["icmp.type"][0])

    def one(*names: str, outer: bool = False) -> str:
        """The innermost value (what a tunnel carries, what ICMP quotes), or the outermost."""
        return next((values[name][0 if outer else -1] for name in names if values[name][-1]), "")

    seconds, _, fraction = values["frame.time_epoch"][0].partition(".")
    source, target = one("ip.src", "ipv6.src"), one("ip.dst", "ipv6.dst")
    identification = one("ip.id", outer=icmp)
    return Wire(
        frame=int(values["frame.number"][0]),
        time=int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9]),
        sender=_joined(source, one("tcp.srcport")),
        receiver=_joined(target, one("tcp.dstport")),
        flags=_number(one("tcp.flags")),
        seq=_number(one("tcp.seq_raw")),
        ack=_number(one("tcp.ack_raw")),
        length=_number(one("tcp.len")),
        window=_number(one("tcp.window_size_value")),
        ttl=_number(one("ip.ttl", "ipv6.hlim", outer=icmp)),
        ip_id=int(identification, 0) if identification else None,
        dont_fragment=one("ip.flags.df", outer=icmp) in {"1", "True"} if identification else None,
        header=_number(one("tcp.hdr_len")),
        timestamps=bool(one("tcp.options.timestamp.tsval")),
        icmp=(int(values["icmp.type"][0]), int(values["icmp.code"][0])) if icmp else None,
    )


def _joined(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@lru_cache(maxsize=64)
def wires(path: Path) -> tuple[Wire, ...]:
    """The TCP segments of ``path``, and the ICMP errors that quote one."""
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for field in _FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(_wire(line) for line in run.stdout.splitlines())


def letters(flags: int) -> str:
    """Flags as people write them: ``PA``, ``R``, ``RA``."""
    return "".join(letter for bit, letter in _LETTERS if flags & bit) or "-"


@dataclass(frozen=True, slots=True)
class Lost:
    """One thing that the endpoints say was lost: the connection's ends and the sender's clock before it was sent."""

    client: str
    server: str
    by: str
    sent: int
    rule: str


def lost(capture: str) -> tuple[Lost, ...]:
    """What the truth of that capture says was lost, in order of time."""
    for path in CAPTURES.glob("*.truth.json"):
        told = json.loads(path.read_text())
        if capture in told["captures"]:
            by = {r["id"]: r.get("by", "client") for r in told["requests"]}
            # Behind an address translation the connection has another name there: what is expected of that capture says which.
            rows = told["captures"][capture].get("expected") or [r for r in told["requests"] if r["rule"]]
            each = (Lost(r["client"], r["server"], by[r["id"]], r["sent_ns"], r["rule"]) for r in rows)
            return tuple(sorted(each, key=lambda one: one.sent))
    raise ValueError(f"no truth speaks of {capture}")


def around(capture: str, one: Lost) -> tuple[list[Wire], Wire]:
    """The connection's segments in order, copies of another interface included, and the first one sent for ``one``."""
    ends = {one.client, one.server}
    rows = [row for row in wires(CAPTURES / capture) if {row.sender, row.receiver} == ends]
    sender = one.server if one.by == "server" else one.client
    sent = [row for row in rows if row.sender == sender and row.time >= one.sent - 1_000_000 and row.icmp is None]
    if not sent:
        raise ValueError(f"{capture}: nothing of {one.client} and {one.server} at {one.sent}")
    return rows, sent[0]


def _relative(number: int, base: int) -> str:
    """A sequence number against one that matters: ``+0`` is that number itself."""
    return f"{(number - base + (1 << 31)) % (1 << 32) - (1 << 31):+d}"


def ladder(capture: str, number: int = 1, most: int = 12) -> list[str]:
    """The lines of a block: seconds from the wake, who, flags, numbers against the wake's, length, window, TTL, IP ID, options.

    Of the waking side, seq counts from the wake's seq and ack from the wake's ACK; of the other, the other way round, so that ``+0``
    in a RST's seq is "the request's ACK number", and in an ACK's ack "does not acknowledge the request".
    """
    one = lost(capture)[number - 1]
    rows, wake = around(capture, one)
    at = rows.index(wake)
    lines = [
        f"{'seconds':>10}  from    {'flags':5} {'seq':>6} {'ack':>6} {'len':>5} {'window':>6} {'ttl':>4}  {'ip id':6} df options"
    ]
    for row in rows[max(0, at - 1) : at - 1 + most if at else most]:
        mine = row.sender == wake.sender
        bases = (wake.seq, wake.ack) if mine else (wake.ack, wake.seq)
        ack = _relative(row.ack, bases[1]) if row.flags & 16 else f"={row.ack}"
        if row.icmp is not None:
            lines.append(f"{(row.time - wake.time) / 1e9:10.6f}  path    ICMP {row.icmp[0]}/{row.icmp[1]} that quotes it"
                         f"{'':19} {row.ttl:>4}  {_ip_id(row)}")  # fmt: skip
            continue
        side = "client" if row.sender == one.client else "server"
        options = "timestamps" if row.timestamps else "none" if row.header == 20 else "no timestamps"
        lines.append(f"{(row.time - wake.time) / 1e9:10.6f}  {side}  {letters(row.flags):5} {_relative(row.seq, bases[0]):>6} {ack:>6}"
                     f" {row.length:>5} {row.window:>6} {row.ttl:>4}  {_ip_id(row)} {options}")  # fmt: skip
    return lines


def _ip_id(row: Wire) -> str:
    """IP ID and DF; IPv6 has neither."""
    return "-      -" + " " if row.ip_id is None else f"0x{row.ip_id:04x} {'y' if row.dont_fragment else 'n'} "


def anew(text: str) -> str:
    """The page with every block read from its capture again."""

    def block(match: re.Match[str]) -> str:
        body = ladder(match["file"], int(match["number"] or 1), int(match["rows"] or 12))
        return match[0][: match.start("body") - match.start()] + "".join(line.rstrip() + "\n" for line in body) + "```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(anew(PAGE.read_text()))
    else:  # CAPTURE [NUMBER [ROWS]]
        print("\n".join(ladder(sys.argv[1], *map(int, sys.argv[2:]))))  # noqa: T201
