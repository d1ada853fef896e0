"""Where an idle timeout lies, in words: both ends of the bracket with the frames that prove them, or why an end is not known."""

from __future__ import annotations

from collections.abc import Callable

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Extreme, RecordRef
from pcapdiag.inference.types import Bracket, Cause, Clock, Deaths, FailedSilence, Fit, Pattern, ServiceView
from pcapdiag.report.times import seconds
from pcapdiag.report.words import beyond, count, failed_silence, survived

#: Names a frame, and its file if there are several.
Where = Callable[[RecordRef], str]


def one_timer(cause: Cause) -> bool:
    """May the ends be told as those of a timeout? Where they cross, or all failed at one moment, there is none to be told."""
    return cause.bracket.fit is not Fit.CROSSING and cause.view.pattern is not Pattern.EVENT


def timeout(cause: Cause, where: Where) -> str:
    """Where the timeout lies, what failed beyond it, and what would say more."""
    died = struck(cause)
    text = ends(cause.bracket, where) if died is None else _struck(died, where)
    if died is None and cause.bracket.low and cause.bracket.high is None and not any(d.regular for d in cause.deaths):
        text += ", if there is one"
    if cause.bracket.clock is Clock.PAYLOAD:
        text += " without payload: it counts payload alone, so probes do not refresh it"
    elif failures := failed_beyond(cause.view):
        text += f"; {failures}"
    if cause.narrow is not None:
        of = "without payload" if cause.bracket.clock is Clock.PAYLOAD else "of silence"
        text += f"; a request after {format_duration(cause.narrow)} {of} would halve it"
    return text


def struck(cause: Cause) -> Deaths | None:
    """Connections that a timer ended by RST before anything else failed: its exact time says more than silences do."""
    died, high = cause.reset_by_timer, cause.bracket.high
    sooner = high is not None and not high.lower_bound and high.length < (died.shortest if died else 0)
    return None if sooner or cause.bracket.fit is Fit.CROSSING else died


def _struck(died: Deaths, where: Where) -> str:
    length, at = lasted(died, where)
    return f"about {length}: {count(died.count, 'connection')} died by themselves ({at})"


def lasted(died: Deaths, where: Where) -> tuple[str, str]:
    """How long connections lived that died by themselves, and the frames that tell it, as far as they are known."""
    first, last = seconds(died.shortest), seconds(died.longest)
    at = ", ".join(where(at) for at in dict.fromkeys(died.at) if at is not None)
    return first if first == last else f"{first} to {last}", at


def ends(bracket: Bracket, where: Where) -> str:
    """Both ends with their frames."""
    low, high = bracket.low, bracket.high
    if high is None:
        return "not known" if low is None else f"longer than {_low(low, where)}"
    if high.lower_bound:
        least = f"what failed was silent for at least {seconds(high.length)} ({where(high.ended)}), which is no upper end"
        return f"not known: {least}" if low is None else f"longer than {_low(low, where)}; {least}"
    if low is None:
        return f"at most {_high(high, where)}; no silence was seen to survive"
    if low.length >= high.length:
        return f"about {_high(high, where)}; {_low(low, where)}, within a timer's own play"
    return f"between {_low(low, where)} and {_high(high, where)}"


def short(bracket: Bracket) -> str:
    """The same in a cell of a table, without frames."""
    low, high = bracket.low, bracket.high
    if bracket.fit is Fit.CROSSING and low and high:
        return f"none: {survived(low)} survived, {failed_silence(high)} failed"
    least = f"> {seconds(low.length)}" if low else ""
    most = f"<= {seconds(high.length, up=True)}" if high and not high.lower_bound else ""
    return f"{least} {most}".strip() or "not known"


def silences(view: ServiceView, where: Where) -> str:
    """The longest silence that survived and the shortest that failed, with no timeout concluded from them."""
    longest, failed = view.longest_survived, view.shortest_failed
    text = f"longest that survived {survived(longest)} ({where(longest.ended)})" if longest else "none was seen to survive"
    if failed:
        text += f", shortest that failed {failed_silence(failed)} ({where(failed.ended)}); {failed_beyond(view)}"
    return text


def failed_beyond(view: ServiceView) -> str:
    """How many of those that were as long as the shortest that failed did."""
    if view.shortest_failed is None:
        return ""
    hidden = f", including {count(view.not_shown, 'failure')} of rules not shown" if view.not_shown else ""
    return beyond(view) + hidden


def _low(low: Extreme, where: Where) -> str:
    return f"{survived(low)} (survived, {where(low.ended)})"


def _high(high: FailedSilence, where: Where) -> str:
    since = f", unanswered from {seconds(high.after)} on" if high.after < high.length else ""
    return f"{seconds(high.length, up=bool(since))} (failed, {where(high.ended)}{since})"
