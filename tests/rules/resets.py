"""RSTs by hand, of every form and from every distance, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pcapdiag.engine.types import IdlePeriod, Outcome, SegmentFacts, WakeKind
from pcapdiag.rules.origin import origin
from pcapdiag.rules.types import Sender, Signal
from tests.report.factory import ACK, MS, RST, T0, S, period, ref

NEARER, STRANGER, ABORTED, UNDETERMINED = Sender.NEARER, Sender.STRANGER, Sender.ABORTED, Sender.UNDETERMINED

#: A RST as Linux 6.18 sends it without a socket, and when it aborts one; and as it must not be told apart by.
NO_STATE = {"flags": RST, "window": 0, "ack": 0, "ip_id": 0, "timestamps": False}
ABORT = {"flags": RST | ACK, "window": 501, "ip_id": 100, "timestamps": True}
NEITHER = {"flags": RST | ACK, "window": 0, "ip_id": 23_011, "timestamps": False}


def answered(p: IdlePeriod | None = None, delay: int = 20 * MS, **rst: Any) -> IdlePeriod:
    """A request that is answered by this RST, its number the request's ACK number unless another is given."""
    p = p or period()
    assert p.answer is not None
    facts = {"seq": p.wake.first.ack, "ref": ref(15, T0 + delay)} | rst
    return replace(p, answer=replace(p.answer, first=replace(p.answer.first, **facts), delay=max(0, delay)))


def peer(p: IdlePeriod, **facts: Any) -> IdlePeriod:
    """The same with other facts of the peer."""
    return replace(p, peer=replace(p.peer, **facts))


def judged(p: IdlePeriod) -> Sender:
    """Who sent the RST."""
    found = origin(p)
    assert found is not None
    return found.sender


def signal(p: IdlePeriod, name: str) -> Signal:
    """One signal of the RST."""
    found = origin(p)
    assert found is not None
    return next(s for s in found.signals if s.name == name)


def named(p: IdlePeriod) -> set[str]:
    """Which signals there are."""
    found = origin(p)
    assert found is not None
    return {s.name for s in found.signals}


def silent(after: int, by: str, **rst: Any) -> IdlePeriod:
    """A RST in the server's name that ends a silence, so long after the last segment, which ``by`` sent."""
    base = period()
    first = replace(base.wake.first, flags=RST, window=0, length=0, timestamps=False, ip_id=0, ttl=63)
    wake = replace(base.wake, kind=WakeKind.RST, first=replace(first, **rst), length=0)
    return replace(
        base,
        wake=wake,
        answer=None,
        outcome=Outcome.RESET_IN_SILENCE,
        sender="server",
        last_before=ref(11, T0 - after),
        last_by=by,
    )


maybe = st.none() | st.booleans()
byte, word, number = st.integers(0, 255), st.integers(0, 0xFFFF), st.sampled_from([0, 1, 4242, 0xFFFFFF00, 0xFFFFFFFF])
near = st.integers(-2 * MS, 2 * S)


@st.composite
def segments(draw: st.DrawFn, at: int, frame: int) -> SegmentFacts:
    """Any segment."""
    return SegmentFacts(
        ref=ref(frame, at), seq=draw(number), ack=draw(number), flags=draw(byte), window=draw(word), length=draw(word),
        ttl=draw(byte), ip_id=draw(st.none() | word), dont_fragment=draw(maybe), timestamps=draw(maybe), via=draw(st.integers(0, 2)),
        link_type=draw(st.sampled_from([1, 101, 113, 276])), head=draw(st.binary(max_size=40)),
    )  # fmt: skip


@st.composite
def periods(draw: st.DrawFn) -> IdlePeriod:
    """Any idle period with a RST."""
    base, kind, delay = period(), draw(st.sampled_from(WakeKind)), draw(near)
    assert base.answer is not None
    first = draw(segments(T0, 14))
    sent = ref(14, T0 + abs(draw(near)))
    wake = replace(base.wake, kind=kind, first=first, retransmissions=draw(st.integers(0, 3)), last_sent=sent)
    went_on = draw(st.none() | st.just(ref(16, T0 + delay + abs(draw(near)))))
    answer = replace(
        base.answer, first=draw(segments(T0 + delay, 15)), delay=max(0, delay), acknowledges=draw(st.booleans()), went_on=went_on
    )
    facts = replace(
        base.peer, ttl=draw(st.none() | byte), ip_id=draw(st.none() | word), dont_fragment=draw(maybe), via=draw(st.none() | st.integers(0, 2)),
        window=draw(st.none() | word), timestamps=draw(maybe), round_trip=draw(st.none() | st.integers(1, S)),
    )  # fmt: skip
    return replace(
        base, wake=wake, answer=None if kind is WakeKind.RST else answer, peer=facts, sender=draw(st.sampled_from(["client", "server"])),
        last_by=draw(st.sampled_from([None, "client", "server"])), last_before=draw(st.none() | st.just(ref(11, T0 - abs(draw(near))))),
    )  # fmt: skip
