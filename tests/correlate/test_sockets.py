"""What ss prints, in every form, with and without dates; laws over what it could print."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.correlate.socket_rows import left
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.correlate.types import Process, Snapshot, Socket, SocketTable, Timer
from pcapdiag.engine.types import Endpoint
from pcapdiag.sources import socket_table
from tests.end_to_end.shipped import ROOT

S, MS = 1_000_000_000, 1_000_000
HEADER = "State Recv-Q Send-Q Local Address:Port   Peer Address:PortProcess"
ROW = "ESTAB 0      0           10.1.0.1:39737 198.51.100.80:80"
LOCAL, PEER = Endpoint("10.1.0.1", 39737), Endpoint("198.51.100.80", 80)
AT = 1_795_584_457 * S


def read(*lines: str | bytes) -> SocketTable:
    """A table of these lines."""
    return read_sockets(lines, "ss.txt")


def one(*lines: str) -> Socket:
    """Its only socket."""
    (snapshot,) = read(*lines).snapshots
    (socket,) = snapshot.sockets
    return socket


@pytest.mark.parametrize("path", sorted((ROOT / "captures").glob("*.ss.txt")), ids=lambda path: path.stem)
def test_the_shipped_tables_are_read_to_their_last_line(path: object) -> None:
    """Nothing in them is unread; all snapshots have their time and host, show timers, and hold what -i told."""
    table = socket_table(str(path))
    assert table.source.unread == 0
    assert table.source.lines == table.source.skipped + sum(len(s.sockets) for s in table.snapshots)
    assert all(s.time is not None and s.host == "client" and s.timers for s in table.snapshots)
    assert all(("lastrcv" in socket.info) == bool(i % 2) for i, s in enumerate(table.snapshots) for socket in s.sockets)


def test_the_lost_connections_had_no_keepalive_timer() -> None:
    """Every connection of the sidecar, in six snapshots."""
    table = socket_table(str(ROOT / "captures/full-chain.ss.txt"))
    assert [s.time for s in table.snapshots][:2] == [AT + 155 * MS, AT + 164 * MS]
    upstream = [socket for s in table.snapshots for socket in s.sockets if socket.peer == PEER]
    assert len({socket.local for socket in upstream}) == 5
    assert all(socket.timer is None and socket.state == "ESTAB" for socket in upstream)


@pytest.mark.parametrize(
    ("line", "state", "queued"),
    [
        (ROW, "ESTAB", (0, 0)),
        (f"tcp   {ROW}", "ESTAB", (0, 0)),
        ("0      88          10.1.0.1:39737 198.51.100.80:80", None, (0, 88)),
        ("ESTAB 10.1.0.1:39737 198.51.100.80:80", "ESTAB", None),
        ("10.1.0.1:39737 198.51.100.80:80", None, None),
        ("CLOSE-WAIT 1 0 10.1.0.1:39737 198.51.100.80:80", "CLOSE-WAIT", (1, 0)),
        ("ESTAB 0 0 [::ffff:10.1.0.1]:39737 [::ffff:198.51.100.80]:80", "ESTAB", (0, 0)),
        ("ESTAB 0 0 ::ffff:10.1.0.1:39737 ::ffff:198.51.100.80:80", "ESTAB", (0, 0)),
        ("ESTAB 0 0 10.1.0.1%eth0:39737 198.51.100.80:80", "ESTAB", (0, 0)),
    ],
)
def test_columns(line: str, state: str | None, queued: tuple[int, int] | None) -> None:
    """Columns that are there always, sometimes, and of older versions; mapped addresses are those of the wire."""
    socket = one(line)
    assert (socket.state, socket.queued, socket.local, socket.peer) == (state, queued, LOCAL, PEER)


@pytest.mark.parametrize(
    ("text", "local", "peer"),
    [
        ("[fe80::1]%eth0:22 [fe80::2]:4711", Endpoint("fe80::1", 22), Endpoint("fe80::2", 4711)),
        ("fe80::1%eth0:22 fe80::2:4711", Endpoint("fe80::1", 22), Endpoint("fe80::2", 4711)),
        ("0.0.0.0:80 0.0.0.0:*", Endpoint("0.0.0.0", 80), Endpoint("0.0.0.0", 0)),
        ("*:443 *:*", Endpoint("::", 443), Endpoint("::", 0)),
        ("[::]:443 [::]:*", Endpoint("::", 443), Endpoint("::", 0)),
        (":::443 :::*", Endpoint("::", 443), Endpoint("::", 0)),
    ],
)
def test_addresses(text: str, local: Endpoint, peer: Endpoint) -> None:
    """IPv6 with zones, in brackets and without, and wildcards."""
    socket = one(f"LISTEN 0 128 {text}")
    assert (socket.local, socket.peer) == (local, peer)


@pytest.mark.parametrize(
    ("text", "ns"),
    [("", 0), ("007ms", 7 * MS), ("204ms", 204 * MS), ("1sec", S), ("2.140ms", 2140 * MS), ("1.200sec", 1200 * MS), ("59sec", 59 * S),
     ("1min", 60 * S), ("1min34sec", 94 * S), ("9min59sec", 599 * S), ("119min", 7140 * S)],
)  # fmt: skip
def test_timers(text: str, ns: int) -> None:
    """Milliseconds behind seconds are their decimals, though ss writes ms behind them too."""
    assert one(f"{ROW} timer:(keepalive,{text},3)").timer == Timer("keepalive", ns, 3)
    assert read(f"{ROW} timer:(on,soon,0)").source.why == "a timer that cannot be read: timer:(on,soon,0)"


@pytest.mark.parametrize(
    ("users", "processes"),
    [
        ('users:(("envoy",pid=17,fd=3))', [Process("envoy", 17, 3)]),
        ('users:(("nginx",pid=9,fd=3),("nginx",pid=8,fd=5))', [Process("nginx", 9, 3), Process("nginx", 8, 5)]),
        ('users:(("java",pid=17,tid=19,fd=3))', [Process("java", 17, 3)]),
        ('users:(("sshd",pid=17,proc_ctx=system_u:system_r:sshd_t:s0,fd=3))', [Process("sshd", 17, 3)]),
        ('users:(("sshd",17,3))', [Process("sshd", 17, 3)]),
        ('users:(("a",pid=1,fd=2)",pid=17,fd=3))', None),
        ('users:(("Web Content",pid=17,fd=3))', [Process("Web Content", 17, 3)]),
        ('users:((") timer:(on,,0",pid=17,fd=3))', [Process(") timer:(on,,0", 17, 3)]),
    ],
)
def test_processes(users: str, processes: list[Process] | None) -> None:
    """Several, with threads and contexts, of older versions, and with names that look like other columns."""
    socket = one(f"{ROW} {users} timer:(keepalive,59sec,0) uid:1000 ino:42 sk:1 <->")
    if processes is not None:
        assert list(socket.processes) == processes
        assert socket.info == {"uid": "1000", "ino": "42", "sk": "1", "<->": ""}
    assert socket.timer == Timer("keepalive", 59 * S, 0)


def test_more_about_a_socket_on_lines_of_its_own_or_not() -> None:
    """-i and -m write below the socket, with -O beside it: the same is read."""
    info = "ts sack cubic wscale:7,7 rto:204 rtt:0.1/0.05 send 9bps lastsnd:612 lastrcv:613 app_limited"
    below = one(HEADER, ROW, f"\t {info}")
    assert below == one(HEADER, f"{ROW} {info}")
    assert (below.info["lastrcv"], below.info["send"], below.info["app_limited"]) == ("613", "9bps", "")


@pytest.mark.parametrize("indent", ["", "     ", "\t"])
def test_a_narrow_terminal_breaks_rows(indent: str) -> None:
    """What stands behind the addresses goes on below them: a timer there is a timer."""
    whole = f'{ROW} users:(("sshd",pid=1,fd=3)) timer:(keepalive,18min,0) ino:1 sk:5c <->'
    users, timer = f'{indent}users:(("sshd",pid=1,fd=3))', f"{indent}timer:(keepalive,18min,0) ino:1 sk:5c <->"
    assert one(HEADER, ROW, users, timer) == one(HEADER, whole)
    assert (
        read(HEADER, ROW, f"{indent}timer:(keepalive,soon,0)").source.why
        == "a timer that cannot be read: timer:(keepalive,soon,0)"
    )


def test_other_protocols_are_skipped() -> None:
    """UDP, UNIX sockets and what is neither; below a command that asked for UDP alone, everything."""
    table = read("Netid " + HEADER, "udp ESTAB 0 0 10.0.0.1:53 10.0.0.2:53", "u_str ESTAB 0 0 /run/x 17 * 18", f"tcp {ROW}",
                 "UNCONN 0 0 0.0.0.0:68 0.0.0.0:*", "$ ss -uno", HEADER, ROW)  # fmt: skip
    assert (table.source.unread, [len(s.sockets) for s in table.snapshots]) == (0, [1, 0])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ESTAB 0 0 10.1.0.1:39737 198.51.100.80:https", "port names: use ss -n"),
        ("ESTAB 0 0 shop.example:39737 198.51.100.80:80", "host names: use ss -n without -r"),
        ("ESTAB 0 0 10.1.0.1:39737", "a row without two addresses"),
        ("TCP: 120 (estab 3, closed 100)", "neither a socket nor a date"),
    ],
)
def test_what_cannot_be_read_is_counted_and_said(line: str, why: str) -> None:
    """With how to ask for it so that it can be."""
    table = read(HEADER, line, ROW)
    assert (table.source.unread, table.source.first_unread, table.source.why) == (1, 2, why)
    assert len(table.snapshots[0].sockets) == 1


@pytest.mark.parametrize(
    "date",
    ["2026-11-25T05:27:37+00:00", "2026-11-25T06:27:37,000000000+01:00", "2026-11-25 05:27:37", "Wed Nov 25 05:27:37 UTC 2026",
     "Wed Nov 25 05:27:37 AM UTC 2026", "Wed 25 Nov 2026 05:27:37 AM UTC", "Wed, 25 Nov 2026 06:27:37 +0100", "=== Wed Nov 25 05:27:37 UTC 2026 ===",
     "Wed Nov 25 06:27:37 CET 2026", "1795584457", "1795584457.000", "# 2026-11-25T05:27:37Z client: ss -tno", "Every 2.0s: ss -tno    client: Wed Nov 25 05:27:37 2026"],
)  # fmt: skip
def test_dates(date: str) -> None:
    """What date prints by default, with -I, -R and +%s, in a frame, of watch, and the lab's own."""
    first, second = read(date, HEADER, ROW, date, HEADER, ROW).snapshots
    assert first.time == second.time == AT


def test_a_zone_that_is_not_known_gives_no_time() -> None:
    """IST is in India, Ireland and Israel: no time rather than a wrong one, and that is said. Without a zone it is UTC, and said."""
    table = read("Wed Nov 25 05:27:37 IST 2026", HEADER, ROW)
    assert (table.snapshots[0].time, table.source.notes) == (
        None,
        ("times in the zone IST were not used: its name is not one zone's alone",),
    )
    assert read("2026-11-25 05:27:37", ROW).source.notes == ("times without a zone were read as UTC",)


def test_where_snapshots_begin() -> None:
    """At each date, at each header, and without headers at dates alone; an empty one says that no socket was there."""
    date, other = "2026-11-25T05:27:37Z", "2026-11-25T05:27:38Z"
    assert [len(s.sockets) for s in read(HEADER, ROW, ROW, HEADER, ROW).snapshots] == [2, 1]
    assert [(s.time, len(s.sockets)) for s in read(date, ROW, other, ROW, ROW).snapshots] == [(AT, 1), (AT + S, 2)]
    assert [len(s.sockets) for s in read(date, HEADER, other, HEADER, ROW).snapshots] == [0, 1]
    assert [s.time for s in read(date, "$ ss -tno", HEADER, ROW).snapshots] == [AT]


def test_dates_behind_what_they_date() -> None:
    """A loop of `ss; date` writes each date below its sockets: the first has none before, the last nothing behind it."""
    date, other = "2026-11-25T05:27:37Z", "2026-11-25T05:27:38Z"
    assert [s.time for s in read(HEADER, ROW, date, HEADER, ROW, other).snapshots] == [AT, AT + S]


@pytest.mark.parametrize(
    ("lines", "timers"),
    [
        ([HEADER, ROW], None),
        ([HEADER, ROW, f"{ROW} timer:(on,204ms,0)"], True),
        (["$ ss -tn", HEADER, ROW], False),
        (["root@shop:/# sudo ss -tnpo dst 10.0.0.0/8", HEADER, ROW], True),
        (["+ ss -tn --options", HEADER, ROW], True),
        ([HEADER, ROW, "TIME-WAIT 0 0 10.1.0.1:5 10.0.0.2:80"], False),
        ([HEADER, ROW, "TIME-WAIT 0 0 10.1.0.1:5 10.0.0.2:80 timer:(timewait,59sec,0)"], True),
    ],
)
def test_whether_timers_are_shown(lines: list[str], timers: bool | None) -> None:
    """By a timer, by the command, or by a state that always has one; else it cannot be told."""
    assert read(*lines).snapshots[0].timers is timers


ends = st.builds(Endpoint, st.ip_addresses().map(str).filter(lambda a: "::ffff:" not in a), st.integers(1, 65535))
timers = st.builds(
    Timer,
    st.sampled_from(("on", "keepalive", "timewait", "persist")),
    st.integers(0, 10**8).map(lambda n: n * MS),
    st.integers(0, 9),
)
names = st.text(st.characters(codec="ascii", exclude_characters='"\n\r\x1b', exclude_categories=("Cc",)), min_size=1, max_size=15)
sockets = st.builds(
    Socket,
    line=st.just(0),
    state=st.sampled_from(("ESTAB", "CLOSE-WAIT", "FIN-WAIT-2", "TIME-WAIT")),
    local=ends,
    peer=ends,
    queued=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    timer=st.none() | timers,
    processes=st.lists(st.builds(Process, names, st.integers(1, 10**6), st.integers(0, 999)), max_size=3).map(tuple),
    info=st.dictionaries(
        st.sampled_from(("ino", "uid", "rto", "lastsnd", "lastrcv", "app_limited")), st.integers(0, 10**9).map(str)
    ),
)


def printed(socket: Socket) -> str:
    """A row as misc/ss.c prints it, print_ms_timer included."""
    parts = [socket.state or "", *map(str, socket.queued or ()), str(socket.local), str(socket.peer)]
    if socket.processes:
        parts.append("users:(" + ",".join(f'("{p.name}",pid={p.pid},fd={p.fd})' for p in socket.processes) + ")")
    if socket.timer is not None:
        parts.append(f"timer:({socket.timer.name},{ms_timer(socket.timer.left // MS)},{socket.timer.retries})")
    return " ".join([*parts, *(f"{key}:{value}" for key, value in socket.info.items())])


def ms_timer(timeout: int) -> str:
    """print_ms_timer of misc/ss.c."""
    seconds, ms = divmod(timeout, 1000)
    minutes, seconds = divmod(seconds, 60)
    text = ""
    if minutes:
        ms, text = 0, f"{minutes}min"
        seconds = 0 if minutes > 9 else seconds
    if seconds:
        ms = 0 if seconds > 9 else ms
        text += f"{seconds}{'.' if ms else 'sec'}"
    return text + (f"{ms:03d}ms" if ms else "")


def test_the_printer_of_these_tests_is_that_of_ss() -> None:
    """As verified with iproute2 6.1."""
    assert [ms_timer(n) for n in (0, 7, 2140, 59_999, 94_999, 7_199_000)] == [
        "",
        "007ms",
        "2.140ms",
        "59sec",
        "1min34sec",
        "119min",
    ]


@settings(max_examples=60)
@given(st.lists(sockets, max_size=5))
def test_what_is_printed_is_read_back(table: list[Socket]) -> None:
    """All of it, timers cut to what ss prints of them."""
    (snapshot,) = read(HEADER, *map(printed, table)).snapshots
    assert len(snapshot.sockets) == len(table)
    for found, wanted in zip(snapshot.sockets, table, strict=True):
        for name in ("state", "local", "peer", "queued", "processes", "info"):
            assert getattr(found, name) == getattr(wanted, name)
        assert (found.timer is None) == (wanted.timer is None)
        if found.timer is not None and wanted.timer is not None:
            assert found.timer.left <= wanted.timer.left < found.timer.left + 60 * S
            assert found.timer.left == left(ms_timer(wanted.timer.left // MS))


@settings(max_examples=40)
@given(st.lists(st.lists(sockets, max_size=3), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_snapshots_does_not_matter(tables: list[list[Socket]], random: object) -> None:
    """What one snapshot says depends on no other."""
    dated = [[f"{AT // S + i}", HEADER, *map(printed, table)] for i, table in enumerate(tables)]
    shuffled = dated[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert plain(dated) == plain(shuffled)


def plain(blocks: list[list[str]]) -> list[tuple[int | None, bool | None, list[tuple[Endpoint, Endpoint, Timer | None]]]]:
    """Snapshots by time, without the numbers of their lines."""

    def rows(snapshot: Snapshot) -> list[tuple[Endpoint, Endpoint, Timer | None]]:
        return [(s.local, s.peer, s.timer) for s in snapshot.sockets]

    found = read(*(line for block in blocks for line in block)).snapshots
    return sorted(((s.time, s.timers, rows(s)) for s in found), key=lambda s: s[0] or 0)


pieces = st.one_of(st.text(max_size=80), st.binary(max_size=80), sockets.map(printed), st.just(HEADER), st.just("\t ts sack rto:1"),
                   st.builds(lambda s, n: printed(s)[:n], sockets, st.integers(0, 200)))  # fmt: skip


@settings(max_examples=100)
@given(st.lists(pieces, max_size=12))
def test_every_line_has_one_fate(lines: list[str | bytes]) -> None:
    """Whatever they hold: lines are sockets, skipped and unread, and nothing is an error."""
    table = read(*lines)
    source = table.source
    assert source.lines == len(lines) == sum(len(s.sockets) for s in table.snapshots) + source.skipped + source.unread
    assert (source.first_unread is None) == (source.unread == 0)
