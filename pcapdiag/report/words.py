"""The words that every report for people shares. Captured text in them is not yet made harmless.

Only what the model holds is put into words here; nothing is judged.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Answer, AnswerKind, Bound, Extreme, IdlePeriod, WakeKind
from pcapdiag.inference.types import FailedSilence, ServiceView
from pcapdiag.report.model import Anonymized
from pcapdiag.report.times import seconds
from pcapdiag.rules.telling import count as count  # the same words, wherever something is counted
from pcapdiag.rules.types import Finding, Origin, Sender

#: TCP header flags from the lowest bit (RFC 9293 3.1, RFC 3168 6.1), as Wireshark abbreviates them.
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
_BARE_RST = 0x04
#: Signals shown of who sent a RST: all of them stand in JSON and in what explains a connection.
_SIGNALS_SHOWN = 2
#: How a measured length relates to the true one.
SIGN = {Bound.EXACT: "", Bound.LOWER: ">= ", Bound.UPPER: "<= "}


def gap(period: IdlePeriod) -> str:
    """The idle gap with its bound: ``350.104 s``, ``>= 312.000 s``, ``<= 20.001 s``."""
    return SIGN[period.bound] + seconds(period.gap, up=period.bound is Bound.UPPER)


def failed_silence(failed: FailedSilence) -> str:
    """The shortest silence that failed; where probes went unanswered, between what and what."""
    if failed.lower_bound:
        return ">= " + seconds(failed.length)
    if failed.after < failed.length:
        return f"between {seconds(failed.after)} and {seconds(failed.length, up=True)}"
    return seconds(failed.length)


def survived(longest: Extreme) -> str:
    """A silence that survived: its length, or that it is at least this long."""
    return (">= " if longest.lower_bound else "") + seconds(longest.length)


def beyond(view: ServiceView) -> str:
    """How many of the silences that were as long as the shortest failed one failed: ``4 of 4 that long failed``."""
    least = "at least " if view.total_is_lower_bound else ""
    return f"{view.failed_beyond:,} of {least}{view.total_beyond:,} that long failed"


def sent(finding: Finding) -> str:
    """What was sent, without the label: ``80 bytes``, ``8,688 bytes in 6 segments``, ``3 keepalive probes``, ``RST``."""
    wake = finding.period.wake
    if wake.kind is WakeKind.PROBE:
        return count(wake.segments, "keepalive probe") if wake.segments > 1 else "a keepalive probe"
    if wake.kind is not WakeKind.PAYLOAD:
        return flags(wake.first.flags)
    text = count(finding.sent.length, "byte")
    if wake.segments > 1:
        text += f" in {count(wake.segments, 'segment')}"
    if wake.retransmissions:
        text += f" (+ {count(wake.retransmissions, 'retransmission')})"
    return text


def flags(value: int) -> str:
    """TCP flags by name: ``RST``, ``RST,ACK``."""
    named = [name for i, name in enumerate(_FLAGS) if value >> i & 1]
    # The flag that matters stands first: people say RST,ACK, not ACK,RST.
    return ",".join(sorted(named, key=lambda n: n != "RST")) or "none"


def answer(period: IdlePeriod) -> str:
    """What came back and how soon: ``bare RST after 20.1 ms``, ``2 x RST,ACK after 43 ms``, or that nothing did."""
    a = period.answer
    if a is None:
        return _silence(period)
    what = _answered_by(a)
    early = period.wake.first.ref.time - a.first.ref.time
    what += f" recorded {format_duration(early)} before it" if early > 0 else f" after {format_duration(a.delay)}"
    if a.kind is AnswerKind.RST and a.acknowledged is not None:
        what += ", after an ACK of it"
    elif a.kind is AnswerKind.RST and a.acknowledges:
        what += ", acknowledging it"
    return what


def _answered_by(a: Answer) -> str:
    if a.kind is AnswerKind.ICMP:
        return f"ICMP type {a.icmp_type} code {a.icmp_code}"
    if a.kind is AnswerKind.ACK:
        return flags(a.first.flags)
    what = "bare RST" if a.first.flags == _BARE_RST else flags(a.first.flags)
    return f"{a.count:,} x {what}" if a.count > 1 else what


def nothing_came(period: IdlePeriod) -> str:
    """What is said where nothing came back; nothing if something did, or if a RST ended the period and nothing was to come."""
    return "" if period.answer is not None or period.wake.kind is WakeKind.RST else _silence(period)


def _silence(period: IdlePeriod) -> str:
    if period.cut_short:
        return "nothing came back until the capture ended"
    waited = period.ended.time - period.wake.first.ref.time
    return "nothing came back" + (f" in {format_duration(waited)}" if waited > 0 else "")


def origin(found: Origin) -> str:
    """Who sent the RST, and the one or two signals that say so, without what is concluded from each."""
    telling = [s for s in found.signals if s.points_to is found.sender]
    telling = telling or [s for s in found.signals if s.points_to is not None]  # undetermined: those at odds
    telling = telling or list(found.signals)  # or what was measured, and tells nothing
    # The form is on the answer's own line already; where it is the main evidence, what is concluded from it is said here.
    forms = [s for s in telling if s.name == "form" and found.sender in (Sender.STRANGER, Sender.ABORTED)]
    shown = [s.values.rpartition(": ")[2] for s in forms]
    rest = [s for s in telling if s.name != "form"] or ([] if forms else telling)
    shown += [f"{s.name}: {s.values.split(': ')[0]}" for s in rest[: _SIGNALS_SHOWN - len(shown)]]
    return f"{found.sender} ({'; '.join(shown)})" if shown else str(found.sender)


def anonymized(done: Anonymized) -> str:
    """That names and addresses are not the captures' own."""
    text = (
        "Addresses and MAC addresses are replaced (equal ones alike, networks stay networks), what was sent and the names of "
        "files are hidden, payload is removed. Ports, times and numbers are the captures' own."
    )
    if done.dropped:
        text += f" {count(done.dropped, 'packet')} left out: their addresses could not be replaced safely."
    return text
