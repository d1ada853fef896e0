"""Why this is advised, in a few sentences: where the timeout lies, what a keepalive would have done, and what none does."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.inference.types import Cause, Clock, Fit, Helpless, Setting

_SECOND = 1_000_000_000
#: Why no keepalive helps, and what does.
_HELPLESS = {
    Helpless.FIN: "{n}: the other end had closed the connection. No keepalive helps; a client that gives up its idle "
    "connections first does.",
    Helpless.PAYLOAD_TIMER: "{n}: the timer counts payload, which a TCP keepalive has none of. A client that gives up its idle "
    "connections first does help.",
    Helpless.ABORTED: "{n}: the endpoint had the connection and gave it up. No setting of the network helps: look at the "
    "server's process and its log at that time.",
    Helpless.EVENT: "{n}: lost at one moment whatever their silence, as by a restart or a failover. No timeout is behind it, "
    "and no keepalive helps; a retry does.",
}


def reasons(cause: Cause, setting: Setting | None = None) -> list[str]:
    """The sentences, in the order in which they are read. ``setting`` is the keepalive to be set, if not the cause's own."""
    return [*_bracket(cause), *_keepalive(cause, setting or cause.setting), *_helpless(cause)]


def late_answers() -> str:
    """What else a keepalive does, which a shorter idle timeout does not."""
    return (
        "The same keepalive holds a connection on which the server still works on an answer (IDLE109): probes run while the "
        "client waits."
    )


def _bracket(cause: Cause) -> Iterator[str]:
    bracket = cause.bracket
    low, high = bracket.low, bracket.high
    what = "an idle time without payload" if bracket.clock is Clock.PAYLOAD else "a silence"
    survived = f"{_long(low.length, low.lower_bound)} survived (frame {low.ended.frame})" if low else ""
    failed = f"{_long(high.length, high.lower_bound)} failed (frame {high.ended.frame})" if high else ""
    if bracket.fit is Fit.CROSSING and low and high:
        nothing = f"; up to {format_duration(bracket.floor)} nothing failed" if bracket.floor else ""
        yield f"No single timeout explains it: {what} of {survived} while one of {failed}{nothing}."
    elif low and high and high.lower_bound:
        yield f"{what.capitalize()} of {survived}, one of {failed}: where between, or beyond, the timeout lies is not known."
    elif low and high:
        span = f"between {format_duration(low.length)} and {format_duration(high.length)}"
        yield f"The idle timeout lies {span}: {what} of {survived}, one of {failed}."
    elif high:
        yield f"The idle timeout is at most {format_duration(high.length)}: {what} of {failed}, and none is known to survive."


def _keepalive(cause: Cause, setting: Setting | None) -> Iterator[str]:
    told = cause.counterfactual
    if told is not None and told.losses:
        parts = [
            (told.kept, "kept {} of {} lost connections alive"),
            (told.perhaps, "perhaps kept {} of {}, as the timeout may be shorter"),
            (told.not_kept, "not kept {} of {}, which failed after a shorter silence"),
        ]
        said = [text.format(f"{n:,}", f"{told.losses:,}") for n, text in parts if n]
        if said and told.time:
            cost = max(1, round(float(f"{told.probes_an_hour:.2g}")))  # more digits than two no capture can promise
            yield (
                f"A keepalive of {format_duration(told.time)} would have {', '.join(said)}. It costs about {cost:,} "
                f"{'probe' if cost == 1 else 'probes'} an hour on this traffic."
            )
    if setting is None:
        return
    if cause.setting == setting and cause.wide:
        halved = f" A request after {format_duration(cause.narrow)} of silence would halve the span." if cause.narrow else ""
        yield f"The two ends lie far apart, so that {setting.time} s, below the low end, is the safe choice.{halved}"
    high = cause.bracket.high
    if high is not None and not high.lower_bound and setting.time * _SECOND >= high.length:
        yield f"But {setting.time} s is no cure: a silence of {format_duration(high.length)} failed. Choose it shorter."
    elif told is None or told.kept + told.perhaps:
        yield late_answers()


def _helpless(cause: Cause) -> Iterator[str]:
    told = cause.counterfactual
    for reason in Helpless:
        n = told.helpless.get(reason, 0) if told is not None else 0
        if told is not None and n:
            yield _HELPLESS[reason].format(n=f"{n:,} of {told.losses:,} {'loss' if told.losses == 1 else 'losses'}")


def _long(length: int, at_least: bool) -> str:
    return ("at least " if at_least else "") + format_duration(length)
