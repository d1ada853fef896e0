"""Cures in the client's pool: it gives its idle connections up before anybody else does."""

from __future__ import annotations

from pcapdiag.advice.recipe import IDLE_CHECK, INVENTED, PROXY_IDLE_CHECK, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_WAITING = "It does not help an answer that is lost while the client waits for it: that connection is in use. "
_RACE = "A request that crosses the server's FIN in flight is still lost: keep well below the server's timeout."

_GO = """\
transport := http.DefaultTransport.(*http.Transport).Clone()
transport.IdleConnTimeout = $idle * time.Second
client := &http.Client{Transport: transport}
"""
_REACTOR = """\
ConnectionProvider provider = ConnectionProvider.builder("$object")
    .maxIdleTime(Duration.ofSeconds($idle))
    .build();
HttpClient client = HttpClient.create(provider);
"""
_HTTPX = """\
import httpx

client = httpx.Client(limits=httpx.Limits(keepalive_expiry=$idle))
"""
_NODE = """\
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, timeout: $idle_ms });
"""
_DOTNET = """\
var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds($idle) };
var client = new HttpClient(handler);
"""
_HIKARI = """\
maxLifetime=$idle_ms
"""
_KAFKA = """\
connections.max.idle.ms=$idle_ms
"""
_ISTIO = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: idle-$object
spec:
  host: "$mesh"$invented
  trafficPolicy:
    connectionPool:
      http:
        idleTimeout: ${idle}s
"""
_ENVOY = """\
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    common_http_protocol_options:
      idle_timeout: ${idle}s
    explicit_http_config:
      http_protocol_options: {}
"""


def _recipe(name: str, title: str, applies: str, limits: str, draft: Draft, least: int = 1, check: str = IDLE_CHECK) -> Recipe:
    return Recipe(name, Place.POOL, Effect.IDLE, title, applies, limits + _WAITING + _RACE, check, (draft,), least)


RECIPES = (
    _recipe("go-idle", "Go: IdleConnTimeout of http.Transport", "The client uses net/http, where it is 90 s by default.", "",
            Draft("go", "where the client is made (imports net/http, time)", _GO)),
    _recipe("reactor-netty-idle", "Reactor Netty and Spring WebClient: maxIdleTime",
            "The client uses Reactor Netty, which by default keeps idle connections for ever.", "",
            Draft("java", "where the client is made (imports java.time.Duration, reactor.netty.*)", _REACTOR)),
    _recipe("httpx-idle", "Python: keepalive_expiry of httpx",
            "The client uses httpx. requests has no such setting: use a keepalive there.", "",
            Draft("python", "where the client is made", _HTTPX)),
    _recipe("node-idle", "Node.js: timeout of http.Agent", "The client is written in Node.js.",
            "The same timeout runs while a request waits for its answer: there it only raises the event timeout, which must be "
            "handled. ",
            Draft("javascript", "where the client is made", _NODE)),
    _recipe("dotnet-idle", ".NET: PooledConnectionIdleTimeout", "The client uses HttpClient, where it is 60 s by default.", "",
            Draft("csharp", "where the client is made (uses System.Net.Http)", _DOTNET)),
    _recipe("hikari-idle", "HikariCP: maxLifetime", "The client is a pool of database connections.",
            "HikariCP takes no less than 30 s. It counts from the connection's beginning, not from its last use. keepaliveTime "
            "must be less than it: set this or hikari, not both. ",
            Draft("ini", "pool properties", _HIKARI), least=30),
    _recipe("kafka-idle", "Kafka clients: connections.max.idle.ms",
            "The client is a Kafka producer or consumer, where it is 9 min.", "",
            Draft("ini", "client properties", _KAFKA)),
    _recipe("istio-idle", "Istio: idleTimeout in a DestinationRule",
            "The client runs in an Istio mesh and speaks HTTP. A service outside the mesh needs a ServiceEntry with protocol "
            "HTTP as well (see istio-destinationrule). By default it is 1 h.",
            INVENTED + "Put it into the host's one DestinationRule, if there is one. ",
            Draft("yaml", "DestinationRule", _ISTIO), check=PROXY_IDLE_CHECK),
    _recipe("envoy-idle", "Envoy: idle_timeout of a cluster",
            "The client is an Envoy that speaks HTTP/1.1 upstream. By default it is 1 h.", "",
            Draft("yaml", "in the cluster of $host", _ENVOY), check=PROXY_IDLE_CHECK),
)  # fmt: skip
