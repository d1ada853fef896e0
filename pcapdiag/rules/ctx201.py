"""Payload was answered by RST, but the connection had not been idle.

What it detects
    A RST to payload on a connection where the last payload before was less than the idle threshold ago. It is reported so
    that it is not mistaken for a failure of an idle connection, and counted; only the first of them are kept with their
    frames.

How to tell it apart
    How long before it the peer was last heard is in the finding. If that is long enough to be an idle timeout of the path,
    and nothing was retransmitted in between, analyse with a smaller `--min-idle`. Retransmissions make gaps that grow (0.2,
    0.4, 0.8 s and so on), but what waits for an ACK is not idle. A RST to the first request after idleness is IDLE101 to
    IDLE109, whatever follows. A RST to a SYN is CTX202.

Why it happens
    A server that aborts in the middle of a conversation (crash, close() with unread data, an upload it does not want), a
    client that cancels a download and has closed, a request behind a FIN on a busy connection. Or a device that resets what
    it holds for invalid: Linux connection tracking marks segments outside its window as INVALID, which then bypass address
    translation, so that the real endpoint gets a segment of a connection it does not know, and resets it, in storms under
    load. Or a device that inspects payload and objects to it.

What to do
    No keepalive cures this. Look for a FIN before the RST (named in the finding): then it is the ordinary end of a
    connection that was closed while data was on its way. For storms without FIN on a host with connection tracking:
    `conntrack -S` (the counter `invalid`), `net.netfilter.nf_conntrack_tcp_be_liberal`, or a rule that drops INVALID packets
    instead of letting them pass. If it is always the same request, look at what the server or an inspecting device thinks of
    it.

Blind spots
    Of these wakes no bytes are kept: what was sent is not shown. Where the capture began just before, the connection may
    have been idle for long without that being known.

References
    RFC 9293 sections 3.5.2, 3.6.1 and 3.10.7.1; RFC 2525 section 2.17; RFC 6298 (retransmission timer);
    https://www.kernel.org/doc/html/latest/networking/nf_conntrack-sysctl.html (nf_conntrack_tcp_be_liberal);
    https://kubernetes.io/blog/2019/03/29/kube-proxy-subtleties-debugging-an-intermittent-connection-reset/ (INVALID,
    untranslated).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.conditions import fin_before, nothing_missed, was_reset
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import found, maybe_fin, repeated
from pcapdiag.rules.types import Condition, Example, Finding, Rule, Severity

CONDITIONS = (
    Condition("A RST came to payload.", lambda p: p.wake.kind is WakeKind.PAYLOAD and was_reset(p)),
    Condition("The connection had not been idle before it.", lambda p: not p.idle),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    reasons = [f"the peer was last heard {format_duration(period.gap)} before it"] if period.gap else []
    reasons += repeated(period)
    if fin_before(period):
        reasons += maybe_fin(period)
    return found(RULE, period, reasons, [], proved=nothing_missed(period))


SHOWS = (
    Example(
        "Half a second after the last response",
        OPENED + """\
  0.500  C  80 bytes
  0.520  S  RST
""",
    ),
    Example(
        "A download is cut off in the middle: the host before the client took its segments for invalid",
        OPENED + """\
  0.500  C  80 bytes
  0.520  S  1400 bytes
  0.5201 S  1400 bytes
  0.540  C  RST
""",
    ),
    Example(
        "Retransmission back-off, however long its last gap, is not idleness",
        OPENED + """\
  0.500  C  80 bytes
  0.700  C  again
  1.100  C  again
  1.900  C  again
  3.500  C  again
  6.700  C  again
  6.720  S  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "Idle for 350 s",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST
""",
        "IDLE101",
    ),
    Example(
        "A RST to a SYN",
        """\
  0.000  C  SYN
  0.020  S  RST ACK
""",
        "CTX202",
    ),
    Example(
        "The client itself resets after its last response: nobody sent anything that was lost",
        OPENED + """\
  0.100  C  RST ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="CTX201",
    name="reset-without-idle",
    severity=Severity.CONTEXT,
    since="0.1.0",
    counted=("RST came to payload with no idle time before", "RSTs came to payload with no idle time before"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    whole=lambda totals: totals.resets_without_idle,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
)
