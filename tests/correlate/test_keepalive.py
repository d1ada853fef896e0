"""Which connections have no keepalive timer: what is one connection, which end is the service, and what cannot be told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.correlate.keepalive import Keepalive, Survey, survey
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.engine.types import Endpoint
from pcapdiag.sources import socket_table
from tests.end_to_end.shipped import ROOT

S = 1_000_000_000
SERVICE = Endpoint("198.51.100.80", 80)
ROW = "ESTAB 0 0 10.1.0.1:40000 198.51.100.80:80"


def look(*lines: str, **options: object) -> Survey:
    """The survey of one table."""
    return survey([read_sockets(lines, "ss")], **options)  # type: ignore[arg-type]  # passed on as they are


def kinds(found: Survey) -> tuple[int, int, int]:
    """How many have none, have it, and cannot be told."""
    return found.count(Keepalive.NONE), found.count(Keepalive.ON), found.count(Keepalive.UNKNOWN)


def test_the_shipped_story() -> None:
    """The sidecar's five connections to the service had none, in all snapshots; what is within the pod is apart."""
    found = survey([socket_table(str(ROOT / "captures/full-chain.ss.txt"))])
    (group,) = found.groups
    assert (group.service, group.outgoing, group.process, kinds(found)) == (SERVICE, True, None, (5, 0, 0))
    assert (found.snapshots, len(found.loopback), found.timers, found.processes) == (6, 10, True, False)
    oldest = group.connections[0]
    assert oldest.seen == 6
    assert oldest.first is not None
    assert oldest.last is not None
    assert oldest.age is not None
    assert oldest.age >= oldest.last - oldest.first
    assert all(c.idle is not None for c in group.connections)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["$ ss -tno", ROW], (1, 0, 0)),
        (["$ ss -tno", f"{ROW} timer:(keepalive,59sec,0)"], (0, 1, 0)),
        (["$ ss -tn", ROW], (0, 0, 1)),
        ([ROW], (0, 0, 1)),
        (["$ ss -tno", f"{ROW} timer:(on,204ms,1)"], (0, 0, 1)),
        (["$ ss -tno", f"{ROW} timer:(on,204ms,1)", "$ ss -tno", ROW], (1, 0, 0)),
        (["$ ss -tno", f"{ROW} timer:(on,204ms,1)", "$ ss -tno", f"{ROW} timer:(keepalive,1sec,0)"], (0, 1, 0)),
        (["$ ss -tno", f"{ROW} timer:(keepalive,1sec,0)", "$ ss -tn", ROW], (0, 1, 0)),
        (["$ ss -tno", "CLOSE-WAIT 0 0 10.1.0.1:40000 198.51.100.80:80"], (0, 0, 0)),
        (["$ ss -tno state established", "0 0 10.1.0.1:40000 198.51.100.80:80"], (1, 0, 0)),
    ],
)
def test_what_a_timer_says(lines: list[str], expected: tuple[int, int, int]) -> None:
    """No timer where timers are shown is none; a retransmission timer hides what is behind it; without -o nothing is said."""
    assert kinds(look(*lines)) == expected


def test_which_end_is_the_service() -> None:
    """The end that listens, else the one that is an end of more connections, else the one whose port is not ephemeral."""
    server = ["ESTAB 0 0 10.0.0.1:8080 10.9.0.1:40001", "ESTAB 0 0 10.0.0.1:8080 10.9.0.1:40002"]
    (group,) = look(*server).groups
    assert (group.service, group.outgoing) == (Endpoint("10.0.0.1", 8080), False)
    (group,) = look("LISTEN 0 9 0.0.0.0:45000 0.0.0.0:*", "ESTAB 0 0 10.0.0.1:45000 10.9.0.1:80").groups
    assert (group.service, group.outgoing) == (Endpoint("10.0.0.1", 45000), False)
    (group,) = look("ESTAB 0 0 10.0.0.1:40001 10.9.0.1:45000", "ESTAB 0 0 10.0.0.1:40002 10.9.0.1:45000").groups
    assert (group.service, group.outgoing) == (Endpoint("10.9.0.1", 45000), True)
    (group,) = look(ROW).groups
    assert (group.service, group.outgoing) == (SERVICE, True)


def test_groups_by_process_and_service() -> None:
    """The one with the most connections without keepalive is first, and in it those without, the longest idle first."""
    found = look(
        "$ ss -tnopi",
        'ESTAB 0 0 10.1.0.1:40001 10.2.0.1:5432 users:(("java",pid=7,fd=9)) timer:(keepalive,119min,0)',
        'ESTAB 0 0 10.1.0.1:40002 10.2.0.1:5432 users:(("java",pid=7,fd=8)) timer:(keepalive,7.5ms,2)',
        'ESTAB 0 0 10.1.0.1:40003 10.2.0.1:443 users:(("envoy",pid=8,fd=8),("envoy",pid=9,fd=8))',
        "\t ts lastsnd:100 lastrcv:300",
        'ESTAB 0 0 10.1.0.1:40004 10.2.0.1:443 users:(("envoy",pid=8,fd=9))',
        "\t ts lastsnd:500 lastrcv:400",
    )
    envoy, java = found.groups
    assert [g.process for g in (envoy, java)] == ["envoy", "java"]
    assert [(c.local.port, c.idle, c.age) for c in envoy.connections] == [
        (40004, S * 2 // 5, S // 2),
        (40003, S // 10, S * 3 // 10),
    ]
    assert max(c.left or 0 for c in java.connections) == 119 * 60 * S
    assert max(c.unanswered for c in java.connections) == 2


def test_what_is_asked_for() -> None:
    """By service, process and age; a connection whose age is not known is not old. What is left out is counted."""
    lines = ["2026-11-25T05:00:00Z", "$ ss -tno", ROW, "2026-11-25T05:05:00Z", "$ ss -tno", ROW, ROW.replace("40000", "40001")]
    assert kinds(look(*lines)) == (2, 0, 0)
    old = look(*lines, min_age=300 * S)
    assert ([c.local.port for g in old.groups for c in g.connections], old.excluded) == ([40000], 1)
    assert look(*lines, min_age=301 * S).excluded == 2
    assert look(*lines, services={SERVICE}).excluded == 0
    assert look(*lines, services={Endpoint("10.0.0.1", 80)}).excluded == 2
    assert look(*lines, processes={"envoy"}).excluded == 2


def test_other_states_are_counted_once() -> None:
    """As the last snapshot has them."""
    wait = "CLOSE-WAIT 1 0 10.1.0.1:40005 198.51.100.80:80"
    assert look("2026-11-25T05:00:00Z", wait, "2026-11-25T05:00:01Z", wait, "LISTEN 0 9 *:80 *:*").others == {
        "CLOSE-WAIT": 1,
        "LISTEN": 1,
    }


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.sampled_from(("", " timer:(keepalive,9sec,0)", " timer:(on,1sec,0)"))),
        max_size=12,
    )
)
def test_every_connection_is_counted_once(rows: list[tuple[int, int, str]]) -> None:
    """However many snapshots have it: groups hold each 4-tuple once, and the kinds add up."""
    lines = [f"ESTAB 0 0 10.0.0.{a}:40000 10.9.0.{b}:80{timer}" for a, b, timer in rows]
    found = look(*(line for row in lines for line in ("$ ss -tno", row)))
    ends = [(c.local, c.peer) for g in found.groups for c in g.connections]
    assert len(ends) == len(set(ends)) == len({(a, b) for a, b, _ in rows}) == found.connections == sum(kinds(found))
    assert found.snapshots == len(rows)
