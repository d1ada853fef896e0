"""Which segment belongs to which connection, and which is the same packet again: conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.talk import CLIENT, OPENED, SECOND, SERVER, Reader, heard, ns, only, periods, says, survivors
from tests.forge.conversation import START, conversation
from tests.forge.files import pcap, pcapng
from tests.forge.traffic import beacon

V6: dict[str, Any] = {"client": ("2001:db8::1", 50000), "server": ("2001:db8::2", 443)}


def streams(engine: Reader, text: str, **options: Any) -> list[int | None]:
    """The stream number of each connection, in order."""
    return [c["stream"] for c in heard(engine, text, **options).connections]


@pytest.mark.parametrize("isn", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFB0, 0xFFFFFFFF])
def test_numbers_wrap(engine: Reader, isn: int) -> None:
    """All sequence arithmetic is modulo 2^32."""
    text = OPENED + "60 C 80 bytes\n60.2 C again\n60.22 S RST"
    p = only(engine, text, client_isn=isn, server_isn=(isn + 0x80000000) & 0xFFFFFFFF)
    says(p, outcome="reset", gap="59.955", missed=(0, 0), fin="excluded", retransmissions=1)


def test_a_port_is_used_again(engine: Reader) -> None:
    """A SYN with another ISN starts a new connection, and a new stream; the old one's idle period ends undecided."""
    text = OPENED + "60 C SYN\n60.02 S SYN ACK isn=5\n60.03 C ACK\n120 C 80 bytes\n120.02 S RST"
    old, new = periods(engine, text)
    says(old, kind="syn", outcome="undecided", connection=(0, 1), gap="59.955")
    says(new, kind="payload", outcome="reset", connection=(0, 7), gap="59.97", stream=1)
    assert streams(engine, text) == [0, 1]


def test_a_port_is_used_again_after_a_reset(engine: Reader) -> None:
    """Also with the same ISN, if the connection was closed; tshark then goes on with the stream."""
    text = OPENED + "1 S RST\n2 C SYN isn=4294967216\n2.02 S SYN ACK isn=5\n2.03 C ACK\n60 C 80 bytes\n60.02 S RST"
    says(only(engine, text), connection=(0, 8), outcome="reset", gap="57.97")
    assert streams(engine, text) == [0, 0]


def test_a_port_is_used_again_after_a_reset_that_came_first(engine: Reader) -> None:
    """The capture begins with the RST of an older connection: the SYN that follows begins one of its own."""
    text = "0 C RST\n1 S RST\n2 C SYN isn=5\n2.02 S SYN ACK\n2.03 C ACK\n60 C 80 bytes\n60.02 S RST"
    says(only(engine, text), connection=(0, 3), outcome="reset", gap="57.97")


def test_a_refusal_recorded_before_its_syn(engine: Reader) -> None:
    """Captures reorder: the RST that acknowledges the SYN refuses it."""
    result = heard(engine, "0 C SYN quiet isn=5\n0 S RST ACK\n0.0001 C copy")
    assert len(result.connections) == 1


def test_a_repeated_syn(engine: Reader) -> None:
    """A SYN with the same ISN, while the connection lives, is its own."""
    assert streams(engine, "0 C SYN\n1 C again\n3 C again\n3.02 S SYN ACK\n3.03 C ACK") == [0]


def test_a_syn_after_segments_found_in_the_middle(engine: Reader) -> None:
    """A SYN of a side whose ISN was never known and that already sent something starts a new connection."""
    assert streams(engine, "0 C 10 bytes\n0.02 S ACK\n60 C SYN isn=77\n60.02 S SYN ACK") == [0, 1]
    assert streams(engine, "0 S 10 bytes\n60 C SYN isn=77\n60.02 S SYN ACK isn=99\n60.03 C ACK") == [0, 1]


def test_a_syn_recorded_after_its_answer(engine: Reader) -> None:
    """Captures reorder: the SYN that the SYN-ACK acknowledges belongs to it."""
    result = heard(engine, "0.02 C SYN quiet\n0.02 S SYN ACK\n0.0201 C copy\n0.03 C ACK\n60 C 80 bytes\n60.02 S RST")
    (connection,) = result.connections
    assert (connection["stream"], result.totals["syn_seen"]) == (0, 1)


def test_a_half_dead_connection_is_woken_by_a_syn(engine: Reader) -> None:
    """A bare challenge ACK, the client's RST, and the SYN again after 9 ms: strays of the older incarnation."""
    text = OPENED + ("60 C SYN\n60.001 S ACK ack=-1000003\n60.0011 C RST\n60.010 C again\n"
                     "60.011 S SYN ACK isn=7\n60.012 C ACK\n60.013 C 80 bytes\n120 C 80 bytes\n120.02 S RST")  # fmt: skip
    result = heard(engine, text)
    old, new = result.connections
    assert not any(old["rst"].values())
    assert new["rst"] == {CLIENT: False, SERVER: True}
    reset = [p for p in result.periods if p["outcome"] == "reset"]
    assert [(p["connection"], p["gap"]) for p in reset] == [((0, 7), ns("59.987"))] or not reset


def test_a_stray_in_another_file_is_not_the_last_segment(engine: Reader) -> None:
    """It changes nothing but counts: not where the connection was last seen, either."""
    packets = conversation("0 C SYN\n1 S ACK ack=-7")
    (one,) = engine([pcapng(packets[:1]), pcapng([beacon(START), *packets[1:]])], SECOND).connections
    assert one["last"] == (0, 1)


def test_refused(engine: Reader) -> None:
    """A RST to a SYN is of the connection, and no idle period."""
    result = heard(engine, "0 C SYN\n0.02 S RST ACK")
    assert result.connections[0]["rst"] == {CLIENT: False, SERVER: True}
    assert not result.periods


def test_a_client_that_resets_the_syn_ack(engine: Reader) -> None:
    """A scan: the RST has the number the SYN-ACK asked for, and belongs to this connection."""
    result = heard(engine, "0 C SYN\n0.02 S SYN ACK\n0.03 C RST")
    assert result.connections[0]["rst"] == {CLIENT: True, SERVER: False}


@pytest.mark.parametrize("again", ["copy via=1", "copy ttl=63", "copy ttl=63 via=1", "copy"])
@pytest.mark.parametrize("ends", [{}, V6], ids=["IPv4", "IPv6"])
def test_a_copy_changes_no_state(engine: Reader, again: str, ends: dict[str, Any]) -> None:
    """The same packet recorded again, on another interface, with another TTL, or with identical bytes."""
    plain = [*OPENED.strip().splitlines(), "60 C 80 bytes", "60.2 C again"]
    doubled = []
    for line in plain:
        seconds, side, _ = line.split(None, 2)
        doubled += [line, f"{float(seconds) + 0.0003:.4f} {side} {again}"]
    once = only(engine, "\n".join(plain) + "\n60.22 S RST", **ends)
    twice = only(engine, "\n".join(doubled) + "\n60.22 S RST", **ends)
    for name in ("gap", "silence", "silence_answered", "outcome", "retransmissions", "length", "fin", "missed"):
        assert once[name] == twice[name]
    copies = heard(engine, "\n".join(doubled), **ends).totals["copies"]
    exempt = 2 if again == "copy" and not ends else 0  # RFC 5681: equal pure ACKs with IP ID 0 would be duplicate ACKs
    assert len(plain) - exempt <= copies <= len(plain)


def test_a_packet_repeated_later_is_a_retransmission(engine: Reader) -> None:
    """Within 50 ms it is a copy, later it is not."""
    for after, copies in (("60.05", 1), ("60.0501", 0)):
        totals = heard(engine, OPENED + f"60 C 80 bytes\n{after} C copy via=1").totals
        assert (totals["copies"], totals["retransmissions"]) == (copies, 1 - copies)


def test_old_payload_of_another_length_elsewhere_is_a_copy(engine: Reader) -> None:
    """Super-segments are cut on another interface: old payload there is a copy even if its length differs."""
    text = OPENED + "60 C 2800 bytes\n60.0005 C 1400 bytes seq=-2800 via=1\n60.0006 C 1400 bytes seq=-2800 via=1"
    totals = heard(engine, text).totals
    assert (totals["copies"], totals["retransmissions"]) == (2, 0)


def test_idleness_crosses_files(engine: Reader) -> None:
    """Files that do not overlap are one timeline; frames and streams are numbered per file, connections carried across."""
    other = conversation("100 C SYN\n100.01 S SYN ACK", client=("10.0.0.9", 1))
    before, after = conversation(OPENED), conversation(OPENED + "350.1 C 80 bytes\n350.12 S RST")[-2:]
    (p,) = engine([pcapng(before), pcap(other + after)], SECOND).periods
    says(p, gap="350.055", bound="exact", hole=False, start=(0, 5), first=(1, 3), outcome="reset", stream=1)


def test_idleness_across_a_hole(engine: Reader) -> None:
    """A hole between files: the gap is no longer exact, and the finding says so."""
    before, after = conversation(OPENED), conversation(OPENED + "350.1 C 80 bytes\n350.12 S RST")[-2:]
    (p,) = engine([pcap(before), pcap(after)], SECOND, [True, False]).periods
    says(p, gap="350.055", bound="upper", hole=True, outcome="reset")


def test_first_seen_in_a_later_file(engine: Reader) -> None:
    """The lower bound counts from the first record of the contiguous run of files."""
    before, after = conversation("0 C 10 bytes", client=("10.0.0.9", 1)), conversation("350 C 80 bytes\n350.02 S RST")
    for contiguous, gap in (([True, True], 350), ([True, False], 0)):
        found = [p for p in engine([pcap(before), pcap(after)], SECOND, contiguous).periods if p["first"][0] == 1]
        assert [(p["gap"], p["bound"]) for p in found] == ([(ns(gap), "lower")] if gap else [])


def test_the_clock_goes_back(engine: Reader) -> None:
    """A gap is never negative: it is 0 if the clock went back, and the file says how often it did."""
    result = heard(engine, OPENED + "30 C 80 bytes\n30.02 S 5 bytes\n20 C 80 bytes\n20.02 S RST")
    assert [p["outcome"] for p in result.periods] == ["survived"]
    assert result.files[0]["clock_back"] == 1


def test_found_in_the_middle_both_ways(engine: Reader) -> None:
    """Without a handshake the first numbers seen are the beginning."""
    (p,) = survivors(engine, "0 C 10 bytes\n0.02 S 20 bytes\n0.03 C ACK\n60 C 10 bytes\n60.02 S 20 bytes", begins=0)
    says(p, gap="59.98", bound="exact", fin=p["fin"], missed=(0, 0))
