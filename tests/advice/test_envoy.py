"""The texts for Envoy are taken by the real one, and do what they say on its sockets."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Setting
from pcapdiag.lab.envoy import binary, command, gateway, sidecar
from tests.advice.cases import every, snippet, target
from tests.advice.sockets import Options, client_side, connected, free_port, running, seen_as_told, server, server_side
from tests.programs import needs

pytestmark = pytest.mark.skipif(binary() is None, reason="no Envoy here (the lab extra)")
SETTING = Setting(73, 17, 6)
EXPECTED = Options(1, *SETTING)
OF = target(service=Endpoint("127.0.0.1", 443), setting=SETTING)


def text(name: str, number: int = 0) -> Any:
    """One text as data."""
    return yaml.safe_load(snippet(OF, name, number))


def patch() -> Any:
    """What the EnvoyFilter merges into the listener."""
    return yaml.safe_load(snippet(OF, "istio-envoyfilter"))["spec"]["configPatches"][0]["patch"]["value"]


LISTENER = {
    "socket options": lambda: text("envoy-listener", 0),
    "tcp_keepalive": lambda: text("envoy-listener", 1),
    "EnvoyFilter": patch,
}
each_listener = pytest.mark.parametrize("made", LISTENER.values(), ids=list(LISTENER))


def on_listener(made: Any, upstream: str, port: int, folder: Path) -> dict[str, Any]:
    """A gateway with something merged into its listener."""
    config = gateway(upstream, folder / "log", folder / "clocks", port=port)
    config["static_resources"]["listeners"][0] |= made
    return config


def on_cluster(made: Any, upstream: str, port: int, folder: Path) -> dict[str, Any]:
    """A sidecar with something merged into its cluster."""
    config = sidecar(upstream, folder / "log", folder / "clocks", port=port)
    config["static_resources"]["clusters"][0] |= made
    return config


def validated(config: dict[str, Any], folder: Path) -> None:
    """Fail unless Envoy takes it, without a warning."""
    done = subprocess.run(
        command(config, folder / "envoy.json", validate=True), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower(), done.stderr


@each_listener
def test_listeners(made: Any, tmp_path: Path) -> None:
    """With each text a listener is valid, and its accepted connections have the keepalive."""
    with server() as upstream:
        port = free_port()
        config = on_listener(made(), f"127.0.0.1:{upstream}", port, tmp_path)
        validated(config, tmp_path)
        with running(*command(config, tmp_path / "envoy.json")), connected(port):
            assert server_side(port) == EXPECTED


@needs("ss")
def test_the_check_of_a_listener(tmp_path: Path) -> None:
    """The command that is to show the keepalive on the gateway shows it."""
    with server() as upstream:
        port = free_port()
        config = on_listener(text("envoy-listener"), f"127.0.0.1:{upstream}", port, tmp_path)
        with running(*command(config, tmp_path / "envoy.json")), connected(port):
            assert server_side(port) == EXPECTED
            of = target(service=Endpoint("127.0.0.1", port), setting=SETTING)
            seen_as_told(every(of)["envoy-listener"].check, SETTING.time)


def test_clusters(tmp_path: Path) -> None:
    """With the text a cluster is valid, and the connections that it makes have the keepalive."""
    with server() as upstream:
        port = free_port()
        config = on_cluster(text("envoy-cluster"), f"127.0.0.1:{upstream}", port, tmp_path)
        validated(config, tmp_path)
        with running(*command(config, tmp_path / "envoy.json")), connected(port) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert client_side(upstream) == EXPECTED


def test_pools(tmp_path: Path) -> None:
    """The text for the idle timeout of a cluster is valid."""
    validated(on_cluster(text("envoy-idle"), "127.0.0.1:1", free_port(), tmp_path), tmp_path)


def test_retries(tmp_path: Path) -> None:
    """The text for retries is valid in a route."""
    config = sidecar("127.0.0.1:1", tmp_path / "log", tmp_path / "clocks", port=free_port())
    (chain,) = config["static_resources"]["listeners"][0]["filter_chains"]
    chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0]["routes"][0]["route"] |= text("envoy-retry")
    validated(config, tmp_path)


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    """A misspelt field is refused, so that these tests prove something."""
    config = on_cluster({"upstream_connection_options": {"tcp_keepalive": {"time": 60}}}, "127.0.0.1:1", free_port(), tmp_path)
    done = subprocess.run(
        command(config, tmp_path / "envoy.json", validate=True), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
