"""Real connections in a network namespace, and what the real conntrack prints of them; needs root."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pcapdiag.correlate.conntrack import read_conntrack
from pcapdiag.correlate.types import Event, Tracking
from tests.lab.live import ip, live, namespace

S = 1_000_000_000
pytestmark = live("conntrack", "nft")

PROGRAM = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
clients = [socket.create_connection(server.getsockname()) for _ in range(3)]
print(*(c.getsockname()[1] for c in clients), server.getsockname()[1], flush=True)
sys.stdin.readline()
clients[0].close()
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def printed() -> Iterator[dict[str, object]]:
    """What conntrack listed in each form, and the events while a connection was closed."""
    with namespace("ct") as space, ExitStack() as stack:

        def run(*command: str) -> str:
            done = subprocess.run(
                ("ip", "netns", "exec", space, *command), capture_output=True, text=True, check=False, timeout=20
            )
            assert done.returncode == 0, done.stderr
            return done.stdout + done.stderr

        def start(*command: str) -> subprocess.Popen[str]:
            bounded = ("ip", "netns", "exec", space, "timeout", "20", *command)
            child = subprocess.Popen(bounded, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            stack.callback(child.wait)
            stack.callback(child.terminate)
            stack.callback(lambda: [f.close() for f in (child.stdin, child.stdout) if f])
            return child

        ip("-n", space, "link", "set", "lo", "up")
        run(
            "nft",
            "add table ip t; add chain ip t c { type filter hook output priority 0; }; add rule ip t c ct state invalid drop",
        )
        events = start("conntrack", "-E", "-o", "timestamp,extended")
        time.sleep(0.3)
        talking = start(sys.executable, "-c", PROGRAM)
        assert talking.stdout is not None
        assert talking.stdin is not None
        *clients, port = map(int, talking.stdout.readline().split())
        forms = {"plain": (), "extended": ("-o", "extended"), "id": ("-o", "extended,id"), "ktimestamp": ("-o", "ktimestamp")}
        found: dict[str, object] = {name: run("conntrack", "-L", *form) for name, form in forms.items()}
        found["empty"] = run("conntrack", "-L", "-p", "tcp", "--orig-port-dst", "1")
        talking.stdin.write("\n")
        talking.stdin.flush()
        time.sleep(0.3)
        run("conntrack", "-D", "-p", "tcp", "--orig-port-src", str(clients[1]))
        time.sleep(0.3)
        events.terminate()
        assert events.stdout is not None
        found["events"] = events.stdout.read()
        yield {**found, "clients": clients, "port": port}


@pytest.mark.parametrize("form", ["plain", "extended", "id", "ktimestamp"])
def test_lists(form: str, printed: dict[str, object]) -> None:
    """Every connection, whatever is printed beside; other protocols and what conntrack says at the end are skipped."""
    tracking = read(printed[form])
    clients, port = printed["clients"], printed["port"]
    assert tracking.source.unread == 0, tracking.source.why
    assert sorted(e.original[0].port for e in tracking.entries) == sorted(clients)  # type: ignore[call-overload]  # ports
    for entry in tracking.entries:
        assert (entry.state, entry.event, entry.time, entry.assured, entry.unreplied) == (
            "ESTABLISHED",
            None,
            None,
            True,
            False,
        )
        assert entry.original == entry.reply[::-1]
        assert entry.original[1].port == port
        assert entry.left is not None
        assert entry.left > 3600 * S


def test_a_table_without_entries(printed: dict[str, object]) -> None:
    """Nothing but how many were shown; with a date, the time at which nothing was there."""
    assert read(printed["empty"]).entries == ()
    dated = read_conntrack(["2026-11-25T05:27:37Z\n", str(printed["empty"])], "ct")
    assert (dated.source.unread, dated.listed) == (0, (1_795_584_457 * S,))


def test_events(printed: dict[str, object]) -> None:
    """New, changed by a FIN, and destroyed, each at its time."""
    tracking = read(printed["events"])
    assert tracking.source.unread == 0, tracking.source.why
    first, second, _ = printed["clients"]  # type: ignore[misc]  # three ports
    assert [e.event for e in tracking.entries if e.original[0].port == second][::3] == [Event.NEW, Event.DESTROY]
    states = [e.state for e in tracking.entries if e.original[0].port == first]
    assert states[:3] == ["SYN_SENT", "SYN_RECV", "ESTABLISHED"]
    assert "FIN_WAIT" in states
    times = [e.time for e in tracking.entries]
    assert times == sorted(times, key=lambda t: t or 0)
    assert all(t is not None and abs(t - time.time_ns()) < 120 * S for t in times)


def read(text: object) -> Tracking:
    """What was printed."""
    return read_conntrack(re.findall(r".*\n", str(text)), "ct")
