"""What is no failure of an idle connection, and easily mistaken for one."""

from __future__ import annotations

from pcapdiag.lab.plan import Step, Talk, Then, requests, staggered
from pcapdiag.lab.scenarios.resets import RESET
from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Scenario


def reset_without_idle(stage: Stage) -> None:
    """The server aborts in the middle of a conversation; other connections fail after idleness, as ever."""
    stage.network()
    stage.serve()
    stage.capture()
    lost = Step(0.3, result="ECONNRESET", rule="CTX201")
    stage.talk(
        *staggered(
            Talk((Step(then=Then("abort", 0)), lost), retry=True),
            Talk((Step(), Step(3, Then("abort", 0)), lost), retry=True),
            Talk((Step(then=Then("unread", 0)), lost), retry=True),
            requests(3, 3),
            requests(6, **RESET),
        )
    )


def refused(stage: Stage) -> None:
    """Nothing listens on one port of the service; connections to another fail after idleness, as ever."""
    stage.network()
    stage.serve()
    stage.capture()
    no = Step(result="ECONNREFUSED", rule="CTX202")
    stage.talk(
        *staggered(
            Talk((no, no), port=81),
            Talk((no,), start=2, port=81),
            requests(3, 3),
            requests(6, **RESET),
        )
    )


SCENARIOS = (
    Scenario("reset-without-idle", "The server aborts in the middle of a conversation, without idleness.", reset_without_idle),
    Scenario("refused", "Nothing listens: the SYN is answered by RST.", refused),
)
