"""A SYN was answered by RST: the connection was refused, not lost.

What it detects
    A RST to a SYN. No connection came into being, so none was idle. It is reported because a client that reconnects after a
    lost connection, and is refused, is often taken for one failure.

How to tell it apart
    Wireshark: `tcp.flags.reset == 1 && tcp.seq == 1 && tcp.ack == 1` behind a SYN; the RST has ACK and covers the SYN. A
    bare ACK to a SYN (a challenge ACK), the client's own RST and the SYN again is a half-dead connection from the same port:
    no refusal, and the new connection works. A SYN that is never answered is neither. A RST to the first payload of a
    connection that was accepted is CTX201.

Why it happens
    Nothing listens on that port: the server is down or restarting, or the address belongs to another host by now. Or a
    firewall rejects with RST instead of dropping, or a load balancer has no healthy target.

What to do
    Look at the server: `ss -ltn` for the port, its log for a restart at that time. If refusals and failures on idle
    connections (IDLE101, IDLE104) fall together, a restart or failover explains both, and no idle timeout does. If a device
    answers, its RST often arrives faster than the server could: compare with the round trip of connections that succeed.

Blind spots
    Only the first refusals are kept with their frames; the totals count all. Behind a proxy a refusal by the server shows as
    something else (HTTP 502 or 503) on the client's side.

References
    RFC 9293 section 3.10.7.1 (a SYN to a closed port is answered by RST,ACK), section 3.5.2; RFC 5961 section 4 (challenge
    ACK to a SYN).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.conditions import nothing_missed, was_reset
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import found, repeated
from pcapdiag.rules.types import Condition, Example, Finding, Rule, Severity

CONDITIONS = (Condition("A RST came to a SYN.", lambda p: not p.idle and p.wake.kind is WakeKind.SYN and was_reset(p)),)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    answer, reasons, against = period.answer, repeated(period), []
    if answer is not None and answer.acknowledges:
        reasons.insert(0, f"the RST came {format_duration(answer.delay)} after the SYN and acknowledges it")
    elif answer is not None:
        against.append(f"the RST came {format_duration(answer.delay)} after the SYN, but does not acknowledge it")
    return found(RULE, period, reasons, against, proved=nothing_missed(period))


SHOWS = (
    Example(
        "Nothing listens",
        """\
  0.000  C  SYN
  0.020  S  RST ACK          # number 0, window 0, and the ACK of the SYN
""",
    ),
    Example(
        "The server restarts while one connection is idle: the next one is refused, and the idle one will fail later",
        OPENED + """\
 60.000  C2 SYN
 60.020  S2 RST ACK
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "A request on an existing connection",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST
""",
        "IDLE101",
    ),
    Example(
        "A half-dead connection from the same port: a challenge ACK, the client's RST, and the SYN again works",
        OPENED + """\
 60.000  C  SYN
 60.001  S  ACK ack=-1000003    # RFC 5961 section 4
 60.0011 C  RST
 60.010  C  again
 60.011  S  SYN ACK isn=7
 60.012  C  ACK
""",
    ),
    Example(
        "Accepted, and aborted with its first request",
        """\
  0.000  C  SYN
  0.020  S  SYN ACK
  0.021  C  ACK
  0.022  C  120 bytes
  0.045  S  RST ACK
""",
        "CTX201",
    ),
)  # fmt: skip
RULE = Rule(
    code="CTX202",
    name="refused",
    severity=Severity.CONTEXT,
    since="0.1.0",
    counted=("SYN was refused", "SYNs were refused"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    whole=lambda totals: totals.refused,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
)
