"""What is idleness, how sure is its length, and was there a FIN: conversations."""

from __future__ import annotations

import pytest

from tests.engine.talk import CLIENT, OPENED, SERVER, Reader, heard, ns, only, periods, says, survivors

REQUEST = "60 C 80 bytes\n60.02 S RST"


def test_retransmission_back_off_is_not_idleness(engine: Reader) -> None:
    """Begun when neither side had unacknowledged payload: a sender that repeats itself waits, it does not idle."""
    again = "1 C 80 bytes\n1.2 C again\n1.6 C again\n2.4 C again\n4 C again\n7.2 C again\n"
    assert not periods(engine, OPENED.replace("0.046", "0.9") + again + "7.3 C 80 bytes\n7.32 S RST", min_idle=2)


def test_back_off_of_the_peer_moves_the_beginning(engine: Reader) -> None:
    """If the other side retransmitted, idleness begins with its last retransmission."""
    p = only(engine, OPENED + "1 S 50 bytes\n1.2 S again\n1.6 S again\n1.62 C ACK\n" + REQUEST)
    says(p, gap="58.38", start=(0, 10))


def test_a_delayed_ack_does_not_move_the_beginning(engine: Reader) -> None:
    """A delayed ACK comes within 500 ms; a later one shows that the payload was not there before."""
    for delay, gap in (("0.04", "59.5"), ("0.4", "59.5"), ("0.5", "59.5"), ("0.7", "58.8"), ("2.9", "56.6")):
        answered = f"0.5 S 50 bytes\n{0.5 + float(delay):.3f} C ACK\n"
        says(only(engine, OPENED + answered + REQUEST), gap=gap)


def test_an_ack_that_was_missed(engine: Reader) -> None:
    """Nothing was repeated for 3 s: the ACK was there, and was not captured."""
    p = only(engine, OPENED + "1 C 80 bytes\n1.1 S ACK quiet\n" + REQUEST)
    says(p, gap=59, outcome="reset")
    assert not periods(engine, OPENED + "1 C 80 bytes\n1.1 S ACK quiet\n3.9 C 80 bytes\n3.92 S RST")


def test_idleness_begins_with_the_handshake(engine: Reader) -> None:
    """Before any payload it is the time of the handshake's last segment."""
    p = only(engine, "0 C SYN\n0.02 S SYN ACK\n0.021 C ACK\n" + REQUEST)
    says(p, gap="59.979", start=(0, 3), last_speaker=None, bound="exact")


def test_a_repeated_syn_ack_is_part_of_the_handshake(engine: Reader) -> None:
    """Each SYN and SYN-ACK sets it."""
    p = only(engine, "0 C SYN\n1 C again\n3 C again\n3.02 S SYN ACK\n3.03 C ACK quiet\n4.1 S again\n" + REQUEST)
    says(p, gap="55.9", start=(0, 5))


def test_only_one_side_of_the_handshake_was_captured(engine: Reader) -> None:
    """Each SYN, SYN-ACK and the ACK of each; the ACK of a SYN-ACK that was not captured proves nothing."""
    p = only(engine, "0 C SYN\n0.1 S SYN ACK quiet\n0.2 C ACK\n60 C 80 bytes\n60.2 C again\n60.6 C again")
    says(p, gap=60, start=(0, 1), fin="unseen", outcome="unanswered")


def test_a_connection_first_seen_at_its_wake(engine: Reader) -> None:
    """The gap is a lower bound: wake time minus the first record of the capture."""
    p = only(engine, "350.1 C 80 bytes\n350.12 S RST", begins=38)
    says(p, gap="312.1", bound="lower", start=None, last_before=None, last_speaker=None, fin="unseen")
    says(p, outcome="reset", silence="312.1")


def test_a_capture_that_begins_in_the_middle_of_an_idle_period(engine: Reader) -> None:
    """The same where an ACK or probe was seen before: still no payload, so still a lower bound."""
    p = only(engine, "100 C probe\n100.02 S ACK\n350.1 C 80 bytes\n350.12 S RST", begins=38)
    says(p, gap="312.1", bound="lower", start=None, last_before=(0, 3), silence="250.08", fin="excluded")
    assert p["probes"] == {CLIENT: 1}


def test_missed_bytes_of_the_peer(engine: Reader) -> None:
    """Its ack jumped: traffic was missed, the gap is an upper bound, the outcome undecided, and it is still reported."""
    p = only(engine, OPENED + "30 S missed 100\n" + REQUEST)
    says(p, outcome="undecided", bound="upper", missed=(0, 100), fin="unseen", gap="59.955")
    assert p["answer"][0] == "rst"


def test_missed_bytes_of_the_sender(engine: Reader) -> None:
    """Its seq jumped."""
    p = only(engine, OPENED + "30 C missed 7\n" + REQUEST)
    says(p, outcome="undecided", bound="upper", missed=(7, 0), fin="excluded")


def test_missed_bytes_are_seen_through_later_acks(engine: Reader) -> None:
    """A pure ACK with a higher seq does not hide them: continuity is of payload."""
    p = only(engine, OPENED + "30 S missed 100\n31 S ACK\n31.1 C ACK\n" + REQUEST)
    says(p, outcome="undecided", bound="upper", missed=(0, 100))


def test_a_fin_that_was_seen(engine: Reader) -> None:
    """The peer's FIN before the request closed the period; the request begins one of its own, from the same moment."""
    closed, p = periods(engine, OPENED + "30 S FIN\n30.04 C ACK\n" + REQUEST)
    says(closed, outcome="closed", gap="29.955")
    says(p, outcome="reset", kind="payload", fin="seen", peer_fin=(0, 7), gap="59.955", missed=(0, 0), bound="exact")


def test_a_fin_that_crossed_the_request(engine: Reader) -> None:
    """A FIN between wake and answer that does not acknowledge the request."""
    p = only(engine, OPENED + "60 C 80 bytes\n60.001 S FIN ack=-80\n60.02 S RST")
    says(p, outcome="reset", fin="seen", peer_fin=(0, 8))


def test_a_fin_that_was_missed(engine: Reader) -> None:
    """d == 1 is a FIN, or one missed byte: inferred, also if the peer sent ACKs after it."""
    says(only(engine, OPENED + "30 S missed 1\n" + REQUEST), fin="inferred", outcome="reset", missed=(0, 0))
    says(only(engine, OPENED + "30 S missed 1\n31 S ACK\n" + REQUEST), fin="inferred", outcome="reset")


def test_an_excluded_fin(engine: Reader) -> None:
    """d <= 0 excludes a FIN that the sender had processed, even if it had not processed everything."""
    says(only(engine, OPENED + REQUEST), fin="excluded")


def test_a_peer_that_was_never_captured(engine: Reader) -> None:
    """If the peer was never captured there is no proof."""
    p = only(engine, "0 C 80 bytes\n60 C 80 bytes\n60.02 S RST", begins=0)
    says(p, fin="unseen", outcome="reset", gap=60)


def test_closed(engine: Reader) -> None:
    """A FIN without payload ends an idle period; what follows between the two does not end it again."""
    p = only(engine, OPENED + "60 S FIN\n60.04 C ACK\n90 C FIN\n90.02 S ACK")
    says(p, outcome="closed", kind="fin", sender=SERVER, gap="59.955")
    says(only(engine, OPENED + "60 C FIN\n60.02 S RST"), outcome="closed", sender=CLIENT)


def test_payload_after_the_other_sides_fin(engine: Reader) -> None:
    """The other side still sends payload and is answered: a half-closed connection survived."""
    text = OPENED + "60 S FIN\n60.04 C ACK\n62 C 80 bytes\n62.02 S ACK\n62.1 C FIN"
    assert [p["outcome"] for p in periods(engine, text)] == ["closed"]
    (p,) = survivors(engine, text)
    says(p, gap="61.955", sender=CLIENT)


def test_a_silence_counts_its_unanswered_end(engine: Reader) -> None:
    """A pure ACK that meets a peer without state is reset too: the silence that failed is the one before the ACK."""
    p = only(engine, OPENED + "60 C ACK win=500\n60.02 S RST")
    says(p, outcome="reset-in-silence", gap="59.975", silence_first="59.954", silence_answered="59.954")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("60 C 80 bytes\n60.02 S ACK", "59.954"),
        ("60 C probe\n60.02 S ACK", "59.954"),
        ("60 C ACK win=9\n70 S 10 bytes", "59.954"),
        ("60 C probe\n75 C probe\n75.02 S ACK", "59.954"),
        ("60 C 80 bytes\n60.02 S RST", None),
        ("60 C 80 bytes\n61 S 10 bytes ack=-80\n62 C ACK", None),
    ],
)
def test_survived_silences(engine: Reader, text: str, length: str | None) -> None:
    """A silence is survived when the other side then sends a segment that is no RST, and covers payload's first byte."""
    longest = heard(engine, OPENED + text).totals["longest_survived"]
    assert longest == (None if length is None else (ns(length), False))


def test_zero_window_probes_are_no_keepalives(engine: Reader) -> None:
    """The peer's last window is 0: these are window probes, and the sender had something to say all along."""
    text = OPENED + "1 C 100 bytes\n1.02 S ACK win=0\n3 C probe\n3.02 S ACK win=0\n8 C probe\n8.02 S ACK win=0\n"
    assert heard(engine, text).totals["probes"] == 0
    assert heard(engine, text.replace(" win=0", "")).totals["probes"] == 2
