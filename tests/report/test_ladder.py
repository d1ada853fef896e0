"""The ladder of a connection: numbers as Wireshark counts them, and as many packets as a person can read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.types import Endpoint, RecordRef, Seen, Traced
from pcapdiag.report.ladder import Ladder, Sizes

CLIENT, SERVER = Endpoint("10.0.0.1", 50000), Endpoint("10.0.0.2", 443)
SECOND = 1_000_000_000
BEGINNING, BEFORE, AFTER, END, MOST = SIZES = Sizes(beginning=12, before=4, after=8, end=6, most=400)
ACK, RST, SYN = 0x10, 0x04, 0x02


def traced(frame: int, time: int = 0, *, client: bool = True, seen: Seen = Seen.ACK, seq: int = 0, ack: int = 0,
           flags: int = ACK) -> Traced:  # fmt: skip
    """One segment."""
    source, target = (CLIENT, SERVER) if client else (SERVER, CLIENT)
    return Traced(1, RecordRef(0, frame, time), 0, source, target, seq, ack, flags, 500, 0, 64, 1, 0, seen, None)


def ladder(*segments: Traced, every: bool = False) -> Ladder:
    """A ladder of these."""
    made = Ladder(lambda s, after: s.seen is not Seen.ACK or after >= SECOND, None if every else SIZES)
    for segment in segments:
        made.add(segment)
    return made


def test_numbers_count_from_the_syn() -> None:
    """SYN is 0, what follows it 1, modulo 2^32."""
    steps = ladder(
        traced(1, seq=0xFFFFFFFF, flags=SYN, seen=Seen.SYN),
        traced(2, client=False, seq=77, ack=0, flags=SYN | ACK, seen=Seen.SYN),
        traced(3, seq=0, ack=78),
        traced(4, seq=100, ack=78),
    ).steps()
    assert [(s.seq, s.ack) for s in steps] == [(0, None), (0, 1), (1, 1), (101, 1)]


def test_numbers_of_a_connection_found_in_the_middle() -> None:
    """The first number known of a side is 1: its own segment's, or what the other side acknowledges."""
    steps = ladder(traced(1, seq=5000, ack=9000), traced(2, client=False, seq=9000, ack=5100)).steps()
    assert [(s.seq, s.ack) for s in steps] == [(1, 1), (1, 101)]


def test_a_bare_rst_begins_no_counting() -> None:
    """Its number is another's ACK number: where nothing else is known, none is shown."""
    steps = ladder(traced(1, client=False, seq=9000, flags=RST, seen=Seen.RST)).steps()
    assert [(s.seq, s.ack) for s in steps] == [(None, None)]


def test_a_retransmission_from_before_the_capture_is_negative() -> None:
    """What lies a little before the first number is a negative number, not one near 2^32."""
    steps = ladder(traced(1, seq=5000), traced(2, seq=4900, seen=Seen.RETRANSMISSION)).steps()
    assert steps[1].seq == -99


def test_plain_traffic_is_left_out_and_counted() -> None:
    """Of a long transfer the beginning and the end remain, and how many are missing between them."""
    steps = ladder(*(traced(n, n) for n in range(1, 1001))).steps()
    assert [s.segment.ref.frame for s in steps] == [*range(1, BEGINNING + 1), *range(1001 - END, 1001)]
    assert [s.omitted for s in steps if s.omitted] == [1000 - BEGINNING - END]


def test_what_is_not_plain_is_shown_with_its_surroundings() -> None:
    """A pause, a probe, a RST: with a few packets before and after."""
    for seen, pause in ((Seen.ACK, SECOND), (Seen.PROBE, 0), (Seen.RST, 0)):
        plain = [traced(n, n) for n in range(1, 501)]
        rest = [traced(n, 500 + pause + n - 500) for n in range(502, 1001)]
        steps = ladder(*plain, traced(501, 500 + pause, seen=seen), *rest).steps()
        frames = [s.segment.ref.frame for s in steps]
        assert frames[BEGINNING:-END] == list(range(501 - BEFORE, 501 + AFTER + 1))


@given(
    st.lists(st.tuples(st.sampled_from(list(Seen)), st.integers(0, 2 * SECOND)), max_size=3 * MOST),
    st.booleans(),
)
def test_every_packet_is_shown_or_counted(pauses: list[tuple[Seen, int]], every: bool) -> None:
    """Those shown and those left out are all there were, in order; no more are kept than can be read, unless all are wanted."""
    time, segments = 0, []
    for number, (seen, pause) in enumerate(pauses, 1):
        time += pause
        segments.append(traced(number, time, seen=seen))
    made = ladder(*segments, every=every)
    steps = made.steps()
    frames = [s.segment.ref.frame for s in steps]
    assert frames == sorted(set(frames))
    assert sum(s.omitted for s in steps) + len(steps) == made.segments == len(segments)
    assert not every or len(steps) == len(segments)
    assert every or len(steps) <= MOST + BEFORE + END + 1
