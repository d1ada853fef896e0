"""What was sent, read from the first captured bytes of a wake, and whether it only says goodbye.

Whole-message parsers do not help here: captures are cut to a few dozen bytes of payload, and one line of HTTP or the five
bytes of a TLS record header are what there is. The messages themselves are in `pcapdiag.rules.messages`.
"""

from __future__ import annotations

from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.messages import Message, recognise
from pcapdiag.rules.types import Confidence, Sent

#: A farewell is short, and its FIN follows at once: the application wrote and closed. 64 bytes hold a TLS 1.2 alert (31), a quit
#: command, a WebSocket close with its reason; 10 ms are far below any retransmission timer (RFC 6298 2.4: 1 s, Linux 200 ms).
FAREWELL_MOST, FAREWELL_FIN = 64, 10_000_000
#: An encrypted SSH disconnect carries its reason in words, padding and a MAC.
SSH_PORT, SSH_FAREWELL_MOST = 22, 96


def describe(period: IdlePeriod) -> Sent:
    """What the waking side sent in ``period``, and how sure it is that this is a farewell."""
    wake = period.wake
    if wake.kind is not WakeKind.PAYLOAD:
        return Sent(wake.length, str(wake.kind), None, None)
    message = recognise(wake.payload, wake.length)
    return Sent(wake.length, message.label, message.protocol, _farewell(period, message), message.purpose)


def closes_at_once(period: IdlePeriod) -> bool:
    """Did the waking side's own FIN follow within 10 ms, before any retransmission?"""
    wake = period.wake
    if wake.own_fin is None or wake.own_fin.time - wake.first.ref.time > FAREWELL_FIN:
        return False
    return wake.retransmissions == 0 or wake.last_sent.time >= wake.own_fin.time


def _farewell(period: IdlePeriod, message: Message) -> Confidence | None:
    """By content first; else by a header that announces the end, or by size, and then only with the FIN at once."""
    wake, closes = period.wake, closes_at_once(period)
    if message.farewell is not None:
        # Goodbye is said once. What comes again and again in that size is a heartbeat (a WebSocket or MQTT ping in a TLS 1.3
        # record is as long as an alert).
        if wake.heartbeat and not closes and message.farewell is not Confidence.CERTAIN:
            return None
        return Confidence.CERTAIN if closes else message.farewell
    if not closes or period.kind == "late-answer":
        return None  # the client was waiting: a short answer whose sender then closes is an answer, and it was lost
    if message.closing:
        # A client that announces the end may only have closed its own half, and still wait for the response.
        return Confidence.LIKELY if message.response else Confidence.POSSIBLE
    if message.label is not None and message.protocol == "http":
        return None
    most = SSH_FAREWELL_MOST if period.connection.server.port == SSH_PORT else FAREWELL_MOST
    return Confidence.POSSIBLE if wake.length <= most else None
