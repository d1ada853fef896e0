"""Findings of the rules beside reset-after-idle, by hand: one of each kind that is shown in a way of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcapdiag.engine.types import Endpoint, Fin, IdlePeriod, Outcome, WakeKind
from pcapdiag.rules.types import Confidence, Doubt, Finding, Origin, Sender, Sent, Severity, Signal
from tests.report.factory import ACK, MS, RST, T0, S, connection, finding, period, ref

NEARER = Origin(
    Sender.NEARER,
    (
        Signal("form", "RST alone, number 4242, the request's ACK number, window 0: its sender holds no such connection", None),
        Signal("TTL", "64 against 61 of that side's last segment: 3 hops nearer", Sender.NEARER),
        Signal("IP ID", "0, DF set: as a kernel without a socket sends it", None),
    ),
)
ABORTED = Origin(Sender.ABORTED, (Signal("form", "RST,ACK, window 501: a socket of this connection gave it up", Sender.ABORTED),))
UNDETERMINED = Origin(Sender.UNDETERMINED, ())


def _of(rule: str, name: str, p: IdlePeriod, severity: Severity = Severity.FAILURE, **other: Any) -> Finding:
    facts: dict[str, Any] = {"rule": rule, "name": name, "severity": severity, **other}
    return replace(finding(p, facts.pop("label", None)), **facts)


def after_fin() -> Finding:
    """A FIN crossed the request (IDLE103)."""
    p = period(
        75 * S, T0 + 20 * S, (201, 214, 217), fin=Fin.SEEN, peer_fin=ref(215, T0 + 20 * S + 5 * MS),
        conn=connection(Endpoint("10.1.2.3", 51300), stream=60),
    )  # fmt: skip
    return _of("IDLE103", "request-after-fin", p, label="GET /after-fin HTTP/1.1", origin=NEARER)


def unanswered(cut_short: bool = False) -> Finding:
    """A request that was repeated and never answered (IDLE102); the capture ends, or the client gives up."""
    p = period(
        400 * S, T0 + 30 * S, (220, 231, 0), outcome=Outcome.UNANSWERED, answer=None, cut_short=cut_short,
        ended=ref(244, T0 + 45 * S), conn=connection(Endpoint("10.1.2.3", 51301), stream=61),
    )  # fmt: skip
    p = replace(p, wake=replace(p.wake, retransmissions=7, last_sent=ref(243, T0 + 42 * S)))
    doubt = Doubt("CAP905", "the capture ended 3 s after the last transmission: an answer may follow", Confidence.LIKELY)
    sure = Confidence.LIKELY if cut_short else Confidence.CERTAIN
    return _of("IDLE102", "silence-after-idle", p, confidence=sure, doubts=(doubt,) if cut_short else ())


def in_silence(sender: str = "server") -> Finding:
    """A RST out of silence (IDLE104): in the server's name, or the client's own, which harms nobody."""
    p = period(
        900 * S, T0 + 35 * S, (250, 260, 0), flags=RST | ACK, sender=sender, outcome=Outcome.RESET_IN_SILENCE, answer=None,
        last_by="server", conn=connection(Endpoint("10.1.2.3", 51302 if sender == "server" else 51303), stream=62),
    )  # fmt: skip
    first = replace(p.wake.first, flags=RST | ACK, length=0)
    p = replace(p, wake=replace(p.wake, kind=WakeKind.RST, first=first, length=0, payload=b""), ended=first.ref)
    severity = Severity.LOSS if sender == "server" else Severity.HARMLESS
    return _of("IDLE104", "reset-in-silence", p, severity, sent=Sent(0, "rst", None, None), origin=ABORTED)


def probe_reset() -> Finding:
    """A keepalive probe answered by RST (IDLE105)."""
    p = period(60 * S, T0 + 40 * S, (270, 281, 282), conn=connection(Endpoint("10.1.2.3", 51304), stream=63))
    wake = replace(p.wake, kind=WakeKind.PROBE, length=0, payload=b"")
    survived = "a silence of 420 s survived on the same service (frame 1204), and one of 60 s failed here: no one timeout"
    return _of("IDLE105", "probe-reset", replace(p, wake=wake), Severity.LOSS, sent=Sent(0, "probe", None, None),
               origin=UNDETERMINED, compared=(survived,))  # fmt: skip


def probes_unanswered() -> Finding:
    """Keepalive probes that nobody answered, until the client gave up (IDLE106)."""
    p = period(
        60 * S, T0 + 41 * S, (290, 291, 0), outcome=Outcome.UNANSWERED, answer=None, ended=ref(299, T0 + 191 * S),
        conn=connection(Endpoint("10.1.2.3", 51305), stream=64),
    )  # fmt: skip
    wake = replace(p.wake, kind=WakeKind.PROBE, length=0, payload=b"", segments=9)
    return _of("IDLE106", "probe-unanswered", replace(p, wake=wake), Severity.LOSS, sent=Sent(0, "probe", None, None))


def went_on() -> Finding:
    """A RST after which the endpoint went on all the same (IDLE101)."""
    p = period(31 * S, T0 + 43 * S, (300, 301, 302), conn=connection(Endpoint("10.1.2.3", 51306), stream=65))
    assert p.answer is not None
    answer = replace(p.answer, went_on=ref(303, T0 + 44 * S))
    return finding(replace(p, answer=answer), "GET /went-on HTTP/1.1", origin=NEARER)


def refused(n: int = 0) -> Finding:
    """A SYN answered by RST (CTX202)."""
    conn = connection(Endpoint("10.1.2.3", 52_000 + n), stream=70 + n)
    p = period(0, T0 + 50 * S, (400 + 2 * n, 400 + 2 * n, 401 + 2 * n), flags=RST | ACK, start=None, idle=False, conn=conn)
    wake = replace(p.wake, kind=WakeKind.SYN, length=0, payload=b"")
    return _of("CTX202", "refused", replace(p, wake=wake), Severity.CONTEXT, sent=Sent(0, "syn", None, None))


def without_idle() -> Finding:
    """Payload answered by RST, with no idle period before (CTX201)."""
    p = period(12 * MS, T0 + 51 * S, (500, 501, 502), idle=False, conn=connection(Endpoint("10.1.2.3", 52100), stream=90))
    return _of("CTX201", "reset-without-idle", p, Severity.CONTEXT)


def farewell(label: str) -> Finding:
    """A goodbye answered by RST (IDLE108)."""
    p = period(31 * S, T0 + 82 * S, (80, 84, 85), length=31)
    return _of("IDLE108", "farewell-reset", p, Severity.HARMLESS, label=label,
               sent=Sent(31, label, None, farewell=Confidence.CERTAIN))  # fmt: skip
