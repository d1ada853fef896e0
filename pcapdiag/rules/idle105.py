"""A keepalive probe was answered by RST: the loss was found before a request was lost.

What it detects
    A keepalive probe (ACK only, at most one byte, one before the next sequence number, everything acknowledged) after an
    idle period, and a RST came back. The connection was already gone; nothing was sent on it that could be lost.

How to tell it apart
    Wireshark: `tcp.analysis.keep_alive` and the RST behind it. A segment of one byte at the next sequence number is a
    request, however small (interactive sessions, Telnet): IDLE101. One byte with PSH at the number before is a
    retransmission. A probe into a closed window has the same form and is none of this. If a request was sent after an
    unanswered probe and was reset itself, that is IDLE101. Probes that nobody answers are IDLE106.

Why it happens
    The probes come less often than the path's idle timeout: Linux waits 7200 s by default, AWS NLB 350 s. Redis probes every
    300 s, which Azure's 240 s do not wait for. Or the device does not count probes: some (AWS Classic Load Balancer, and
    proxies that end connections themselves) only count payload. Or the peer rebooted, or its process ended while its FIN was
    lost.

What to do
    Keepalive is on, and its interval is too long: set it below the silence after which probes fail (the finding's silence is
    an upper bound of the timeout), in the application (TCP_KEEPIDLE), per service (Envoy: `keepalive_time`) or in the host's
    or pod's `net.ipv4.tcp_keepalive_time`, which every network namespace has for itself. `ss -tno` shows what is in force:
    `timer:(keepalive,119min,0)` is the default. If probes were answered all along and this one was not, look for a restart.

Blind spots
    An application that was about to use the connection learns the loss from the probe and may still have failed: its log
    tells. Where the capture missed traffic, the probe's numbers do not fit, and the finding is not proved.

References
    RFC 9293 sections 3.8.4 (keepalive: at least two hours by default, and a probe that fails does not yet prove a dead
    connection) and 3.10.7.1 (reset generation); RFC 1122 section 4.2.3.6.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import PROBE_AFTER_IDLE, RESET, nothing_missed, numbered
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import aborts, bare, continuous, found, late, maybe_fin, no_fin, repeated, went_on
from pcapdiag.rules.types import Confidence, Example, Finding, Rule, Severity

CONDITIONS = (PROBE_AFTER_IDLE, RESET)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    silence = f"the probe came {format_duration(period.silence_first)} after the last segment that was answered"
    return found(
        RULE, period, [*continuous(period), silence, *no_fin(period), *bare(period), *repeated(period)],
        [*maybe_fin(period), *went_on(period), *aborts(period), *late(period)],
        proved=nothing_missed(period) and numbered(period),
        most=Confidence.CERTAIN if period.fin is Fin.EXCLUDED else Confidence.LIKELY,
    )  # fmt: skip


SHOWS = (
    Example(
        "Linux' default of two hours against a timeout of 350 s",
        OPENED + """\
7200.250 C  probe
7200.270 S  RST
""",
    ),
    Example(
        "Probes every 60 s were answered, until the server restarted",
        OPENED + """\
 60.000  C  probe
 60.020  S  ACK
120.000  C  probe
120.020  S  ACK
180.000  C  probe
180.020  S  RST
""",
    ),
    Example(
        "A Windows client probes with one byte",
        OPENED + """\
7200.000 C  probe 1 byte
7200.020 S  RST ACK win=0 ts=no ack=-1
""",
    ),
    Example(
        "The server's probe meets a NAT that forgot the client",
        OPENED + """\
300.000  S  probe
300.020  C  RST
""",
    ),
    Example(
        "The first two probes were lost, the third is reset",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 90.000  C  probe
 90.020  S  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "One byte typed into an idle session is a request",
        OPENED + """\
350.000  C  1 byte           # PSH,ACK at the next number
350.020  S  RST
""",
        "IDLE101",
    ),
    Example(
        "The request after a probe that got no answer is what was lost",
        OPENED + """\
 60.000  C  probe
 70.000  C  80 bytes
 70.020  S  RST
""",
        "IDLE101",
    ),
    Example(
        "No probe was answered at all",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 90.000  C  probe
105.000  C  RST ACK
""",
        "IDLE106",
    ),
    Example(
        "Zero-window probes have the same form: the peer is alive, its application does not read",
        OPENED + """\
 10.000  C  400 bytes
 10.020  S  ACK win=0
 20.000  C  probe
 20.020  S  ACK win=0
 40.000  C  probe
 40.020  S  ACK win=0
""",
    ),
    Example(
        "A window update in an idle period is neither probe nor request, and the connection lives on",
        OPENED + """\
 60.000  C  ACK win=900       # the application has read at last
120.000  C  80 bytes
120.020  S  900 bytes
120.021  C  ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE105",
    name="probe-reset",
    severity=Severity.LOSS,
    since="0.1.0",
    counted=("keepalive probe was answered by RST", "keepalive probes were answered by RST"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
)
