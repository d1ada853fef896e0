"""Every cure there is, and those for one cause, in the order in which they help."""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.advice import databases, dotnet, gateway, go, jvm, kernel, path, pool, retry, scripts, sidecar
from pcapdiag.advice.recipe import Recipe
from pcapdiag.advice.types import Advice, Effect, Place, Target
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Cause, Clock, Fit, Helpless, Setting

#: All cures but those of single products on the path, by place.
CATALOGUE: tuple[Recipe, ...] = (
    *go.RECIPES,
    *jvm.RECIPES,
    *scripts.RECIPES,
    *dotnet.RECIPES,
    *databases.RECIPES,
    *sidecar.RECIPES,
    *gateway.RECIPES,
    *kernel.RECIPES,
    *path.RECIPES,
    *pool.RECIPES,
    *retry.RECIPES,
)
#: Where a cure is set, best place first: who knows why it is there, then who can be changed in one place for all.
_PLACES = (Place.APPLICATION, Place.SIDECAR, Place.GATEWAY, Place.KERNEL, Place.PATH, Place.POOL, Place.RETRY)
_LAST = frozenset((Effect.RETRY,))
#: What must not be set beside something else: a pool of HikariCP that asks on its idle connections must give none up before that.
_EITHER = {"hikari-idle": "hikari"}


def advise(cause: Cause, host: str | None = None, setting: Setting | None = None) -> Advice:
    """The cures for one service. ``host`` is its name as clients write it, ``setting`` a keepalive to use instead of the cause's.

    Raises ValueError if ``host`` is no host name, or Linux does not take the setting.
    """
    keepalive = setting or cause.setting
    # a timeout longer than the keepalive is longer than an idle timeout of that length as well
    idle = cause.client_idle or None if cause.client_idle is not None else keepalive.time if keepalive else None
    target = Target(cause.service, host or cause.service.address, keepalive, idle)
    helped = helps(cause)
    if setting is not None:  # asked for: whether it helps is said beside it
        helped[Effect.KEEPALIVE] = max(1, helped[Effect.KEEPALIVE])
    recipes = [recipe for recipe in (*CATALOGUE, *path.candidates(cause)) if helped[recipe.effect] and _fits(recipe, cause)]
    # few protocols have a ping: where it does no more than an idle timeout, that comes first
    pings = set() if helped[Effect.KEEPALIVE] else {Effect.PING}
    recipes.sort(key=lambda r: (r.effect in _LAST, -helped[r.effect], r.effect in pings, _PLACES.index(r.place)))
    return filled(_compatible(recipes, target), target)


def for_setting(target: Target) -> Advice:
    """The cures for a service of which nothing was captured, where a setting is given."""
    return filled(_compatible(CATALOGUE, target), target)


def filled(recipes: Iterable[Recipe], target: Target) -> Advice:
    """Those of the cures that suit it, in this order. Raises ValueError as above."""
    return Advice(target, tuple(recipe.cure(target) for recipe in recipes if recipe.suits(target)))


def example() -> Advice:
    """Every cure for a service that there is only in examples (RFC 5737, RFC 2606)."""
    recipes = sorted(CATALOGUE, key=lambda recipe: _PLACES.index(recipe.place))
    return filled(recipes, Target(Endpoint("203.0.113.10", 443), "api.example.com", Setting(60, 15, 4), 50))


def helps(cause: Cause) -> dict[Effect, int]:
    """How many losses each effect is the cure for. An idle timeout is not counted as one where a keepalive is: it cures no answer
    that is lost while the client waits. Where the lengths of silences explain nothing, no longer timeout is one either."""
    told = cause.counterfactual
    if told is None:  # nothing is known of single losses: what has a value is offered
        return dict.fromkeys(Effect, 1)
    timed = told.kept + told.perhaps + told.not_kept
    # where long silences fail no more often than short ones, nothing that is done about their length is known to help
    by_length = 0 if cause.bracket.fit is Fit.CROSSING and cause.setting is None else timed
    closed = sum(told.helpless.get(reason, 0) for reason in (Helpless.FIN, Helpless.PAYLOAD_TIMER))
    # a client that is quicker helps whoever sent the RSTs of a timer; what is done to the path only if that did
    doubtful = told.perhaps if cause.reset_by_timer is not None else 0
    return {
        Effect.KEEPALIVE: told.kept + told.perhaps - doubtful or min(1, doubtful),
        Effect.PING: min(by_length, told.kept + told.perhaps) + told.helpless.get(Helpless.PAYLOAD_TIMER, 0),
        Effect.TIMEOUT: max(by_length - doubtful, min(1, by_length)),
        Effect.IDLE: closed + doubtful or min(1, by_length),
        Effect.RETRY: timed + closed + told.helpless.get(Helpless.EVENT, 0),
    }


def _compatible(recipes: Iterable[Recipe], target: Target) -> list[Recipe]:
    recipes = [recipe for recipe in recipes if recipe.suits(target)]
    there = {recipe.id for recipe in recipes}
    return [recipe for recipe in recipes if _EITHER.get(recipe.id) not in there]


def _fits(recipe: Recipe, cause: Cause) -> bool:
    """Connection tracking counts segments, so that it is not behind a timer that counts payload."""
    return recipe.id != "conntrack" or cause.bracket.clock is Clock.SEGMENT
