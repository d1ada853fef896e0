"""Sockets and entries of connection tracking meet the findings of their connections, in the last moment before the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.correlate.conntrack import read_conntrack
from pcapdiag.correlate.incidents import incidents, translations
from pcapdiag.correlate.joined import Key, SocketSeen, TrackedSeen
from pcapdiag.correlate.joins_ss import join_sockets
from pcapdiag.correlate.joins_tracking import join_tracking
from pcapdiag.correlate.keepalive import Keepalive
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.times import iso
from pcapdiag.rules.types import Finding
from tests.report.factory import MS, T0, S, connection, finding, period

CLIENT, SERVER = Endpoint("10.1.0.1", 37456), Endpoint("198.51.100.80", 80)


def lost(begun: int = T0 - 30 * S) -> Finding:
    """A request that was lost at T0, after 6 s of silence, on a connection that began at a given time."""
    conn = connection(CLIENT, SERVER)
    conn = replace(conn, first=conn.first._replace(time=begun))
    return finding(period(6 * S, T0, conn=conn))


def stamp(ns: int, command: str) -> str:
    """A date as the lab's tables have them."""
    return f"# {iso(ns, 3)} client: {command}"


def row(timer: str = "", pair: str = "10.1.0.1:37456     198.51.100.80:80", more: str = "") -> str:
    """A socket."""
    return f"ESTAB 0 0 {pair} {timer}{more}"


def sockets(*lines: str, of: Finding | None = None) -> tuple[SocketSeen, ...]:
    """What the table says of the request."""
    of = of or lost()
    table = read_sockets([f"{text}\n" for text in lines], "ss.txt")
    return join_sockets([table], incidents([of], {}), {Key.of(of): of.period.connection.first.time})


def test_the_last_snapshot_before_the_loss_tells() -> None:
    """Of three snapshots that which is later than the loss tells nothing, and the one before it decides."""
    (seen,) = sockets(
        stamp(T0 - 9 * S, "ss -tno"), row("timer:(keepalive,3sec,0)"), stamp(T0 - 2 * S, "ss -tno"), row(),
        stamp(T0 + S, "ss -tno"), row("timer:(keepalive,3sec,0)"),
    )  # fmt: skip
    assert (seen.keepalive, seen.time, seen.client) == (Keepalive.NONE, (T0 - 2 * S) // MS * MS, True)


def test_a_socket_of_an_earlier_connection_is_another() -> None:
    """The same ends before the handshake, or after the loss, are another incarnation's."""
    assert sockets(stamp(T0 - 40 * S, "ss -tno"), row()) == ()
    assert sockets(stamp(T0 + S, "ss -tno"), row()) == ()


def test_a_timer_tells_the_setting_and_the_process() -> None:
    """With -i and -p, what is left and for how long it was silent give the keepalive time; the process is named."""
    more = "\n\t cubic lastsnd:5000 lastrcv:4000 retrans:0/3"
    text = row("timer:(keepalive,56sec,0)", more=' users:(("envoy",pid=7,fd=9))' + more)
    (seen,) = sockets(stamp(T0 - S, "ss -tnopi"), *text.split("\n"))
    assert (seen.keepalive, seen.left, seen.configured) == (Keepalive.ON, 56 * S, 60 * S)
    assert (seen.process, seen.retransmissions) == ("envoy", 3)


def test_without_o_nothing_is_concluded() -> None:
    """A snapshot that shows no timers does not say that there is none; an undated one is used, and says so."""
    (seen,) = sockets(stamp(T0 - S, "ss -tn"), row())
    assert seen.keepalive is Keepalive.UNKNOWN
    (seen,) = sockets("ESTAB 0 0 10.0.0.9:1 10.0.0.8:2 timer:(keepalive,3sec,0)", row())
    assert (seen.time, seen.keepalive) == (None, Keepalive.NONE)


def test_the_server_s_socket_is_told_as_its_own() -> None:
    """On the server's side the ends stand the other way round."""
    (seen,) = sockets(stamp(T0 - S, "ss -tno"), row(pair="198.51.100.80:80 10.1.0.1:37456"))
    assert not seen.client


def entry(left: int, event: str = "") -> str:
    """An entry of connection tracking, translated to 10.2.0.2:8080."""
    state = "" if "DESTROY" in event else f"{left} ESTABLISHED "
    return f"{event}ipv4     2 tcp      6 {state}src=10.1.0.1 dst=198.51.100.80 sport=37456 dport=80 src=10.2.0.2 dst=10.1.0.1 sport=8080 dport=37456 [ASSURED] mark=0 use=1"


OTHER = entry(300).replace("37456", "40000")


def tracked(*lines: str) -> tuple[TrackedSeen, ...]:
    """What the file says of the request."""
    of = lost()
    table = read_conntrack([f"{text}\n" for text in lines], "conntrack.txt")
    silence = of.period.connection.first.time, T0 - 6 * S
    return join_tracking([table], incidents([of], translations([table])), {Key.of(of): silence})


def test_an_entry_is_gone_when_a_listing_lacks_it() -> None:
    """It was there with 1 s left, and the next listing, still before the request, has it no more."""
    (seen,) = tracked(stamp(T0 - 5 * S, "conntrack -L"), entry(1), stamp(T0 - S, "conntrack -L"), OTHER)
    assert seen.before is not None
    assert (seen.before.left, seen.gone) == (S, (T0 - S) // MS * MS)
    assert seen.forgotten
    assert seen.translated == (CLIENT, Endpoint("10.2.0.2", 8080))


@pytest.mark.parametrize(
    "listing",
    [
        (stamp(T0 - S, "conntrack -L"),),
        (stamp(T0 - S, "conntrack -L"), "conntrack: command not found"),
        (stamp(T0 - S, "conntrack -L -p udp"), OTHER.replace("tcp      6", "udp      17")),
        (stamp(T0 - S, "conntrack -L -s 10.77.0.1"), OTHER),
        (stamp(T0 - S, "conntrack -L").replace("client:", "elsewhere:"), OTHER),
    ],
    ids=["nothing", "failed", "other-protocol", "other-source", "other-host"],
)
def test_a_listing_that_could_not_show_it_proves_nothing(listing: tuple[str, ...]) -> None:
    """It came to nothing, failed, was asked for something else, or is of another machine: the entry may have been there."""
    (seen,) = tracked(stamp(T0 - 5 * S, "conntrack -L"), entry(431_990), *listing)
    assert not seen.forgotten


def test_an_entry_that_came_again_was_there() -> None:
    """After it was destroyed the connection was entered again, before something was sent: nothing had forgotten it."""
    events = [f"[{at // S}.{at % S // 1000:06d}]\t" for at in (T0 - 3 * S, T0 - 2 * S)]
    (seen,) = tracked(entry(0, f"{events[0]}[DESTROY] "), entry(300, f"{events[1]}[NEW] "))
    assert not seen.forgotten


def test_an_entry_runs_out_where_nothing_refreshes_it() -> None:
    """What was left in the silence is over before the request, though no listing shows it gone; more would not be."""
    (seen,) = tracked(stamp(T0 - 5 * S, "conntrack -L"), entry(2))
    assert seen.forgotten
    assert (seen.gone, seen.expires) == (None, (T0 - 5 * S) // MS * MS + 3 * S)
    (seen,) = tracked(stamp(T0 - 5 * S, "conntrack -L"), entry(5))
    assert not seen.forgotten
    (seen,) = tracked(stamp(T0 - 9 * S, "conntrack -L"), entry(1))  # traffic after it refreshed it
    assert not seen.forgotten


def test_an_event_tells_when_it_was_destroyed() -> None:
    """conntrack -E says it to the microsecond."""
    at = T0 - 2 * S
    event = f"[{at // S}.{at % S // 1000:06d}]\t[DESTROY] "
    (seen,) = tracked(entry(0, event))
    assert seen.destroyed is not None
    assert seen.forgotten


def test_what_it_never_had_is_not_told() -> None:
    """A table of other connections says nothing of this one."""
    assert tracked(stamp(T0 - S, "conntrack -L"), entry(1).replace("37456", "37457")) == ()
