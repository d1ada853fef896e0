"""What the engine is asked for after a timeline: pairs of client and service, keepalives, connections that wait."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, Keepalive, Outcome
from tests.engine.harness import MORE
from tests.engine.talk import OPENED, SECOND, ns
from tests.forge.conversation import START, conversation, merge
from tests.forge.files import pcap, pcapng
from tests.forge.packets import ACK, PSH, Packet, address, tcp
from tests.forge.traffic import SANE, beacon, captures

WEB, MAIL = Endpoint("10.0.0.2", 443), Endpoint("10.0.0.3", 993)
ANSWERED = OPENED + "{at} C 80 bytes\n{at}.02 S 80 bytes"


def ended(packets: Iterable[Packet], **options: int) -> Engine:
    """An engine that has seen these packets as one whole file."""
    engine = Engine(min_idle=SECOND, **options)
    engine.begin_file(0)
    engine.feed(pcapng(packets))
    engine.end_file()
    engine.finish()
    return engine


def talk(number: int, at: int, server: Endpoint = WEB, text: str = ANSWERED) -> list[Packet]:
    """One client's connection, with a request after a silence."""
    return conversation(text.format(at=at), client=(f"10.1.0.{number}", 50000), server=server)


def test_pairs_of_some_services() -> None:
    """Only the services that are asked for; clients in the order of their addresses as numbers."""
    engine = ended(merge(talk(10, 20), talk(9, 30), talk(9, 40, MAIL)))
    found, beyond = engine.pairs({WEB})
    assert [(p.client, p.server, p.survived) for p in found] == [("10.1.0.9", WEB, 1), ("10.1.0.10", WEB, 1)]
    assert beyond == 0
    assert engine.pairs(set()) == ([], 0)
    assert [p.server for p in engine.pairs()[0]] == [WEB, WEB, MAIL]
    assert engine.pairs() == engine.pairs()


def test_pairs_remember_what_was_forgotten() -> None:
    """A connection that is forgotten leaves to its pair what it survived, and the records between which it was longest silent."""
    early, later = talk(1, 40), [conversation("100 C SYN\n100.02 S SYN ACK\n100.021 C ACK", client=("10.1.0.1", 50001 + n))
                                 for n in range(20)]  # fmt: skip
    engine = ended(merge(early, *later), max_connections=4)
    assert all(c.survived == 0 for c in engine.connections())
    ((one,), beyond) = engine.pairs()
    assert (one.client, one.server, one.survived, beyond) == ("10.1.0.1", WEB, 1, 0)
    assert one.longest_survived == engine.services()[0].longest_survived


@MORE
@given(captures(most=3, kinds=SANE), st.integers(1, 3))
def test_forgetting_loses_no_survivor(packets: list[Packet], most: int) -> None:
    """Whatever is forgotten, pairs hold every survived silence of the services."""
    engine = ended(packets, max_connections=most)
    found, beyond = engine.pairs()
    assert sum(p.survived for p in found) + beyond == sum(s.survived for s in engine.services())


def test_clients_beyond_the_bound() -> None:
    """65,536 pairs are kept; what survived for others is counted."""
    packets = [beacon(START)]
    for n in range(65_540):
        client, server = (address(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"), 50000), (address(WEB.address), WEB.port)
        at = START + 2 * SECOND + n * 1000
        packets.append(Packet(at, tcp(client, server, 100, 200, ACK | PSH, payload=b"x" * 9)))
        packets.append(Packet(at + 100, tcp(server, client, 200, 109, ACK | PSH, payload=b"x")))
    engine = Engine(min_idle=SECOND)
    engine.begin_file(0)
    engine.feed(pcap(packets))
    engine.end_file()
    engine.finish()
    found, beyond = engine.pairs()
    assert (len(found), beyond) == (65_536, 4)
    assert {p.survived for p in found} == {1}


def test_keepalives_come_commonest_first() -> None:
    """By connections, then probes; of two as common the client's first, and the quicker one."""
    ends = ("15 C probe\n15.02 S ACK", "60 S probe\n60.02 C ACK", "60 S probe\n60.02 C ACK", "30 C probe\n45 C probe",
            "20 C probe\n20.02 S ACK")  # fmt: skip
    (one,) = ended(merge(*(talk(n, 0, text=OPENED + end) for n, end in enumerate(ends)))).services()
    assert one.keepalives == (
        Keepalive("server", ns(60), None, 2, 2, 2),
        Keepalive("client", ns(30), ns(15), 1, 2, 0),
        Keepalive("client", ns(15), None, 1, 1, 1),
        Keepalive("client", ns(20), None, 1, 1, 1),
    )


def test_the_most_silent_wait_first() -> None:
    """All are counted, the longest handed out; of equally long ones those that came first; each service has its own limit."""
    talks = [talk(n, 10 + n) for n in range(5)] + [talk(8, 10, MAIL), talk(9, 50, MAIL)]
    engine = ended([*merge(*talks), beacon(START + 100 * SECOND)])
    unknown = Endpoint("10.0.0.9", 1)
    waiting = engine.waiting({WEB: ns(87), MAIL: ns(60), unknown: 0}, most=2)
    assert waiting[WEB].connections == 3
    assert [(c.client.address, silent) for c, silent in waiting[WEB].longest] == [
        ("10.1.0.0", ns("89.98")), ("10.1.0.1", ns("88.98"))]  # fmt: skip
    assert waiting[WEB].longest[0][0].server == WEB
    assert waiting[MAIL].connections == 1
    assert (waiting[unknown].connections, waiting[unknown].longest) == (0, ())
    assert engine.waiting({WEB: 0}, most=0)[WEB] == (5, ())


def test_connections_silent_alike_wait_in_order() -> None:
    """Of equally silent ones those that came first."""
    engine = ended([*merge(*(talk(n, 10) for n in range(5))), beacon(START + 100 * SECOND)])
    firsts = [c.first.frame for c, _ in engine.waiting({WEB: 0}, most=3)[WEB].longest]
    assert firsts == [1, 2, 3]


def test_no_keepalive_and_no_closing_is_said_of_a_reset() -> None:
    """A service with nothing but a failure has no probe, no closing, nothing that waits."""
    (one,) = ended(conversation(OPENED + "60 C 80 bytes\n60.02 S RST")).services()
    assert one.outcomes[Outcome.RESET] == 1
    assert (one.keepalives, one.silent_at_end, one.longest_probed) == ((), 0, None)
    assert [c.periods for c in one.closings] == [0, 0]
