"""Connection tracking: conntrack -L and -E, and /proc/net/nf_conntrack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pcapdiag.correlate.addresses import address
from pcapdiag.correlate.counting import Tally
from pcapdiag.correlate.moments import decimals
from pcapdiag.correlate.stamps import known, stamp
from pcapdiag.correlate.types import Event, Side, Tracked, Tracking
from pcapdiag.engine.types import Endpoint

_S = 1_000_000_000
# "[1700000000.123456]\t    [UPDATE] ipv4     2 tcp      6 60 SYN_RECV src=..."
_LINE = re.compile(
    r"\s*(?:\[(?P<s>\d{1,11})\.(?P<us>\d{1,9})\s*\]\s*)?(?:\[(?P<event>NEW|UPDATE|DESTROY)\]\s+)?(?:(?:ipv[46]|unknown)\s+\d+\s+)?"
    r"(?P<protocol>[a-z][\w-]*)\s+(?P<number>\d{1,3})\s+(?P<rest>\S.*)",
    re.ASCII,
)
_LEFT = re.compile(r"(\d{1,10})\s+", re.ASCII)
_STATE = re.compile(r"([A-Z][A-Z0-9_]+)\s+", re.ASCII)
_PAIR = re.compile(r"\b(src|dst|sport|dport)=(\S+)", re.ASCII)
#: What conntrack says on its standard error, at the end.
_SHOWN = re.compile(r"conntrack v\S+ \(conntrack-tools\): \d+ (?:flow|expectation)")
_ORDER = ("src", "dst", "sport", "dport")


def read_conntrack(lines: Iterable[str | bytes], name: str, side: Side | None = None) -> Tracking:
    """What the file ``name`` says. Whatever the lines are is counted, and never an error."""
    tally = Tally()
    entries: list[Tracked] = []
    stamps: list[int] = []
    listing: set[int] = set()
    time, events = None, False
    runs: list[_Run] = []
    for number, text in tally.each(lines):
        found = _LINE.fullmatch(text)
        if found is None:
            when = stamp(text)
            if when is not None:
                tally.skip()
                if when.time is not None:
                    time = known(when.time, tally)
                    stamps += [] if time is None else [time]
                if when.time is not None:
                    runs.append(_Run(time, when.host, when.command))
                options = when.options or frozenset()
                if time is not None and options & {"L", "dump"}:
                    listing.add(time)
            elif _SHOWN.match(text.strip()):
                tally.skip()
            else:
                tally.bad("no entry of connection tracking")
                if runs:
                    runs[-1].unread += 1
            continue
        if runs:
            runs[-1].entries += 1
        events = events or found["event"] is not None
        if found["protocol"] != "tcp" or found["number"] != "6":
            tally.skip()
            continue
        try:
            entries.append(_entry(number, found, time))
        except ValueError as error:
            tally.bad(str(error))
    listed = listing if events else listing | set(stamps)
    whole = _whole([run for run in runs if run.time in listed])
    return Tracking(tally.source(name, side, "conntrack"), tuple(entries), tuple(sorted(listed)), whole)


@dataclass
class _Run:
    """One listing: when, where and how it was taken, as far as that is told, and what came of it."""

    time: int | None
    host: str | None
    command: str | None
    entries: int = 0
    unread: int = 0


#: Options of conntrack that leave no TCP entry out, with those that take a value.
_VALUED = {"-o", "--output", "-f", "--family"}
_WIDE = {"-L", "--dump", "-p", "--proto", *_VALUED}


def _whole(runs: Sequence[_Run]) -> tuple[int, ...]:
    """The listings in which an entry would stand if it were there.

    One that came to nothing may have failed: what conntrack says then goes elsewhere. Of another host, or asked for a part of the
    table, it shows nothing; but what is asked for alike all along is the same part each time.
    """
    alike = len({(run.host, run.command) for run in runs}) == 1
    one_host = len({run.host for run in runs}) == 1
    good = (run for run in runs if run.entries and not run.unread and one_host and (alike or _takes_all(run.command)))
    return tuple(sorted({run.time for run in good if run.time is not None}))


def _takes_all(command: str | None) -> bool:
    """Does it list every TCP entry, as far as it tells?"""
    if command is None:
        return False
    words, skip = command.split()[1:], False
    for at, word in enumerate(words):
        if skip:
            skip = False
        elif word in ("-p", "--proto"):
            if words[at + 1 : at + 2] not in (["tcp"], ["6"]):
                return False
            skip = True
        elif word not in _WIDE:
            return False
        else:
            skip = word in _VALUED
    return True


def _entry(number: int, found: re.Match[str], listed: int | None) -> Tracked:
    rest = found["rest"]
    left = state = None
    if match := _LEFT.match(rest):
        left, rest = int(match[1]) * _S, rest[match.end() :]
    if match := _STATE.match(rest):
        state, rest = match[1], rest[match.end() :]
    pairs = _PAIR.findall(rest)
    if len(pairs) != 8 or tuple(key for key, _ in pairs) != _ORDER * 2:
        raise ValueError("an entry without both directions")
    original, reply = (_direction(pairs[i : i + 4]) for i in (0, 4))
    event = Event(found["event"]) if found["event"] else None
    time = None if event else listed
    if found["s"]:
        time = int(found["s"]) * _S + decimals(found["us"])[0]
    return Tracked(number, time, event, state, left, original, reply, "[ASSURED]" in rest, "[UNREPLIED]" in rest)


def _direction(pairs: list[tuple[str, str]]) -> tuple[Endpoint, Endpoint]:
    source, destination = address(pairs[0][1]), address(pairs[1][1])
    ports = [int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 65536 for _, value in pairs[2:]]
    if source is None or destination is None or max(ports) > 65535:
        raise ValueError("an entry with an address or a port that is none")
    return Endpoint(source, ports[0]), Endpoint(destination, ports[1])
