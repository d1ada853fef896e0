"""Application, sidecar, a middle that forgets, gateway, server: the failure as it is met in a mesh, and its two cures there."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial

from pcapdiag.lab.chain import said_on
from pcapdiag.lab.envoy import SIDECAR_PORT
from pcapdiag.lab.mesh import Burst, put_up, start_application, start_gateway, start_sidecar
from pcapdiag.lab.network import TIMEOUT_S
from pcapdiag.lab.stage import SETTLE_S, Stage
from pcapdiag.lab.types import Expected, Failed, Said, Scenario

#: Requests at once need as many connections, since the server works on each for a while. A request every 1.2 s keeps one of
#: them busy, since the sidecar's pool hands out the one used last; the second busy moment comes in time for the others, the
#: later ones do not.
WORK_S = 0.25
BURSTS: tuple[Burst, ...] = tuple(
    (at, count, WORK_S)
    for at, count in (
        (0, 5), (1.2, 1), (2.4, 1), (3, 3), (4.2, 1), (5.4, 1), (6.6, 1), (7.8, 1), (9, 2), (10.2, 1), (11.4, 1), (12, 2),
        (13.2, 1), (14.5, 3), (16.2, 1), (17.5, 2),
    )
)  # fmt: skip
KEEPALIVE_S = 2
#: When `ss` is run: while connections are idle, before and after the middle has forgotten some.
SNAPSHOTS = (2, 6, 8.5)


def full_chain(stage: Stage, *, sidecar_s: int = 0, gateway_s: int = 0) -> None:
    """With a keepalive on either side, in s, all requests succeed; without, those that go out on forgotten connections fail."""
    upstream = put_up(stage)
    stage.keepalive_s = sidecar_s or None
    gateway = start_gateway(stage, upstream, keepalive_s=gateway_s)
    sidecar = start_sidecar(stage, f"{stage.net.service}:80", keepalive_s=sidecar_s)
    stage.capture("client", "any", label="client", suffix=".pcapng", program="dumpcap")
    stage.capture("middle", "to-client", label="before-nat")
    # behind the middle nothing is lost: what it forgot never gets there
    stage.capture("middle", "to-gateway", label="after-nat", expects=_nothing)
    stage.capture("gateway", "to-middle", label="gateway", expects=_nothing)
    _connections(stage)
    application = start_application(stage, f"127.0.0.1:{SIDECAR_PORT}", BURSTS)
    begun = time.monotonic()
    for at in SNAPSHOTS:
        time.sleep(max(0.0, begun + at - time.monotonic()))
        stage.snapshot("client")
        _connections(stage)
    application.process.finish()
    time.sleep(SETTLE_S)
    _connections(stage)
    said, wrong = said_on(application.notes(), sidecar.logged(), gateway.logged())
    wrong += list(_unlike(said, cured=bool(sidecar_s or gateway_s)))
    if wrong:
        raise Failed(f"{stage.name} is not what it is for: {'; '.join(wrong)}")
    stage.said += said
    stage.keep("sidecar", sidecar.log)
    stage.keep("gateway", gateway.log)
    stage.keep("application", application.process.out, ".jsonl")


def _nothing(_: Iterable[Said]) -> Iterable[Expected]:
    return ()


def _connections(stage: Stage) -> None:
    stage.note("conntrack", "middle", "conntrack", "-L", "-o", "extended")


def _unlike(said: list[Said], *, cured: bool) -> Iterable[str]:
    """What the three accounts agree on, but is not what this scenario shows."""
    late = [one for one in said if (one.gap_ns or 0) > TIMEOUT_S * 10**9]
    if len(late) < 2 or len(late) > len(said) / 2:
        yield f"{len(late)} of {len(said)} requests after a pause longer than the timeout"
    for one in said:
        if (one.rule is not None) != (one in late and not cured):
            yield f"{one.id}: {one.result} after {(one.gap_ns or 0) / 1e9:.3f} s"


def _scenario(name: str, summary: str, cure: str | None = None, **keepalive_s: int) -> Scenario:
    run = partial(full_chain, sidecar_s=keepalive_s.get("sidecar", 0), gateway_s=keepalive_s.get("gateway", 0))
    return Scenario(name, summary, run, 40, ("envoy", "dumpcap"), cure)


SCENARIOS = (
    _scenario(
        "full-chain",
        "An application's requests get 503 UC from its sidecar, and the gateway knows nothing of them.",
        "full-chain-sidecar-keepalive",
    ),
    _scenario(
        "full-chain-sidecar-keepalive",
        "The same, with a keepalive on the sidecar's upstream connections: all requests succeed.",
        sidecar=KEEPALIVE_S,
    ),
    _scenario(
        "full-chain-gateway-keepalive",
        "The same, with a keepalive on the gateway's listener: all requests succeed.",
        gateway=KEEPALIVE_S,
    ),
)
