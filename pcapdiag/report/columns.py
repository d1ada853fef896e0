"""What a table shows of a connection, a service and a file: one row each, flat snake_case columns; of findings and idle
periods in ``columns_findings``.

DataFrames and CSV are made of the same tables of (name, kind, how to get it), so that they cannot tell different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from pcapdiag.engine.types import Connection, Outcome, Probing
from pcapdiag.inference.types import ServiceView
from pcapdiag.report.community import community_id
from pcapdiag.report.model import CaptureFile
from pcapdiag.report.zeek import conn_state, history

#: Kinds of values: ns since the epoch, ns, a count, yes or no, text. Each may be None: nothing is known.
TIME, GAP, COUNT, FLAG, TEXT = "time", "gap", "count", "flag", "text"

T = TypeVar("T")
U = TypeVar("U")


class Column(NamedTuple, Generic[T]):
    """One column: its name, the kind of its values, and how to get one from a row's object."""

    name: str
    kind: str
    get: Callable[[T], Any]


def via(outer: Callable[[T], U | None], columns: Iterable[Column[U]], prefix: str = "") -> Iterator[Column[T]]:
    """The columns of a part, as columns of the whole; nothing is known of a part that is missing."""

    def reach(get: Callable[[U], Any]) -> Callable[[T], Any]:
        def value(row: T) -> Any:
            part = outer(row)
            return None if part is None else get(part)

        return value

    return (Column(prefix + c.name, c.kind, reach(c.get)) for c in columns)


CONNECTION: tuple[Column[Connection], ...] = (
    Column("client", TEXT, lambda c: c.client.address),
    Column("client_port", COUNT, lambda c: c.client.port),
    Column("server", TEXT, lambda c: c.server.address),
    Column("server_port", COUNT, lambda c: c.server.port),
)
"""The columns that name a connection, in every table that has one."""

JOINS: tuple[Column[Connection], ...] = (
    Column("community_id", TEXT, lambda c: community_id(c.client, c.server)),
    Column("conn_state", TEXT, conn_state),
    Column("history", TEXT, history),
)
"""The columns by which a connection is found in the logs of other tools."""

_PROBING: tuple[Column[Probing], ...] = (
    Column("answered", COUNT, lambda p: p.answered),
    Column("after", GAP, lambda p: p.after),
    Column("every", GAP, lambda p: p.every),
)


def _by_client(c: Connection) -> Probing:
    return c.probing[0]


def _by_server(c: Connection) -> Probing:
    return c.probing[1]


CONNECTIONS: tuple[Column[Connection], ...] = (
    Column("point", COUNT, lambda c: c.point),
    Column("connection", COUNT, lambda c: c.id),
    *CONNECTION,
    Column("roles_from", TEXT, lambda c: c.roles_from),
    Column("file", COUNT, lambda c: c.file),
    Column("stream", COUNT, lambda c: c.stream),
    Column("first_time", TIME, lambda c: c.first.time),
    Column("last_time", TIME, lambda c: c.last.time),
    Column("first_frame", COUNT, lambda c: c.first.frame),
    Column("last_frame", COUNT, lambda c: c.last.frame),
    Column("last_file", COUNT, lambda c: c.last.file),
    Column("handshake", FLAG, lambda c: c.handshake),
    Column("client_packets", COUNT, lambda c: c.packets[0]),
    Column("server_packets", COUNT, lambda c: c.packets[1]),
    Column("client_payload", COUNT, lambda c: c.payload[0]),
    Column("server_payload", COUNT, lambda c: c.payload[1]),
    Column("client_retransmissions", COUNT, lambda c: c.retransmissions[0]),
    Column("server_retransmissions", COUNT, lambda c: c.retransmissions[1]),
    Column("copies", COUNT, lambda c: c.copies),
    Column("client_probes", COUNT, lambda c: c.probes[0]),
    Column("server_probes", COUNT, lambda c: c.probes[1]),
    *via(_by_client, _PROBING, "client_probes_"),
    *via(_by_server, _PROBING, "server_probes_"),
    Column("idle_periods", COUNT, lambda c: c.idle_periods),
    Column("survived", COUNT, lambda c: c.survived),
    Column("longest_survived", GAP, lambda c: c.longest_survived and c.longest_survived.length),
    Column("client_fin", FLAG, lambda c: c.fin[0]),
    Column("server_fin", FLAG, lambda c: c.fin[1]),
    Column("client_rst", FLAG, lambda c: c.rst[0]),
    Column("server_rst", FLAG, lambda c: c.rst[1]),
    *JOINS,
)


def _outcome(outcome: Outcome) -> Column[ServiceView]:
    return Column(str(outcome).replace("-", "_"), COUNT, lambda v: v.service.outcomes.get(outcome, 0))


SERVICES: tuple[Column[ServiceView], ...] = (
    Column("server", TEXT, lambda v: v.endpoint.address),
    Column("server_port", COUNT, lambda v: v.endpoint.port),
    Column("connections", COUNT, lambda v: v.service.connections),
    Column("idle_periods", COUNT, lambda v: v.service.idle_periods),
    Column("incidents", COUNT, lambda v: v.incidents),
    *(_outcome(o) for o in Outcome),
    Column("longest_survived", GAP, lambda v: v.longest_survived and v.longest_survived.length),
    Column("shortest_failed", GAP, lambda v: v.shortest_failed and v.shortest_failed.length),
    Column("failed_beyond", COUNT, lambda v: v.failed_beyond),
    Column("total_beyond", COUNT, lambda v: v.total_beyond),
    Column("client_probes", COUNT, lambda v: v.service.probes[0]),
    Column("server_probes", COUNT, lambda v: v.service.probes[1]),
    Column("probed_connections", COUNT, lambda v: v.service.probed),
    Column("longest_probed", GAP, lambda v: v.service.longest_probed and v.service.longest_probed.length),
    Column("client_closings", COUNT, lambda v: v.service.closings[0].periods),
    Column("server_closings", COUNT, lambda v: v.service.closings[1].periods),
    Column("silent_at_end", GAP, lambda v: v.service.silent_at_end),
    Column("resets_without_idle", COUNT, lambda v: v.service.resets_without_idle),
    Column("refused", COUNT, lambda v: v.service.refused),
    Column("pattern", TEXT, lambda v: v.pattern),
)

FILES: tuple[Column[CaptureFile], ...] = (
    Column("name", TEXT, lambda f: f.name),
    Column("point", COUNT, lambda f: f.point if f.point >= 0 else None),
    Column("format", TEXT, lambda f: f.facts.format),
    Column("compression", TEXT, lambda f: f.compression),
    Column("first_time", TIME, lambda f: f.facts.first_time),
    Column("last_time", TIME, lambda f: f.facts.last_time),
    Column("records", COUNT, lambda f: f.facts.records),
    Column("segments", COUNT, lambda f: f.facts.segments),
    Column("skipped", COUNT, lambda f: sum(f.facts.skipped.values())),
    Column("truncated", COUNT, lambda f: f.facts.truncated),
    Column("snap_length", COUNT, lambda f: f.facts.snap_length),
    Column("reported_drops", COUNT, lambda f: f.facts.reported_drops),
    Column("hole_before", GAP, lambda f: f.hole_before),
    Column("sha256", TEXT, lambda f: f.sha256),
    Column("damage", TEXT, lambda f: f.error or (f.facts.damage and f.facts.damage.reason)),
)
