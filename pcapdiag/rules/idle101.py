"""A request on an idle connection was answered by RST, and nobody had sent FIN.

What it detects
    Payload (a client's request, or a server's push) on a connection that had been idle, and the first thing that came back
    is a RST that does not acknowledge it. Its sender had processed no FIN of the peer: its own ACK number proves that,
    wherever the peer was captured before. This is the classic failure of an idle timeout on the path.

How to tell it apart
    Look at the stream from the last payload before the gap (Wireshark: `tcp.stream eq N`, with `tcp.time_delta` as a
    column). A FIN before the request, seen or proved by the ACK number, is IDLE103: the peer closed, and a keepalive does
    not help. A RST that acknowledges the request, or an ACK of it before the RST, is IDLE107: the peer had the connection
    and aborted it. If the client had been waiting for what was sent, the server's answer was lost, not a request: IDLE109. A
    goodbye (TLS close_notify, QUIT) that is reset is IDLE108 and harms nobody. Without idleness before it the RST is no
    timeout: CTX201. A RST of the sender itself, after retransmissions, answers nothing: IDLE102.

Why it happens
    Something on the path (load balancer, NAT gateway, firewall, IPVS, connection tracking) forgot the connection when its
    idle timeout ran out, and told nobody. The next segment is answered by that device itself, as AWS NLB and NAT gateways
    document (350 s both), or reaches a stack that has no such connection, which must answer a segment with ACK by a bare RST
    at that segment's ACK number. A server that rebooted, or a failover that lost state, looks the same: then other
    connections fail at the same moment, whatever their idle time.

What to do
    Compare the longest silence that survived on this service with the shortest that failed: a timeout lies between. Send
    keepalive probes more often than that: in the application (SO_KEEPALIVE with TCP_KEEPIDLE), in the client's sidecar
    (Envoy: `upstream_connection_options.tcp_keepalive`, Istio: `connectionPool.tcp.tcpKeepalive`) or at the server's
    gateway. `ss -tno` on the client proves whether it is on: `timer:(keepalive,...)` on an idle socket; no timer, no
    keepalive. Or close idle connections in the pool earlier than the timeout. A proxy's log has the request (Envoy: `503 UC`
    with `upstream_reset_before_response_started{connection_termination}` and a small duration); the next hop's log has no
    line. To see where the RST is made, capture on both sides of the device: the request is absent on the far side.

Blind spots
    Continuous numbers prove that no payload was missed inside the gap; pure ACKs or probes that were not captured may still
    have broken the silence, so the device may have counted from later. Where numbers are not continuous, or the RST stands
    at another number than the request's ACK, the finding is not proved. Without the peer's segments a FIN cannot be
    excluded. A capture beyond the device does not see the request at all.

References
    RFC 9293 sections 3.5.2 and 3.10.7.1 (reset generation), 3.8.4 (keepalive); RFC 5382 REQ-5 (a NAT keeps an idle
    connection for at least 2 h 4 min); RFC 7323 section 3.2 (timestamps in a RST); RFC 5961 section 3 (which RST is obeyed).
"""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import (
    NO_FIN,
    NO_LATE_ANSWER,
    NOT_ACCEPTED,
    PAYLOAD_AFTER_IDLE,
    RESET,
    nothing_missed,
    numbered,
)
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import (
    aborts,
    bare,
    continuous,
    found,
    late,
    maybe_fin,
    no_fin,
    odd_form,
    repeated,
    still_spoke,
    went_on,
)
from pcapdiag.rules.telling import filled
from pcapdiag.rules.types import Confidence, Example, Finding, Rule, Severity

CONDITIONS = (PAYLOAD_AFTER_IDLE, NO_LATE_ANSWER, RESET, NO_FIN, NOT_ACCEPTED)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    return found(
        RULE, period, [*continuous(period), *no_fin(period), *bare(period), *repeated(period)],
        [*maybe_fin(period), *went_on(period), *aborts(period), *late(period), *odd_form(period),
         *still_spoke(period)],
        proved=nothing_missed(period) and numbered(period),
        most=Confidence.CERTAIN if period.fin is Fin.EXCLUDED else Confidence.LIKELY,
    )  # fmt: skip


def tell(findings: Sequence[Finding]) -> str:
    """What was not captured can have hidden a FIN: then it was only not seen."""
    text = filled(RULE.counted, findings)
    return text if all(f.period.fin is Fin.EXCLUDED for f in findings) else text.replace("no FIN", "no FIN seen")


SHOWS = (
    Example(
        "The plain case: idle for 350 s, a request, a bare RST at its ACK number",
        OPENED + """\
350.100  C  80 bytes        # first request after the silence
350.120  S  RST
""",
    ),
    Example(
        "A large request in three segments: each gets its RST, and together they are one answer",
        OPENED + """\
350.1000  C  1400 bytes
350.1001  C  1400 bytes
350.1002  C  9 bytes
350.1200  S  RST
350.1201  S  RST
350.1202  S  RST
""",
    ),
    Example(
        "The RST answers the third transmission: the gap is still the one before the first",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
350.720  S  RST
""",
    ),
    Example(
        "The server pushes to a client behind a NAT that forgot the connection",
        OPENED + """\
 30.000  S  80 bytes
 30.040  C  ACK

400.000  S  80 bytes        # it spoke last: no answer, a push
400.020  C  RST
""",
    ),
    Example(
        "Probes every 60 s were answered, then stopped: the silence is shorter than the gap",
        OPENED + """\
 60.000  C  probe
 60.020  S  ACK
120.000  C  probe
120.020  S  ACK
600.000  C  80 bytes        # 480 s of silence, 600 s without payload
600.020  S  RST
""",
    ),
    Example(
        "A RST,ACK that acknowledges the request, but as no socket with timestamps sends it: who sent it is open",
        OPENED + """\
350.100  C  80 bytes
350.105  S  RST ACK win=0 ts=no
""",
    ),
    Example(
        "A RST that stands five bytes too far is met by a challenge ACK, and that by the exact RST",
        OPENED + """\
350.100  C  80 bytes
350.110  S  RST seq=+5
350.111  C  ACK              # RFC 5961 section 3
350.131  S  RST
""",
    ),
    Example(
        "The server rebooted: its stack has no such connection. One such failure looks like a timeout, many at once do not",
        OPENED + """\
350.100  C  "GET /orders/17 HTTP/1.1\\r\\nHost: shop\\r\\n\\r\\n"
350.120  S  RST ttl=61
""",
    ),
    Example(
        "The RST comes from the path while the server answers: it had the connection, and the RST is not its own",
        OPENED + """\
350.100  C  80 bytes
350.105  S  RST
350.120  S  ACK              # the request did arrive
350.140  S  900 bytes
""",
    ),
    Example(
        "The port is used again half a second after the reset: another connection, and it works",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST
350.620  C  SYN
350.640  S  SYN ACK
350.641  C  ACK
350.642  C  80 bytes
350.665  S  900 bytes
""",
    ),
    Example(
        "A heartbeat that met a forgotten connection: here HTTP/2 PING, known by its content. Counted apart",
        OPENED + """\
400.000  C  hex 0000080600 00000000 0000000000000001
400.020  S  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "The peer had sent FIN, and the client's pool ignored it",
        OPENED + """\
 60.000  S  FIN
 60.040  C  ACK

350.100  C  80 bytes
350.120  S  RST
""",
        "IDLE103",
    ),
    Example(
        "The peer took the request, then aborted",
        OPENED + """\
350.100  C  80 bytes
350.143  S  ACK              # a delayed ACK: the kernel has the connection
350.600  S  RST ACK
""",
        "IDLE107",
    ),
    Example(
        "The client says goodbye and closes: nothing is lost",
        OPENED + """\
350.100  C  hex 150303001a 0000000000000001d3c5a1f07e9b2c4d6e8f0a1b2c3d4e5f6071
350.1001 C  FIN
350.120  S  RST
""",
        "IDLE108",
    ),
    Example(
        "The client waited for this: the server's answer is lost, not a request",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
301.000  S  500 bytes
301.020  C  RST
""",
        "IDLE109",
    ),
    Example(
        "Nothing came back, and the client's own RST ends it: no answer",
        OPENED + """\
350.100  C  80 bytes
350.300  C  again
350.700  C  again
360.100  C  RST ACK          # its own timeout of 10 s
""",
        "IDLE102",
    ),
    Example(
        "Retransmission back-off looks like growing gaps, but the connection was never idle",
        OPENED + """\
  0.500  C  80 bytes
  0.700  C  again
  1.100  C  again
  1.900  C  again
  3.500  C  again
  6.700  C  again
  6.720  S  RST
""",
        "CTX201",
    ),
    Example(
        "The answer arrived",
        OPENED + """\
350.100  C  80 bytes
350.120  S  900 bytes
350.121  C  ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE101",
    name="reset-after-idle",
    severity=Severity.FAILURE,
    since="0.1.0",
    counted=(
        "{what} on an idle connection was answered by RST, with no FIN before",
        "{what} on idle connections were answered by RST, with no FIN before",
    ),
    conditions=CONDITIONS,
    yields_to=("IDLE108",),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
    main=True,
    tell=tell,
)
