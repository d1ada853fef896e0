"""Absence from the next hop's logs proves a loss only where the client's answered requests show that arrival leaves a line."""

from __future__ import annotations

import pytest

from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.arrivals import wanted, with_arrivals
from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.formats import ISTIO
from pcapdiag.correlate.joined import Arrival, JoinedLog, Line
from tests.correlate.written import Request

START_MS = 1_782_000_000_123
OK = {"code": "200", "flags": "-", "details": "via_upstream"}
LOST = Request(start_ms=START_MS + 5_000, request_id="lost")
CLIENT = [Request(start_ms=START_MS + n * 1_000, request_id=f"id-{n}", **OK) for n in (0, 3, 7, 10)]


def arrivals(*hops: list[Request]) -> tuple[Arrival, ...]:
    """What these logs of the next hop say of the one request of the client that failed."""

    def read(requests: list[Request], ids: frozenset[str] = frozenset()):  # type: ignore[no-untyped-def]
        return read_access_log([request.text(ISTIO) + "\n" for request in requests], "a.log", wanted=ids)

    near = read([*CLIENT, LOST])
    far = [(1 + n, read(hop, wanted([near]))) for n, hop in enumerate(hops)]
    lines = tuple(Line(line, None) for line in near.failed)
    (line,) = with_arrivals(JoinedLog(near.source, near.requests, near.span, None, lines), near.witnesses, far).lines
    return line.arrived


def at(requests: list[Request], by_ms: int) -> list[Request]:
    """The same by a clock that is so far ahead."""
    return [Request(start_ms=r.start_ms + by_ms, request_id=r.request_id, **OK) for r in requests]


@pytest.mark.parametrize("by_ms", [0, 3_600_000, -50_400_000])
def test_absent_where_the_others_arrived(by_ms: int) -> None:
    """The next hop has the client's answered requests before and after, on whatever clock: it would have this one."""
    assert arrivals(at(CLIENT, by_ms)) == (Arrival(1, Presence.ABSENT),)


def test_new_ids_prove_nothing() -> None:
    """An edge proxy gives each request an id of its own: none of the client's occurs, and nothing is said of the lost one."""
    (told,) = arrivals([Request(start_ms=r.start_ms, request_id=f"new-{n}", **OK) for n, r in enumerate(CLIENT)])
    assert told.presence is Presence.UNKNOWN
    assert "none of the ids" in told.why


@pytest.mark.parametrize("by_ms", [0, 3_600_000])
def test_a_log_of_another_time_proves_nothing(by_ms: int) -> None:
    """It ends before the request, or begins after it, by its own clock."""
    (early,) = arrivals(at(CLIENT[:2], by_ms))
    (late,) = arrivals(at(CLIENT[2:], by_ms))
    assert (early.why, late.why) == ("it ends before", "it begins later")


def test_arrived_at_one_replica_is_arrived() -> None:
    """One of two replicas has it: nothing is said of the other."""
    (told,) = arrivals(at(CLIENT[::2], 0), at([*CLIENT[1::2], LOST], 0))
    assert (told.log, told.presence) == (2, Presence.PRESENT)


def test_absent_from_all_replicas_together() -> None:
    """Two replicas share the client's requests, and both their logs cover the time: it reached neither."""
    told = arrivals(at([CLIENT[0], CLIENT[1], CLIENT[3]], 0), at([CLIENT[0], CLIENT[2], CLIENT[3]], 0))
    assert [arrival.presence for arrival in told] == [Presence.ABSENT] * 2


def test_a_replica_without_its_log_may_have_it() -> None:
    """An answered request that stands in no log was answered elsewhere; the lost one may have gone there too."""
    (told,) = arrivals(at([CLIENT[0], CLIENT[1], CLIENT[3]], 0))
    assert told.presence is Presence.UNKNOWN
    assert "another next hop" in told.why
