"""Causes and cures by hand: a timer with a tight bracket, and everything that a cause may hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcapdiag.advice.types import Advice, Cure, Effect, Place, Snippet, Target
from pcapdiag.engine.types import Closings, Endpoint, Keepalive, Probing, Service, Waiting
from pcapdiag.inference.types import (
    Bracket,
    Cause,
    Clock,
    Counterfactual,
    Deaths,
    FailedSilence,
    Family,
    Fit,
    Helpless,
    PairBracket,
    ServiceView,
    Setting,
    Step,
    Symptom,
)
from pcapdiag.knowledge.timeouts import AtExpiry, Kind, NextPacket, Timeout, Verified
from tests.report.factory import MS, S, connection, extreme, ref

NOBODY = Waiting(0, ())


def product(name: str, vendor: str = "AWS", seconds: int = 350, **other: Any) -> Timeout:
    """A layer-4 load balancer that resets what comes too late."""
    facts = Timeout(
        id=f"{vendor}-{name}".lower().replace(" ", "-"), vendor=vendor, product=name, kind=Kind.LOAD_BALANCER, seconds=seconds,
        range=(60, 6_000), at_expiry=AtExpiry.SILENT, next_packet=NextPacket.RST, refreshes=True, verified=Verified.DOC,
        unverified=(), setting="tcp.idle_timeout.seconds", fix=None, note="TLS listeners are fixed.", sources=("user guide",),
    )  # fmt: skip
    return replace(facts, **other)


FAMILIES = (
    Family(350, (product("NLB"), product("NAT gateway", kind=Kind.NAT)), True),
    Family(
        350, (product("Transit", "Acme", next_packet=None, at_expiry=None, unverified=("next_packet",), refreshes=None),), None
    ),
    Family(350, (product("Network Firewall", kind=Kind.FIREWALL, next_packet=NextPacket.DROP),), False),
)


def timer(view: ServiceView, **other: Any) -> Cause:
    """The timeout lies between the longest that survived and the shortest that failed, close together."""
    low, high = view.longest_survived, view.shortest_failed
    facts = Cause(
        service=view.endpoint, view=view, symptoms={Symptom.RESET: view.incidents},
        bracket=Bracket(Clock.SEGMENT, Fit.CONSISTENT, low, high, low.length if low else 0),
        estimate=(), pairs=(), deaths=(), families=FAMILIES, setting=Setting(90, 20, 4), wide=False, narrow=None,
        client_idle=None, counterfactual=Counterfactual(90 * S, view.incidents, 0, 0, {}, 1_520.5), at_risk=NOBODY,
    )  # fmt: skip
    return replace(facts, **other)


def fins(view: ServiceView, **other: Any) -> Cause:
    """The server closes what was idle for 60 s; two requests came too late, and no keepalive helps."""
    low = extreme(59_998 * MS, 88)
    high = FailedSilence(60_012 * MS, 60_012 * MS, False, ref(92))
    facts = timer(
        view, symptoms={Symptom.RESET: 2}, families=(Family(60, (product("ALB", seconds=60, at_expiry=AtExpiry.FIN),), True),),
        bracket=Bracket(Clock.PAYLOAD, Fit.CONSISTENT, low, high, low.length), setting=None, client_idle=45, counterfactual=None,
        deaths=(Deaths(Symptom.FIN_AT_EXPIRY, 12, 60 * S, 60_012 * MS, (ref(70), ref(92)), regular=True),),
    )  # fmt: skip
    return replace(facts, **other)


def crossing(view: ServiceView, **other: Any) -> Cause:
    """Longer silences survived than failed, some were lost in other ways, and some connections are at risk: all there may be."""
    low, high = view.longest_survived, view.shortest_failed
    steps = (Step(S, 0.0, 0.0, 0.08, 0, 40), Step(61 * S, 0.43, 0.21, 0.67, 6, 14), Step(340 * S, 1.0, 0.7, 1.0, 5, 5))
    pair = Bracket(Clock.SEGMENT, Fit.CONSISTENT, extreme(60 * S, 9), FailedSilence(61 * S, 61 * S, False, ref(12)), 60 * S)
    missed = {Helpless.FIN: 2, Helpless.ABORTED: 1, Helpless.EVENT: 4, Helpless.PAYLOAD_TIMER: 1}
    late = connection(Endpoint("10.1.2.7", 41000), view.endpoint, stream=91)
    return timer(
        view,
        symptoms={Symptom.RESET: 5, Symptom.SILENCE: 2, Symptom.RESET_AT_EXPIRY: 3, Symptom.FIN_AT_EXPIRY: 1},
        bracket=Bracket(Clock.SEGMENT, Fit.CROSSING, low, high, 60 * S),
        estimate=steps,
        pairs=(
            PairBracket("10.1.2.3", pair, 3),
            PairBracket("2001:db8:85a3:1234:5678:8a2e:370:7334", replace(pair, fit=Fit.CROSSING, floor=30 * S), 3),
            PairBracket("10.1.2.9", replace(pair, fit=Fit.OPEN, high=None), 0),
        ),
        deaths=(
            Deaths(Symptom.RESET_AT_EXPIRY, 3, 60 * S, 7_000 * S, (ref(31), ref(77)), regular=False),
            Deaths(Symptom.FIN_AT_EXPIRY, 12, 5 * S, 5_012 * MS, (ref(70), ref(92)), regular=True),
        ),
        setting=Setting(20, 5, 4),
        wide=True,
        narrow=90 * S,
        client_idle=4,
        counterfactual=Counterfactual(20 * S, 2, 1, 1, missed, 120.0),
        at_risk=Waiting(3, ((late, 9_000 * S), (connection(Endpoint("10.1.2.8", 41001), view.endpoint, stream=None), 8_000 * S))),
        **other,
    )


GO = Cure(
    "go", Place.APPLICATION, Effect.KEEPALIVE, "Go: net.Dialer", "The client is written in Go.",
    "A timer that counts payload is not refreshed.", "ss -tno shows timer:(keepalive,...) on its connections.",
    (Snippet("go", "dialer", 'd := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{\n\tEnable: true, Idle: 90 * time.Second,\n}}\n'),),
)  # fmt: skip
ISTIO = Cure(
    "istio-destinationrule", Place.SIDECAR, Effect.KEEPALIVE, "Istio: DestinationRule", "The client has a sidecar.",
    "Connections that the application opens past the sidecar.", "istioctl proxy-config cluster shows it.",
    (
        Snippet("yaml", "DestinationRule", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n" + "# more\n" * 20),
        Snippet("yaml", "ServiceEntry", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"),
    ),
)  # fmt: skip
POOL = Cure(
    "go-idle", Place.POOL, Effect.IDLE, "Go: http.Transport", "The client is written in Go.", "Requests that wait for an answer.",
    "No request is sent on a connection idle for longer.", (Snippet("go", "transport", "t.IdleConnTimeout = 45 * time.Second\n"),),
)  # fmt: skip


def advice(cause: Cause, host: str | None = None) -> Advice:
    """Cures that suit the cause."""
    target = Target(cause.service, host or cause.service.address, cause.setting, cause.client_idle)
    cures = (*((ISTIO, GO) if cause.setting else ()), *((POOL,) if cause.client_idle else ()))
    said = [replace(c, snippets=tuple(s._replace(text=s.text + f"# for {target.host}\n") for s in c.snippets)) for c in cures]
    return Advice(target, tuple(said))


PROBED = {
    "longest_probed": extreme(3_700 * S, 61),
    "closings": (
        Closings(1, extreme(30 * S, 41), extreme(30 * S, 41)),
        Closings(12, extreme(5 * S, 70), extreme(5_012 * MS, 92)),
    ),
    "keepalives": (Keepalive("client", 15 * S, 15 * S, 2, 4, 3), Keepalive("server", 75 * S, None, 1, 2, 2)),
    "silent_at_end": 17_000 * S,
}
"""What the engine counts beside the silences, of a service whose connections are probed."""


def probed(service: Service) -> Service:
    """The same service with keepalive probes."""
    return replace(service, probes=(4, 2), probed=3, **PROBED)


PROBING = (Probing(4, 3, 15 * S, 15 * S), Probing(2, 2, 75 * S, None))
