"""What else a user may have, by hand: a joined line, one of every reason, sockets, entries, users' requests, hostile if need be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.joined import (
    Arrival,
    How,
    JoinedLog,
    Joins,
    Key,
    Line,
    Offset,
    SocketSeen,
    TrackedSeen,
    Unusable,
    Why,
)
from pcapdiag.correlate.keepalive import Connection, Group, Keepalive, Survey
from pcapdiag.correlate.types import Event, Logged, Side, Source, Tracked
from pcapdiag.engine.types import Endpoint
from pcapdiag.rules.types import Confidence, Finding
from tests.report.factory import CLIENT, MS, SERVER, T0, S, ref

_ID = "366d6f0a-bc14-45ef-8d76-e6cd05b4de77"


def source(name: str, side: Side | None = None, **other: Any) -> Source:
    """A text that was read whole."""
    return Source(name, side, "Istio text", 31, 0, 0, None, None)._replace(**other)


def logged(line: int, text: str | None = None, **other: Any) -> Logged:
    """A request that failed at once; ``text`` wherever others choose it."""
    facts: dict[str, Any] = {
        "line": line, "start": T0, "resolution": MS, "duration": 3 * MS, "method": text or "GET", "path": text or "/orders/17",
        "protocol": text or "HTTP/1.1", "code": 503, "flags": ("UC", *([text] if text else [])), "details": text,
        "termination": text, "transport_failure": text, "request_id": text or _ID, "authority": text, "forwarded_for": text,
        "user_agent": text, "cluster": text, "route": text, "upstream": SERVER, "local": CLIENT, "downstream": None,
        "listener": None, **other,
    }  # fmt: skip
    return Logged(**facts)


def joins(findings: Sequence[Finding], text: str | None = None) -> Joins:
    """Everything beside the captures: the first two findings have failed lines, each reason for none stands once."""
    first, second = map(Key.of, findings[:2])
    arrived = (
        Arrival(1, Presence.ABSENT),
        Arrival(1, Presence.PRESENT, (7,), 200),
        Arrival(1, Presence.UNKNOWN, why="it ends before"),
    )
    lines = (
        Line(logged(4, text), first, How.UPSTREAM, -2 * MS, arrived=arrived),
        Line(logged(5, text, code=0), second, How.ADDRESS, 3 * MS, translated=True),
        *(Line(logged(6 + i, text, odd={"local": text or "envoy://x/"}), None, why=why, detail=text or "it is")
          for i, why in enumerate(Why)),
    )  # fmt: skip
    name = text or "sidecar.log"
    gateway = source(
        "gateway.log", Side.SERVER, unread=2, first_unread=3, why=text or "no line", notes=("read as UTC",), damage="cut"
    )
    entry = Tracked(19, T0 - 9 * S, None, "ESTABLISHED", S, (CLIENT, SERVER), (SERVER, CLIENT), True, False)
    process = text or "envoy"
    seen = Connection(CLIENT, SERVER, SERVER, True, process, Keepalive.NONE, T0, T0, 1, S, S, None, 0)
    tables = (source(text or "ss.txt"),)
    return Joins(
        logs=(
            JoinedLog(source(name, Side.CLIENT), 31, (T0 - S, T0 + S), Offset(90 * S, 2 * MS, 2), lines, 1),
            JoinedLog(gateway, 27, (T0 - S, T0 + S), None, ()),
        ),
        tables=tables,
        sockets=(
            SocketSeen(first, 0, 138, T0 - S, True, CLIENT, SERVER, "ESTAB", Keepalive.NONE, None, None, process, 2),
            SocketSeen(second, 0, 139, None, False, SERVER, CLIENT, None, Keepalive.ON, 7 * S, 60 * S, None, None),
        ),
        survey=Survey(tables, 1, (T0, T0), True, True, (Group(process, SERVER, True, (seen,)),), (), {"TIME-WAIT": 3}, 0),
        trackings=(source("conntrack.txt"),),
        tracked=(
            TrackedSeen(first, 0, entry, T0 - 8 * S, T0 - 7 * S, None, (CLIENT, Endpoint("10.2.0.2", 8080))),
            TrackedSeen(second, 0, None, None, None, Tracked(
                20, T0 - S, Event.DESTROY, None, None, (CLIENT, SERVER), (SERVER, CLIENT), True, False), None),
        ),
        impacts=((first, Impact(
            CLIENT, SERVER, 3, ref(12), ref(16, T0 + MS), text or "GET", text or "/orders/17", 503, text or _ID, MS, MS, False,
            Confidence.LIKELY, ("it came 1 ms before the lost one",))),),
        unusable=(Unusable(text or "gone.log", "no such file or directory"),),
    )  # fmt: skip
