"""What rules ask of an idle period: the facts that more than one of them needs, and conditions that several share.

The outcomes are the engine's (``docs/semantics.md``). A period that missed traffic is undecided whatever came back: it is asked
the same questions, and what a rule then says is not proved.
"""

from __future__ import annotations

from pcapdiag.engine.types import AnswerKind, Fin, IdlePeriod, Outcome, SegmentFacts, WakeKind
from pcapdiag.rules.payload import describe
from pcapdiag.rules.types import Condition

#: No path takes longer: 3 s is what RFC 6298 (2.1, 5.7) falls back to where a round trip cannot be measured. What comes later is
#: no answer, and what was not received by then was lost.
UNDER_WAY = 3_000_000_000
#: An application that polls its sockets sees a FIN well within this: what is sent sooner after it was hardly sent in spite of it.
#: A choice: no standard says how long a process may take.
PROMPTLY = 200_000_000
#: TCP flags of a RST that acknowledges nothing: what a stack sends that has no such connection (RFC 9293 3.10.7.1).
RST_ONLY = 0x04

#: What is not acknowledged by then is sent again (RFC 6298 2.1): an answer was due.
REPLY_DUE = 1_000_000_000
#: No stack's delayed ACK or shortest retransmission timer takes longer where the round trip is not known (Linux: 200 ms).
LISTENED = 200_000_000
#: RFC 6298 (2.5) allows a retransmission timer of no less than 60 s as the longest; Linux has 120 s.
LONGEST_TIMER = 120_000_000_000


def payload_after_idle(period: IdlePeriod) -> bool:
    """Did payload end an idle period?"""
    return period.idle and period.wake.kind is WakeKind.PAYLOAD


def probe_after_idle(period: IdlePeriod) -> bool:
    """Did a keepalive probe find out how it stands?"""
    return period.idle and period.wake.kind is WakeKind.PROBE


def resets_window_probe(period: IdlePeriod) -> bool:
    """Does a RST come while its side's window was closed, and the other side had sent last: a probe of that window?"""
    theirs = period.last_by is not None and period.last_by != period.sender
    return period.wake.kind is WakeKind.RST and period.peer.window == 0 and theirs


def client_waited_for(period: IdlePeriod) -> bool:
    """Had the client spoken last before a RST in silence, as far as the server's side was captured at all?"""
    return period.last_speaker == "client" and period.connection.packets[1] > 0


def crossed(period: IdlePeriod) -> bool:
    """Were the peer's FIN and the wake, which does not acknowledge it, on their way at once?"""
    fin = period.peer_fin
    if fin is None or period.fin_acknowledged:
        return False
    return abs(period.wake.first.ref.time - fin.time) <= UNDER_WAY


def all_but_crossed(period: IdlePeriod) -> bool:
    """Does the wake acknowledge the peer's FIN, which came so shortly before it that its sender need not have seen it?"""
    fin = period.peer_fin
    return fin is not None and period.fin_acknowledged and 0 <= period.wake.first.ref.time - fin.time < PROMPTLY


def client_waited(period: IdlePeriod) -> bool:
    """Is the wake an answer for which the client had been waiting?"""
    return period.sender == "server" and period.last_speaker == "client"


def rst_of(period: IdlePeriod) -> SegmentFacts | None:
    """The RST that came back to the wake; None if none did, or something else came first."""
    answer = period.answer
    if answer is None or answer.kind is not AnswerKind.RST or period.outcome not in (Outcome.RESET, Outcome.UNDECIDED):
        return None
    return answer.first


def was_reset(period: IdlePeriod) -> bool:
    """Did a RST come back to the wake?"""
    return rst_of(period) is not None


def unmarked(period: IdlePeriod) -> bool:
    """Does the RST acknowledge the wake, but with window 0 and without the timestamps that were negotiated?

    A socket that aborts sends both (RFC 7323 3.2: once negotiated, the option SHOULD be sent in a RST too). So here the ACK
    number alone does not prove that whoever sent this knew the connection.
    """
    answer, rst = period.answer, rst_of(period)
    return (
        answer is not None and rst is not None and answer.acknowledges
        and rst.window == 0 and period.peer.timestamps is True and rst.timestamps is False
    )  # fmt: skip


def was_accepted(period: IdlePeriod) -> bool:
    """Did the peer acknowledge the wake, by an ACK before its RST or by the RST itself?"""
    answer = period.answer
    if answer is None or not was_reset(period):
        return False
    return answer.acknowledged is not None or (answer.acknowledges and not unmarked(period))


def fin_before(period: IdlePeriod) -> bool:
    """Had the peer sent FIN, captured or proved by the wake's ACK number?"""
    return period.fin in (Fin.SEEN, Fin.INFERRED)


def was_lost(period: IdlePeriod) -> bool:
    """Did nothing of the peer come back to a wake that was sent often enough to tell, or an ICMP error in its place?

    Often enough is what the engine asks for: payload retransmitted twice, two probes in a row.
    """
    if period.outcome in (Outcome.UNANSWERED, Outcome.UNREACHABLE):
        return True
    if period.outcome is not Outcome.UNDECIDED or not any(period.missed) or period.heard is not None:
        return False
    if period.answer is not None:
        return period.answer.kind is AnswerKind.ICMP
    return period.wake.segments >= 2 if period.wake.kind is WakeKind.PROBE else period.wake.retransmissions >= 2


def heard_alive(period: IdlePeriod) -> bool:
    """Did the peer send something after the wake, other than an answer, that was not under way before the wake arrived?"""
    if period.heard is None:
        return False
    trip = REPLY_DUE if period.peer.round_trip is None else period.peer.round_trip
    return period.heard.time - period.wake.first.ref.time > trip


def was_given_up(period: IdlePeriod) -> bool:
    """Did nothing of the peer come back to payload that was not sent often enough to tell, and yet long enough?

    Its sender repeated it and then reset the connection, or listened for three round trips more; or it sent it once, and ended
    the connection when it had waited for longer than an answer takes. That the peer was never captured must not be the reason.
    """
    wake, by_client = period.wake, period.sender == "client"
    if period.outcome is not Outcome.UNDECIDED or any(period.missed) or period.answer is not None or period.heard is not None:
        return False
    if period.peer.ttl is None or wake.kind is not WakeKind.PAYLOAD:
        return False
    aborted = period.connection.rst[0 if by_client else 1]
    if wake.retransmissions:
        waited = period.ended.time - wake.last_sent.time
        ended = period.cut_short or waited > LONGEST_TIMER  # else its sender spoke again, and an ACK was missed
        return aborted or (ended and waited >= max(3 * (period.peer.round_trip or 0), LISTENED))
    given_up = period.ended if aborted else wake.own_fin
    return given_up is not None and given_up.time - wake.last_sent.time >= REPLY_DUE


def is_farewell(period: IdlePeriod) -> bool:
    """Does the wake only say goodbye, as far as it can be read?"""
    return describe(period).farewell is not None


def numbered(period: IdlePeriod, beyond: int = 0) -> bool:
    """Does the RST's sequence number say that it answers this wake, or stand at most ``beyond`` past it?

    A RST to a segment with ACK takes its number from that segment's ACK number (RFC 9293 3.10.7.1). Another number belongs to
    another segment, so that what lay between was missed.
    """
    rst = rst_of(period)
    return rst is not None and (rst.seq - period.wake.first.ack) % (1 << 32) <= beyond


def nothing_missed(period: IdlePeriod) -> bool:
    """Was the engine sure of the outcome, and are the wake's numbers continuous?"""
    return period.outcome is not Outcome.UNDECIDED and not any(period.missed)


PAYLOAD_AFTER_IDLE = Condition("Payload was sent on a connection that had been idle.", payload_after_idle)
PROBE_AFTER_IDLE = Condition("A keepalive probe was sent on a connection that had been idle.", probe_after_idle)
NO_LATE_ANSWER = Condition("The client was not waiting for it: it is a request or a push.", lambda p: not client_waited(p))
RESET = Condition("The peer answered it by RST.", was_reset)
NO_FIN = Condition("No FIN of the peer was seen before, nor is one proved by the ACK number.", lambda p: not fin_before(p))
NOT_ACCEPTED = Condition(
    "Nothing acknowledged it: no ACK came before the RST, and the RST does not acknowledge it either (or it does, but with "
    "window 0 and without the timestamps that were negotiated).",
    lambda p: not was_accepted(p),
)
