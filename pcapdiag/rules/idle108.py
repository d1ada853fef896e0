"""A goodbye on an idle connection was answered by RST: nothing was lost.

What it detects
    What ended the idle period only says goodbye, and it was answered by RST, whatever else holds. A goodbye is known by its
    content (a TLS alert; a lone TLS 1.3 record of an alert's size; QUIT, LOGOUT, MySQL COM_QUIT, PostgreSQL Terminate, MQTT
    DISCONNECT, LDAP unbind, WebSocket close, HTTP/2 GOAWAY, SSH disconnect), by an HTTP/1.1 `Connection: close` with the
    sender's FIN within 10 ms, or, as a mere possibility, by its size: at most 64 bytes (96 on port 22) whose own FIN follows
    within 10 ms.

How to tell it apart
    Wireshark: `tcp.stream eq N`, and look at the last payload before the RST: `tls.record.content_type == 21` in TLS 1.2 (31
    bytes); in TLS 1.3 it shows as 24 bytes of application data. The FIN of the *same* side is right behind it, and the RST
    is often there twice, once for each of the two. If that FIN comes later than 10 ms, or the payload is longer, it was a
    request (IDLE101). If nothing came back at all, the goodbye is listed with IDLE102, as harmless. A short answer for which
    the client was waiting is no goodbye, even if the server closes behind it (IDLE109).

Why it happens
    A pool or a process closes connections that it has not used for long, politely, while the path or the peer had forgotten
    them already. It is the same loss as in IDLE101, only that nobody needed the connection any more.

What to do
    Nothing for these. They are counted, and shown when asked for (`--show-harmless`), because they do tell that the path
    forgets idle connections: the same service will have IDLE101 findings as soon as a request meets such a connection.

Blind spots
    By size and FIN alone a short request whose client half-closes at once (a whois query, `nc -N`) looks the same: such a
    finding is only possible. In TLS 1.3 two bytes of application data are as long as an alert; if they come again and again,
    or if no FIN follows, they may be a heartbeat or a very short message. Encrypted protocols on other ports show nothing
    but sizes.

References
    RFC 8446 sections 6.1 (close_notify) and 5.2 (record protection); RFC 9112 section 9.6 (Connection: close); RFC 9113
    section 6.8 (GOAWAY); RFC 6455 section 5.5.1 (close); RFC 4253 section 11.1 (disconnect); RFC 9293 section 3.10.7.1.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.conditions import (
    PAYLOAD_AFTER_IDLE,
    RESET,
    fin_before,
    is_farewell,
    nothing_missed,
    numbered,
    was_accepted,
)
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.payload import FAREWELL_FIN, closes_at_once, describe
from pcapdiag.rules.phrases import between, continuous, found
from pcapdiag.rules.types import Condition, Confidence, Example, Finding, Rule, Severity

CONDITIONS = (PAYLOAD_AFTER_IDLE, RESET, Condition("It only says goodbye.", is_farewell))


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    sent, wake = describe(period), period.wake
    reasons = [f"what was sent: {sent.label or 'unknown content'}, {wake.length} bytes"]
    if wake.own_fin is not None and wake.own_fin == wake.first.ref:
        reasons.append("it carries its sender's own FIN")
    elif wake.own_fin is not None:
        reasons.append(f"frame {wake.own_fin.frame}: its sender's own FIN came {between(wake.first.ref, wake.own_fin)} after it")
    against = []
    if sent.farewell is Confidence.POSSIBLE:
        against.append("only the FIN right behind it says so: a request whose sender closes its half at once looks the same")
    elif sent.farewell is Confidence.LIKELY and not closes_at_once(period):
        against.append(f"no FIN of its sender followed within {format_duration(FAREWELL_FIN)}")
    proved = nothing_missed(period) and (was_accepted(period) or numbered(period, beyond=int(fin_before(period))))
    return found(RULE, period, [*reasons, *continuous(period)], against, proved=proved,
                 most=sent.farewell or Confidence.POSSIBLE, sent=sent)  # fmt: skip


SHOWS = (
    Example(
        "TLS 1.2: close_notify and FIN, a RST for each",
        OPENED + """\
350.100  C  hex 150303001a 0000000000000001d3c5a1f07e9b2c4d6e8f0a1b2c3d4e5f6071
350.1001 C  FIN
350.120  S  RST
350.1201 S  RST
""",
    ),
    Example(
        "TLS 1.3: the same looks like 24 bytes of application data",
        OPENED + """\
350.100  C  hex 1703030013 8f1d0c55a3b27e94d0617a3c48b5e2f9061c77 FIN
350.120  S  RST
""",
    ),
    Example(
        "A mail client says QUIT to a server that is gone",
        OPENED + """\
350.100  C  "QUIT\\r\\n"
350.1001 C  FIN
350.120  S  RST
""",
    ),
    Example(
        "A database pool closes what it has not used: COM_QUIT, five bytes",
        "server 10.0.0.2:3306\n" + OPENED + """\
350.100  C  hex 0100000001 FIN
350.120  S  RST
""",
    ),
    Example(
        "An SSH client disconnects, encrypted: by size and FIN only, and so only possible",
        "server 10.0.0.2:22\n" + OPENED + """\
350.100  C  68 bytes
350.101  C  FIN
350.120  S  RST
""",
    ),
    Example(
        "The server ends an idle HTTP connection by a 408 that the client's NAT resets",
        OPENED + """\
300.000  S  "HTTP/1.1 408 Request Timeout\\r\\nConnection: close\\r\\n\\r\\n" FIN
300.020  C  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "The FIN comes 11 ms later: a short request, until more is known",
        OPENED + """\
350.100  C  31 bytes
350.111  C  FIN
350.120  S  RST
""",
        "IDLE101",
    ),
    Example(
        "A WebSocket ping in TLS 1.3 is as long as an alert, but goodbye is not said three times",
        OPENED + """\
120.000  C  hex 1703030013 8f1d0c55a3b27e94d0617a3c48b5e2f9061c77
120.020  S  24 bytes
120.060  C  ACK
240.000  C  hex 1703030013 06c1e2f99b7d5a48b5e27a3c61d094b27ea355
240.020  S  24 bytes
240.060  C  ACK
360.000  C  hex 1703030013 7a3c48b5e2f9061c778f1d0c55a3b27e94d061
360.020  S  RST
""",
        "IDLE101",
    ),
    Example(
        "A goodbye into silence",
        OPENED + """\
350.100  C  hex 150303001a 0000000000000001d3c5a1f07e9b2c4d6e8f0a1b2c3d4e5f6071
350.300  C  again
350.700  C  again
360.000  C  RST ACK
""",
        "IDLE102",
    ),
    Example(
        "The client waits, and the server's short answer is lost although it closes behind it",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
301.000  S  31 bytes FIN
301.020  C  RST
""",
        "IDLE109",
    ),
    Example(
        "The goodbye is answered properly",
        OPENED + """\
350.100  C  hex 150303001a 0000000000000001d3c5a1f07e9b2c4d6e8f0a1b2c3d4e5f6071 FIN
350.120  S  FIN
350.121  C  ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE108",
    name="farewell-reset",
    severity=Severity.HARMLESS,
    since="0.1.0",
    counted=("goodbye on an idle connection was answered by RST", "goodbyes on idle connections were answered by RST"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
)
