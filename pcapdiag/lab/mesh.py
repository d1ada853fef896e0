"""The parts of a mesh on a stage: a server behind a gateway, the gateway, sidecars, and applications that call through them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcapdiag.lab import envoy
from pcapdiag.lab.accesslog import Logged, logged
from pcapdiag.lab.processes import Process
from pcapdiag.lab.stage import Stage

ORIGIN_PORT = 8000
#: A burst of requests: seconds from the start, how many at once, and for how many s the server works on each.
Burst = tuple[float, int, float]


@dataclass(frozen=True, slots=True)
class Proxy:
    """An Envoy that runs. ``log`` is its access log in Istio's format."""

    log: Path
    clocks: Path

    def logged(self) -> list[Logged]:
        """What it has written until now."""
        return logged(self.log.read_text(), self.clocks.read_text())


@dataclass(frozen=True, slots=True)
class Application:
    """An application that runs, or has ended."""

    process: Process

    def notes(self) -> list[dict[str, Any]]:
        """One for each request that is over: id, attempt, client, sent_ns, received_ns, result."""
        return [json.loads(line) for line in self.process.out.read_text().splitlines()]


def put_up(stage: Stage, **settings: Any) -> str:
    """The network, client ── middle ── gateway ── server, with the server; gives the address at which the gateway has it."""
    net = stage.network("client", "middle", "gateway", "server", front="gateway", **settings)
    _listening(stage, "server", ORIGIN_PORT, stage.start_python("server", "endpoints.origin", str(ORIGIN_PORT)))
    return f"{net.address('server', left=True)}:{ORIGIN_PORT}"


def start_gateway(stage: Stage, upstream: str, *, port: int = envoy.GATEWAY_PORT, **settings: Any) -> Proxy:
    """A gateway on ``port``; ``settings`` are those of `pcapdiag.lab.envoy.gateway`."""
    return _start(stage, "gateway", port, envoy.gateway, upstream, settings)


def start_sidecar(stage: Stage, upstream: str, *, port: int = envoy.SIDECAR_PORT, **settings: Any) -> Proxy:
    """A sidecar on ``port`` of the client's loopback; ``settings`` are those of `pcapdiag.lab.envoy.sidecar`."""
    return _start(stage, "client", port, envoy.sidecar, upstream, settings)


def start_application(stage: Stage, to: str, bursts: tuple[Burst, ...], **options: float) -> Application:
    """An application that calls ``to`` ("ADDR:PORT"); ``options`` are those of its command line."""
    told = [f"--{name.replace('_', '-')}={value:g}" for name, value in options.items()]
    requests = [f"{at:g}:{count}:{work:g}" for at, count, work in bursts]
    return Application(stage.start_python("client", "endpoints.application", *told, to, *requests))


def _start(stage: Stage, node: str, port: int, config: Any, upstream: str, settings: dict[str, Any]) -> Proxy:
    base = stage.folder / f".envoy.{node}.{port}"
    proxy = Proxy(base.with_name(f"{base.name}.log"), base.with_name(f"{base.name}.clocks"))
    told = config(upstream, proxy.log, proxy.clocks, port=port, **settings)
    _listening(stage, node, port, stage.start(node, *envoy.command(told, base.with_name(f"{base.name}.json"))))
    return proxy


def _listening(stage: Stage, node: str, port: int, process: Process) -> None:
    process.until(lambda: f":{port} " in stage.net.run(node, "ss", "-Hltn"), f"listening on port {port}")
