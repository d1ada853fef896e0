"""Known products with a timeout in the bracket, in words: candidates, so that nothing is said of any of them but what it does."""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.inference.types import Cause, Family
from pcapdiag.knowledge.timeouts import AtExpiry, NextPacket, Timeout, Verified
from pcapdiag.report.words import count

#: Products of a family that are named, unless everything is asked for.
NAMED = 3
EXPIRY = {
    AtExpiry.SILENT: "silent at expiry", AtExpiry.FIN: "FIN at expiry", AtExpiry.RST_BOTH: "RST to both ends at expiry",
}  # fmt: skip
NEXT = {
    NextPacket.RST: "resets what comes next", NextPacket.DROP: "drops what comes next",
    NextPacket.REHASH: "hands what comes next to another host", NextPacket.RECREATE: "lets what comes next pass",
}  # fmt: skip
_AGREES = {True: "as here", None: "which may agree", False: "not as here"}


def likely(cause: Cause) -> list[Family]:
    """Those that do not disagree with what was seen."""
    return [family for family in cause.families if family.agrees is not False]


def family(of: Family, every: bool) -> str:
    """Products with one timeout and one behaviour, what that is, and whether it was seen."""
    first = of.products[0]
    does = ", ".join(told for told in (does_next(first), does_at_expiry(first)) if told)
    does = f"{does}, {agrees(of)}" if does else "behaviour not known"
    return f"{of.seconds:,} s: {products(of.products, every)}: {does}"


def products(of: Sequence[Timeout], every: bool) -> str:
    """Their names, those of one vendor after its name."""
    shown = of if every or len(of) <= NAMED + 1 else of[:NAMED]
    vendors: dict[str, list[str]] = {}
    for one in shown:
        vendors.setdefault(one.vendor, []).append(one.product + (" (unverified)" if one.verified is Verified.UNVERIFIED else ""))
    told = "; ".join(f"{vendor} {'; '.join(names)}" for vendor, names in vendors.items())
    hidden = len(of) - len(shown)
    return told + (f" and {hidden:,} more" if hidden else "")


def agrees(of: Family) -> str:
    """Whether what they do is what was seen."""
    return _AGREES[of.agrees]


def does_next(of: Timeout) -> str:
    """What the next packet meets."""
    return "" if of.next_packet is None else NEXT[of.next_packet] + _doubt(of, "next_packet")


def does_at_expiry(of: Timeout) -> str:
    """What happens when the timer runs out; that nothing does is told of those of which nothing else is."""
    if of.at_expiry is None or (of.at_expiry is AtExpiry.SILENT and of.next_packet is not None):
        return ""
    return EXPIRY[of.at_expiry] + _doubt(of, "at_expiry")


def refreshes(of: Timeout) -> str:
    """Whether a TCP keepalive restarts it."""
    return "not known" if of.refreshes is None else ("yes" if of.refreshes else "no") + _doubt(of, "refreshes")


def nothing_fits(cause: Cause) -> str:
    """That there is no candidate, where there could be one: a timer is known to lie below a measured length."""
    high = cause.bracket.high
    if high is None or high.lower_bound or not cause.symptoms:
        return ""
    return "none is known that does what was seen" if cause.families else "none is known with such a default"


def left_out(cause: Cause, shown: Sequence[Family]) -> str:
    """How many known products with such a timeout do something else than what was seen, of those that are not shown."""
    n = sum(len(f.products) for f in cause.families if f.agrees is False and f not in shown)
    return f"{count(n, 'product')} that {'acts' if n == 1 else 'act'} otherwise" if n else ""


def _doubt(of: Timeout, name: str) -> str:
    return " (unverified)" if name in of.unverified else ""
