"""Cures on the path: the timeout itself is raised, where it is known what might hold it."""

from __future__ import annotations

import re

from pcapdiag.advice.recipe import Draft, Recipe
from pcapdiag.advice.types import Effect, Place
from pcapdiag.inference.types import Cause
from pcapdiag.knowledge.timeouts import Kind, Timeout, Verified

#: A longer timeout is not asked for unless longer silences failed: what forgets nothing fills its table.
_HOUR = 3600
_SECOND = 1_000_000_000
#: Where a command of the table of known products has the number of seconds.
_NUMBER = re.compile(r"\bN\b")
_LONGER = (
    "It must be longer than the longest silence that clients leave; a connection that is silent for longer is lost all the same. "
)
_CHECK = (
    "Silences longer than before survive: of a capture taken afterwards `pcapdiag analyze AFTER.pcap` shows for $endpoint a "
    "longest silence survived beyond the old timeout."
)
_CONNTRACK = """\
sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=432000
"""

RECIPES = (
    Recipe(
        id="conntrack",
        place=Place.PATH,
        effect=Effect.TIMEOUT,
        title="Linux connection tracking: nf_conntrack_tcp_timeout_established",
        applies="A Linux machine forwards on the path (a router, a Docker host, a node of Kubernetes), and its timeout was set "
        "below the kernel's five days. To be set in the network namespace that forwards.",
        limits=_LONGER
        + "The table holds what was forgotten before: look at nf_conntrack_max. kube-proxy sets it anew, to what its "
        "own configuration says.",
        check="`sysctl net.netfilter.nf_conntrack_tcp_timeout_established` shows it. " + _CHECK,
        drafts=(Draft("sh", "on that machine", _CONNTRACK),),
    ),
)


def candidates(cause: Cause) -> tuple[Recipe, ...]:
    """For each known product whose timeout lies in the bracket and that behaves as was seen: how its timeout is raised."""
    found = (product for family in cause.families if family.agrees for product in family.products)
    # a client's own pool is no path: it gives connections up and is told to do so sooner
    raised = (_raised(product, cause) for product in found if product.kind is not Kind.CLIENT)
    return tuple(recipe for recipe in raised if recipe is not None)


def _raised(product: Timeout, cause: Cause) -> Recipe | None:
    """None where it cannot be raised far enough, or where only somebody unverified says how."""
    unsure = product.unverified if product.verified is not Verified.UNVERIFIED else ("setting", "fix")
    setting = None if "setting" in unsure else product.setting
    fix = None if "fix" in unsure else product.fix
    failed = cause.bracket.high.length // _SECOND if cause.bracket.high else 0
    seconds = max(_HOUR, 2 * failed)
    if product.range is not None and "range" not in unsure:
        seconds = min(seconds, product.range[1])
    if seconds <= failed or not (setting or fix):
        return None
    name = f"{product.vendor} {product.product}".replace("$", "$$")
    by = f" Set it to {seconds} s: {setting}.".replace("$", "$$") if setting else ""
    text = _NUMBER.sub(str(seconds), fix).replace("$", "$$") + "\n" if fix else ""
    return Recipe(
        id=f"raise-{product.id}",
        place=Place.PATH,
        effect=Effect.TIMEOUT,
        title=f"{name}: a longer idle timeout",
        applies=f"If this is on the path, which the capture does not tell: it is a candidate, by its {product.seconds} s and by "
        f"what it does then.{by}",
        limits=_LONGER + (product.note or "").replace("$", "$$"),
        check=_CHECK,
        drafts=(Draft("sh", "capitals are yours to fill in", text),) if text else (),
    )
