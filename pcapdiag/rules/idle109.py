"""The client was waiting for an answer, and the answer was lost: the path forgot the connection while the server worked.

What it detects
    Payload of the server on a connection where the client had spoken last and both had then been silent for longer than the
    idle threshold, and it was answered by RST, or never acknowledged (retransmitted at least twice, or met by an ICMP
    error). The finding says how long the client had waited until then.

How to tell it apart
    Look who spoke before the gap. The server: then this is a push (IDLE101, IDLE102). The client, and the client has closed
    its side since (its FIN): it stopped waiting, IDLE103. A RST that acknowledges the answer comes from a client that had
    the connection and aborted it (IDLE107). A client that gives up by RST while nothing comes is IDLE104, captured on its
    own side. An answer that arrives, however late, is no finding.

Why it happens
    The request was slow (a report, a batch, a lock), nothing flowed while the server worked, and an idle timeout on the path
    ran out in the middle. The server's answer then meets a device without the connection. The server believes that it has
    answered; its log may even say 200. The client sees no reset but a timeout, often much later, and asks again.

What to do
    Keep the connection busy while the server works: keepalive probes from either end, more often than the path's timeout,
    do, and so do interim answers (HTTP 1xx, chunks, HTTP/2 PING). Or let the client poll. Raising the client's timeout alone
    makes it wait longer for an answer that cannot arrive. Compare the time waited with the timeouts on the path: answers
    faster than it arrive, slower ones never do. In a proxy's log the request has a timeout (Envoy: `504 UT`, or `0 DC` where
    its caller left first), with a duration above the path's timeout. Requests may have been carried out although the client
    saw a failure.

Blind spots
    Some protocols let the client speak last without expecting an answer (metrics, acknowledged messages): then the server's
    payload was a push. Captured at the client, the answer does not arrive at all, and only the client's own end of waiting
    is seen.

References
    RFC 9293 sections 3.10.7.1 (reset generation), 3.8.3, 3.8.4 (keepalive); RFC 5382 REQ-5; RFC 9110 section 15.2 (interim
    responses).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import (
    PAYLOAD_AFTER_IDLE,
    client_waited,
    is_farewell,
    nothing_missed,
    numbered,
    was_accepted,
    was_given_up,
    was_lost,
    was_reset,
)
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import (
    aborts,
    bare,
    continuous,
    found,
    how_it_ended,
    late,
    maybe_fin,
    no_fin,
    odd_form,
    repeated,
    seldom_sent,
    still_spoke,
    went_on,
)
from pcapdiag.rules.types import Condition, Confidence, Example, Finding, Rule, Severity

CONDITIONS = (
    PAYLOAD_AFTER_IDLE,
    Condition("The server sent it, and the client had spoken last: it was waiting.", client_waited),
    Condition(
        "It was answered by a RST that does not acknowledge it, or not at all, though retransmitted at least twice (or, less "
        "surely, once, or its sender waited for a second and ended the connection).",
        lambda p: was_lost(p) or was_given_up(p) or (was_reset(p) and not was_accepted(p)),
    ),
    Condition("It is no goodbye.", lambda p: not is_farewell(p)),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    reset = was_reset(period)
    reasons = [
        f"the client spoke last: it had waited {format_duration(period.gap)} when the server answered",
        *continuous(period), *no_fin(period), *bare(period), *repeated(period), *([] if reset else how_it_ended(period)),
    ]  # fmt: skip
    return found(
        RULE, period, reasons, [*maybe_fin(period), *went_on(period), *aborts(period), *late(period), *odd_form(period),
                                *([] if reset else seldom_sent(period)), *still_spoke(period)],
        proved=nothing_missed(period) and (not reset or numbered(period)),
        most=Confidence.CERTAIN if period.fin is Fin.EXCLUDED else Confidence.LIKELY,
    )  # fmt: skip


SHOWS = (
    Example(
        "A report takes 400 s, the load balancer forgets after 350 s: the answer is reset",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK

401.000  S  1400 bytes        # the report
401.020  C  RST
""",
    ),
    Example(
        "The same behind a firewall that drops: the answer is repeated in vain",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK

401.000  S  1400 bytes
401.200  S  again
401.600  S  again
402.400  S  again
430.000  S  RST ACK
""",
    ),
    Example(
        "A short answer, and the server closes behind it: no goodbye, the client was waiting",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK

401.000  S  31 bytes FIN
401.020  C  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "A slow answer that arrives",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK

301.000  S  1400 bytes
301.020  C  ACK
""",
    ),
    Example(
        "The server spoke last: a push, for which nobody waited",
        OPENED + """\
401.000  S  1400 bytes
401.020  C  RST
""",
        "IDLE101",
    ),
    Example(
        "The client had closed its side: it waited no longer",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
 31.000  C  FIN
 31.040  S  ACK
401.000  S  1400 bytes
401.020  C  RST
""",
        "IDLE103",
    ),
    Example(
        "The client is there, and aborts when the answer comes",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
401.000  S  1400 bytes
401.020  C  RST ACK
""",
        "IDLE107",
    ),
    Example(
        "Captured at the client: it never sees the answer, and gives up",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
601.000  C  RST ACK
""",
        "IDLE104",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE109",
    name="late-answer-lost",
    severity=Severity.FAILURE,
    since="0.1.0",
    counted=("answer was lost while the client waited for it", "answers were lost while clients waited for them"),
    conditions=CONDITIONS,
    yields_to=("IDLE103",),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
)
