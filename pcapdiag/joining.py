"""What the user has beside the captures, read and joined with what was found in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pcapdiag.capture.errors import CaptureError
from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.arrivals import wanted, with_arrivals
from pcapdiag.correlate.incidents import Ends, Incident, incidents, translations
from pcapdiag.correlate.joined import Joins, Key, Unusable
from pcapdiag.correlate.joins_log import connections, join_log
from pcapdiag.correlate.joins_ss import join_sockets
from pcapdiag.correlate.joins_tracking import join_tracking
from pcapdiag.correlate.keepalive import survey
from pcapdiag.correlate.reasons import Captured
from pcapdiag.correlate.types import AccessLog, Side, SocketTable, Tracking
from pcapdiag.engine.types import Connection, Endpoint
from pcapdiag.report.model import Report
from pcapdiag.rules.types import Finding
from pcapdiag.sources import access_log, socket_table, tracking

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
T = TypeVar("T")

#: Whose log it is, as people call it.
SIDES = {"client": Side.CLIENT, "sidecar": Side.CLIENT, "server": Side.SERVER, "gateway": Side.SERVER}


@dataclass(frozen=True, slots=True)
class Extra:
    """Files beside the captures; of the logs with whose they are."""

    access_logs: tuple[tuple[Side | None, str], ...] = ()
    log_format: str | None = None
    ss: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()

    @classmethod
    def of(cls, access_logs: Paths, log_format: str | None, ss: Paths, conntrack: Paths) -> Extra:
        """As they were named; a log as ``client=FILE``, ``server=FILE`` or FILE."""
        return cls(tuple(map(labelled, _paths(access_logs))), log_format, _paths(ss), _paths(conntrack))

    @property
    def paths(self) -> tuple[str, ...]:
        """All files."""
        return (*(path for _, path in self.access_logs), *self.ss, *self.conntrack)


def check_format(text: str | None) -> None:
    """Raises ValueError if it is no format of access logs."""
    if text is not None:
        read_access_log((), "", format=text)


def labelled(text: str) -> tuple[Side | None, str]:
    """A file and whose it is.

    >>> labelled("gateway=/tmp/a=b.log"), labelled("/tmp/a=b.log")
    ((<Side.SERVER: 'server'>, '/tmp/a=b.log'), (None, '/tmp/a=b.log'))
    """
    side, sign, path = text.partition("=")
    return (SIDES[side], path) if sign and path and side in SIDES else (None, text)


def _paths(given: Paths) -> tuple[str, ...]:
    named = (given,) if isinstance(given, (str, os.PathLike)) else given
    return tuple(os.fspath(path) for path in named)


def joined(report: Report, extra: Extra, tracked: Callable[[], Iterable[Connection]]) -> Joins:
    """Everything of ``extra`` beside the findings of ``report``; ``tracked`` are the captured connections.

    What cannot be read is kept with the reason. Raises ValueError if the format of the logs is none.
    """
    unusable: list[Unusable] = []

    def read(each: Iterable[T], made: Callable[[T], _Read]) -> list[_Read]:
        return list(_readable(each, made, unusable))

    def one(labelled: tuple[Side | None, str]) -> AccessLog:
        return access_log(labelled[1], labelled[0], format=extra.log_format, wanted=ids)

    ids: frozenset[str] = frozenset()
    near = read([log for log in extra.access_logs if log[0] is not Side.SERVER], one)
    ids = wanted(near)
    far = read([log for log in extra.access_logs if log[0] is Side.SERVER], one)
    tables: list[SocketTable] = read(extra.ss, socket_table)
    trackings: list[Tracking] = read(extra.conntrack, tracking)

    logs = [*near, *far]
    found = incidents(report.all_findings, translations(trackings))
    captured = _captured(report, logs, tracked)
    beyond = list(enumerate(logs))[len(near) :]
    told = [join_log(log, found, captured) for log in logs]
    services = _services(report, found)
    begun, silences = _begun(report.all_findings)
    return Joins(
        logs=tuple(with_arrivals(log, logs[i].witnesses, beyond) if i < len(near) else log for i, log in enumerate(told)),
        tables=tuple(table.source for table in tables),
        sockets=join_sockets(tables, found, begun),
        survey=survey(tables, services=services) if tables else None,
        trackings=tuple(t.source for t in trackings),
        tracked=join_tracking(trackings, found, silences),
        unusable=tuple(unusable),
    )


_Read = TypeVar("_Read")


def _readable(each: Iterable[T], made: Callable[[T], _Read], unusable: list[Unusable]) -> Iterator[_Read]:
    for one in each:
        try:
            yield made(one)
        except CaptureError as error:
            unusable.append(Unusable(error.path, error.reason))


def _captured(report: Report, logs: Iterable[AccessLog], tracked: Callable[[], Iterable[Connection]]) -> Captured:
    """Of everything that was captured, what the logs name."""
    lines = [line for log in logs for line in log.failed]
    named: set[Ends] = {ends for line in lines for ends, _ in connections(line)}
    wanted = {e.address for line in lines for e in (line.local, line.upstream) if e is not None}
    ends: set[Ends] = set()
    addresses: set[str] = set()
    for connection in tracked() if lines else ():
        pair = frozenset((connection.client, connection.server))
        if pair in named:
            ends.add(pair)
        addresses |= wanted & {connection.client.address, connection.server.address}
    return Captured(report.span, frozenset(ends), frozenset(addresses))


def _services(report: Report, found: Iterable[Incident]) -> frozenset[Endpoint]:
    """Those with idle periods, and what the lost connections' services are called elsewhere."""
    seen = {view.endpoint for view in report.services}
    return frozenset(seen | {server for i in found for _, server in (*i.legs, *i.others)})


def _begun(findings: Iterable[Finding]) -> tuple[dict[Key, int | None], dict[Key, tuple[int | None, int | None]]]:
    """When the connection of each finding began, and when it fell silent, as far as that was captured."""
    begun: dict[Key, int | None] = {}
    silences: dict[Key, tuple[int | None, int | None]] = {}
    for finding in findings:
        period, key = finding.period, Key.of(finding)
        start = period.connection.first.time if period.connection.handshake else None
        begun[key] = start
        silences[key] = start, None if period.last_before is None else period.last_before.time
    return begun, silences
