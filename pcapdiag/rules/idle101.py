"""A request on an idle connection was answered by RST, and nobody had sent FIN.

What it detects
    Payload sent on a connection that had been idle; the first thing that came back was a RST that does not acknowledge
    it. The sender had processed no FIN of the peer: its own ACK number proves that, where the peer was captured.

How to tell it apart
    A FIN before the request (seen, or proved by the ACK number) is another failure: the peer closed, and a keepalive does
    not help. A RST that acknowledges the request comes from a peer that had the connection and aborted it. A RST without
    idleness before it is no timeout. A goodbye (TLS close_notify, QUIT) that is answered by RST harms nobody.

Why it happens
    Something on the path (load balancer, NAT gateway, firewall, connection tracking) forgot the connection when its idle
    timeout ran out and told nobody. The next segment reaches a stack that has no such connection, or the middlebox itself, and
    RFC 9293 (3.10.7.1) has it answer with RST.

What to do
    Let keepalive probes flow more often than the timeout: in the application, in the client's sidecar or at the server's
    gateway. Compare the longest silence that survived with the shortest that failed: the timeout lies between.

Blind spots
    Where the capture missed packets, the gap is only an upper bound; such cases are listed as not proved. Uncaptured pure
    ACKs or keepalive probes may have broken the silence. A capture beyond the middlebox does not see the request at all.

References
    RFC 9293 sections 3.5.2, 3.10.7.1 (reset generation), 3.8.4 (keepalive); RFC 5382 REQ-5 (NAT timeouts).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import AnswerKind, Bound, Fin, IdlePeriod, WakeKind
from pcapdiag.rules.payload import closes_at_once, describe
from pcapdiag.rules.types import Confidence, Finding, Rule

_RST_ONLY = 0x04


def check(period: IdlePeriod) -> Finding | None:
    """The finding for ``period``, None if it is another story."""
    answer = period.answer
    if period.wake.kind is not WakeKind.PAYLOAD or period.kind == "late-answer":
        return None
    if answer is None or answer.kind is not AnswerKind.RST or answer.acknowledged is not None:
        return None
    if period.fin in (Fin.SEEN, Fin.INFERRED):
        return None
    foreign = answer.first.window == 0 and period.peer.timestamps is True and answer.first.timestamps is False
    if answer.acknowledges and not foreign:
        return None
    sent = describe(period)
    # A RST takes its number from the segment it answers (RFC 9293 3.10.7.1): another number, another segment, so that
    # what lay between was missed.
    proved = not any(period.missed) and answer.first.seq == period.wake.first.ack
    reasons, against = _reasons(period), _against(period)
    if not proved or (sent.farewell and closes_at_once(period) and sent.label is None):
        confidence = Confidence.POSSIBLE
    elif against or period.fin is not Fin.EXCLUDED:
        confidence = Confidence.LIKELY
    else:
        confidence = Confidence.CERTAIN
    return Finding(RULE.code, RULE.name, period, sent, confidence, proved, reasons, against)


def _reasons(period: IdlePeriod) -> tuple[str, ...]:
    """What supports the verdict, with its values."""
    answer = period.answer
    out = []
    if period.bound is Bound.EXACT:
        out.append(f"sequence and ACK numbers are continuous over the gap of {format_duration(period.gap)}")
    if period.fin is Fin.EXCLUDED:
        out.append("the request's ACK number excludes that the sender had processed a FIN")
    if answer is not None and answer.first.flags == _RST_ONLY and answer.first.seq == period.wake.first.ack:
        out.append("the RST is bare and takes its number from the request: its sender knows no such connection")
    return tuple(out)


def _against(period: IdlePeriod) -> tuple[str, ...]:
    """What weakens it, with its values."""
    answer = period.answer
    out = []
    if any(period.missed):
        of_sender, of_peer = period.missed
        out.append(f"the capture missed {of_sender} bytes of the sender and {of_peer} of the peer inside the gap")
    if period.hole:
        out.append("a hole between two files lies inside the gap")
    if period.fin is Fin.UNSEEN and not any(period.missed):
        out.append("the peer was not captured before the RST: a FIN is not excluded")
    if answer is not None and answer.acknowledges:
        out.append("the RST acknowledges the request, with window 0 and without the timestamps that were negotiated: "
                   "who sent it is undetermined")  # fmt: skip
    if answer is not None and answer.first.seq != period.wake.first.ack:
        out.append(f"the RST's sequence number {answer.first.seq} is not the request's ACK number {period.wake.first.ack}")
    return tuple(out)


RULE = Rule("IDLE101", "reset-after-idle", "0.1.0", check)
