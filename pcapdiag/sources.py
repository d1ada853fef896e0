"""What else the user has, from files: access logs, socket tables, connection tracking. ``-`` is standard input.

Files may be compressed. Everything before a damage is read, and the damage stands in the result's ``source``. A file that
cannot be read at all raises `CaptureError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pcapdiag.capture.errors import DamagedStream
from pcapdiag.capture.text import text_lines
from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.conntrack import read_conntrack
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.correlate.types import AccessLog, Side, SocketTable, Tracking


class _Lines:
    """Lines of a file; ``damage`` is why they ended before it did."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.damage: str | None = None

    def __iter__(self) -> Iterator[str]:
        """Each of them, with its newline."""
        try:
            yield from text_lines(self._path)
        except DamagedStream as damaged:
            self.damage = damaged.reason


def access_log(path: str, side: Side | None = None, *, format: str | None = None, wanted: Iterable[str] = ()) -> AccessLog:
    """The access log at ``path``; see `read_access_log`."""
    lines = _Lines(path)
    log = read_access_log(lines, _name(path), side, format=format, wanted=frozenset(wanted))
    return replace(log, source=log.source._replace(damage=lines.damage))


def socket_table(path: str, side: Side | None = None) -> SocketTable:
    """What ss printed into ``path``; see `read_sockets`."""
    lines = _Lines(path)
    table = read_sockets(lines, _name(path), side)
    return replace(table, source=table.source._replace(damage=lines.damage))


def tracking(path: str, side: Side | None = None) -> Tracking:
    """What conntrack printed into ``path``; see `read_conntrack`."""
    lines = _Lines(path)
    table = read_conntrack(lines, _name(path), side)
    return replace(table, source=table.source._replace(damage=lines.damage))


def _name(path: str) -> str:
    return "standard input" if path == "-" else path
