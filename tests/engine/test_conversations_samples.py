"""What brackets rest on: survived silences, probes, closings, and who is silent at the end: conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.talk import CLIENT, OPENED, SECOND, SERVER, Reader, heard, ns
from tests.forge.conversation import START, conversation, merge
from tests.forge.files import pcapng
from tests.forge.traffic import beacon
from tests.reference.run import Facts, Result

NOTHING = (0, None, None)


def connection(engine: Reader, text: str, **options: Any) -> Facts:
    """The only connection."""
    (one,) = heard(engine, text, **options).connections
    return one


def service(result: Result) -> Facts:
    """The only service."""
    (one,) = result.services
    return one


def test_survivors_of_a_connection(engine: Reader) -> None:
    """A connection's survived silences are counted, and the longest is kept between its records."""
    text = OPENED + "10 C 80 bytes\n10.02 S 80 bytes\n10.03 C ACK\n40 C 80 bytes\n40.02 S 80 bytes\n45 C 80 bytes\n45.02 S RST"
    one = connection(engine, text)
    assert one["survived"] == 2
    assert one["longest_survived"] == (ns("29.97"), False, (0, 9), (0, 10))


def test_a_survivor_whose_beginning_was_not_captured(engine: Reader) -> None:
    """It is a lower bound; an exact one of the same length takes its place."""
    text = "30 C 80 bytes\n30.02 S 80 bytes"
    assert connection(engine, text, begins=0)["longest_survived"] == (ns(30), True, None, (0, 2))
    text += "\n60.02 C 80 bytes\n60.04 S 80 bytes"
    assert connection(engine, text, begins=0)["longest_survived"] == (ns(30), False, (0, 3), (0, 4))


def test_answered_probes_of_a_go_client(engine: Reader) -> None:
    """net.Dialer probes after 15 s, and again 15 s after each answer: none is a repetition."""
    one = connection(engine, OPENED + "".join(f"{at}.046 C probe\n{at}.066 S ACK\n" for at in (15, 30, 45)))
    assert one["probing"] == {CLIENT: (3, 14_980, None), SERVER: (0, None, None)}
    assert one["survived"] == 3


def test_unanswered_probes_of_linux(engine: Reader) -> None:
    """tcp_keepalive_time and tcp_keepalive_intvl: the first after two hours, the next 75 s after the one without answer."""
    one = connection(engine, OPENED + "7200.05 C probe\n7275.05 C probe\n7350.06 C probe\n7350.08 S ACK\n14550.08 C probe")
    assert one["probing"][CLIENT] == (1, 7_200_000, 75_000)


def test_an_answer_is_what_acknowledges_the_last_probe(engine: Reader) -> None:
    """Payload, and the other side's own probe, acknowledge as an ACK does; what acknowledges less does not."""
    for what in ("ACK", "80 bytes", "probe", "FIN"):
        assert connection(engine, OPENED + f"30 C probe\n30.02 S {what}")["probing"][CLIENT][0] == 1
    assert connection(engine, OPENED + "30 C probe\n30.02 S ACK ack=-5")["probing"][CLIENT] == (0, 29_955, None)


def test_probes_that_cross(engine: Reader) -> None:
    """Both sides probe at once: each is answered, neither repeats the other, and neither starts the other's time anew."""
    text = OPENED + "30 C probe\n30.005 S probe\n30.01 S ACK\n30.015 C ACK\n"
    assert connection(engine, text)["probing"] == {CLIENT: (1, 29_955, None), SERVER: (1, 29_959, None)}
    text += "60.02 C probe\n60.025 S probe\n60.03 S ACK\n60.035 C ACK\n"
    assert connection(engine, text)["probing"] == {CLIENT: (2, 29_955, None), SERVER: (2, 29_959, None)}


def test_who_is_probed_more_often_keeps_its_own_time(engine: Reader) -> None:
    """The client probes every 60 s, the server every 20 s: what the client only answers postpones nothing."""
    text = "".join(f"{at}.05 S probe\n{at}.06 C ACK\n" for at in (20, 40))
    one = connection(engine, OPENED + text + "60.05 C probe\n60.06 S ACK\n60.09 S probe\n60.1 C ACK")
    assert one["probing"] == {CLIENT: (1, 60_005, None), SERVER: (3, 19_990, None)}


def test_a_probe_after_one_that_may_have_been_lost_tells_no_time(engine: Reader) -> None:
    """What came between acknowledges the first probe not: the second may repeat it."""
    one = connection(engine, OPENED + "30 C probe\n30.02 S ACK ack=-5\n45 C probe\n45.02 S ACK")
    assert one["probing"][CLIENT] == (1, 29_955, None)


def test_a_side_that_was_sent_nothing_but_probes_tells_no_time(engine: Reader) -> None:
    """The capture begins with a probe: when the other side last heard more than that is not known."""
    text = "300 C probe\n300.02 S ACK\n330 S probe\n330.02 C ACK\n360 S probe\n360.02 C ACK"
    assert connection(engine, text, begins=0)["probing"] == {CLIENT: (1, None, None), SERVER: (2, 29_980, None)}


def test_who_speaks_after_a_probe_has_not_repeated_it(engine: Reader) -> None:
    """An unanswered probe, payload of the same side with its answer, a probe: no interval."""
    one = connection(engine, OPENED + "30 C probe\n40 C 80 bytes\n40.02 S 80 bytes\n40.03 C ACK\n60.04 C probe\n60.06 S ACK")
    assert one["probing"][CLIENT] == (1, 20_020, None)


def test_a_probe_after_a_silence_without_beginning_tells_no_time(engine: Reader) -> None:
    """What came before the capture began is not known; nor what came before a hole."""
    assert connection(engine, "300 C probe\n300.02 S ACK", begins=0)["probing"][CLIENT] == (1, None, None)
    packets = conversation(OPENED + "30 C probe\n30.02 S ACK")
    (one,) = engine([pcapng(packets[:6]), pcapng(packets[6:])], SECOND, [True, False]).connections
    assert one["probing"][CLIENT] == (1, None, None)


def test_how_a_service_is_probed(engine: Reader) -> None:
    """Connections on which the same side probes alike are one kind of keepalive, times to two significant digits."""
    ways = ("14.9", "15.2", "62")
    talks = [conversation(OPENED + f"{at} C probe\n{at}5 S ACK", client=("10.0.0.1", 50000 + n)) for n, at in enumerate(ways)]
    assert service(engine([pcapng(merge(*talks))], SECOND))["keepalives"] == [
        ("client", 15_000, None, 2, 2, 2),
        ("client", 62_000, None, 1, 1, 1),
    ]


def test_an_idle_period_that_probes_kept_alive(engine: Reader) -> None:
    """The longest that survived with probes in it: so long the connection lived without payload, not without a segment."""
    kept = OPENED + "".join(f"{at} C probe\n{at}.02 S ACK\n" for at in (30, 60))
    one = service(heard(engine, kept + "90.045 C 80 bytes\n90.065 S 80 bytes\n300 C 80 bytes\n300.02 S 80 bytes"))
    assert one["longest_probed"] == (ns(90), False)
    assert one["longest_survived"] == (ns("209.935"), False)
    assert service(heard(engine, kept + "90.045 C 80 bytes\n90.065 S RST"))["longest_probed"] is None


def test_a_server_that_closes_idle_connections(engine: Reader) -> None:
    """A FIN after 5 s ends the idle period: the shortest and the longest, by the side whose FIN it was."""
    talks = [conversation(OPENED + f"{at} S FIN\n{at + 0.02} C FIN", client=("10.0.0.1", 50000 + n))
             for n, at in enumerate((5.045, 5.055, 5.05))]  # fmt: skip
    assert service(engine([pcapng(merge(*talks))], SECOND))["closings"] == (NOTHING, (3, (ns(5), False), (ns("5.01"), False)))
    one = service(heard(engine, OPENED + "60.045 C FIN\n60.065 S FIN"))
    assert one["closings"] == ((1, (ns(60), False), (ns(60), False)), NOTHING)


def test_a_closing_whose_beginning_was_not_captured(engine: Reader) -> None:
    """It is counted, and may be the longest; of the shortest, and of lengths, a lower bound tells nothing."""
    late = [beacon(START), *conversation("300 S FIN\n300.02 C ACK")]
    one = service(engine([pcapng(late)], SECOND))
    assert one["closings"] == (NOTHING, (1, None, (ns(300), True)))
    assert one["closed_lengths"] == ({}, {})
    exact = conversation(OPENED + "400.045 S FIN\n400.065 C ACK", client=("10.0.0.1", 50001))
    one = service(engine([pcapng([late[0], *merge(late[1:], exact)])], SECOND))
    assert one["closings"] == (NOTHING, (2, (ns(400), False), (ns(400), False)))
    assert sum(one["closed_lengths"][1].values()) == 1


def test_closings_are_counted_by_length(engine: Reader) -> None:
    """A timer of 75 s stands out beside a single early FIN: buckets are a quarter of an octave wide."""
    talks = [conversation(OPENED + f"{at}.045 S FIN\n{at}.065 C FIN", client=("10.0.0.1", 50000 + n))
             for n, at in enumerate((75, 12, 75, 75))]  # fmt: skip
    clients, server = service(engine([pcapng(merge(*talks))], SECOND))["closed_lengths"]
    assert clients == {}
    assert server == {5 << 31: 1, 4 << 34: 3}


@pytest.mark.parametrize("missed", ["5 S missed 100", "5 C missed 100"])
def test_a_closing_before_which_traffic_was_missed(engine: Reader, missed: str) -> None:
    """How long it was idle is not known."""
    result = heard(engine, OPENED + missed + "\n60 S FIN\n60.02 C ACK")
    assert service(result)["closings"] == (NOTHING, NOTHING)
    assert result.totals["outcomes"] == {"closed": 1}


@pytest.mark.parametrize("goodbye", ["24 bytes FIN", "24 bytes\n5.0451 S FIN"])
def test_a_last_word_before_the_fin(engine: Reader, goodbye: str) -> None:
    """TLS says goodbye before it closes, and so do servers that say they are tired of waiting."""
    closed = 1, (ns(5), False), (ns(5), False)
    one = service(heard(engine, OPENED + f"5.045 S {goodbye}\n5.065 C ACK\n5.07 C FIN"))
    assert one["closings"] == (NOTHING, closed)


@pytest.mark.parametrize("talk", [
    "5.045 S 900 bytes FIN\n5.065 C ACK\n5.07 C FIN",
    "5.045 S 24 bytes\n5.06 S FIN\n5.065 C ACK\n5.07 C FIN",
    "1 C 80 bytes\n1.02 S ACK\n6 S 24 bytes FIN\n6.02 C ACK\n6.03 C FIN",
])  # fmt: skip
def test_no_last_word(engine: Reader, talk: str) -> None:
    """Much to say; a FIN that comes later; an answer that the client waited for."""
    assert service(heard(engine, OPENED + talk))["closings"] == (NOTHING, NOTHING)


def test_connections_that_wait_at_the_end(engine: Reader) -> None:
    """Open ones count from their last segment, a probe included, and the longest silent comes first; what is closed, reset or was
    only a SYN does not wait."""
    endings = ("", "\n30 C probe\n30.02 S ACK", "\n30 C FIN\n30.02 S FIN", "\n30 C 80 bytes\n30.02 S RST")
    talks = [conversation(OPENED + end, client=("10.0.0.1", 50000 + n)) for n, end in enumerate(endings)]
    talks += [conversation(text, client=("10.0.0.1", 50010 + n)) for n, text in enumerate(("1 C SYN", "100.02 C 1 bytes"))]
    one = service(engine([pcapng(merge(*talks))], SECOND))
    assert one["silent_at_end"] == ns("99.974") + ns(70)
    assert one["waiting"] == (2, [(ns("99.974"), (0, 1)), (ns(70), (0, 2))])


def test_connections_that_wait_without_payload(engine: Reader) -> None:
    """Where a timer counts payload alone, probes do not shorten what a connection has waited."""
    endings = ("30 C probe\n30.02 S ACK", "40 C 80 bytes\n40.02 S 80 bytes\n40.03 C ACK")
    talks = [conversation(OPENED + end, client=("10.0.0.1", 50000 + n)) for n, end in enumerate(endings)]
    one = service(engine([pcapng(merge(*talks, conversation("100.02 C 1 bytes", client=("10.0.0.1", 50009))))], SECOND))
    assert one["waiting"] == (2, [(ns(70), (0, 1)), (ns("59.99"), (0, 2))])
    assert one["waiting_for_payload"] == (2, [(ns("99.975"), (0, 1)), (ns(60), (0, 2))])


def test_who_waits_for_an_acknowledgement_is_not_idle(engine: Reader) -> None:
    """A request that is repeated without answer is in trouble already."""
    one = service(heard(engine, OPENED + "10 C 80 bytes\n10.2 C again\n10.6 C again\n90 C2 1 bytes"))
    assert one["waiting"] == (0, [])


def test_two_clients_of_one_service(engine: Reader) -> None:
    """Each client address has its own survivors; its ports are one client."""
    later = "{at} C 80 bytes\n{at}.02 S 80 bytes"
    ends = (("10.0.0.1", 50000, 10), ("10.0.0.1", 50001, 30), ("10.0.0.9", 50000, 20))
    talks = [conversation(OPENED + later.format(at=at), client=(address, port)) for address, port, at in ends]
    server = (SERVER[0], SERVER[1])
    assert engine([pcapng(merge(*talks))], SECOND).pairs == [
        {"first": (server, "10.0.0.1"), "survived": 2, "longest_survived": (ns("29.954"), False)},
        {"first": (server, "10.0.0.9"), "survived": 1, "longest_survived": (ns("19.954"), False)},
    ]
