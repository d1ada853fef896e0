"""What is told of a RST, and of what came instead of an answer: the facts that tell look-alikes apart."""

from __future__ import annotations

import pytest

from tests.engine.talk import CLIENT, OPENED, SERVER, Reader, heard, ns, only, periods, says, survivors


def test_a_fin_ignored_for_seconds(engine: Reader) -> None:
    """The wake's ACK number covers the FIN: it had arrived before the request was sent."""
    p = only(engine, OPENED + "5 S FIN\n5.04 C ACK\n30 C 80 bytes\n30.02 S RST", min_idle=6)
    says(p, outcome="reset", fin="seen", peer_fin=(0, 7), fin_acknowledged=True)


def test_a_fin_in_flight(engine: Reader) -> None:
    """A FIN that the request does not acknowledge crossed it, whether it was captured before it or after."""
    closed, before = periods(engine, OPENED + "30 S FIN\n30.001 C 80 bytes ack=-1\n30.02 S RST", min_idle=6)
    says(closed, outcome="closed", sender=SERVER)
    says(before, outcome="reset", fin="seen", fin_acknowledged=False)
    after = only(engine, OPENED + "30 C 80 bytes\n30.001 S FIN ack=-80\n30.02 S RST", min_idle=6)
    says(after, outcome="reset", fin="seen", fin_acknowledged=False, peer_fin=(0, 8))


def test_a_fin_that_only_the_numbers_show(engine: Reader) -> None:
    """An inferred FIN is one the wake acknowledges."""
    says(only(engine, OPENED + "5 S FIN quiet\n30 C 80 bytes\n30.02 S RST"), fin="inferred", fin_acknowledged=True)


def test_a_peer_that_still_speaks_is_not_silent(engine: Reader) -> None:
    """A segment of the peer after a repetition, which does not acknowledge the wake: it lives, and nothing is decided."""
    text = OPENED + "60 C 80 bytes\n60.2 C again\n{}60.6 C again\n61.4 C again"
    says(only(engine, text.format("60.22 S ACK ack=-80\n")), outcome="undecided", heard=(0, 9))
    says(only(engine, text.format("")), outcome="unanswered", heard=None)


def test_what_crosses_the_request_is_not_heard(engine: Reader) -> None:
    """What the peer had sent before the request reached it says nothing of how it fares now."""
    says(only(engine, OPENED + "60 C 80 bytes\n60.01 S 5 bytes ack=-80\n60.2 C again\n60.6 C again"), outcome="unanswered")


def test_a_capture_that_ends_too_soon(engine: Reader) -> None:
    """Cut short: the capture ended while a retransmission could still have come; not once none can, or the sender gave up."""
    text = OPENED + "60 C 80 bytes\n60.2 C again\n60.6 C again\n"
    says(only(engine, text), outcome="unanswered", cut_short=True)
    says(only(engine, text + "61 C RST ACK"), outcome="unanswered", cut_short=False)
    says(only(engine, text + "180.7 C ACK"), outcome="unanswered", cut_short=False)


def test_probes_that_the_end_cuts_short(engine: Reader) -> None:
    """The same for probes in a row without answer."""
    says(only(engine, OPENED + "60 C probe\n75 C probe\n"), kind="probe", outcome="unanswered", cut_short=True)
    says(only(engine, OPENED + "60 C probe\n75 C probe\n90 C RST ACK"), outcome="unanswered", cut_short=False)


def test_an_icmp_error_is_no_end(engine: Reader) -> None:
    """RFC 1122 4.2.3.9 has most of them soft: if the peer answers after all, its answer counts."""
    text = OPENED + "60 C 80 bytes\n60.02 C ICMP 3/1\n60.2 C again\n"
    (p,) = survivors(engine, text + "60.22 S 100 bytes")
    assert p["answer"][0] == "ack"
    says(only(engine, text + "60.22 S RST"), outcome="reset")
    p = only(engine, text + "60.22 C ICMP 3/1")
    says(p, outcome="unreachable")
    assert p["answer"][:2] == ("icmp", (0, 8))
    assert p["answer"][3] == 2


def test_the_rst_that_answers_the_wake_is_chosen(engine: Reader) -> None:
    """A RST of another number, the client's challenge ACK (RFC 5961), a RST of the wake's number: the last is the answer."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.01 S RST seq=-5\n60.0101 C ACK\n60.02 S RST")
    assert p["answer"][:4] == ("rst", (0, 10), ns("0.02"), 2)


def test_the_peer_goes_on_after_its_rst(engine: Reader) -> None:
    """A RST in the name of a peer that answers all the same."""
    injected = OPENED + "60 C 80 bytes\n60.001 S RST\n"
    assert only(engine, injected + "60.02 S 200 bytes")["answer"][7] == (0, 9)
    assert only(engine, injected + "60.02 S ACK")["answer"][7] == (0, 9)
    assert only(engine, injected + "60.02 S ACK ack=-80")["answer"][7] is None
    assert only(engine, injected + "60.5 S 200 bytes")["answer"][7] is None


def test_a_client_owes_no_response(engine: Reader) -> None:
    """A push that the client acknowledged has arrived: a RST of the client later ends a period of its own, or none."""
    text = OPENED + "60 S 80 bytes\n60.04 C ACK\n"
    says(only(engine, text + "90 C RST ACK"), kind="rst", outcome="reset-in-silence", sender=CLIENT, gap=30)
    assert not periods(engine, text + "60.3 C RST ACK")
    waited = OPENED + "1 C 80 bytes\n1.04 S ACK\n60 S 80 bytes\n60.04 C ACK\n60.3 C RST ACK"
    assert not periods(engine, waited)


def test_a_server_owes_one(engine: Reader) -> None:
    """A request that the server acknowledged and then reset was cut off from its response."""
    says(only(engine, OPENED + "60 C 80 bytes\n60.04 S ACK\n61.03 S RST ACK"), kind="payload", outcome="reset", gap="59.955")


def test_a_client_that_waits_in_silence_is_idle_again(engine: Reader) -> None:
    """A RST min_idle after the ACK of the request ends the silence in which the client waited, not the one before."""
    for rst in ("90 S RST", "90 S RST ACK", "89.98 C ACK win=900\n90 S RST"):
        text = OPENED + "60 C 80 bytes\n60.04 S ACK\n" + rst
        says(only(engine, text), kind="rst", outcome="reset-in-silence", gap=30, last_speaker=CLIENT)
        (survived,) = survivors(engine, text)
        says(survived, kind="payload", gap="59.955")
    says(only(engine, OPENED + "60 C 80 bytes\n60.04 S ACK\n90 S RST", min_idle=40), kind="payload", outcome="reset")


def test_a_half_closed_request_is_still_cut_off(engine: Reader) -> None:
    """After a FIN no silence counts: the RST is what came instead of the response, however late."""
    text = OPENED + "60 C 80 bytes\n60.001 C FIN\n60.04 S ACK\n90 S RST"
    says(only(engine, text), kind="payload", outcome="reset", gap="59.955")


def test_a_byte_into_a_closed_window_is_no_request(engine: Reader) -> None:
    """A zero-window probe (RFC 9293 3.8.6.1), even if it carries a new byte."""
    text = OPENED + "1 C 80 bytes\n1.02 S ACK win=0\n"
    assert not periods(engine, text + "60 C 1 bytes push=no\n60.02 S ACK win=0 ack=-1\n61 S RST")
    says(only(engine, text + "59 S ACK\n60 C 1 bytes\n60.02 S RST"), kind="payload", outcome="reset")


def test_a_rst_whose_numbers_show_missed_traffic_is_undecided(engine: Reader) -> None:
    """A RST in silence stands at its side's own next number; further on, something of it was missed."""
    says(only(engine, OPENED + "60 S RST seq=+30"), kind="rst", outcome="undecided", missed=(30, 0))
    says(only(engine, OPENED + "60 S RST ACK ack=+50"), kind="rst", outcome="undecided", missed=(0, 50))
    says(only(engine, OPENED + "60 S RST ACK"), kind="rst", outcome="reset-in-silence", missed=(0, 0))


def test_a_rst_in_silence_is_compared_with_its_own_side(engine: Reader) -> None:
    """Its facts are those of the side in whose name it was sent."""
    assert only(engine, OPENED + "60 S RST ACK ttl=40")["peer"][0] == 61
    assert only(engine, OPENED + "60 C RST ACK ttl=40")["peer"][0] == 64
    says(only(engine, OPENED + "60 S RST ACK"), last_by=CLIENT)


def test_a_step_of_the_clock_inside_the_gap(engine: Reader) -> None:
    """A record earlier than the one before it by 1 ms or more, between the last payload and the wake."""
    text = OPENED + "20 C ACK\n{} C ACK\n60 C 80 bytes\n60.02 S RST"
    says(only(engine, text.format("15")), clock_back=ns(5))
    says(only(engine, text.format("19.9995")), clock_back=0)
    says(only(engine, "1 C ACK\n0 C ACK\n" + OPENED.strip() + "\n60 C 80 bytes\n60.02 S RST"), clock_back=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 C SYN\n0.02 S RST ACK", [("syn", CLIENT, (0, 2))]),
        ("0 C SYN\n1 C again\n3 C again\n3.02 S RST ACK", [("syn", CLIENT, (0, 4))]),
        (OPENED + "0.1 C 80 bytes\n0.12 S RST", [("payload", CLIENT, (0, 8))]),
        (OPENED + "0.1 C 80 bytes\n0.12 S ACK\n0.5 S RST ACK", [("payload", CLIENT, (0, 9))]),
        (OPENED + "0.1 S 80 bytes\n0.12 C RST", [("payload", SERVER, (0, 8))]),
        (OPENED + "60 C 80 bytes\n60.02 S 5 bytes\n60.03 C 5 bytes\n60.05 S RST", [("payload", CLIENT, (0, 10))]),
        # not so: the client received all and leaves; the connection was being closed; an idle period ended; nothing was sent
        (OPENED + "0.1 S 80 bytes\n0.12 C RST ACK", []),
        (OPENED + "0.1 S 80 bytes\n0.12 C ACK\n0.2 C RST ACK", []),
        (OPENED + "0.1 C 31 bytes FIN\n0.12 S RST", []),
        (OPENED + "0.1 S FIN\n0.11 C 31 bytes\n0.12 S RST", []),
        (OPENED + "60 C 80 bytes\n60.02 S RST", []),
        (OPENED + "0.086 S RST", []),
        ("0 C SYN\n0.02 S SYN ACK\n0.03 C RST", []),
        ("0 C SYN\n0.02 S RST", []),
    ],
)  # fmt: skip
def test_resets_without_idle(engine: Reader, text: str, expected: list[object]) -> None:
    """A RST to a SYN, or to payload with no idle before it, is told apart, and is no idle period."""
    result = heard(engine, text)
    assert result.contexts == expected
    assert sum(result.totals["outcomes"].values()) == len(result.periods)


def test_a_rst_that_nobody_obeys_ends_nothing(engine: Reader) -> None:
    """Far outside any window (RFC 5961 3.2), with the conversation going on: the idle period after it is lost by another RST."""
    for number in ("+500000", "-500000"):
        text = OPENED + f"60 S RST seq={number}\n"
        assert not periods(engine, text)
        says(only(engine, text + "350 C 80 bytes\n350.02 S RST"), kind="payload", outcome="reset", gap="349.955", silence="349.954")


def test_a_rst_that_nobody_obeys_answers_if_nothing_better_comes(engine: Reader) -> None:
    """As an ICMP error: response, ACK and exact RST are better; none of them, and it is what came back."""
    text = OPENED + "60 C 80 bytes\n60.01 S RST seq=+500000\n60.2 C again\n60.21 S RST seq=+500000\n"
    alone = only(engine, text)
    says(alone, outcome="reset")
    assert alone["answer"][:4] == ("rst", (0, 8), ns("0.01"), 2)
    exact = only(engine, text + "60.22 S RST")
    assert exact["answer"][:4] == ("rst", (0, 11), ns("0.22"), 3)
    assert not periods(engine, text + "60.22 S 900 bytes\n60.23 C ACK")


def test_both_sides_reset(engine: Reader) -> None:
    """The client's own RST just before the server's: no RST is answered by one, so that the server's answers the request."""
    text = OPENED + "60 C 80 bytes\n60.002 C RST\n"
    p = only(engine, text + "60.02 S RST")
    says(p, outcome="reset")
    assert p["answer"][:4] == ("rst", (0, 9), ns("0.02"), 1)
    says(only(engine, text + "60.02 S RST seq=-5"), outcome="undecided", answer=None)
    says(only(engine, text + "60.5 S RST"), outcome="undecided", answer=None)
    repeated = OPENED + "60 C 80 bytes\n60.2 C again\n60.6 C again\n60.61 C RST\n"
    says(only(engine, repeated + "60.62 S RST"), outcome="reset", silence_answered="60.554")


def test_a_fin_is_no_response(engine: Reader) -> None:
    """A FIN that acknowledges the request without a byte of response, and a RST after it, however late: cut off. Alone, or when
    both have closed: survived."""
    text = OPENED + "60 C 80 bytes\n60.02 S FIN\n60.021 C ACK\n"
    for rst in ("60.03 S RST ACK", "90 S RST", "60.1 C 80 bytes\n60.12 S RST"):
        p = only(engine, text + rst)
        says(p, kind="payload", outcome="reset", gap="59.955")
        assert p["answer"][5] is not None
    for rest in ("", "60.1 C FIN\n60.12 S RST", "60.1 C RST ACK"):
        assert not periods(engine, text + rest)
    assert not periods(engine, OPENED + "60 C 80 bytes\n60.02 S 900 bytes FIN\n60.021 C ACK\n60.03 S RST ACK")


def test_a_retransmission_recorded_after_a_rst_is_not_what_it_answers(engine: Reader) -> None:
    """Only new payload or a probe wakes: what was acknowledged long ago and comes again does not."""
    p = only(engine, OPENED + "60 S RST\n60.0004 C again")
    says(p, kind="rst", outcome="reset-in-silence", sender=SERVER)
