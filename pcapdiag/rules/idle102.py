"""A request on an idle connection got no answer at all, however often it was repeated.

What it detects
    Payload (a client's request, or a server's push) on a connection that had been idle, retransmitted at least twice, and
    nothing of the peer came back until the sender gave up or the capture ended. Or an ICMP error came in place of an answer:
    it is named, with its type and code. A request that was sent only twice, or once by an application that ended the
    connection after a second or more, is reported as possible: it may have been lost by chance.

How to tell it apart
    In Wireshark, `tcp.stream eq N && tcp.analysis.retransmission`: the same segment at about +0.2, +0.4, +0.8, +1.7 s, each
    interval twice the one before. A RST at last, even to the fourth transmission, is IDLE101. If the RST is the sender's own
    (same source address as the request), it is not an answer: its application or its stack gave up. An answer for which the
    client was waiting is IDLE109. Probes without answer are IDLE106: no request was lost. A peer that still sends something,
    but never acknowledges the request, lives: that is no silence, and no rule says that it is. A goodbye that is never
    answered is listed here as harmless.

Why it happens
    The device that forgot the connection drops what it does not know instead of answering: so do, by default, Azure Load
    Balancer (240 s), AWS security-group connection tracking (350 s on Nitro v6), GCP's VPC connection tracking (600 s), and
    Azure Firewall between networks (300 s). Or the peer is gone without anybody to say so: a host that lost power, an
    address that moved, a pod that was deleted. An ICMP "administratively prohibited" comes from a filter that has a rule
    against the packet, or lost the state that let it through.

What to do
    Against an idle timeout: keepalive probes more often than the timeout, as for IDLE101. To fail fast in any case: a
    request timeout in the application, and TCP_USER_TIMEOUT on the socket, since Linux by default repeats for about 15
    minutes (`net.ipv4.tcp_retries2`) and the caller waits as long. Where the device can send a RST on expiry, switch it on
    (Azure: TCP reset on idle; AWS GWLB: `send_tcp_reset.on_idle_timeout.enabled`). Envoy logs such a request as `504 UT` or,
    if its caller left first, `0 DC`. Capture on the far side of the device: if the retransmissions do not arrive there, the
    device drops them.

Blind spots
    A path that is dead altogether (a cable, a route) looks the same on one connection: look whether others to the same
    server went on. If the capture stands behind the place where the answers are lost, or if its filter misses one direction,
    answers may have come all the same. If the capture ended while the sender was still trying, an answer may have followed.

References
    RFC 9293 section 3.8.3 (R1, R2: when a stack gives up); RFC 6298 (retransmission timer); RFC 5482 (user timeout); RFC
    792, RFC 1812 section 5.2.7.1 and RFC 4443 section 3.1 (ICMP unreachable and its codes).
"""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import PAYLOAD_AFTER_IDLE, nothing_missed, was_given_up, was_lost
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.payload import describe
from pcapdiag.rules.phrases import continuous, found, how_it_ended, maybe_fin, no_fin, repeated, seldom_sent, still_spoke
from pcapdiag.rules.telling import count, filled
from pcapdiag.rules.types import Condition, Confidence, Example, Finding, Rule, Severity

CONDITIONS = (
    PAYLOAD_AFTER_IDLE,
    Condition(
        "Nothing of the peer came, or an ICMP error in its place, though it was retransmitted at least twice; or, less surely, "
        "once, or its sender waited for a second and ended the connection.",
        lambda p: was_lost(p) or was_given_up(p),
    ),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    sent = describe(period)
    return found(
        RULE, period, [*continuous(period), *no_fin(period), *repeated(period), *how_it_ended(period)],
        [*maybe_fin(period), *seldom_sent(period), *still_spoke(period)],
        proved=nothing_missed(period),
        most=Confidence.CERTAIN if period.fin is Fin.EXCLUDED else Confidence.LIKELY,
        severity=Severity.HARMLESS if sent.farewell else None,
        sent=sent,
    )  # fmt: skip


def tell(findings: Sequence[Finding]) -> str:
    """Goodbyes are called so: nobody misses their answer."""
    if all(f.sent.farewell for f in findings):
        return count(len(findings), "goodbye") + " without answer"
    return filled(RULE.counted, findings)


SHOWS = (
    Example(
        "A firewall drops what it forgot: four transmissions, then the client's own RST",
        OPENED + """\
240.100  C  80 bytes
240.300  C  again
240.700  C  again
241.500  C  again
250.100  C  RST ACK          # the client gave up: its own RST is no answer
""",
    ),
    Example(
        "The client opens a new connection from the same port instead of waiting on",
        OPENED + """\
240.100  C  80 bytes
240.300  C  again
240.700  C  again
245.000  C  SYN
245.020  S  SYN ACK
245.021  C  ACK
""",
    ),
    Example(
        "A filter answers by ICMP: communication administratively prohibited",
        OPENED + """\
350.100  C  80 bytes
350.102  C  ICMP 3/13
350.300  C  again
350.302  C  ICMP 3/13
""",
    ),
    Example(
        "The server's push to a client that is gone",
        OPENED + """\
 30.000  S  80 bytes
 30.040  C  ACK
300.000  S  80 bytes
300.200  S  again
300.600  S  again
310.000  S  RST ACK
""",
    ),
    Example(
        "The capture ends while the client still repeats: likely, no more",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
351.500  C  again
""",
    ),
    Example(
        "A goodbye into the same silence: harmless",
        OPENED + """\
350.100  C  hex 150303001a 0000000000000001d3c5a1f07e9b2c4d6e8f0a1b2c3d4e5f6071 FIN
350.300  C  again
350.700  C  again
351.500  C  again
360.000  C  RST ACK
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "A RST after all, to the fourth transmission",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
351.500  C  again
351.520  S  RST
""",
        "IDLE101",
    ),
    Example(
        "The client waited for this answer",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
301.000  S  500 bytes
301.200  S  again
301.600  S  again
330.000  S  RST ACK
""",
        "IDLE109",
    ),
    Example(
        "Probes, and no request",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 90.000  C  probe
105.000  C  RST ACK
""",
        "IDLE106",
    ),
    Example(
        "Packet loss: the third transmission is answered",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
350.720  S  900 bytes
350.721  C  ACK
""",
    ),
    Example(
        "The peer lives: after a retransmission it still sends, only the request does not arrive",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.500  S  40 bytes ack=-80  # it knows nothing of the request
350.501  C  ACK
350.700  C  again
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE102",
    name="silence-after-idle",
    severity=Severity.FAILURE,
    since="0.1.0",
    counted=("{what} on an idle connection got no answer", "{what} on idle connections got no answer"),
    conditions=CONDITIONS,
    yields_to=("IDLE109",),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
    tell=tell,
)
