"""The peer had sent FIN before it saw the request, and answered the request by RST.

What it detects
    Payload on an idle connection (a request, a push or a late answer) answered by RST, where the peer had closed: its FIN
    was captured before the request, or after it and before the RST without acknowledging the request, or the request's own
    ACK number proves a FIN that the capture missed. The finding says which it was. *Crossed in flight*: the request does not
    acknowledge the FIN, both were on their way at once. *Ignored*: the request acknowledges the FIN, so its sender's stack
    had it, and the application or its pool wrote all the same; the finding says how long after: within 3 s they all but
    crossed. *Not received*: seconds lie
    between FIN and request, which still does not acknowledge it.

How to tell it apart
    Wireshark: `tcp.stream eq N && (tcp.flags.fin == 1 || tcp.flags.reset == 1)`. No FIN of the peer before the RST, and an
    ACK number that leaves no room for one: IDLE101. A FIN of the request's own sender right behind it is a goodbye
    (IDLE108). A FIN that acknowledges the request is an answer to it. An ACK of the request between FIN and RST: the peer
    still took it (IDLE107). The RST's form does not help here: Linux answers payload after its close() by the same bare RST
    that it sends without any connection.

Why it happens
    The peer (a server, or a proxy that ends connections itself) closes idle connections on a timer of its own: nginx 75 s,
    AWS ALB 60 s, Apache httpd 5 s, gunicorn 2 s, Node.js 5 s (65 s on its
    main branch). If a client keeps its connections about as long, now and then
    a request leaves in the very moment in which the server closes. A pool that does not watch its idle sockets writes to
    them even minutes after the FIN.

What to do
    Keepalive does not cure this, in no setting: probes do not make an application's timer longer. Let the client drop idle
    connections first: its idle timeout below the server's by a margin of some seconds (or the server's raised above it);
    that removes both kinds. For an ignored FIN, have the pool check before reuse (Apache HttpClient:
    `validateAfterInactivity`, a readable idle socket means FIN), and look for `CLOSE-WAIT` with `ss -tno state close-wait`
    on the client. A request that crossed a FIN was most likely not processed: idempotent ones may be sent again at once (RFC 9112
    section 9.3.1).

Blind spots
    A FIN proved only by the ACK number may also be one byte that the capture missed: likely at most. Near the server the FIN
    is seen long before the client can know it, near the client a crossing may look like no crossing at all; the round-trip
    time beside it tells how much is possible.

References
    RFC 9293 sections 3.6 (closing), 3.6.1 (half-closed connections), 3.10.7.4; RFC 9112 sections 9.3.1 (retrying), 9.5
    (timeouts), 9.6 (tear-down).
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Fin, IdlePeriod
from pcapdiag.rules.conditions import (
    PAYLOAD_AFTER_IDLE,
    RESET,
    all_but_crossed,
    crossed,
    fin_before,
    nothing_missed,
    numbered,
)
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.phrases import between, continuous, found, noun, repeated
from pcapdiag.rules.types import Condition, Confidence, Example, Finding, Rule, Severity

CONDITIONS = (
    PAYLOAD_AFTER_IDLE,
    RESET,
    Condition("The peer had sent FIN: seen before the RST, or proved by the wake's ACK number.", fin_before),
    Condition(
        "No ACK of it came before the RST.",
        lambda p: p.answer is not None and p.answer.acknowledged is None,
    ),
)


def check(period: IdlePeriod) -> Finding:
    """The finding for ``period``, of which the conditions hold."""
    inferred = period.fin is Fin.INFERRED
    against = [
        f"the FIN was not captured: the {noun(period)}'s ACK number covers one more than the peer was seen to send, which "
        "may also be one byte that was missed"
    ]
    return found(
        RULE, period, [*continuous(period), *story(period), *repeated(period)], against if inferred else [],
        # The peer's FIN takes a number too: a live socket's RST stands behind it, whether or not the request knows.
        proved=nothing_missed(period) and numbered(period, beyond=1),
        most=Confidence.LIKELY if inferred else Confidence.CERTAIN,
    )  # fmt: skip


def story(period: IdlePeriod) -> list[str]:
    """Whether FIN and wake crossed, or the FIN was ignored, with the times between them."""
    fin, wake, what = period.peer_fin, period.wake.first.ref, noun(period)
    if fin is None:
        return [f"the {what} acknowledges a FIN that was not captured: its sender ignored it"]
    if all_but_crossed(period):
        return [
            f"they all but crossed: the {what} acknowledges the FIN of frame {fin.frame}, which came only {between(fin, wake)} "
            "before it, perhaps too late for its application to see it"
        ]
    if period.fin_acknowledged:
        return [f"ignored: the {what} acknowledges the FIN of frame {fin.frame}, which came {between(fin, wake)} before it"]
    if not crossed(period) and fin.time > wake.time:
        return [f"not acknowledged: the FIN of frame {fin.frame}, recorded {between(wake, fin)} after the {what}, does not "
                f"acknowledge it: the {what} had not arrived by then"]  # fmt: skip
    if not crossed(period):
        return [
            f"not received: the {what} does not acknowledge the FIN of frame {fin.frame}, recorded {between(fin, wake)} before "
            "it, longer than anything is in flight: the FIN was lost on its way to the sender"
        ]
    trip = period.peer.round_trip
    apart = f"{between(fin, wake)} before" if fin.time <= wake.time else f"{between(wake, fin)} after"
    return [
        f"crossed in flight: the {what} does not acknowledge the FIN of frame {fin.frame}, recorded {apart} it; a round trip "
        f"from here to the peer takes {'an unknown time' if trip is None else 'at least ' + format_duration(trip)}"
    ]


SHOWS = (
    Example(
        "Ignored: the server closed after 60 s, the client acknowledged its FIN and used the connection 290 s later",
        OPENED + """\
 60.045  S  FIN
 60.085  C  ACK              # CLOSE-WAIT: the pool never looks

350.100  C  80 bytes
350.120  S  RST
""",
    ),
    Example(
        "Crossed in flight, captured at the client: the FIN arrives 5 ms after the request left",
        OPENED + """\
 75.040  C  80 bytes
 75.045  S  FIN ack=-80      # sent before the request arrived
 75.060  S  RST
""",
    ),
    Example(
        "Crossed in flight, captured at the server: the request comes 10 ms after the FIN and does not know it",
        OPENED + """\
 75.045  S  FIN
 75.055  C  80 bytes ack=-1
 75.0551 S  RST
""",
    ),
    Example(
        "The capture missed the FIN, the ACK number of the request proves it",
        OPENED + """\
 60.045  S  FIN quiet
 60.085  C  ACK quiet

350.100  C  80 bytes        # acknowledges one more than was seen
350.120  S  RST
""",
    ),
    Example(
        "The peer's stack acknowledges what it throws away, as others than Linux do: the FIN still came first",
        OPENED + """\
 60.045  S  FIN
 60.085  C  ACK
350.100  C  80 bytes
350.120  S  RST ACK win=0 ts=no
""",
    ),
    Example(
        "A server answers a client that has closed and gone: late, and after its FIN",
        OPENED + """\
  1.000  C  80 bytes
  1.040  S  ACK
 31.000  C  FIN              # the client's timeout of 30 s
 31.040  S  ACK
 45.000  S  500 bytes
 45.020  C  RST
""",
    ),
)  # fmt: skip
DOES_NOT_SHOW = (
    Example(
        "No FIN, and the ACK number leaves no room for one",
        OPENED + """\
350.100  C  80 bytes
350.120  S  RST
""",
        "IDLE101",
    ),
    Example(
        "The FIN behind the goodbye is the client's own",
        OPENED + """\
350.100  C  "QUIT\\r\\n" FIN
350.120  S  RST
""",
        "IDLE108",
    ),
    Example(
        "The server closed its half only, took the request, and then aborted",
        OPENED + """\
 60.045  S  FIN
 60.085  C  ACK
 90.000  C  80 bytes
 90.040  S  ACK
 90.500  S  RST ACK
""",
        "IDLE107",
    ),
    Example(
        "The FIN acknowledges the request: an answer, if an impolite one",
        OPENED + """\
350.100  C  80 bytes
350.120  S  FIN
350.121  C  ACK
350.122  C  FIN
350.142  S  RST
""",
    ),
    Example(
        "Both sides close at once, and nothing was sent",
        OPENED + """\
 60.000  C  FIN
 60.001  S  FIN ack=-1
 60.020  S  ACK
 60.021  C  ACK
""",
    ),
)  # fmt: skip
RULE = Rule(
    code="IDLE103",
    name="request-after-fin",
    severity=Severity.FAILURE,
    since="0.1.0",
    counted=(
        "{what} after the peer's FIN was answered by RST",
        "{what} after the peer's FIN were answered by RST",
    ),
    conditions=CONDITIONS,
    yields_to=("IDLE108",),
    check=check,
    shows=SHOWS,
    does_not_show=DOES_NOT_SHOW,
)
