"""What a keepalive would have done, and what it would not, in words."""

from __future__ import annotations

from collections.abc import Mapping

from pcapdiag.inference.types import Cause, Counterfactual, Fit, Helpless, Setting
from pcapdiag.report.words import count
from pcapdiag.rules.telling import listed

_S = 1_000_000_000
_SPARE = ("no probe", "one probe", "two probes in a row")
#: Why a keepalive does not help, after the number of those that it does not help.
_HELPLESS = {
    Helpless.FIN: "closed by the other side (FIN)",
    Helpless.ABORTED: "aborted by the endpoint",
    Helpless.EVENT: "lost in an event",
    Helpless.PAYLOAD_TIMER: "ended by a timer that counts payload",
}


#: Where what ends the connections is too short for an idle timeout below it.
NO_POOL = "no idle timeout of whole seconds in the clients' pools is safely below: raise what ends the connections, or retry"


def setting(of: Setting) -> str:
    """The keepalive to set."""
    return f"a keepalive of {of.time} s"


def effect(cause: Cause) -> str:
    """What else belongs to the keepalive, what it would have kept and what not, and what it costs."""
    done = cause.counterfactual
    text = f"({probing(cause.setting)})" if cause.setting else ""
    if done is None:
        return text
    text += f" {kept(done)}"
    if done.perhaps and cause.reset_by_timer is not None:
        text += ", if a box on the path sent the RSTs"
    if done.not_kept:
        text += f"; {done.not_kept:,} failed after a silence no longer than that"
    if reasons := helpless(done.helpless):
        text += f"; it does not help {sum(done.helpless.values()):,}: {reasons}"
    return f"{text}; it costs {cost(done)}"


def no_keepalive(done: Counterfactual) -> str:
    """That nothing of the kind helps."""
    reasons = helpless(done.helpless)
    return "no keepalive would have helped" + (f": {reasons}" if reasons else "")


def probing(setting: Setting) -> str:
    """What belongs to a keepalive beside its time."""
    return f"then every {setting.interval} s, up to {count(setting.probes, 'probe')}"


def kept(done: Counterfactual) -> str:
    """How many connections would have stayed alive, or may have."""
    if not done.kept and done.perhaps:
        return f"may have kept {done.perhaps:,} of {done.losses:,} alive"
    perhaps = f", perhaps {done.perhaps:,} more" if done.perhaps else ""
    return f"would have kept {done.kept:,} of {done.losses:,} alive{perhaps}"


def helpless(found: Mapping[Helpless, int]) -> str:
    """Those that no keepalive would have kept, by reason."""
    told = [f"{found[reason]:,} {text}" for reason, text in _HELPLESS.items() if found.get(reason)]
    return listed(told) if told else ""


def cost(done: Counterfactual) -> str:
    """What a keepalive costs on this traffic: two digits are more than a capture can promise."""
    rate = round(float(f"{done.probes_an_hour:.2g}"))
    return f"about {count(rate, 'probe')} an hour" if rate else "less than a probe an hour"


def why(cause: Cause) -> str:
    """What the keepalive follows from, and how many probes may be lost before the shortest silence of which it is not known that
    it survives."""
    floor, of = cause.bracket.floor, cause.setting
    if of is None:
        return ""
    if not floor:
        none = "no silence was seen to survive" if cause.bracket.low is None else "none was seen to survive below what failed"
        return f"{none}, so this is a guess on the safe side{_doubt(cause)}"
    spare = (floor - of.time * _S - 1) // (of.interval * _S)
    bears = f"{_SPARE[min(max(spare, 0), 2)]} may be lost within what survived"
    return (f"{bears}; the bracket is wide, and this is for its low end" if cause.wide else bears) + _doubt(cause)


def _doubt(cause: Cause) -> str:
    """Where silences cross: may their length have nothing to do with it?"""
    if cause.bracket.fit is not Fit.CROSSING:
        return ""
    from pcapdiag.inference.isotonic import rises  # only where there is an estimate

    return "" if rises(cause.estimate) else "; it is not sure that longer silences fail more often here"


def pool(client_idle: int) -> str:
    """What clients can do by themselves."""
    return f"an idle timeout of {client_idle} s in the clients' pools"
