"""From what an application noted, and what both proxies of its path logged, to what was said on the upstream connections. Pure.

The client of such a connection is the sidecar, so its 4-tuple and its times are from the sidecar's own logs. That a request is
lost is told by the application, which got a 503; by the sidecar, which logged UC; and by the gateway, which has no line for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pcapdiag.lab.accesslog import Logged
from pcapdiag.lab.types import Said

_LOST = "upstream_reset_before_response_started{connection_termination}"


def said_on(
    application: Iterable[dict[str, Any]], sidecar: Sequence[Logged], gateway: Iterable[Logged]
) -> tuple[list[Said], list[str]]:
    """Every request, in order of time, and what of the three accounts does not fit together."""
    told = {line["id"]: line["result"] for line in application}
    arrived = {line.id: line.remote for line in gateway}
    wrong = [f"{ident} is not in the sidecar's log" for ident in sorted(told.keys() - {line.id for line in sidecar})]
    said: list[Said] = []
    numbers: dict[str, int] = {}
    last_ns: dict[str, int] = {}
    for line in sorted(sidecar, key=lambda line: line.wrote_ns or 0):
        if line.local is None or line.upstream is None or line.wrote_ns is None:
            wrong.append(f"{line.id} had no upstream connection: {line.status} {line.flags}")
            continue
        before_ns, saw = last_ns.get(line.local), arrived.get(line.id)
        lost = (line.status, line.flags, line.details) == (503, "UC", _LOST) and before_ns is not None
        if told.get(line.id) != str(line.status):
            wrong.append(f"{line.id} is {line.status} for the sidecar, {told.get(line.id)} for the application")
        if line.status != 200 and not lost:
            wrong.append(f"{line.id} failed otherwise: {line.status} {line.flags} {line.details}")
        if lost != (saw is None):
            wrong.append(f"{line.id} is {line.status}, and the gateway has {'no' if saw is None else 'a'} line for it")
        said.append(
            Said(
                id=line.id,
                connection=numbers.setdefault(line.local, len(numbers)),
                by="client",
                kind="request",
                client=line.local,
                server=line.upstream,
                server_saw=saw,
                sent_ns=line.wrote_ns,
                gap_ns=None if before_ns is None else line.wrote_ns - before_ns,
                length=line.length,
                result=f"{line.status} {line.flags}" if line.flags != "-" else str(line.status),
                rule="IDLE101" if lost else None,
            )
        )
        last_ns[line.local] = line.read_ns or line.wrote_ns
    return said, wrong
