"""What became of a request sent on an idle connection: each sentence of the rule as a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.talk import CLIENT, OPENED, SERVER, Reader, heard, ns, only, periods, says, survivors


def test_a_request_after_idle_is_reset(engine: Reader) -> None:
    """The plain case: the gap is from the last payload, the silence from the last segment, and no FIN is possible."""
    p = only(engine, OPENED + "350.100 C 80 bytes\n350.120 S RST")
    says(p, outcome="reset", kind="payload", sender=CLIENT, last_speaker=SERVER, gap="350.055", bound="exact")
    says(p, silence="350.054", silence_first="350.054", silence_answered="350.054", fin="excluded", missed=(0, 0))
    says(p, start=(0, 5), last_before=(0, 6), first=(0, 7), length=80, segments=1, retransmissions=0)
    assert p["answer"] == ("rst", (0, 8), ns("0.020"), 1, False, None, None, None)
    assert p["peer"] == (61, 1001, 502, True, True)
    says(p, last_by=CLIENT, fin_acknowledged=False, heard=None, cut_short=False, clock_back=0)


def test_shorter_than_min_idle_is_no_idle_period(engine: Reader) -> None:
    """An idle period is a stretch of at least min_idle."""
    assert not periods(engine, OPENED + "1.0449 C 80 bytes\n1.06 S RST")
    says(only(engine, OPENED + "1.045 C 80 bytes\n1.06 S RST"), gap=1, outcome="reset")


def test_a_push_after_idle_is_reset(engine: Reader) -> None:
    """Either side may be the sender: the server spoke last and speaks again."""
    p = only(engine, OPENED + "60 S 80 bytes\n60.02 C RST")
    says(p, outcome="reset", sender=SERVER, last_speaker=SERVER, gap="59.955", fin="excluded")


def test_a_late_answer_is_reset(engine: Reader) -> None:
    """The client spoke last and was waiting: the path forgot the connection while the server worked."""
    p = only(engine, OPENED + "1 C 80 bytes\n1.04 S ACK\n301 S 500 bytes\n301.02 C RST")
    says(p, outcome="reset", sender=SERVER, last_speaker=CLIENT, gap=300)


def test_a_late_answer_whose_request_was_never_acknowledged_alone(engine: Reader) -> None:
    """What the answer itself acknowledges is not outstanding."""
    p = only(engine, OPENED + "0.5 C 80 bytes\n60 S 500 bytes\n60.02 C RST")
    says(p, outcome="reset", sender=SERVER, last_speaker=CLIENT, gap="59.5")


def test_an_answered_request_survived(engine: Reader) -> None:
    """Answered by the first segment of the other side that acknowledges its first byte, and is no RST."""
    (p,) = survivors(engine, OPENED + "60 C 80 bytes\n60.02 S 10 bytes")
    says(p, gap="59.955", sender=CLIENT)
    assert p["answer"][:3] == ("ack", (0, 8), ns("0.02"))


def test_several_rsts_are_one_answer(engine: Reader) -> None:
    """RSTs within 250 ms after the first are counted as one answer, identical ones too: each segment gets its own."""
    p = only(engine, OPENED + "60 C 1400 bytes\n60.0001 C 1400 bytes\n60.0002 C 700 bytes\n"
                              "60.02 S RST\n60.0201 S RST\n60.0202 S RST\n60.3 S RST")  # fmt: skip
    says(p, outcome="reset", length=3500, segments=3)
    assert p["answer"][:4] == ("rst", (0, 10), ns("0.02"), 3)


def test_a_request_of_several_segments_is_one_wake(engine: Reader) -> None:
    """More payload from the same side while the wake is unacknowledged belongs to the same wake."""
    p = only(engine, OPENED + "60 C 1400 bytes\n60.001 C 1400 bytes\n60.5 C 5 bytes\n60.6 S RST")
    says(p, length=2805, segments=3, gap="59.955", last_sent=(0, 9))


def test_retransmissions_belong_to_the_wake(engine: Reader) -> None:
    """The retransmissions of a request are the request; the RST answers the last of them."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.2 C again\n60.6 C again\n61.4 C again\n61.42 S RST")
    says(p, outcome="reset", gap="59.955", length=80, segments=1, retransmissions=3, last_sent=(0, 10))
    says(p, silence="59.954", silence_first="59.954", silence_answered="61.354")


def test_a_request_is_never_answered(engine: Reader) -> None:
    """Retransmitted at least twice and nothing came: unanswered; fewer prove nothing."""
    twice = OPENED + "60 C 80 bytes\n60.2 C again\n60.6 C again\n"
    says(only(engine, twice), outcome="unanswered", retransmissions=2, gap="59.955", answer=None)
    says(only(engine, twice + "62 C RST ACK"), outcome="unanswered")
    says(only(engine, OPENED + "60 C 80 bytes\n60.2 C again"), outcome="undecided")
    says(only(engine, OPENED + "60 C 80 bytes\n60.2 C again\n61 C RST ACK"), outcome="undecided")


def test_a_rst_after_the_request_was_accepted(engine: Reader) -> None:
    """A RST instead of a response, after a pure ACK of the request: the peer had the connection."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.043 S ACK\n60.5 S RST ACK")
    says(p, outcome="reset")
    kind, frame, delay, count, acknowledges, acknowledged, *_ = p["answer"]
    assert (kind, frame, delay, count, acknowledges) == ("rst", (0, 9), ns("0.5"), 1, True)
    assert acknowledged is not None
    assert acknowledged % 10**9 == ns("0.043")


def test_a_rst_after_a_response_is_no_answer_to_the_request(engine: Reader) -> None:
    """A response ends the wake's life."""
    assert not periods(engine, OPENED + "60 C 80 bytes\n60.043 S 200 bytes\n60.5 S RST ACK")


def test_a_rst_with_ack_that_acknowledges(engine: Reader) -> None:
    """The answer says whether it acknowledges the wake's first byte."""
    assert only(engine, OPENED + "60 C 80 bytes\n60.02 S RST ACK")["answer"][4] is True
    assert only(engine, OPENED + "60 C 80 bytes\n60.02 S RST ACK ack=-80")["answer"][4] is False


@pytest.mark.parametrize("ahead", ["0.0001", "0.0009", "0.001"])
def test_a_rst_recorded_just_before_the_request(engine: Reader, ahead: str) -> None:
    """A RST captured at most 1 ms before the wake with seq equal to the wake's ack answers it: captures reorder."""
    at = f"{60 + float(ahead):.4f}"
    p = only(engine, OPENED + f"60 S RST\n{at} C 80 bytes")
    says(p, kind="payload", outcome="reset", gap=f"{float(at) - 0.045:.4f}", last_before=(0, 6))
    assert p["answer"][:4] == ("rst", (0, 7), 0, 1)


def test_a_rst_long_before_the_request(engine: Reader) -> None:
    """A RST more than 1 ms before, or with another sequence number, ended the idle period itself."""
    says(only(engine, OPENED + "60 S RST\n60.0011 C 80 bytes"), kind="rst", outcome="reset-in-silence", sender=SERVER)
    says(only(engine, OPENED + "60 S RST seq=-1\n60.0001 C 80 bytes"), kind="rst", outcome="reset-in-silence")


def test_a_rst_in_silence(engine: Reader) -> None:
    """A RST without payload, probe or FIN before it; the outcome says whose."""
    says(only(engine, OPENED + "350 S RST ACK"), outcome="reset-in-silence", sender=SERVER, gap="349.955", kind="rst")
    says(only(engine, OPENED + "350 C RST ACK"), outcome="reset-in-silence", sender=CLIENT)


def test_a_rst_right_after_traffic_is_no_idle_period(engine: Reader) -> None:
    """A reset without idle before it is another matter."""
    assert not periods(engine, OPENED + "0.1 C 80 bytes\n0.12 S RST")


def test_unreachable(engine: Reader) -> None:
    """An ICMP error that quotes the wake names it unreachable; fragmentation needed does not."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.02 C ICMP 3/13")
    says(p, outcome="unreachable")
    assert p["answer"] == ("icmp", (0, 8), ns("0.02"), 1, False, None, (3, 13), None)
    assert not periods(engine, OPENED + "60 C 80 bytes\n60.02 C ICMP 3/4\n60.1 C again\n60.12 S ACK")


def test_an_icmp_error_about_something_older(engine: Reader) -> None:
    """An ICMP error that quotes another segment says nothing of the wake."""
    (p,) = survivors(engine, OPENED + "59.9 C ICMP 3/1\n60 C 80 bytes\n60.02 S ACK")
    assert p["answer"][0] == "ack"


def test_unreachable_in_ipv6(engine: Reader) -> None:
    """The same for ICMPv6 and IPv6."""
    ends: dict[str, Any] = {"client": ("2001:db8::1", 50000), "server": ("2001:db8::2", 443)}
    p = only(engine, OPENED + "60 C 80 bytes\n60.02 C ICMP 1/1", **ends)
    says(p, outcome="unreachable", sender=("2001:db8::1", 50000))
    assert p["answer"][6] == (1, 1)


def test_a_farewell_keeps_its_own_fin(engine: Reader) -> None:
    """A small last message, its FIN at once, two RSTs with the same seq: one wake, with its own FIN, one answer."""
    p = only(engine, OPENED + "60 C 31 bytes\n60.0001 C FIN\n60.02 S RST\n60.0201 S RST")
    says(p, outcome="reset", length=31, own_fin=(0, 8))
    assert p["answer"][3] == 2
    says(only(engine, OPENED + "60 C 31 bytes FIN\n60.02 S RST"), own_fin=(0, 7), length=31)


def test_heartbeats(engine: Reader) -> None:
    """A short wake of the same length and direction as at least two before it on that connection."""
    beats = "".join(f"{n}0 C 20 bytes\n{n}0.02 S 20 bytes\n{n}0.03 C ACK\n" for n in (1, 2, 3, 4))
    assert [p["heartbeat"] for p in survivors(engine, OPENED + beats)] == [False, False, True, True]
    p = only(engine, OPENED + beats + "50 C 20 bytes\n50.02 S RST")
    says(p, heartbeat=True, outcome="reset")
    other = survivors(engine, OPENED + beats + "60 C 21 bytes\n60.02 S ACK\n70 S 20 bytes\n70.02 C ACK")
    assert [p["heartbeat"] for p in other[-2:]] == [False, False]


def test_heartbeats_are_short(engine: Reader) -> None:
    """At most 64 bytes."""
    for size, expected in ((64, True), (65, False)):
        beats = "".join(f"{n}0 C {size} bytes\n{n}0.02 S 20 bytes\n{n}0.03 C ACK\n" for n in (1, 2, 3))
        assert survivors(engine, OPENED + beats)[-1]["heartbeat"] is expected


def test_both_sides_are_counted(engine: Reader) -> None:
    """A client that is silent while the server streams is not idle."""
    stream = "".join(f"{n / 2:.3f} S 1000 bytes\n{n / 2 + 0.02:.3f} C ACK\n" for n in range(1, 40))
    assert not periods(engine, OPENED + stream + "19.9 C 80 bytes\n19.92 S RST")


def test_crossing_payload_is_no_second_wake(engine: Reader) -> None:
    """Payload of the peer that crosses the request neither answers it nor is a wake."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.01 S 50 bytes ack=-80\n60.02 S RST")
    says(p, outcome="reset", sender=CLIENT, first=(0, 7))


def test_nothing_after_a_reset_is_an_idle_period(engine: Reader) -> None:
    """IDLE101 asks for no RST before: the connection is over."""
    assert not periods(engine, OPENED + "0.1 S RST\n60 C 80 bytes\n60.02 S RST")


def test_every_engine_says_what_it_read(engine: Reader) -> None:
    """The totals count connections, ended idle periods by outcome, and what is still idle."""
    totals = heard(engine, OPENED + "60 C 80 bytes\n60.02 S 5 bytes\n60.03 C ACK", begins=0).totals
    assert totals["outcomes"] == {"survived": 1}
    assert (totals["connections"], totals["syn_seen"], totals["one_sided"], totals["still_idle"]) == (1, 1, 0, 0)
    assert totals["longest_survived"] == (ns("59.954"), False)


def test_heartbeats_are_regular(engine: Reader) -> None:
    """At intervals within 25 % of each other, or 2 s: keystrokes of one length come when they come."""
    for times, expected in (((10, 20, 30), True), ((100, 200, 324), True), ((100, 200, 327), False), ((3, 5, 9), True), ((3, 20, 23), False)):
        beats = "".join(f"{n} C 20 bytes\n{n}.02 S 20 bytes\n{n}.03 C ACK\n" for n in times)
        assert survivors(engine, OPENED + beats)[-1]["heartbeat"] is expected
