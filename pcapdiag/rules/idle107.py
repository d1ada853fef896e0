"""The peer took the request and then reset the connection instead of answering: it had the connection.

What it detects
    Payload on an idle connection that a segment of the peer acknowledged, and a RST came in place of a response. The
    acknowledgement is a pure ACK soon before the RST, or the RST itself (RST,ACK whose ACK number covers the request), or a
    FIN of the peer without one byte of response, which the RST follows.

How to tell it apart
    Wireshark: `tcp.flags.reset == 1 && tcp.flags.ack == 1`, and compare its ACK number with the end of the request. A stack
    without the connection has nothing to acknowledge with: by the RFC it sends a bare RST (IDLE101), though some devices
    send RST,ACK to everything. A RST,ACK that does acknowledge, but with
    window 0 and without the timestamps that the connection uses, is not how a socket aborts, and stays IDLE101. A FIN of the
    peer before it, with nothing acknowledged in between, is IDLE103. A RST after a response, or after the first part of one,
    is no failure of an idle connection, and no rule speaks. A RST that comes only when the client had waited in silence since
    the ACK, for `min_idle` or longer, ended that silence: the request's idle period was survived, and what became of the
    connection while the server worked is IDLE104's question, and a keepalive's. A goodbye that is reset is IDLE108, even if
    it was acknowledged. Without idleness before the request it is CTX201.

Why it happens
    The application, or the process it ran in, ended the connection on purpose: a crash or kill with unread data in the
    socket, close() with unread data (the request arrived while the server was closing), SO_LINGER 0, a worker that was
    recycled, a proxy whose own upstream was gone. A quick process sends only the RST,ACK; a slow one lets its kernel
    acknowledge first (after about 40 ms, the delayed ACK) and aborts a little later. A server whose application timer closes
    idle connections meets a request in that very moment now and then.

What to do
    Keepalive does not cure this: the path still knew the connection, the peer ended it. Look at the server at the time of
    the RST: restarts, `OOMKilled`, deploys, its log of aborted connections; `nstat -az TcpExtTCPAbortOnClose
    TcpExtTCPAbortOnData` rises with each abort. Because the request arrived it may have been carried out: only idempotent
    ones should be sent again. A proxy's log does not tell this from IDLE101 or IDLE103: Envoy writes `503 UC` for all three.

Blind spots
    A device that ends connections itself (a proxy, a load balancer in layer 7) is the peer here: its RST says that it, not
    the server behind it, gave up. Where options were cut from the RST or were never negotiated, an acknowledging RST with
    window 0 may also come from a stack without the connection that does not keep to the RFC's form: Windows aborts so, and
    some devices reset so whatever they do not know. Such a finding is likely at most, and says so. A FIN alone that
    acknowledges the request, with no response and no RST after it, is no finding: the connection was closed in good order.

References
    RFC 9293 sections 3.6.1 (close with unread data sends RST), 3.10.7.1 (a RST without connection acknowledges nothing),
    3.10.5 (ABORT); RFC 2525 section 2.17; https://docs.kernel.org/networking/snmp_counter.html (TCPAbortOnClose,
    TCPAbortOnData).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import PAYLOAD_AFTER_IDLE, RESET, UNDER_WAY, nothing_missed, rst_of, was_accepted
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.origin import origin
from pcapdiag.rules.phrases import continuous, found, noun, repeated
from pcapdiag.rules.types import Condition, Example, Finding, Rule, Sender, Severity

CONDITIONS = (
    PAYLOAD_AFTER_IDLE,
    RESET,
    Condition(
        "The peer acknowledged it: by an ACK before the RST, or by the RST itself (but not with window 0 and without the "
        "timestamps that were negotiated).",
        was_accepted,
    ),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    # A live socket's RST may stand at its own next number, wherever that is: unlike elsewhere it need not be the wake's ACK.
    return found(RULE, period, [*continuous(period), *acceptance(period), *repeated(period)],
                 [*doubtful_form(period), *long_after(period)], proved=nothing_missed(period))  # fmt: skip


def acceptance(period: IdlePeriod) -> list[str]:
    """What acknowledged the wake, and when the RST followed."""
    answer, rst, what = period.answer, rst_of(period), noun(period)
    if answer is None or rst is None:
        return []
    if answer.acknowledged is not None:
        after = format_duration(answer.acknowledged - period.wake.first.ref.time)
        then = format_duration(rst.ref.time - answer.acknowledged)
        if closed(period):
            return [
                f"the peer acknowledged the {what} {after} after it and sent FIN without one byte of response, and the RST came "
                f"{then} after that acknowledgement: it had the connection and ended it"
            ]
        return [f"an ACK of the {what} came {after} after it, the RST {then} after that: the peer had the connection"]
    return [
        f"the RST acknowledges the {what}, {format_duration(answer.delay)} after it, with window {rst.window}"
        + (" and timestamps" if rst.timestamps else "") + ": its sender had the connection"
    ]  # fmt: skip


def doubtful_form(period: IdlePeriod) -> list[str]:
    """That only the RST's ACK number says so, and its form neither confirms nor denies it.

    Systems that use no timestamps (Windows) abort a socket with window 0; and so resets whoever holds no connection and
    acknowledges what came all the same. The two cannot be told apart, whether timestamps are known to be unused or not.
    """
    answer, rst = period.answer, rst_of(period)
    if answer is None or rst is None or answer.acknowledged is not None or rst.window or rst.timestamps:
        return []
    stamps = {None: "whether timestamps were negotiated is unknown", False: "no timestamps were negotiated"}
    why = "its options were cut off" if rst.timestamps is None else stamps.get(period.peer.timestamps, "it has no timestamps")
    said = [
        f"the RST has window 0, and {why}: only its ACK number says that its sender knew the {noun(period)}, and a device "
        "without the connection may acknowledge what came all the same"
    ]
    sent_by = origin(period)
    if sent_by is not None and sent_by.sender is Sender.NEARER:
        said.append("it was sent by something nearer than the peer, so that the peer itself may never have had it")
    return said


def closed(period: IdlePeriod) -> bool:
    """Did the peer send FIN when it had taken the wake?"""
    return period.connection.fin[1 if period.sender == "client" else 0] and period.fin is not Fin.SEEN


def long_after(period: IdlePeriod) -> list[str]:
    """That the RST came so long after the ACK that the path may have forgotten the connection in between."""
    answer, rst = period.answer, rst_of(period)
    if answer is None or rst is None or answer.acknowledged is None or rst.ref.time - answer.acknowledged <= UNDER_WAY:
        return []
    if closed(period):
        return []
    then = format_duration(rst.ref.time - answer.acknowledged)
    return [f"the RST came {then} after the ACK: the path may have forgotten the connection in between"]


SHOWS = (
    Example(
        "The kernel acknowledges, the process aborts half a second later",
        OPENED + """\
350.100  C  80 bytes
350.143  S  ACK              # delayed ACK
350.600  S  RST ACK
""",
    ),
    Example(
        "A process that aborts at once: only the RST, and it acknowledges the request",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST ACK          # live window, timestamps
""",
    ),
    Example(
        "A server's late answer meets a client process that was killed",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
 31.000  S  500 bytes
 31.020  C  RST ACK
""",
    ),
    Example(
        "The server takes the request, closes without a byte of response, and resets what comes after its FIN",
        OPENED + """\
350.100  C  80 bytes
350.120  S  FIN
350.121  C  ACK
350.300  S  RST ACK
""",
    ),
    Example(
        "Window 0, and no timestamps were negotiated: likely, since only the ACK number tells",
        "timestamps no\n" + OPENED + """\
350.100  C  80 bytes
350.120  S  RST ACK win=0
""",
    ),
    Example(
        "A connection opened with data in its SYN (TCP Fast Open), reused after 90 s, and aborted",
        """\
  0.000  C  SYN 50 bytes
  0.020  S  SYN ACK
  0.021  C  ACK
  0.045  S  900 bytes
  0.046  C  ACK
 90.100  C  80 bytes
 90.120  S  RST ACK
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "It acknowledges, but as no socket of this connection would: window 0, and its timestamps are missing",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST ACK win=0 ts=no
""",
        "IDLE101",
    ),
    Example(
        "A RST,ACK that does not cover the request",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST ACK ack=-80
""",
        "IDLE101",
    ),
    Example(
        "The server works for 300 s, and then a RST: the silence in which the client waited was not survived, the one before was",
        OPENED + """\
350.100  C  80 bytes
350.143  S  ACK
650.143  S  RST
""",
        "IDLE104",
    ),
    Example(
        "The FIN came first, and nothing acknowledged the request before the RST",
        OPENED + """\
 60.045  S  FIN
 60.085  C  ACK
350.100  C  80 bytes
350.120  S  RST ACK
""",
        "IDLE103",
    ),
    Example(
        "A response began: what comes after it is another matter",
        OPENED + """\
350.100  C  80 bytes
350.120  S  900 bytes
350.300  S  RST ACK
""",
    ),
    Example(
        "No idleness before it",
        OPENED + """\
  0.500  C  80 bytes
  0.520  S  RST ACK
""",
        "CTX201",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE107",
    name="reset-after-accept",
    severity=Severity.FAILURE,
    since="0.1.0",
    counted=(
        "{what} was taken by the peer and then answered by RST",
        "{what} were taken by the peer and then answered by RST",
    ),
    conditions=CONDITIONS,
    yields_to=("IDLE103", "IDLE108"),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
)
