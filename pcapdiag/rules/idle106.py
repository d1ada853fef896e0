"""Two or more keepalive probes in a row got no answer.

What it detects
    A run of at least two keepalive probes after an idle period, without any segment of the peer, until the prober gave up,
    the capture ended, or a new connection took its place; or an ICMP error came in place of an answer. No payload was lost.

How to tell it apart
    Wireshark: `tcp.stream eq N && tcp.analysis.keep_alive`, and no `tcp.analysis.keep_alive_ack` behind them. A single probe
    without answer proves nothing: packets get lost, and the next one is answered. A RST to one of them is IDLE105. A request
    among them that is never answered is IDLE102. Probes into a closed window are no keepalive. The same probe recorded twice
    (`-i any`) is a copy, and counts once.

Why it happens
    The path dropped what it did not know any more, silently (see IDLE102), or the peer is gone: a host without power, a
    network that was parted, a pod deleted with its address. The probes did what they are for.

What to do
    If the prober gave up, all is well on its side: the socket is closed and the pool can forget it. How fast that is depends
    on interval and count: Linux takes 9 probes 75 s apart, more than eleven minutes after the first; TCP_KEEPINTVL,
    TCP_KEEPCNT and TCP_USER_TIMEOUT shorten it. If the same happens on many connections at the same silence, the path has an
    idle timeout shorter than the first probe: probe earlier (TCP_KEEPIDLE). If at the same moment, it is an outage.

Blind spots
    Answers that took another way past the capture point were not seen. If the capture ended during the run, an answer may
    have followed.

References
    RFC 9293 section 3.8.4 (a single probe without answer must not be taken for a dead connection); RFC 1122 section 4.2.3.6.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.conditions import PROBE_AFTER_IDLE, nothing_missed, was_lost
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import continuous, found, how_it_ended, maybe_fin, repeated
from pcapdiag.rules.types import Condition, Example, Finding, Rule, Severity

CONDITIONS = (
    PROBE_AFTER_IDLE,
    Condition("Two or more came in a row and nothing of the peer, or an ICMP error came in its place.", was_lost),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    silence = f"the first probe came {format_duration(period.silence_first)} after the last segment that was answered"
    return found(
        RULE, period, [*continuous(period), *repeated(period), silence, *how_it_ended(period)], maybe_fin(period),
        proved=nothing_missed(period),
    )  # fmt: skip


SHOWS = (
    Example(
        "Three probes, and the prober's own RST",
        OPENED + """\
 60.250  C  probe
 75.250  C  probe
 90.250  C  probe
105.250  C  RST ACK          # gave up
""",
    ),
    Example(
        "Windows probes every second, with one byte",
        OPENED + """\
7200.000 C  probe 1 byte
7201.000 C  probe 1 byte
7202.000 C  probe 1 byte
""",
    ),
    Example(
        "The server probes a client that was switched off, and the router says so",
        OPENED + """\
300.000  S  probe
300.010  S  ICMP 3/1
375.000  S  probe
375.010  S  ICMP 3/1
""",
    ),
    Example(
        "IPv6 has no IP ID: equal probes two seconds apart are two, no copies",
        "client [2001:db8::1]:50000\nserver [2001:db8::2]:443\ntimestamps no\n" + OPENED + """\
 60.000  C  probe
 62.000  C  probe
 64.000  C  probe
 66.000  C  RST ACK
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "One probe was lost, the next is answered: the connection lives",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 75.020  S  ACK
""",
    ),
    Example(
        "The last of the run is reset",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 75.020  S  RST
""",
        "IDLE105",
    ),
    Example(
        "A request after the probes is lost too, and that is worse",
        OPENED + """\
 60.000  C  probe
 75.000  C  probe
 80.000  C  80 bytes
 80.200  C  again
 80.600  C  again
 90.000  C  RST ACK
""",
        "IDLE102",
    ),
    Example(
        "Zero-window probes: the peer's buffer is full, and it says so",
        OPENED + """\
 10.000  C  400 bytes
 10.020  S  ACK win=0
 20.000  C  probe
 30.000  C  probe
 30.020  S  ACK win=0
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE106",
    name="probe-unanswered",
    severity=Severity.LOSS,
    since="0.1.0",
    counted=("run of keepalive probes got no answer", "runs of keepalive probes got no answer"),
    conditions=CONDITIONS,
    yields_to=(),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
    in_silence=True,
)
