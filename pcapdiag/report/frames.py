"""Tidy pandas DataFrames of what was found: one row each, flat snake_case columns.

Columns are tables of (name, kind, how to get it). Times are ``datetime64[ns, UTC]``, gaps ``timedelta64[ns]``; counts are
``Int64``, yes or no ``boolean``, text ``string``, each with ``<NA>`` where nothing is known. No value passes through a
float. pandas is imported when the first frame is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pcapdiag.engine.types import Connection, IdlePeriod, Outcome, RecordRef
from pcapdiag.inference.types import ServiceView
from pcapdiag.report.filters import display_filter, proof
from pcapdiag.report.model import CaptureFile, FileNames
from pcapdiag.rules.types import Finding

if TYPE_CHECKING:
    import pandas as pd

TIME, GAP, COUNT, FLAG, TEXT = "time", "gap", "Int64", "boolean", "string"
_NOT_A_TIME = -(2**63)  # numpy's NaT


T = TypeVar("T")
U = TypeVar("U")


class Column(NamedTuple, Generic[T]):
    """One column: its name, the kind of its values, and how to get one from a row's object."""

    name: str
    kind: str
    get: Callable[[T], Any]


def _via(outer: Callable[[T], U], columns: Iterable[Column[U]]) -> Iterator[Column[T]]:
    """The columns of a part, as columns of the whole."""

    def reach(get: Callable[[U], Any]) -> Callable[[T], Any]:
        return lambda row: get(outer(row))

    return (Column(c.name, c.kind, reach(c.get)) for c in columns)


def _outcome(outcome: Outcome) -> Column[ServiceView]:
    return Column(str(outcome).replace("-", "_"), COUNT, lambda v: v.service.outcomes.get(outcome, 0))


def _frame_of(ref: RecordRef | None) -> int | None:
    return None if ref is None else ref.frame


def _connection(p: IdlePeriod) -> Connection:
    return p.connection


def _period(f: Finding) -> IdlePeriod:
    return f.period


CONNECTION: tuple[Column[Connection], ...] = (
    Column("client", TEXT, lambda c: c.client.address),
    Column("client_port", COUNT, lambda c: c.client.port),
    Column("server", TEXT, lambda c: c.server.address),
    Column("server_port", COUNT, lambda c: c.server.port),
)
"""The columns that name a connection, in every frame that has one."""

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
    Column("idle_periods", COUNT, lambda c: c.idle_periods),
    Column("client_fin", FLAG, lambda c: c.fin[0]),
    Column("server_fin", FLAG, lambda c: c.fin[1]),
    Column("client_rst", FLAG, lambda c: c.rst[0]),
    Column("server_rst", FLAG, lambda c: c.rst[1]),
)

PERIODS: tuple[Column[IdlePeriod], ...] = (
    Column("time", TIME, lambda p: p.wake.first.ref.time),
    *_via(_connection, CONNECTION),
    Column("point", COUNT, lambda p: p.connection.point),
    Column("connection", COUNT, lambda p: p.connection.id),
    Column("file", COUNT, lambda p: p.file),
    Column("stream", COUNT, lambda p: p.stream),
    Column("kind", TEXT, lambda p: p.kind),
    Column("outcome", TEXT, lambda p: p.outcome),
    Column("idle", FLAG, lambda p: p.idle),
    Column("gap", GAP, lambda p: p.gap),
    Column("bound", TEXT, lambda p: p.bound),
    Column("silence", GAP, lambda p: p.silence),
    Column("client_probes", COUNT, lambda p: p.probes[0]),
    Column("server_probes", COUNT, lambda p: p.probes[1]),
    Column("fin", TEXT, lambda p: p.fin),
    Column("fin_acknowledged", FLAG, lambda p: p.fin_acknowledged),
    Column("cut_short", FLAG, lambda p: p.cut_short),
    Column("clock_back", GAP, lambda p: p.clock_back),
    Column("sent_bytes", COUNT, lambda p: p.wake.length),
    Column("heartbeat", FLAG, lambda p: p.wake.heartbeat),
    Column("retransmissions", COUNT, lambda p: p.wake.retransmissions),
    Column("answer", TEXT, lambda p: p.answer and p.answer.kind),
    Column("answer_flags", COUNT, lambda p: p.answer and p.answer.first.flags),
    Column("answer_delay", GAP, lambda p: p.answer and p.answer.delay),
    Column("start_frame", COUNT, lambda p: _frame_of(p.start)),
    Column("wake_frame", COUNT, lambda p: p.wake.first.ref.frame),
    Column("answer_frame", COUNT, lambda p: _frame_of(p.answer.first.ref if p.answer else None)),
    Column("fin_frame", COUNT, lambda p: _frame_of(p.peer_fin)),
)

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
    Column("damage", TEXT, lambda f: f.error or (f.facts.damage and f.facts.damage.reason)),
)


def findings_frame(findings: Iterable[Finding], names: FileNames) -> pd.DataFrame:
    """One row a finding: its verdict, all columns of its idle period, where to look in Wireshark."""
    columns: list[Column[Finding]] = [
        Column("rule", TEXT, lambda f: f.rule),
        Column("name", TEXT, lambda f: f.name),
        Column("severity", TEXT, lambda f: f.severity),
        Column("confidence", TEXT, lambda f: f.confidence),
        Column("proved", FLAG, lambda f: f.proved),
        *_via(_period, PERIODS),
        Column("sent", TEXT, lambda f: f.sent.label),
        Column("protocol", TEXT, lambda f: f.sent.protocol),
        Column("farewell", TEXT, lambda f: f.sent.farewell),
        Column("rst_sender", TEXT, lambda f: f.origin and f.origin.sender),
        Column("doubts", TEXT, lambda f: " ".join(d.code for d in f.doubts) or None),
        Column("compared", TEXT, lambda f: "; ".join(f.compared) or None),
        Column("twins", COUNT, lambda f: len(f.twins)),
        Column("file_name", TEXT, lambda f: names.file_name(f.period.file)),
        Column("display_filter", TEXT, lambda f: display_filter(
            p.ref for p in proof(f.period) if p.ref.file == f.period.file)),
    ]  # fmt: skip
    return _table(columns, list(findings))


def idle_periods_frame(periods: Iterable[IdlePeriod]) -> pd.DataFrame:
    """One row an idle period, columns as in :data:`PERIODS`; ``gap`` and ``silence`` are timedeltas."""
    return _table(PERIODS, list(periods))


def connections_frame(connections: Iterable[Connection]) -> pd.DataFrame:
    """One row a connection, columns as in :data:`CONNECTIONS`; payload in bytes."""
    return _table(CONNECTIONS, list(connections))


def services_frame(services: Iterable[ServiceView]) -> pd.DataFrame:
    """One row a server address and port, columns as in :data:`SERVICES`."""
    return _table(SERVICES, list(services))


def files_frame(files: Iterable[CaptureFile]) -> pd.DataFrame:
    """One row a file, columns as in :data:`FILES`."""
    return _table(FILES, list(files))


def _table(columns: Sequence[Column[T]], rows: list[T]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("DataFrames need pandas: pip install 'pcapdiag[frames]'", name="pandas") from error

    return pd.DataFrame({c.name: _series(c.kind, [c.get(row) for row in rows]) for c in columns})


def _series(kind: str, values: list[Any]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if kind in (TIME, GAP):
        ns = np.array([_NOT_A_TIME if v is None else v for v in values], dtype=np.int64)
        if kind == GAP:
            return pd.Series(ns.view("timedelta64[ns]"))
        return pd.Series(ns.view("datetime64[ns]")).dt.tz_localize("UTC")
    if kind == TEXT:
        values = [None if v is None else str(v) for v in values]
    return pd.Series(values, dtype=kind)
