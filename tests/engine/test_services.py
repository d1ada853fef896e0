"""What is counted of a service stays with it: whoever is found out to be the server, and whatever is forgotten."""

from __future__ import annotations

from dataclasses import replace

from pcapdiag.engine import EDGES, Engine
from pcapdiag.engine.types import Endpoint, Outcome, Service
from tests.engine.talk import OPENED, SECOND, ns
from tests.forge.conversation import START, conversation, merge
from tests.forge.files import pcapng
from tests.forge.packets import Packet
from tests.forge.traffic import beacon

SERVER = ("10.0.0.2", 9443)  # a port that looks no more like a service than a client's
LATE = "0.01 S 900 bytes\n0.02 C ACK\n100 C 80 bytes\n100.01 S 90 bytes\n100.02 C ACK\n300 C 80 bytes\n300.01 S 90 bytes\n300.02 C ACK\n"
HANDSHAKE = "{at} C SYN\n{at}.01 S SYN ACK\n{at}.02 C ACK\n{at}.03 C 80 bytes\n{at}.04 S 90 bytes"


def talk(n: int, text: str) -> list[Packet]:
    """One connection to the server."""
    return conversation(text, client=(f"10.0.1.{n + 1}", 20000 + n), server=SERVER, client_isn=n * 7919)


def ended(packets: list[Packet], most: int = 1000) -> tuple[Engine, list[Service], list[Endpoint]]:
    """An engine that read a capture, its services, and of which ones it handed out failures."""
    engine = Engine(min_idle=SECOND, max_connections=most)
    engine.begin_file(0)
    engine.feed(pcapng([beacon(START), *packets]))
    engine.end_file()
    failed = [p.connection.server for p in engine.finish()]
    return engine, engine.services(), failed


def test_what_survived_moves_to_who_is_found_out_to_be_the_server() -> None:
    """The server spoke first, so that it looked like the client; a later handshake shows who is who. Survivors and failures are
    of one service, and of its clients."""
    talks = [talk(n, LATE + "800 C 80 bytes\n800.01 S RST") for n in range(2)] + [talk(2, HANDSHAKE.format(at=600))]
    engine, services, failed = ended(merge(*talks))
    (service,) = services
    assert failed == [service.endpoint] * 2 == [Endpoint(*SERVER)] * 2
    assert (service.connections, service.survived, service.outcomes[Outcome.RESET]) == (3, 4, 2)
    assert service.longest_survived is not None
    assert service.longest_survived.length == ns("199.98")
    pairs, beyond = engine.pairs()
    assert [(p.client, p.server, p.survived) for p in pairs] == [(f"10.0.1.{n}", Endpoint(*SERVER), 2) for n in (1, 2)]
    assert beyond == 0


def test_a_failure_that_was_reported_keeps_its_survivors() -> None:
    """Nothing has shown yet who is the server: survivors stay beside the failure, under the name it was given."""
    talks = [talk(0, LATE + "500 C 80 bytes\n500.01 S RST"), talk(1, LATE), talk(2, HANDSHAKE.format(at=600))]
    _, services, (failed,) = ended(merge(*talks))
    by_name = {s.endpoint: s for s in services}
    assert (by_name[failed].survived, by_name[failed].outcomes[Outcome.RESET]) == (2, 1)
    assert by_name[Endpoint(*SERVER)].survived == 2


def test_who_serves_others_keeps_what_was_counted() -> None:
    """An endpoint with several peers before one of them turns out to be a server: theirs cannot be told apart. The failure is
    counted where it is reported."""
    proxy = ("10.0.0.3", 9000)
    first = conversation(LATE + "800 C 80 bytes\n800.01 S RST", client=proxy, server=SERVER)
    other = conversation(LATE, client=proxy, server=("10.0.0.4", 7000))
    _, services, (failed,) = ended(merge(first, other, talk(2, HANDSHAKE.format(at=600))))
    by_name = {s.endpoint: s for s in services}
    assert failed == Endpoint(*SERVER)
    assert by_name[failed].outcomes[Outcome.RESET] == 1
    assert sum(s.survived for s in services) == 4


def test_closings_change_sides_with_the_roles() -> None:
    """A FIN of who looked like the client was one of the server."""
    closing = talk(0, LATE + "375.02 S FIN\n375.04 C FIN")
    _, (service,), _ = ended(merge(closing, talk(2, HANDSHAKE.format(at=600))))
    assert [c.periods for c in service.closings] == [0, 1]
    (at,) = (i for i, n in enumerate(service.closed_histogram[1]) if n)
    assert EDGES[at] <= ns("75.01") < EDGES[at + 1]


def test_probes_of_forgotten_connections_are_counted() -> None:
    """Closed connections are forgotten when there are too many: how they were probed is not."""
    text = OPENED + "{0}.05 C probe\n{0}.06 S ACK\n{1}.06 C probe\n{1}.07 S ACK\n90 C FIN\n90.01 S FIN"
    ways = [(15, 30), (20, 40), (15, 30)]
    talks = [conversation(text.format(*ways[n % 3]), client=(f"10.1.0.{n}", 50000)) for n in range(12)]
    later = [conversation("95 C SYN", client=(f"10.2.0.{n}", 50000)) for n in range(8)]
    packets = merge(*talks, *later)
    _, (all_of_them,), _ = ended(packets)
    engine, (some,), _ = ended(packets, most=13)
    assert engine.totals().evicted_closed > 0
    assert some.probes == (24, 0)
    assert [(k.connections, k.probes, k.answered) for k in some.keepalives] == [(8, 16, 16), (4, 8, 8)]
    assert replace(some, connections=all_of_them.connections) == all_of_them


def test_ways_to_probe_are_bounded() -> None:
    """Of forgotten connections that were probed in ever new ways, the times are not kept, but the probes are."""
    talks = [conversation(OPENED + f"{n + 10}.05 C probe\n{n + 10}.06 S ACK\n80 C FIN\n80.01 S FIN", client=(f"10.1.0.{n}", 50000))
             for n in range(60)]  # fmt: skip
    _, (service,), _ = ended(merge(*talks, conversation("95 C SYN", client=("10.2.0.1", 50000))), most=60)
    assert service.probed == 60
    assert sum(k.probes for k in service.keepalives) == 60
