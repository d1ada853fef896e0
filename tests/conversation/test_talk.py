"""Numbers follow from what was sent before: what each kind of line means for the next."""

from __future__ import annotations

import pytest

from pcapdiag.conversation import START, ConversationError, Endpoint, Segment, Setting, conversation
from pcapdiag.conversation.segments import ACK, FIN, MASK, PSH, RST, SYN
from tests.conversation.talks import OPENED, SIX

ISN, SERVER_ISN = 0xFFFFFFB0, 1_000_000
AFTER = (ISN + 121) & MASK, SERVER_ISN + 901  # what comes next of client and server, once OPENED is over


def said(text: str, before: str = OPENED) -> list[Segment]:
    """The segments of these lines, after a connection was opened and a request answered."""
    first = len(conversation(before)) if before else 0
    return list(conversation(before + text)[first:])


def numbers(segment: Segment) -> tuple[int, int, int, int]:
    """Sequence and ACK number, flags, payload length."""
    return segment.seq, segment.ack, segment.flags, len(segment.payload)


def test_an_ordinary_exchange() -> None:
    """Every segment acknowledges all that its peer sent so far; the client's numbers cross 2^32."""
    assert [numbers(s) for s in conversation(OPENED)] == [
        (ISN, 0, SYN, 0),
        (SERVER_ISN, ISN + 1, SYN | ACK, 0),
        (ISN + 1, SERVER_ISN + 1, ACK, 0),
        (ISN + 1, SERVER_ISN + 1, ACK | PSH, 120),
        (SERVER_ISN + 1, AFTER[0], ACK | PSH, 900),
        (*AFTER, ACK, 0),
    ]
    assert AFTER[0] < ISN


def test_times_and_lines() -> None:
    """Times count from the start, to the nanosecond, and each segment knows its line."""
    segments = conversation("0 C SYN\n# nothing\n\n0.000000001 S SYN ACK\n12.5 C ACK")
    assert [s.time - START for s in segments] == [0, 1, 12_500_000_000]
    assert [s.line for s in segments] == [1, 4, 5]


def test_a_bare_rst_takes_its_number_from_what_it_answers() -> None:
    """A host without the connection: seq is the ACK number of its peer, no ACK, window 0, no options, IP ID 0."""
    (_, rst) = said("60 C 80 bytes\n60.02 S RST")
    assert numbers(rst) == (AFTER[1], 0, RST, 0)
    assert (rst.window, rst.options, rst.ip_id, rst.dont_fragment, rst.ttl) == (0, (), 0, True, 61)


def test_the_abort_of_a_live_socket() -> None:
    """RST ACK has the socket's own next number, window, timestamps and IP ID, and acknowledges what was received."""
    (request, rst) = said("60 C 80 bytes\n60.02 S RST ACK")
    assert numbers(rst) == (AFTER[1], request.seq + 80, RST | ACK, 0)
    assert rst.window
    assert rst.ip_id
    assert dict(rst.options)["timestamps"]


def test_a_syn_that_is_refused() -> None:
    """RFC 9293 3.10.7.1: to a SYN the RST has number 0 and acknowledges it; no socket adds its window or options."""
    (syn, rst) = conversation("0 C SYN\n0.02 S RST ACK")
    assert numbers(rst) == (0, syn.seq + 1, RST | ACK, 0)
    assert (rst.window, rst.options, rst.ip_id) == (0, (), 0)
    (*_, later) = said("60 C SYN\n60.02 S RST ACK\n61 C again\n61.02 S RST ACK")
    assert (later.seq, later.window) == (0, 0)


def test_a_repeated_segment() -> None:
    """`again` is the last payload, SYN or FIN once more, with the IP ID, clock and ACK of now; ACKs between do not matter."""
    (first, _, _, again) = said("60 C 80 bytes\n60.1 S 5 bytes\n60.2 C ACK\n60.3 C again")
    assert numbers(again) == (first.seq, first.ack + 5, first.flags, 80)
    assert again.ip_id != first.ip_id
    assert numbers(said("60 C FIN\n61 C again")[1])[2] == ACK | FIN
    assert numbers(said("0 C SYN\n1 C again", "")[1])[2] == SYN


def test_a_copy() -> None:
    """`copy` is the packet itself, elsewhere or with another TTL."""
    (first, copy) = said("60 C 80 bytes\n60.001 C copy via=1 ttl=9")
    assert (copy.interface, copy.ttl, copy.time - first.time) == (1, 9, 1_000_000)
    assert (copy.ip_id, copy.options, numbers(copy)) == (first.ip_id, first.options, numbers(first))


@pytest.mark.parametrize(("what", "length"), [("probe", 0), ("probe 1 byte", 1)])
def test_a_probe(what: str, length: int) -> None:
    """A keepalive probe stands one below the next number, ACK only, and moves nothing."""
    (probe, request) = said(f"30 C {what}\n60 C 80 bytes")
    assert numbers(probe) == ((AFTER[0] - 1) & MASK, AFTER[1], ACK, length)
    assert request.seq == AFTER[0]


def test_what_was_not_captured() -> None:
    """`missed` bytes and `quiet` segments are not recorded; the numbers after them tell."""
    (request,) = said("50 C missed 500\n60 C 80 bytes")
    assert request.seq == AFTER[0] + 500
    (request,) = said("50 S FIN quiet\n60 C 80 bytes")
    assert request.ack == AFTER[1] + 1
    (copy,) = said("60 C 80 bytes quiet\n60.1 C copy")
    assert len(copy.payload) == 80


def test_a_router_answers() -> None:
    """An ICMP error comes from a router, goes to the side it stands beside, and quotes that side's last packet."""
    (request, error) = said("60 C 80 bytes\n60.01 C ICMP 3/13 ttl=250")
    assert (error.icmp, error.quoted, error.ttl) == ((3, 13), request, 250)
    assert (error.source.address, error.target.address) == ("10.9.9.9", "10.0.0.1")
    (six,) = conversation(f"{SIX}1 C 80 bytes quiet\n1.1 C ICMP 1/1")
    assert (six.source.address, six.target.address, six.ip_id) == ("fd00::9", "2001:db8::1", None)


def test_payload_is_what_was_written() -> None:
    """Text with escapes, hex, a beginning that is filled up to the length, and all with FIN."""
    lines = r"""
        1 C "GET /#1\r\n\x00\t\"\\é"    # a comment
        2 C hex 1503030002 0100
        3 C 12 bytes "GET /x"
        4 C "a" hex 62 "c" FIN
    """
    assert [s.payload for s in said(lines)] == [
        b'GET /#1\r\n\x00\t"\\\xc3\xa9', bytes.fromhex("15030300020100"), b"GET /xxxxxxx", b"abc"
    ]  # fmt: skip
    assert said(lines)[-1].flags == ACK | PSH | FIN


def test_words_hold_for_their_line() -> None:
    """Words change this segment alone; shifted numbers do not move what comes next."""
    (odd, next_) = said("60 C 80 bytes win=0 ttl=9 ipid=7 df=no seq=+5 ack=-3 ts=no push=no via=2\n61 C 10 bytes")
    assert (odd.window, odd.ttl, odd.ip_id, odd.dont_fragment, odd.interface) == (0, 9, 7, False, 2)
    assert numbers(odd) == (AFTER[0] + 5, AFTER[1] - 3, ACK, 80)
    assert odd.options == ()
    assert numbers(next_) == (AFTER[0] + 80, AFTER[1], ACK | PSH, 10)
    assert (next_.ttl, next_.interface) == (64, 0)
    (rst,) = said("60 S RST ts=yes win=9")
    assert rst.window == 9
    assert dict(rst.options)["timestamps"]


def test_syns_look_real() -> None:
    """A SYN has MSS, SACK permitted, timestamps and window scale; with payload, a Fast Open cookie as well."""
    (syn, both) = conversation("0 C SYN 50 bytes\n0.02 S SYN ACK")
    assert [name for name, _ in syn.options if name != "NOP"] == [
        "MSS", "SACK permitted", "timestamps", "window scale", "fast open"
    ]  # fmt: skip
    assert both.ack == (ISN + 51) & MASK
    assert dict(conversation(f"{SIX}0 C SYN")[0].options)["MSS"] == 1440
    (plain, _, ack) = conversation("timestamps no\n0 C SYN\n0.02 S SYN ACK\n0.03 C ACK")
    assert "timestamps" not in dict(plain.options)
    assert ack.options == ()


def test_timestamps_echo_the_peer() -> None:
    """TSecr is the peer's last TSval. A record clock that goes back does not take the host's with it."""
    (request, answer, back) = said("60 C 80 bytes\n60.02 S 5 bytes\n20 C ACK")
    at = (START // 1_000_000 + 60_000) & MASK
    last = at - 60_000 + 45  # of the server, in OPENED
    assert [dict(s.options)["timestamps"] for s in (request, answer, back)] == [(at, last), (at + 20, at), (at, at + 20)]
    assert back.time < request.time


def test_a_second_incarnation() -> None:
    """A second SYN draws a new number, and so does the SYN ACK to it; isn= says which."""
    (syn, both, ack) = said("60 C SYN\n60.02 S SYN ACK\n60.03 C ACK")
    assert (syn.seq, both.seq) == ((ISN + 1_000_003) & MASK, SERVER_ISN + 1_000_003)
    assert (ack.seq, ack.ack) == (syn.seq + 1, both.seq + 1)
    assert said("60 C SYN isn=5")[0].seq == 5


def test_a_simultaneous_open_is_one_incarnation() -> None:
    """Both send SYN, both send SYN ACK: of the same numbers."""
    (a, b, both_a, both_b) = conversation("0 C SYN\n0 S SYN\n0.1 C SYN ACK\n0.1 S SYN ACK")
    assert (both_a.seq, both_b.seq) == (a.seq, b.seq)
    assert (both_a.ack, both_b.ack) == (b.seq + 1, a.seq + 1)


def test_further_connections() -> None:
    """C2 and S2 have the next client port, the same server and numbers of their own, which no line of another moves."""
    alone = conversation(OPENED.replace("C", "C2").replace("S ", "S2 ").replace("AC2K", "ACK"))
    assert {(s.source.port, s.target.port) for s in alone} == {(50001, 443), (443, 50001)}
    assert {s.connection for s in alone} == {2}
    mixed = conversation(OPENED + OPENED.replace("C", "C2").replace("S ", "S2 ").replace("AC2K", "ACK"))
    assert [numbers(s) for s in mixed[6:]] == [numbers(s) for s in alone]
    assert not {s.seq for s in mixed[:6]} & {s.seq for s in mixed[6:]}


def test_other_ends() -> None:
    """A further connection's ends can be named: another server, or a client behind a NAT."""
    (syn,) = conversation("S2 is 10.0.0.9:8443\nC2 is 192.0.2.1:6000\n0 C2 SYN")
    assert (syn.source, syn.target) == (Endpoint("192.0.2.1", 6000), Endpoint("10.0.0.9", 8443))


def test_headers_and_settings_say_the_same() -> None:
    """What stands above the first packet is what a Setting says from Python."""
    text = "client 10.1.0.1:5\nserver 10.2.0.1:6\nttl 60 50\nisn 7 8\ntimestamps no\nstart 1970-01-01T00:00:01Z\n"
    setting = Setting(Endpoint("10.1.0.1", 5), Endpoint("10.2.0.1", 6), (60, 50), (7, 8), False, start=1_000_000_000)
    assert conversation(text + OPENED) == tuple(
        segment for segment in conversation("\n" * 6 + OPENED, setting)
    )  # fmt: skip
    assert conversation(text + OPENED)[0].time == 1_000_000_000


def test_files() -> None:
    """`file` begins the next capture file; the conversation goes on."""
    (before, after) = said("60 C 80 bytes\nfile\n60.02 S RST")
    assert (before.file, after.file) == (0, 1)
    assert after.seq == before.ack


@pytest.mark.parametrize(("text", "right"), [
    ("0 C again", "neither payload nor SYN nor FIN"),
    ("0 C ACK\n1 C again", "neither payload nor SYN nor FIN"),
    ("0 C copy", "nothing yet"),
    ("0 C ICMP 3/1", "nothing yet"),
    ("0 C SYN\n1 C ICMP 8/0", "of type 3, 4, 5, 11, 12"),
    ("0 C SYN dir=in", "link sll"),
    ("0 C SYN mac=02:00:00:00:00:01", "link ethernet"),
    (SIX + "0 C SYN ipid=5", "IPv6"),
    ("client [2001:db8::1]:5\n0 C SYN", "IPv4 and IPv6"),
    ("0 C1001 SYN", "at most 1000"),
    ("0 C SYN\nlink raw", "above its first packet"),
])  # fmt: skip
def test_what_does_not_fit_is_an_error(text: str, right: str) -> None:
    """What is well written but cannot be, or would change nothing, is refused with its line."""
    with pytest.raises(ConversationError, match=right) as found:
        conversation(text)
    assert found.value.line in (1, 2, 3)
    assert text.splitlines()[found.value.line - 1].strip() == found.value.text
