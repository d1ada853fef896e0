"""The path forgets, and drops or prohibits what comes then; or the server was still at work."""

from __future__ import annotations

from pcapdiag.lab.network import Forgets
from pcapdiag.lab.plan import Step, Talk, Then, requests, staggered
from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Scenario


def _unanswered(*waits: float) -> Talk:
    """Requests of which those after more than 4 s are given up after 3 s more."""
    steps = [Step()]
    for wait in waits:
        steps.append(Step(wait, result="timeout", rule="IDLE102", timeout=3) if wait > 4 else Step(wait))
    return Talk(tuple(steps), retry=True)


def _silent(stage: Stage, forgets: Forgets) -> None:
    stage.network(forgets=forgets)
    stage.serve()
    stage.capture()
    rows = ((1, 1, 1, 1), (3, 3), (6,), (7, 1), (1, 3, 6))
    stage.talk(*staggered(*(_unanswered(*row) for row in rows)), snapshots=(2.5, 7.5))


def silence_after_idle(stage: Stage) -> None:
    """A firewall drops what it has forgotten; the client gives up after 3 s, its kernel goes on."""
    _silent(stage, Forgets.DROP)


def icmp_prohibited(stage: Stage) -> None:
    """A firewall says by ICMP that it will not have what it has forgotten; the client's kernel repeats it all the same."""
    _silent(stage, Forgets.PROHIBIT)


def _slow(seconds: float, result: str = "sent", rule: str | None = None) -> Step:
    """A request for which the server works that long, of which the client hears nothing if there is a rule."""
    return Step(0.2, Then("answer", seconds, result, rule), result="timeout" if rule else "", timeout=9)


def late_answer_lost(stage: Stage) -> None:
    """The server works longer than the path remembers: its answer is reset by a client that does not know whence it comes."""
    _late(stage, Forgets.RESET, "ECONNRESET")


def late_answer_dropped(stage: Stage) -> None:
    """The same where the path drops what it has forgotten: the answer is never acknowledged."""
    _late(stage, Forgets.DROP, "unacknowledged")


def _late(stage: Stage, forgets: Forgets, result: str) -> None:
    stage.network(forgets=forgets)
    stage.serve()
    stage.capture("server", expects=stage.seen_by_server)
    stage.talk(
        *staggered(
            Talk((Step(), _slow(2), Step(1))),
            Talk((Step(), _slow(3), Step(1))),
            Talk((Step(), _slow(6, result, "IDLE109"))),
            Talk((_slow(7, result, "IDLE109"),)),
            Talk((Step(), Step(2), _slow(6, result, "IDLE109"))),
            requests(3, 3),
        ),
        snapshots=(4.5,),
    )


SCENARIOS = (
    Scenario("silence-after-idle", "The path forgets idle connections and drops the next request.", silence_after_idle),
    Scenario("icmp-prohibited", "The path forgets idle connections and answers the next request by ICMP.", icmp_prohibited),
    Scenario("late-answer-lost", "The server works longer than the path remembers, and its answer is reset.", late_answer_lost),
    Scenario("late-answer-dropped", "The server works longer than the path remembers, and its answer is dropped.",
             late_answer_dropped),
)  # fmt: skip
