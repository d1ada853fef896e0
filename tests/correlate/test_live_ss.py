"""Real connections, and what the real ss prints of them."""

from __future__ import annotations

import itertools
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from pcapdiag.correlate.keepalive import Keepalive, survey
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.engine.types import Endpoint
from tests.programs import needs

S = 1_000_000_000
#: TCP_KEEPIDLE of each connection's client, None: no keepalive.
IDLE = (None, 9, 95, 7200)


@dataclass(frozen=True, slots=True)
class Talk:
    """A service on loopback and its clients, by their keepalive."""

    service: Endpoint
    clients: dict[Endpoint, int | None]


@pytest.fixture(scope="module", params=["127.0.0.1", "::1", "mapped"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    """Connections over IPv4, IPv6, and IPv4 through a socket of both families."""
    mapped = request.param == "mapped"
    host = "127.0.0.1" if mapped else request.param
    family = socket.AF_INET6 if ":" in host or mapped else socket.AF_INET
    with ExitStack() as stack:
        try:
            server = stack.enter_context(socket.create_server(("" if mapped else host, 0), family=family, dualstack_ipv6=mapped))
        except OSError:
            pytest.skip("no IPv6 here")
        port, clients = server.getsockname()[1], {}
        for idle in IDLE:
            client = stack.enter_context(socket.create_connection((host, port), 5))
            if idle is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, idle)
            accepted, _ = server.accept()
            stack.enter_context(accepted)
            clients[Endpoint(host, client.getsockname()[1])] = idle
        yield Talk(Endpoint(host, port), clients)


def ss(*arguments: str) -> list[str]:
    """What ss prints."""
    done = subprocess.run(("ss", *arguments), capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(keepends=True)


FLAGS = ["".join(flags) for n in range(5) for flags in itertools.combinations("peimOH", n)][::6]


@needs("ss")
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("states", [(), ("state", "established")], ids=["all", "established"])
@pytest.mark.parametrize("families", ["-tn", "-n"])
def test_ss_in_every_form(flags: str, states: tuple[str, ...], families: str, talk: Talk) -> None:
    """Whatever else is asked for, the same sockets are read, each with its own timer."""
    only = f"( sport = :{talk.service.port} or dport = :{talk.service.port} )"
    table = read_sockets(ss(f"{families}o{flags}", *states, only), "ss")
    assert (table.source.unread, len(table.snapshots)) == (0, 1), table.source.why
    (snapshot,) = table.snapshots
    found = {s.local: s for s in snapshot.sockets if s.peer == talk.service}
    assert found.keys() == talk.clients.keys()
    assert len(snapshot.sockets) == 2 * len(IDLE)
    for local, idle in talk.clients.items():
        timer = found[local].timer
        assert (timer is None) == (idle is None)
        if timer is not None and idle is not None:
            assert timer.name == "keepalive"
            assert (idle - 60) * S <= timer.left <= idle * S
        if "p" in flags:
            assert found[local].processes
        if "i" in flags:
            assert "lastrcv" in found[local].info
        if "e" in flags:
            assert "ino" in found[local].info
    counts = survey([table])
    kinds = [c.keepalive for c in counts.loopback if c.outgoing]
    assert kinds.count(Keepalive.NONE) == 1


@needs("ss")
def test_ss_without_o_or_n(talk: Talk) -> None:
    """Without -o nothing is said of keepalive; names of ports are refused, with what to do."""
    only = f"sport = :{talk.service.port}"
    assert read_sockets(ss("-tnH", only), "ss").snapshots[0].timers is None
    named = read_sockets(["ESTAB 0 0 10.0.0.1:https 10.0.0.2:4711\n"], "ss")
    assert named.source.why == "port names: use ss -n"
