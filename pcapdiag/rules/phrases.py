"""What several rules say alike: sentences with measured values, for and against, and the finding made of them.

What the capture itself leaves open (missed traffic, holes, one direction only) is said by the CAP9xx rules, not here.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Bound, Fin, IdlePeriod, RecordRef, WakeKind
from pcapdiag.rules.conditions import RST_ONLY, UNDER_WAY, heard_alive, rst_of, unmarked, was_accepted
from pcapdiag.rules.payload import describe
from pcapdiag.rules.types import Confidence, Finding, Rule, Sent, Severity

#: RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 (type 3) and RFC 4443 3.1 (type 1), in their words.
_ICMP = {
    0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
    5: "source route failed", 6: "destination network unknown", 7: "destination host unknown", 8: "source host isolated",
    9: "network administratively prohibited", 10: "host administratively prohibited",
    11: "network unreachable for this type of service", 12: "host unreachable for this type of service",
    13: "communication administratively prohibited", 14: "host precedence violation", 15: "precedence cutoff in effect",
}  # fmt: skip
_ICMPV6 = {
    0: "no route to destination", 1: "communication administratively prohibited", 2: "beyond scope of source address",
    3: "address unreachable", 4: "port unreachable", 5: "source address failed policy", 6: "reject route to destination",
}  # fmt: skip


def found(
    rule: Rule,
    period: IdlePeriod,
    reasons: list[str],
    against: list[str],
    *,
    proved: bool,
    most: Confidence = Confidence.CERTAIN,
    severity: Severity | None = None,
    sent: Sent | None = None,
) -> Finding:
    """The rule's finding: possible if not proved, likely at most if anything speaks against it."""
    confidence = most if proved else Confidence.POSSIBLE
    if against:
        confidence = confidence.at_most(Confidence.LIKELY)
    return Finding(
        rule.code, rule.name, severity or rule.severity, period, sent or describe(period), confidence, proved,
        tuple(reasons), tuple(against),
    )  # fmt: skip


def noun(period: IdlePeriod) -> str:
    """What the wake is called in a sentence: request, push, late answer, probe, RST."""
    return {"late-answer": "late answer", "rst": "RST", "syn": "SYN", "fin": "FIN"}.get(period.kind, period.kind)


def other(side: str) -> str:
    """The other side's name."""
    return "server" if side == "client" else "client"


def between(earlier: RecordRef, later: RecordRef) -> str:
    """How long after ``earlier`` ``later`` was recorded."""
    return format_duration(later.time - earlier.time)


def continuous(period: IdlePeriod) -> list[str]:
    """That no payload was missed inside the gap."""
    if period.bound is not Bound.EXACT:
        return []
    return [f"sequence and ACK numbers are continuous over the gap of {format_duration(period.gap)}"]


def no_fin(period: IdlePeriod) -> list[str]:
    """That the waking side had processed no FIN."""
    if period.fin is not Fin.EXCLUDED:
        return []
    return [f"the {noun(period)}'s ACK number excludes that the sender had processed a FIN"]


def maybe_fin(period: IdlePeriod) -> list[str]:
    """That a FIN is not excluded, or was even there."""
    if period.fin is Fin.UNSEEN and not any(period.missed):
        return [f"the peer was not captured before the {noun(period)}: a FIN is not excluded"]
    if period.fin is Fin.INFERRED:
        return [f"the {noun(period)}'s ACK number covers one more than the peer was seen to send: a FIN, most likely"]
    if period.fin is Fin.SEEN and period.peer_fin is not None:
        return [f"frame {period.peer_fin.frame}: the peer had sent FIN, {_fin_when(period, period.peer_fin)}"]
    return []


def _fin_when(period: IdlePeriod, fin: RecordRef) -> str:
    wake = period.wake.first.ref
    if fin.time > wake.time:
        return f"{between(wake, fin)} after the {noun(period)}"
    return f"{between(fin, wake)} before the {noun(period)}"


def bare(period: IdlePeriod) -> list[str]:
    """That the RST is one of a stack without the connection."""
    rst = rst_of(period)
    if rst is None or rst.flags != RST_ONLY or rst.window or rst.seq != period.wake.first.ack:
        return []
    return [f"the RST is bare and takes its number from the {noun(period)}: its sender knows no such connection"]


def repeated(period: IdlePeriod) -> list[str]:
    """How often the wake was sent, if more than once."""
    wake = period.wake
    times = wake.segments if wake.kind is WakeKind.PROBE else 1 + wake.retransmissions
    if times < 2:
        return []
    return [f"the {noun(period)} was sent {times} times within {between(wake.first.ref, wake.last_sent)}"]


def went_on(period: IdlePeriod) -> list[str]:
    """That the RST's side behaved as if it had not sent it."""
    if period.answer is None or period.answer.went_on is None or was_accepted(period):
        return []
    frame = period.answer.went_on.frame
    return [f"frame {frame}: after the RST the peer went on with the connection, so it had not forgotten it"]


def late(period: IdlePeriod) -> list[str]:
    """That the RST came longer after what it answers than anything is under way: a timer may have sent it."""
    rst = rst_of(period)
    after = 0 if rst is None else rst.ref.time - period.wake.last_sent.time
    if after <= UNDER_WAY:
        return []
    return [
        f"it came {format_duration(after)} after the last transmission: longer than a round trip takes, so that a timer may have "
        "sent it"
    ]


def aborts(period: IdlePeriod) -> list[str]:
    """That a RST which does not acknowledge the wake has a live socket's form all the same."""
    rst = rst_of(period)
    if rst is None or was_accepted(period) or rst.flags == RST_ONLY or not rst.window or rst.timestamps is not True:
        return []
    return [
        f"the RST has ACK, window {rst.window} and timestamps, as of a socket that aborts: it may have crossed the "
        f"{noun(period)} in flight, and then no timeout is behind it"
    ]


def odd_form(period: IdlePeriod) -> list[str]:
    """That a RST acknowledges the wake, but not as a socket of this connection would."""
    if not unmarked(period):
        return []
    return [
        f"the RST acknowledges the {noun(period)}, but with window 0 and without the timestamps that were negotiated: its form "
        "does not tell who sent it"
    ]


def icmp(period: IdlePeriod) -> list[str]:
    """The ICMP error that came back, in words."""
    answer = period.answer
    if answer is None or answer.icmp_type is None or answer.icmp_code is None:
        return []
    names = _ICMPV6 if ":" in period.connection.server.address else _ICMP
    word = names.get(answer.icmp_code, "destination unreachable")
    return [
        f"frame {answer.first.ref.frame}: an ICMP error that quotes the {noun(period)} came {format_duration(answer.delay)} "
        f"after it: {word} (type {answer.icmp_type}, code {answer.icmp_code})"
    ]


def seldom_sent(period: IdlePeriod) -> list[str]:
    """That a wake without answer was not repeated often enough to tell a loss by chance."""
    times = 1 + period.wake.retransmissions
    if period.answer is not None or times > 2 or period.wake.kind is not WakeKind.PAYLOAD:
        return []
    return [f"the {noun(period)} was sent {'once' if times == 1 else 'twice'} only: it may have been lost by chance"]


def still_spoke(period: IdlePeriod) -> list[str]:
    """That the peer sent something else, later than what was under way before the wake arrived."""
    if period.heard is None or not heard_alive(period):
        return []
    return [
        f"frame {period.heard.frame}: the peer still spoke, {between(period.wake.first.ref, period.heard)} after the "
        f"{noun(period)}, without acknowledging it: it had not forgotten the connection"
    ]


def how_it_ended(period: IdlePeriod) -> list[str]:
    """How a wake without answer ended: an ICMP error, or its sender gave up; nothing if only the capture ended."""
    if period.answer is not None:
        return icmp(period)
    if period.cut_short and period.wake.own_fin is not None:
        closed = between(period.wake.first.ref, period.wake.own_fin)
        return [f"frame {period.wake.own_fin.frame}: the sender of the {noun(period)} closed after {closed}"]
    if period.cut_short:
        return []
    waited = format_duration(period.ended.time - period.wake.first.ref.time)
    return [f"frame {period.ended.frame}: the sender of the {noun(period)} gave up after {waited}"]
