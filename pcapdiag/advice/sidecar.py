"""Cures in the proxy beside the client: Istio, Envoy, nginx, HAProxy. They probe on the connections that it makes."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, INVENTED, NO_PAYLOAD, PROXY_CHECK, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_DESTINATION_RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: keepalive-$object
spec:
  host: "$mesh"$invented
  trafficPolicy:
    connectionPool:
      tcp:
        tcpKeepalive:
          time: ${time}s
          interval: ${interval}s
          probes: $probes
"""
_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: keepalive-$object
spec:
  hosts:
  - "$mesh"$invented
  location: MESH_EXTERNAL
  ports:
  - number: $port
    name: port-$port
    protocol: $protocol  # $protocols
"""
_ENTRY_NAME = _ENTRY + "  resolution: DNS\n"
_ENTRY_BARE = (
    _ENTRY
    + """\
  addresses:
  - "$address"
  resolution: STATIC
  endpoints:
  - address: "$address"
"""
)
_MESH = """\
meshConfig:
  tcpKeepalive:
    time: ${time}s
    interval: ${interval}s
    probes: $probes
"""
_CLUSTER = """\
upstream_connection_options:
  tcp_keepalive:
    keepalive_time: $time
    keepalive_interval: $interval
    keepalive_probes: $probes
"""
_NGINX = """\
proxy_socket_keepalive on;
"""
_HAPROXY = """\
    option srvtcpka
    srvtcpka-idle ${time}s
    srvtcpka-intvl ${interval}s
    srvtcpka-cnt $probes
"""

RECIPES = (
    Recipe(
        id="istio-destinationrule",
        place=Place.SIDECAR,
        effect=Effect.KEEPALIVE,
        title="Istio: tcpKeepalive in a DestinationRule",
        applies="The client runs in an Istio mesh with sidecars, or its connections leave through an egress gateway. A service "
        "that the mesh does not know needs the ServiceEntry as well; one that it knows, as a Service of Kubernetes, does not.",
        limits=INVENTED
        + "Put it into the client's namespace, and into one DestinationRule: of several for one host Istio may use only "
        "one. Connections that bypass the sidecar are not covered. Older Istio has these kinds as networking.istio.io/v1beta1. "
        + NO_PAYLOAD,
        check=PROXY_CHECK,
        drafts=(
            Draft("yaml", "DestinationRule", _DESTINATION_RULE),
            Draft("yaml", "ServiceEntry, for a service outside the mesh", _ENTRY_NAME, _ENTRY_BARE),
        ),
    ),
    Recipe(
        id="istio-meshconfig",
        place=Place.SIDECAR,
        effect=Effect.KEEPALIVE,
        title="Istio: tcpKeepalive for the whole mesh",
        applies="Many services are affected: it holds for all connections that proxies of the mesh make.",
        limits="A DestinationRule goes before it. `istioctl proxy-config cluster POD -o json` shows whether a proxy has it. "
        + NO_PAYLOAD,
        check=PROXY_CHECK,
        drafts=(Draft("yaml", "in the installation's values", _MESH),),
    ),
    Recipe(
        id="envoy-cluster",
        place=Place.SIDECAR,
        effect=Effect.KEEPALIVE,
        title="Envoy: tcp_keepalive of a cluster",
        applies="The client is an Envoy, or behind one, that is configured by hand.",
        limits="What is left out is the kernel's; a 0 in any of the three turns keepalive off. " + NO_PAYLOAD,
        check=PROXY_CHECK,
        drafts=(Draft("yaml", "in the cluster of $host", _CLUSTER),),
    ),
    Recipe(
        id="nginx-upstream",
        place=Place.SIDECAR,
        effect=Effect.KEEPALIVE,
        title="nginx: proxy_socket_keepalive, with the kernel's time",
        applies="The client is an nginx that passes requests on. Needs nginx 1.15.6.",
        limits="It only turns probes on; their time is the kernel's, two hours unless it is changed: set the sysctls as well "
        "(see sysctl). " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("nginx", "beside proxy_pass", _NGINX),),
    ),
    Recipe(
        id="haproxy-server",
        place=Place.SIDECAR,
        effect=Effect.KEEPALIVE,
        title="HAProxy: srvtcpka",
        applies="The client is an HAProxy that passes connections on.",
        limits="Covers the connections to servers; clitcpka is for those of clients (see haproxy). " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("haproxy", "in the backend of $host, or in defaults", _HAPROXY),),
    ),
)
