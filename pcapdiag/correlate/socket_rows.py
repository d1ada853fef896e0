"""One row of ss, in whatever columns it was asked for: misc/ss.c of iproute2 from 3.x on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pcapdiag.correlate.addresses import address
from pcapdiag.correlate.types import Process, Timer
from pcapdiag.engine.types import Endpoint

#: Of TCP, as ss writes them; CLOSED is UNCONN, which sockets of UDP are too.
STATES = frozenset(
    ("ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN",
     "CLOSING", "NEW-SYN-RECV", "BOUND-INACTIVE")
)  # fmt: skip
_NETIDS = frozenset(
    ("nl", "p_raw", "p_dgr", "u_str", "u_seq", "u_dgr", "ti_rd", "ti_sq", "ti_st", "ti_dg", "raw", "udp", "udp6", "tcp", "tcp6",
     "dccp", "sctp", "v_str", "v_dgr", "xdp", "mptcp", "icmp6", "unknown", "???")
)  # fmt: skip
_S, _MS = 1_000_000_000, 1_000_000
# A process may call itself anything within 15 bytes. Atomic, so that a row broken off takes no longer than a whole one.
_ENTRY = r'\("(?P<name{0}>.{{0,64}}?)",(?P<rest{0}>(?:pid=)?\d+,[^()"]*)\)'
_USERS = re.compile(rf"users:\((?>{_ENTRY.format(1)})(?:,(?>{_ENTRY.format(2)}))*+\)")
_ONE = re.compile(_ENTRY.format(""))
_TIMER = re.compile(r"timer:\(([^(),\s]*),([^(),\s]*),(\d{1,9})\)", re.ASCII)
# print_ms_timer: minutes, seconds, and milliseconds, which behind seconds are their decimals: "2.140ms" is 2.14 s.
_LEFT = re.compile(r"(?:(\d{1,9})min)?(?:(\d{1,9})(?:sec|\.(?=\d)))?(?:(\d{1,3})(?:ms|sec))?", re.ASCII)
_END = re.compile(r"(?:\[([^]]+)\]|([^]]*?))(?:%[\w.@-]+)?:([^:]+)", re.ASCII)
_KEY = re.compile(r"([A-Za-z_][\w-]*):(.*)", re.ASCII)
#: Words of -i whose value is the next word.
_PAIRED = frozenset(("send", "pacing_rate", "delivery_rate", "max_pacing_rate"))


class NoRow(ValueError):
    """The line has not the shape of a row."""


@dataclass(slots=True)
class Row:
    """A row as it is being read: lines that follow it add to ``info``."""

    state: str | None
    queued: tuple[int, int] | None
    local: Endpoint
    peer: Endpoint
    timer: Timer | None
    processes: tuple[Process, ...]
    info: dict[str, str] = field(default_factory=dict)


def row(line: str) -> Row | None:
    """A TCP socket; None for another protocol's. Raises `NoRow`, or ValueError for a row that says too little or nonsense."""
    users, clock, words = _apart(line)
    at, state, queued = 0, None, None
    if words and words[0] in _NETIDS:
        if words[0] not in ("tcp", "tcp6"):
            return None
        at = 1
    if len(words) > at and words[at] in STATES:
        state, at = words[at], at + 1
    if len(words) > at + 1 and _count(words[at]) and _count(words[at + 1]):
        queued, at = (int(words[at]), int(words[at + 1])), at + 2
    if len(words) < at + 2 or ":" not in words[at] or ":" not in words[at + 1] or (not at and _KEY.fullmatch(words[at])):
        if at:
            raise ValueError("a row without two addresses")
        raise NoRow("neither a socket nor a date")
    local, peer = _endpoint(words[at]), _endpoint(words[at + 1])
    if state == "UNCONN":
        return None
    return Row(state, queued, local, peer, clock and _timer(clock), _processes(users), told(words[at + 2 :]))


def more(line: str, found: Row) -> None:
    """What a line below a row says of its socket: -i and -m write there, and on a narrow terminal everything behind the addresses
    does. Raises ValueError for a timer that cannot be read."""
    users, clock, words = _apart(line)
    found.processes = found.processes or _processes(users)
    found.timer = found.timer or (clock and _timer(clock))
    found.info.update(told(words))


def _apart(line: str) -> tuple[re.Match[str] | None, re.Match[str] | None, list[str]]:
    """Processes, timer, and the words of the rest. Processes first: their names may look like anything."""
    users = _USERS.search(line)
    rest = line if users is None else f"{line[: users.start()]} {line[users.end() :]}"
    clock = _TIMER.search(rest)
    rest = rest if clock is None else f"{rest[: clock.start()]} {rest[clock.end() :]}"
    return users, clock, rest.split()


def told(words: list[str]) -> dict[str, str]:
    """What -i, -e and -m tell, by their own keys."""
    out: dict[str, str] = {}
    words = list(reversed(words))
    while words:
        word = words.pop()
        found = _KEY.fullmatch(word)
        if found is not None:
            out[found[1]] = found[2]
        elif word in _PAIRED and words:
            out[word] = words.pop()
        else:
            out[word] = ""
    return out


def left(text: str) -> int | None:
    """ns of a timer as ss writes it; None if it does not write so.

    >>> [left(t) for t in ("", "007ms", "2.140ms", "59sec", "1min34sec", "119min", "soon")]
    [0, 7000000, 2140000000, 59000000000, 94000000000, 7140000000000, None]
    """
    found = _LEFT.fullmatch(text)
    if found is None:
        return None
    minutes, seconds, ms = (int(part) if part else 0 for part in found.groups())
    return (minutes * 60 + seconds) * _S + ms * _MS


def _timer(found: re.Match[str]) -> Timer:
    ns = left(found[2])
    if ns is None:
        raise ValueError(f"a timer that cannot be read: {found[0][:60]}")
    return Timer(found[1], ns, int(found[3]))


def _processes(users: re.Match[str] | None) -> tuple[Process, ...]:
    if users is None:
        return ()
    found = []
    for entry in _ONE.finditer(users[0]):
        numbers = re.findall(r"\d+", entry["rest"])
        fd = re.search(r"fd=(\d+)", entry["rest"])
        found.append(Process(entry["name"], int(numbers[0]), int(fd[1] if fd else numbers[-1])))
    return tuple(found)


def _count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 16


def _endpoint(text: str) -> Endpoint:
    found = _END.fullmatch(text)
    if found is None:
        raise ValueError("no address and port")
    host, port = found[1] or found[2], found[3]
    if port != "*" and not (_count(port) and int(port) < 65536):
        raise ValueError("port names: use ss -n")
    ip = "::" if host == "*" else address(host)
    if ip is None:
        raise ValueError("host names: use ss -n without -r")
    return Endpoint(ip, 0 if port == "*" else int(port))
