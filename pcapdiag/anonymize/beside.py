"""What access logs, socket tables and connection tracking name that is no address: paths, hosts, ids, processes, files."""

from __future__ import annotations

from dataclasses import replace

from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.joined import JoinedLog, Joins, Line, Unusable
from pcapdiag.correlate.keepalive import Connection, Group, Survey
from pcapdiag.correlate.types import Logged, Source

_HIDDEN = "(hidden)"


def nameless(joins: Joins) -> Joins:
    """The same with all that hidden; methods, codes and flags stay, and processes can be told apart. Addresses stay."""
    processes: dict[str, str] = {}
    files: dict[str, str] = {}

    def process(name: str | None) -> str | None:
        return None if name is None else processes.setdefault(name, f"process-{len(processes) + 1}")

    def source(of: Source) -> Source:
        name = files.setdefault(of.name, f"text-{len(files) + 1}")
        known = of.format if len(of.format) < 40 and "%" not in of.format and "{" not in of.format else "given format"
        return of._replace(name=name, format=known, why=of.why and _HIDDEN, notes=(), damage=of.damage and _HIDDEN)

    def log(of: JoinedLog) -> JoinedLog:
        return replace(of, source=source(of.source), lines=tuple(map(_line, of.lines)))

    def connection(of: Connection) -> Connection:
        return replace(of, process=process(of.process))

    def group(of: Group) -> Group:
        return replace(of, process=process(of.process), connections=tuple(map(connection, of.connections)))

    def survey(of: Survey) -> Survey:
        return replace(
            of,
            sources=tuple(map(source, of.sources)),
            groups=tuple(map(group, of.groups)),
            loopback=tuple(map(connection, of.loopback)),
            others={},
        )

    return replace(
        joins,
        logs=tuple(map(log, joins.logs)),
        tables=tuple(map(source, joins.tables)),
        sockets=tuple(replace(s, process=process(s.process)) for s in joins.sockets),
        survey=None if joins.survey is None else survey(joins.survey),
        trackings=tuple(map(source, joins.trackings)),
        impacts=tuple((key, _impact(impact)) for key, impact in joins.impacts),
        unusable=tuple(Unusable(f"text-{len(files) + n}", _HIDDEN) for n, _ in enumerate(joins.unusable, 1)),
    )


def _line(line: Line) -> Line:
    return replace(line, logged=_logged(line.logged), detail=line.detail if not line.logged.odd else _HIDDEN)


def _logged(line: Logged) -> Logged:
    """Without what its client or its proxy chose."""

    def hidden(text: str | None) -> str | None:
        return None if text is None else _HIDDEN

    return replace(
        line,
        method=line.method if line.method in _METHODS else hidden(line.method),
        path=hidden(line.path),
        flags=tuple(flag if flag.isalpha() and len(flag) < 6 else _HIDDEN for flag in line.flags),
        details=hidden(line.details),
        termination=hidden(line.termination),
        transport_failure=hidden(line.transport_failure),
        request_id=hidden(line.request_id),
        authority=hidden(line.authority),
        forwarded_for=hidden(line.forwarded_for),
        user_agent=hidden(line.user_agent),
        cluster=hidden(line.cluster),
        route=hidden(line.route),
        protocol=line.protocol if line.protocol in _PROTOCOLS else hidden(line.protocol),
        odd=dict.fromkeys(line.odd, _HIDDEN),
    )


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"))
_PROTOCOLS = frozenset(("HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"))


def _impact(impact: Impact) -> Impact:
    reasons = tuple("both carry the same x-request-id" if "x-request-id" in text else text for text in impact.reasons)
    method = impact.method if impact.method in _METHODS else impact.method and _HIDDEN
    return replace(
        impact, method=method, path=impact.path and _HIDDEN, request_id=impact.request_id and _HIDDEN, reasons=reasons
    )
