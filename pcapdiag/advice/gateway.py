"""Cures on the server's side: the gateway probes on the connections that it accepted. The client need not change."""

from __future__ import annotations

from pcapdiag.advice.recipe import NO_PAYLOAD, SERVER_CHECK, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_SOCKET_OPTIONS = """\
socket_options:
- {description: SO_KEEPALIVE, level: 1, name: 9, int_value: 1, state: STATE_PREBIND}
- {description: TCP_KEEPIDLE, level: 6, name: 4, int_value: $time, state: STATE_PREBIND}
- {description: TCP_KEEPINTVL, level: 6, name: 5, int_value: $interval, state: STATE_PREBIND}
- {description: TCP_KEEPCNT, level: 6, name: 6, int_value: $probes, state: STATE_PREBIND}
"""
_FILTER = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: gateway-keepalive-$port
  namespace: istio-system
spec:
  workloadSelector:
    labels:
      istio: ingressgateway
  configPatches:
  - applyTo: LISTENER
    match:
      context: GATEWAY
      listener:
        portNumber: $port  # where the gateway's Envoy listens: 8443 if its Service maps 443 to 8443
    patch:
      operation: MERGE
      value:
""" + "".join(f"        {line}\n" for line in _SOCKET_OPTIONS.splitlines())
_LISTENER = """\
tcp_keepalive:
  keepalive_time: $time
  keepalive_interval: $interval
  keepalive_probes: $probes
"""
_NGINX = """\
listen $port so_keepalive=${time}s:${interval}s:$probes;
"""
_HAPROXY = """\
    option clitcpka
    clitcpka-idle ${time}s
    clitcpka-intvl ${interval}s
    clitcpka-cnt $probes
"""
_PREBIND = (
    "Linux hands the options of a listening socket on to what it accepts; STATE_LISTENING, which old recipes have, does nothing "
    "in newer Envoy. "
)
_OTHER_SIDE = (
    "The gateway must be behind what forgets the connections: its probes must pass there. They do not help a client whose other "
    "connections end elsewhere. "
)

RECIPES = (
    Recipe(
        id="istio-envoyfilter",
        place=Place.GATEWAY,
        effect=Effect.KEEPALIVE,
        title="Istio: an EnvoyFilter on the gateway's listener",
        applies="The service is an Istio ingress gateway and its clients cannot be changed. Namespace and label are those of "
        "Istio's own gateway. EnvoyFilter is v1alpha3 in every version.",
        limits="A wrong portNumber matches nothing and says nothing: `istioctl proxy-config listener POD` shows the right one. "
        "Existing listeners may need a restart of the gateway's pods. " + _PREBIND + _OTHER_SIDE + NO_PAYLOAD,
        check="`istioctl proxy-config listener POD -o json` shows the socket options. " + SERVER_CHECK,
        drafts=(Draft("yaml", "EnvoyFilter", _FILTER),),
    ),
    Recipe(
        id="envoy-listener",
        place=Place.GATEWAY,
        effect=Effect.KEEPALIVE,
        title="Envoy: socket options of a listener, or its tcp_keepalive",
        applies="The service is an Envoy that is configured by hand. The first text is for every version, the second for those "
        "since December 2025, which have the field.",
        limits=_PREBIND + "The numbers are Linux's. " + _OTHER_SIDE + NO_PAYLOAD,
        check=SERVER_CHECK,
        drafts=(
            Draft("yaml", "in the listener, any version", _SOCKET_OPTIONS),
            Draft("yaml", "or in the listener, new versions", _LISTENER),
        ),
    ),
    Recipe(
        id="nginx",
        place=Place.GATEWAY,
        effect=Effect.KEEPALIVE,
        title="nginx: so_keepalive of listen",
        applies="The service is an nginx, also one with stream.",
        limits="Add it to the listen line that is there, beside ssl and the rest; one line for each address and port is enough. "
        + _OTHER_SIDE
        + NO_PAYLOAD,
        check=SERVER_CHECK,
        drafts=(Draft("nginx", "in the server block", _NGINX),),
    ),
    Recipe(
        id="haproxy",
        place=Place.GATEWAY,
        effect=Effect.KEEPALIVE,
        title="HAProxy: clitcpka",
        applies="The service is an HAProxy.",
        limits="Covers the connections of clients; srvtcpka is for those to servers (see haproxy-server). "
        + _OTHER_SIDE
        + NO_PAYLOAD,
        check=SERVER_CHECK,
        drafts=(Draft("haproxy", "in the frontend of port $port, or in defaults", _HAPROXY),),
    ),
)
