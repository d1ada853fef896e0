"""One end closes, aborts or says goodbye, and the other does not know."""

from __future__ import annotations

from pcapdiag.lab.plan import Step, Talk, Then, requests, staggered
from pcapdiag.lab.scenarios.resets import RESET
from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Scenario
from pcapdiag.lab.wires import run_wire

#: A client that writes after a FIN may see that before it sees the RST.
CLOSED = "EOF|ECONNRESET|EPIPE"


def request_after_fin(stage: Stage) -> None:
    """The server closes after 1 s of silence; the client does not look, and sends its next request 2 or 3 s later."""
    stage.network()
    stage.serve()
    stage.capture()
    late = Step(3, result=CLOSED, rule="IDLE103")
    stage.talk(
        *staggered(
            Talk((Step(then=Then("close", 1)), late), retry=True),
            Talk((Step(), Step(2, Then("close", 1)), Step(2.5, result=CLOSED, rule="IDLE103")), retry=True),
            Talk((Step(then=Then("close", 1.5)), late), retry=True),
            Talk((Step(then=Then("close", 2)), Step(3, do="watch", result="EOF"))),
            Talk((Step(then=Then("close", 3)), Step(1.5), Step(2))),
            requests(3, 3),
        ),
        snapshots=(2.0,),
    )


def fin_in_flight(stage: Stage) -> None:
    """The same by 20 ms: on a path of 40 ms each way, the server closes while the client's next request is on its way."""
    stage.network("client", "wire", "middle", "server", wires=("wire",))
    run_wire(stage, "wire", "--delay", "40ms")
    stage.serve()
    stage.capture()
    stage.talk(
        *staggered(
            Talk((Step(then=Then("close", 2)), Step(1.98, result=CLOSED, rule="IDLE103")), retry=True),
            Talk((Step(), Step(1.5, Then("close", 3)), Step(2.98, result=CLOSED, rule="IDLE103")), retry=True),
            Talk((Step(then=Then("close", 2.5)), Step(2.48, result=CLOSED, rule="IDLE103")), retry=True),
            Talk((Step(then=Then("close", 2)), Step(1.5), Step(2))),
            requests(3, 3),
        ),
        snapshots=(1.5,),
    )


def reset_in_silence(stage: Stage) -> None:
    """An end aborts idle connections (SO_LINGER 0): the server, also while its client waits, and a client."""
    stage.network()
    stage.serve()
    stage.capture()

    def abort(at: float) -> Then:
        return Then("linger", at, rule="IDLE104")

    seen = Step(4, do="watch", result="ECONNRESET")
    stage.talk(
        *staggered(
            Talk((Step(then=abort(2)), seen)),
            Talk((Step(), Step(1.5, abort(3)), seen)),
            Talk((Step(), Step(0.2, Then("fail", 2.5, rule="IDLE104"), result="ECONNRESET"))),
            Talk((Step(), Step(2, do="rst", rule="IDLE104"))),
            requests(3, 3),
            requests(1, 2, 3),
        ),
        snapshots=(1.5,),
    )


def reset_by_the_middle(stage: Stage) -> None:
    """The middle is a full proxy, and resets both of its connections when nothing has come for 4 s: nobody asked it anything."""
    net = stage.network()
    net.rules("middle", "ip nat", "")  # the service's address is the middle's own
    stage.serve()
    stage.proxy(4)
    stage.capture()
    stage.capture("server", label="server", expects=stage.reset_at_server)
    seen = Step(6, do="watch", result="ECONNRESET")
    stage.talk(
        *staggered(
            Talk((Step(), seen)),
            Talk((Step(), Step(3), seen)),
            Talk((Step(), Step(1.5), Step(2), seen)),
            requests(3, 3, 2),
            requests(1, 2, 3, 1),
        ),
        snapshots=(2.5,),
    )


def reset_after_accept(stage: Stage) -> None:
    """The server takes a request after a silence, and aborts: with SO_LINGER 0, or by closing with it unread; at once or late."""
    stage.network()
    stage.serve()
    stage.capture()
    lost = Step(2, result="ECONNRESET", rule="IDLE107")
    stage.talk(
        *staggered(
            Talk((Step(then=Then("abort", 0)), lost), retry=True),
            Talk((Step(), Step(1, Then("abort", 0.3)), lost), retry=True),
            Talk((Step(then=Then("unread", 0)), lost), retry=True),
            Talk((Step(then=Then("unread", 0.3)), Step(3, result="ECONNRESET", rule="IDLE107")), retry=True),
            requests(3, 3),
        ),
        snapshots=(1.5,),
    )


def farewell(stage: Stage) -> None:
    """Clients say goodbye over TLS (close_notify, FIN) on connections that the path has forgotten: nobody is harmed."""
    stage.network()
    stage.serve(tls=True)
    stage.capture()

    def bye(wait: float) -> Step:
        return Step(wait, do="farewell", result="ECONNRESET|ENOTCONN|EPIPE", rule="IDLE108")

    stage.talk(
        *staggered(
            Talk((Step(), bye(6)), port=443),
            Talk((Step(), Step(2), bye(7)), port=443),
            Talk((Step(), bye(6)), port=443),
            Talk((Step(), Step(2, do="farewell", result="EOF|ECONNRESET")), port=443),
            requests(3, 3, port=443),
            requests(6, 1, **RESET, port=443),
        ),
        snapshots=(5.5,),
    )


SCENARIOS = (
    Scenario("request-after-fin", "The server closes idle connections, and the client sends on them seconds later.",
             request_after_fin),
    Scenario("fin-in-flight", "The server closes an idle connection while the next request is on its way.", fin_in_flight),
    Scenario("reset-in-silence", "The server or the client aborts idle connections.", reset_in_silence),
    Scenario("reset-by-the-middle", "A proxy in the middle resets what was idle for 4 s, at both ends.", reset_by_the_middle),
    Scenario("reset-after-accept", "The server takes the request after a silence, and aborts instead of answering.",
             reset_after_accept),
    Scenario("farewell", "Clients say goodbye over TLS on connections that the path has forgotten.", farewell,
             needs=("openssl",)),
)  # fmt: skip
