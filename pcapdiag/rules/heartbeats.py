"""What is a heartbeat: sent to keep a connection or to see that it lives, with nobody waiting for what it says.

Content goes before cadence. A ping of a known protocol is one when it is sent for the first time; what can be read as anything
else is none, however often its like was sent: a small request repeats itself as well as a ping does. Only of bytes that
tell nothing (encrypted, or of a protocol unknown here) does it decide that the like was sent before in the same rhythm, which
the engine measures (``Wake.heartbeat``).
"""

from __future__ import annotations

from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.types import Purpose, Sent


def is_heartbeat(period: IdlePeriod, sent: Sent) -> bool:
    """Is the wake of ``period``, of which ``sent`` was read, a heartbeat?"""
    if period.wake.kind is not WakeKind.PAYLOAD:
        return False
    return period.wake.heartbeat if sent.purpose is None else sent.purpose is Purpose.PING
