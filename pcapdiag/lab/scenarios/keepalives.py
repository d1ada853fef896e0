"""Keepalive on the client: often enough, too seldom, and into silence."""

from __future__ import annotations

from dataclasses import replace

from pcapdiag.lab.network import Forgets
from pcapdiag.lab.plan import Step, Talk, requests, staggered
from pcapdiag.lab.scenarios.resets import RESET, Lost, plan
from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Scenario


def keepalive_survives(stage: Stage) -> None:
    """The plan of reset-after-idle, with a keepalive of 2 s."""
    stage.network()
    stage.serve()
    stage.capture()
    stage.talk(*(replace(talk, keepalive_s=2) for talk in plan(Lost())), snapshots=(2.5, 5.5))


def _watched(seconds: float, keepalive_s: int, result: str = "", rule: str | None = None, *before: float) -> Talk:
    """A connection whose client looks at it while it is idle."""
    steps = (Step(), *(Step(wait) for wait in before), Step(seconds, do="watch", result=result, rule=rule))
    return Talk(steps, keepalive_s=keepalive_s)


def keepalive_too_slow(stage: Stage) -> None:
    """With a keepalive of 5 or 6 s the first probe finds that the path has forgotten: no request is lost."""
    stage.network()
    stage.serve()
    stage.capture()
    stage.talk(
        *staggered(
            _watched(8, 6, "ECONNRESET", "IDLE105"),
            _watched(8, 5, "ECONNRESET", "IDLE105"),
            _watched(8, 6, "ECONNRESET", "IDLE105", 3),
            _watched(8, 2),
            requests(3, 3),
            requests(7, 1, **RESET),
        ),
        snapshots=(4.5,),
    )


def probe_unanswered(stage: Stage) -> None:
    """The path drops what it does not know: three probes without answer, and the client's kernel gives up."""
    stage.network(forgets=Forgets.DROP)
    stage.serve()
    stage.capture()
    stage.talk(
        *staggered(
            _watched(11, 6, "ETIMEDOUT", "IDLE106"),
            _watched(11, 5, "ETIMEDOUT", "IDLE106"),
            _watched(11, 6, "ETIMEDOUT", "IDLE106", 2),
            _watched(9, 2),
            requests(3, 3),
        ),
        snapshots=(4.5, 7.5),
    )


SCENARIOS = (
    Scenario("keepalive-survives", "The path forgets, but a keepalive of 2 s on the client keeps every connection.",
             keepalive_survives),
    Scenario("keepalive-too-slow", "A keepalive slower than the path's timeout: the probe is reset, no request.",
             keepalive_too_slow),
    Scenario("probe-unanswered", "A keepalive slower than the timeout of a path that drops: no probe is answered.",
             probe_unanswered),
)  # fmt: skip
