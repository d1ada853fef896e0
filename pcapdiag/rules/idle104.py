"""A RST ended an idle connection: nobody had sent anything before it.

What it detects
    A RST on a connection that had been idle, with no payload, probe or FIN before it that it could answer. The finding says
    in whose name it was sent, after how long, and whether the client was waiting for an answer at that time: a request that
    the server acknowledged, and then worked on in silence for `min_idle` or longer, has arrived and begins an idle period.

How to tell it apart
    Wireshark: `tcp.flags.reset == 1 && tcp.time_delta > 1`. A RST recorded at most 1 ms before a request whose ACK number it
    carries answers that request (captures reorder): IDLE101. A RST after unanswered probes is the prober giving up: IDLE106.
    A RST after retransmissions in the same direction: IDLE102. A RST less than `min_idle` after the ACK of a request that
    itself ended an idle period is the server's abort: IDLE107. A RST after a FIN belongs to the closing and is no finding. A
    RST to a probe is IDLE105.

Why it happens
    *In the server's name*: a device that resets both ends when its idle timeout expires (Azure Load Balancer with TCP reset,
    240 s; Azure Firewall towards the internet, 240 s; F5 BIG-IP, 300 s, on by default; Kingsoft SLB, 900 s). Then the RST
    comes a fixed time after the last packet, on every connection. Or the server aborts: close() with SO_LINGER 0, or with
    unread data. *In the client's name*: the same, seen from the server; or the client simply
    drops its idle connections by RST, which harms nobody. *After a pure ACK*: a delayed ACK or a window update met a stack
    or device that had no such connection any more (so may a zero-window probe, if there was silence before it); no request was
    involved, and the connection had been dead for a while.

What to do
    If the silence before it is the same on all connections, it is a timer: keepalive probes more often than that cure it. If
    the client was waiting, its request was lost with the connection, and the work may have been done: raise the timeout on
    the path above the server's slowest answer, or keep the connection busy while the server works (probes, or progress). If
    not, the pool only has to notice, which it does at once. A client that resets its own idle connections needs nothing; if
    it had been waiting, its own timeout ended the wait, and the answer may have been lost on the way (IDLE109 at the
    server). On the RST's side `nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData` tells aborts by a process, which no
    device on the path counts.

Blind spots
    What the RST answers may not have been captured: a request that took another path, or a probe that was dropped by the
    capture. A request in the other direction, lost before the capture point, looks like this too.

References
    RFC 9293 sections 3.5.2 (reset generation), 3.5.3 (reset processing), 3.6 (a connection closed by abort);
    https://docs.kernel.org/networking/snmp_counter.html (TCPAbortOnClose, TCPAbortOnData).
"""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.conditions import RST_ONLY, UNDER_WAY, client_waited_for, nothing_missed
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.origin import origin
from pcapdiag.rules.phrases import continuous, found, other
from pcapdiag.rules.telling import count, filled, listed
from pcapdiag.rules.types import Condition, Example, Finding, Rule, Sender, Severity

CONDITIONS = (
    Condition(
        "A RST ended an idle period, with no payload, probe or FIN before it since the period began.",
        lambda p: p.idle and p.wake.kind is WakeKind.RST,
    ),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    reasons = [
        f"the RST is the {period.sender}'s by its addresses, {format_duration(period.silence)} after the last segment and "
        f"{format_duration(period.gap)} after the last payload",
        *continuous(period), *waiting(period), *answers_an_ack(period),
    ]  # fmt: skip
    against = []
    if period.wake.first.flags == RST_ONLY and not answers_an_ack(period):
        against.append("the RST is bare, as an answer is: what it answers, if anything, was not captured")
    if unanswered_probe(period):
        against.append("a keepalive probe of its own side came last before it, without answer")
    # Of a connection of which nothing was captured before, it is not known that it was one.
    proved = nothing_missed(period) and period.last_before is not None
    return found(RULE, period, reasons, against, proved=proved, severity=_severity(period))


def _severity(period: IdlePeriod) -> Severity:
    """A client that was waiting lost its answer; one that drops what it does not use lost nothing, unless it was another who
    dropped it in the client's name."""
    if client_waited_for(period):
        # Its own RST: it gave up waiting. What became of the answer is not known here, so this is neither lost nor harmless.
        return Severity.FAILURE if period.sender == "server" else Severity.LOSS
    return Severity.HARMLESS if by_the_client(period) and not unanswered_probe(period) else Severity.LOSS


def unanswered_probe(period: IdlePeriod) -> bool:
    """Did the RST's own side probe, and hear nothing before it gave up?"""
    probes = period.probes[0] if period.sender == "client" else period.probes[1]
    return probes > 0 and period.last_by == period.sender


def by_the_client(period: IdlePeriod) -> bool:
    """Did the client itself send the RST, as far as can be told?"""
    if period.sender != "client":
        return False
    sent_by = origin(period)
    return sent_by is None or sent_by.sender is not Sender.NEARER


def waiting(period: IdlePeriod) -> list[str]:
    """That the client spoke last, so that an answer may still have been due."""
    if not client_waited_for(period):
        return []
    if period.sender == "server":
        return [f"the client spoke last: it had waited {format_duration(period.gap)} for an answer"]
    return [f"the client spoke last, and gave up itself after {format_duration(period.gap)}"]


def answers_an_ack(period: IdlePeriod) -> list[str]:
    """That a pure ACK of the other side met somebody without the connection."""
    rst, before = period.wake.first, period.last_before
    if before is None or period.last_by != other(period.sender) or rst.flags != RST_ONLY or any(period.missed):
        return []
    if period.silence > UNDER_WAY:
        return []
    asked = "zero-window probe" if period.peer.window == 0 else "pure ACK"
    return [
        f"it answers the {asked} of frame {before.frame}, {format_duration(period.silence)} before it: it is bare and takes its "
        "number from there, so its sender knows no such connection"
    ]


def tell(findings: Sequence[Finding]) -> str:
    """What harmed nobody is said of the client, as far as it was the client: only a socket's own RST tells."""
    if any(f.severity is not Severity.HARMLESS for f in findings):
        return filled(RULE.counted, findings)
    own = sum(f.origin is not None and f.origin.sender is Sender.ABORTED for f in findings)
    parts = [f"{count(own, 'idle connection')} reset by the client itself"] if own else []
    if len(findings) > own:
        what = count(len(findings) - own, "idle connection") + " reset" if not own else f"{len(findings) - own:,}"
        parts.append(f"{what} in the client's name, by whom is undetermined")
    return listed(parts)


SHOWS = (
    Example(
        "A load balancer resets both ends when its 240 s are over: the client's side",
        OPENED + """\
240.046  S  RST ACK win=0 ts=no
""",
    ),
    Example(
        "The server aborts (SO_LINGER 0): its kernel resets with timestamps and a live window",
        OPENED + """\
350.000  S  RST ACK
""",
    ),
    Example(
        "The client drops its own idle connection: harmless, and it says who",
        OPENED + """\
 60.000  C  RST ACK
""",
    ),
    Example(
        "The client was waiting for an answer: 299 s of work are lost",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
300.000  S  RST ACK
""",
    ),
    Example(
        "The same, with a request that had itself ended an idle period: that one was survived, this one was not",
        OPENED + """\
350.100  C  80 bytes
350.143  S  ACK
650.143  S  RST ACK win=0 ts=no
""",
    ),
    Example(
        "The client gives up waiting, by RST: its own timeout of 30 s, no answer to anything",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
 31.000  C  RST ACK
""",
    ),
    Example(
        "A window update, no request, meets a path that has forgotten the connection",
        OPENED + """\
350.100  C  ACK win=900      # the application has read at last
350.120  S  RST
""",
    ),
    Example(
        "Both sides send RST: the first ends the connection, one finding",
        OPENED + """\
240.046  S  RST ACK win=0 ts=no
240.047  C  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "Recorded before the request that it answers: its number is the request's ACK number",
        OPENED + """\
350.1000 S  RST
350.1004 C  80 bytes
""",
        "IDLE101",
    ),
    Example(
        "The prober gives up",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 90.000  C  RST ACK
""",
        "IDLE106",
    ),
    Example(
        "Soon after the ACK of a request: the server took it and gave up",
        OPENED + """\
350.100  C  80 bytes
350.143  S  ACK
350.600  S  RST ACK
""",
        "IDLE107",
    ),
    Example(
        "A probe met nobody",
        OPENED + """\
 60.000  C  probe
 60.020  S  RST
""",
        "IDLE105",
    ),
    Example(
        "A request before it in the same direction",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
355.100  C  RST ACK
""",
        "IDLE102",
    ),
    Example(
        "Closed before: the RST only cleans up",
        OPENED + """\
 60.000  S  FIN
 60.040  C  ACK
120.000  S  RST ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE104",
    name="reset-in-silence",
    severity=Severity.LOSS,
    since="0.1.0",
    counted=("idle connection was ended by a RST out of silence", "idle connections were ended by a RST out of silence"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
    tell=tell,
)
