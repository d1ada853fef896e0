"""Connection tracking: lists, events and /proc, and laws over what they could hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.correlate.conntrack import read_conntrack
from pcapdiag.correlate.types import Event, Tracked, Tracking
from pcapdiag.engine.types import Endpoint
from pcapdiag.sources import tracking
from tests.end_to_end.shipped import ROOT

S = 1_000_000_000
BOTH = "src=10.1.0.1 dst=198.51.100.80 sport=35235 dport=80 src=10.2.0.2 dst=10.1.0.1 sport=8080 dport=35235"
CLIENT, OUTSIDE, INSIDE = Endpoint("10.1.0.1", 35235), Endpoint("198.51.100.80", 80), Endpoint("10.2.0.2", 8080)


def read(*lines: str | bytes) -> Tracking:
    """A table of these lines."""
    return read_conntrack(lines, "conntrack.txt")


@pytest.mark.parametrize("path", sorted((ROOT / "captures").glob("*.conntrack.txt")), ids=lambda path: path.stem)
def test_the_shipped_tables_are_read_to_their_last_line(path: object) -> None:
    """Nothing is unread, each entry has the time of its list, and lists without entries are known to have been made."""
    table = tracking(str(path))
    assert table.source.unread == 0
    assert table.source.lines == table.source.skipped + len(table.entries)
    assert {e.time for e in table.entries} <= set(table.listed)


def test_a_forgotten_entry_is_missing_from_a_later_list() -> None:
    """The middle tracked the connection, then listed its table without it."""
    table = tracking(str(ROOT / "captures/icmp-prohibited.conntrack.txt"))
    there = {e.time for e in table.entries if e.original[0] == CLIENT}
    assert there == {table.listed[0]}
    assert len(table.listed) == 3


@pytest.mark.parametrize(
    ("line", "state", "left"),
    [
        (f"tcp      6 431999 ESTABLISHED {BOTH} [ASSURED] mark=0 use=1", "ESTABLISHED", 431_999),
        (f"ipv4     2 tcp      6 1 ESTABLISHED {BOTH} [ASSURED] mark=0 zone=7 use=2", "ESTABLISHED", 1),
        (f"ipv4     2 tcp      6 0 CLOSE {BOTH} [ASSURED] mark=0 secctx=system_u:object_r:unlabeled_t:s0 use=1", "CLOSE", 0),
        (
            f"ipv4     2 tcp      6 {BOTH} [OFFLOAD] mark=0 use=3".replace("sport=8080", "packets=1 bytes=60 sport=8080"),
            None,
            None,
        ),
        (f"tcp      6 {BOTH} [HW_OFFLOAD] [ASSURED] mark=0 use=1 id=3243424", None, None),
        (
            f"tcp      6 299 ESTABLISHED {BOTH.replace(' src=10.2', ' packets=3 bytes=200 src=10.2')} packets=2 bytes=99 [ASSURED] use=1",
            "ESTABLISHED",
            299,
        ),
    ],
)
def test_entries(line: str, state: str | None, left: int | None) -> None:
    """With and without layer 3, zone, mark, context, counters and id; what hardware forwards has neither state nor time."""
    (entry,) = read(line + "\n").entries
    assert (entry.original, entry.reply) == ((CLIENT, OUTSIDE), (INSIDE, CLIENT))
    assert (entry.state, entry.left, entry.event, entry.time) == (state, None if left is None else left * S, None, None)


@pytest.mark.parametrize(
    ("line", "event", "time", "unreplied"),
    [
        (f"    [NEW] tcp      6 120 SYN_SENT {BOTH.replace(' src=10.2', ' [UNREPLIED] src=10.2')}", Event.NEW, None, True),
        (f"[1700000000.123456]\t [UPDATE] tcp      6 60 SYN_RECV {BOTH}", Event.UPDATE, 1_700_000_000_123_456_000, False),
        (
            f"[1700000000.000001]\t[DESTROY] ipv4     2 tcp      6 {BOTH} [ASSURED]",
            Event.DESTROY,
            1_700_000_000_000_001_000,
            False,
        ),
        (
            f" [DESTROY] tcp      6 CLOSE {BOTH} [ASSURED] delta-time=4 [start=Tue Nov 14 22:13:20 2023]",
            Event.DESTROY,
            None,
            False,
        ),
    ],
)
def test_events(line: str, event: Event, time: int | None, unreplied: bool) -> None:
    """With their own times or none: a date above them does not say when they happened."""
    (entry,) = read("2026-11-25T05:27:37Z\n", line + "\n").entries
    assert (entry.event, entry.time, entry.unreplied) == (event, time, unreplied)


def test_ipv6() -> None:
    """Addresses in canonical form."""
    (entry,) = read("ipv6     10 tcp      6 2 ESTABLISHED src=fd00:0001::1 dst=2001:db8:80::80 sport=39227 dport=80 "
                    "src=fd00:2::2 dst=fd00:1::1 sport=8080 dport=39227 [ASSURED] use=1").entries  # fmt: skip
    assert entry.original == (Endpoint("fd00:1::1", 39227), Endpoint("2001:db8:80::80", 80))


def test_other_protocols_are_skipped_and_nonsense_is_unread() -> None:
    """UDP, ICMP, GRE and the summary are no errors; an entry of TCP with one direction is."""
    table = read(
        "udp      17 29 src=192.0.2.2 dst=192.0.2.1 sport=41609 dport=4789 [UNREPLIED] src=192.0.2.1 dst=192.0.2.2 sport=4789 dport=41609 use=1\n",
        "icmp     1 29 src=127.0.0.1 dst=127.0.0.1 type=8 code=0 id=7 src=127.0.0.1 dst=127.0.0.1 type=0 code=0 id=7 use=1\n",
        "unknown  2 591 src=10.0.0.1 dst=224.0.0.1 [UNREPLIED] src=224.0.0.1 dst=10.0.0.1 use=1\n",
        "conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.\n",
        "tcp      6 3 ESTABLISHED src=10.1.0.1 dst=198.51.100.80 sport=35235 dport=80 use=1\n",
        f"tcp      6 3 ESTABLISHED {BOTH.replace('sport=8080', 'sport=80800')}\n",
        "hello\n",
    )
    assert (table.source.skipped, table.source.unread, table.source.first_unread) == (4, 3, 5)
    assert table.source.why == "an entry without both directions"


def test_when_the_table_was_listed() -> None:
    """At every date above a list, also where the list is empty; among events only where a command says so."""
    date = "2026-11-25T05:27:37Z"
    at = 1_795_584_457 * S
    assert read(date).listed == (at,)
    assert read(date, f"    [NEW] tcp      6 120 SYN_SENT {BOTH}").listed == ()
    assert read(f"# {date} middle: conntrack -L -p tcp", f"    [NEW] tcp      6 120 SYN_SENT {BOTH}").listed == (at,)


ends = st.tuples(st.ip_addresses(v=4).map(str), st.integers(1, 65535))
states = st.sampled_from(("ESTABLISHED", "SYN_SENT", "FIN_WAIT", "CLOSE_WAIT", "TIME_WAIT", "LAST_ACK", "CLOSE", "SYN_SENT2"))
entries = st.builds(
    lambda a, b, c, d, state, left, event, time, assured, unreplied: Tracked(
        1, time if event else None, event, state, left * S, (Endpoint(*a), Endpoint(*b)), (Endpoint(*c), Endpoint(*d)), assured, unreplied
    ),
    ends, ends, ends, ends, states, st.integers(0, 10**6), st.none() | st.sampled_from(Event), st.integers(0, 4 * 10**9).map(lambda n: n * S),
    st.booleans(), st.booleans(),
)  # fmt: skip


def printed(entry: Tracked) -> str:
    """As conntrack prints it."""

    def way(pair: tuple[Endpoint, Endpoint]) -> str:
        source, target = pair
        return f"src={source.address} dst={target.address} sport={source.port} dport={target.port}"

    front = f"[{(entry.time or 0) // S}.{(entry.time or 0) % S // 1000:06d}]\t[{entry.event}] " if entry.event else ""
    parts = (way(entry.original), "[UNREPLIED]" * entry.unreplied, way(entry.reply), "[ASSURED]" * entry.assured, "mark=0 use=1")
    return f"{front}tcp      6 {(entry.left or 0) // S} {entry.state} {' '.join(filter(None, parts))}"


@settings(max_examples=60)
@given(entries)
def test_what_is_printed_is_read_back(entry: Tracked) -> None:
    """Every field."""
    assert read(printed(entry)).entries == (entry,)


pieces = st.one_of(
    st.text(max_size=80), st.binary(max_size=80), st.builds(lambda e, n: printed(e)[:n], entries, st.integers(0, 250))
)


@settings(max_examples=100)
@given(st.lists(pieces, max_size=10))
def test_every_line_has_one_fate(lines: list[str | bytes]) -> None:
    """Whatever they hold: lines are entries, skipped and unread, and nothing is an error."""
    table = read(*lines)
    assert table.source.lines == len(lines) == len(table.entries) + table.source.skipped + table.source.unread
