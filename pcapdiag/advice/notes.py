"""What else is to be known before a cure is chosen: when a keepalive is too long, what it does besides, and what helps where
none does."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.inference.types import Cause, Helpless, Setting

_SECOND = 1_000_000_000
#: What to do where no keepalive helps.
_INSTEAD = {
    Helpless.FIN: "{n}: the other end had closed the connection. A client that gives up its idle connections first prevents "
    "that.",
    Helpless.PAYLOAD_TIMER: "{n}: the timer counts payload, of which a TCP keepalive has none. A client that gives up its idle "
    "connections first prevents that; so does one that asks something on them, as gRPC and pools of databases can.",
    Helpless.ABORTED: "{n}: the endpoint had the connection and gave it up. No setting of the network helps: look at the "
    "server's process and its log at that time.",
    Helpless.EVENT: "{n}: lost at one moment whatever their silence, as by a restart or a failover. Only a retry helps.",
}
_BY_TIMER = (
    "A RST in the endpoint's name ended connections, each after the same idle time. If a box on the path sent it, a keepalive "
    "holds them; if the endpoint did, whose timer counts payload, only a client that gives up its idle connections first "
    "prevents that. A capture beside the endpoint tells which it was."
)
#: What a keepalive does that an idle timeout in the client's pool does not.
LATE_ANSWERS = (
    "The same keepalive holds a connection on which the server still works on its answer (IDLE109): probes are sent while the "
    "client waits."
)


def notes(cause: Cause, setting: Setting | None) -> list[str]:
    """The sentences; ``setting`` is the keepalive that is handed out."""
    return [*_keepalive(cause, setting), *_instead(cause)]


def _keepalive(cause: Cause, setting: Setting | None) -> Iterator[str]:
    told, high = cause.counterfactual, cause.bracket.high
    if setting is None:
        return
    if high is not None and not high.lower_bound and setting.time * _SECOND >= high.length:
        failed = format_duration(high.length)
        yield f"A keepalive of {setting.time} s is no cure: a silence of {failed} failed. Choose it shorter."
    elif told is None or told.kept + told.perhaps:
        if told is not None and told.perhaps and cause.reset_by_timer is not None:
            yield _BY_TIMER
        yield LATE_ANSWERS


def _instead(cause: Cause) -> Iterator[str]:
    told = cause.counterfactual
    if told is None:
        return
    for reason, text in _INSTEAD.items():
        if n := told.helpless.get(reason, 0):
            yield text.format(n=f"{n:,} of {told.losses:,} {'loss' if told.losses == 1 else 'losses'}")
