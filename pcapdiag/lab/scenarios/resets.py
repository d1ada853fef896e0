"""The path forgets, or the server does, and what comes then is reset."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypedDict

from pcapdiag.lab.plan import Step, Talk, Then, requests, staggered
from pcapdiag.lab.stage import Expects, Stage
from pcapdiag.lab.types import Expected, Said, Scenario, expect


class Lost(TypedDict, total=False):
    """What becomes of requests after a silence longer than ``lost_after`` s (see `requests`)."""

    lost_after: float
    result: str
    rule: str | None
    retry: bool
    reuse: bool
    port: int


#: Lost to a reset; the client connects again.
RESET = Lost(lost_after=4, result="ECONNRESET", rule="IDLE101", retry=True)


def plan(lost: Lost = RESET) -> tuple[Talk, ...]:
    """Seven connections with silences of 0.5 to 8 s, on both sides of the timeout."""
    waits = ((1, 1, 1, 1), (3, 3), (6,), (8, 1), (1, 3, 6, 1), (3, 7), (0.5, 0.5, 0.5))
    return staggered(*(requests(*row, **lost) for row in waits))


def reset_after_idle(stage: Stage) -> None:
    """Silences of up to 3 s survive, those of 6 s do not."""
    stage.network()
    stage.serve()
    stage.capture()
    stage.talk(*plan(), snapshots=(2.5, 5.5))


def ipv6(stage: Stage) -> None:
    """The same over IPv6."""
    stage.network(ipv6=True)
    stage.serve()
    stage.capture()
    stage.talk(*plan(), snapshots=(2.5, 5.5))


def port_reuse(stage: Stage) -> None:
    """The client connects again from the same port; the server still holds the connection that the path has forgotten."""
    stage.network()
    stage.serve()
    stage.capture()
    rows = ((6, 1), (7, 1, 2), (3, 6, 1), (1, 2, 3))
    stage.talk(*staggered(*(requests(*row, **RESET, reuse=True) for row in rows)), snapshots=(5.5,))


def late_capture(stage: Stage) -> None:
    """The capture begins in the middle of the idle periods: of some connections it sees no more than their end."""
    stage.network()
    stage.serve()
    stage.begin(*staggered(*(requests(*row, **RESET) for row in ((6, 1), (7,), (3, 1), (1, 3, 6), (3.2, 6.5)))))
    time.sleep(2.6)
    stage.capture(expects=_from_now(time.time_ns()))
    stage.snapshot("client")
    stage.end()


def _from_now(now_ns: int) -> Expects:
    """What a capture begun at that time has to give: gaps that reach back before it are lower bounds."""

    def expects(said: Iterable[Said]) -> Iterable[Expected]:
        for one in said:
            if one.rule and one.sent_ns > now_ns:
                yield expect(one)._replace(lower=one.sent_ns - (one.gap_ns or 0) < now_ns)

    return expects


def heartbeats(stage: Stage) -> None:
    """Pings of the application every 1.2 s keep the path; where they end, the next thing sent is lost, a ping or a request."""
    stage.network()
    stage.serve()
    stage.capture()
    beats = (Step(), *(Step(1.2, do="ping") for _ in range(5)))
    stage.talk(
        *staggered(
            Talk((*beats, Step(1.2))),
            Talk((*beats, Step(6, do="ping", result="ECONNRESET", rule="IDLE101"))),
            Talk((*beats, Step(6, result="ECONNRESET", rule="IDLE101")), retry=True),
            requests(7, 1, **RESET),
        ),
        snapshots=(5.0,),
    )


def streaming(stage: Stage) -> None:
    """The server streams for 5 s while the client says nothing: only the silence after it counts."""
    stage.network()
    stage.serve()
    stage.capture()
    stream = (Step(then=Then("stream", 5)), Step(5.6, do="watch"))
    stage.talk(
        *staggered(
            Talk((*stream, Step(2))),
            Talk((*stream, Step(6, result="ECONNRESET", rule="IDLE101")), retry=True),
            Talk((*stream, Step(7, result="ECONNRESET", rule="IDLE101")), retry=True),
            requests(3, 3, 3),
        ),
        snapshots=(4, 10),
    )


def server_lost_sockets(stage: Stage) -> None:
    """The server itself forgets connections without a word (closed under TCP_REPAIR), long before the path would."""
    stage.network()
    stage.serve()
    stage.capture()
    stage.capture("server", label="server", expects=stage.seen_by_servers_kernel)
    lost = Step(3, result="ECONNRESET", rule="IDLE101")
    stage.talk(
        *staggered(
            Talk((Step(then=Then("repair", 1)), lost), retry=True),
            Talk((Step(), Step(2, Then("repair", 1)), lost), retry=True),
            Talk((Step(then=Then("repair", 0.5)), Step(2, result="ECONNRESET", rule="IDLE101")), retry=True),
            requests(3, 3),
            requests(1, 2, 3),
        ),
        snapshots=(2.5,),
    )


def push_after_idle(stage: Stage) -> None:
    """The server pushes on connections that the path has forgotten: to the client they come from an address it does not know."""
    stage.network()
    stage.serve()
    stage.capture("server", expects=stage.seen_by_server)
    lost = Then("push", 6, result="ECONNRESET", rule="IDLE101")
    stage.talk(
        *staggered(
            Talk((Step(then=Then("push", 2)), Step(3, do="watch"), Step(1))),
            Talk((Step(then=lost), Step(7, do="watch"))),
            Talk((Step(), Step(3, lost), Step(7, do="watch"))),
            Talk((Step(then=Then("push", 7, result="ECONNRESET", rule="IDLE101")), Step(8, do="watch"))),
            requests(3, 3),
        ),
        snapshots=(5.5,),
    )


SCENARIOS = (
    Scenario("reset-after-idle", "The path forgets idle connections, and the next request is answered by RST.", reset_after_idle,
             cure="keepalive-survives"),
    Scenario("ipv6", "The path forgets idle connections, over IPv6.", ipv6),
    Scenario("port-reuse", "After the reset the client connects again from the same port, which the server still holds.",
             port_reuse),
    Scenario("late-capture", "The capture begins in the middle of the idle periods.", late_capture),
    Scenario("heartbeats", "Heartbeats of the application keep the path; where they end, it forgets.", heartbeats),
    Scenario("streaming", "The server streams, then both are silent: only the silence after the stream counts.", streaming),
    Scenario("server-lost-sockets", "The server loses its connections without a word, and resets the next request itself.",
             server_lost_sockets),
    Scenario("push-after-idle", "The server pushes on idle connections that the path has forgotten.", push_after_idle),
)  # fmt: skip
