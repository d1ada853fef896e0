"""Cures in the application: Python and Node.js."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_OPTIONS = """\
KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, $time),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, $interval),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, $probes),
]
"""
_SOCKET = (
    """\
import socket

"""
    + _OPTIONS
    + """
connection = socket.create_connection(("$host", $port))
for option in KEEPALIVE:
    connection.setsockopt(*option)
"""
)
_REQUESTS = (
    """\
import socket

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

"""
    + _OPTIONS
    + """

class KeepaliveAdapter(HTTPAdapter):
    def init_poolmanager(self, *args, **options):
        options["socket_options"] = HTTPConnection.default_socket_options + KEEPALIVE
        super().init_poolmanager(*args, **options)


session = requests.Session()
session.mount("http://", KeepaliveAdapter())
session.mount("https://", KeepaliveAdapter())
"""
)
_HTTPX = (
    """\
import socket

import httpx

"""
    + _OPTIONS
    + """
client = httpx.Client(transport=httpx.HTTPTransport(socket_options=KEEPALIVE))
"""
)
_NODE_AGENT = """\
// with https: require('node:https')
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, keepAliveMsecs: $time_ms });
// then with each request: http.get({ host: '$host', port: $port, agent }, ...)
"""
_NODE_SOCKET = """\
const net = require('node:net');
const socket = net.connect({ host: '$host', port: $port });
socket.setKeepAlive(true, $time_ms);
"""

RECIPES = (
    Recipe(
        id="python",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="Python: socket options",
        applies="The client is written in Python: with sockets of its own, requests (urllib3), or httpx.",
        limits="These names are Linux's. httpx.AsyncClient takes httpx.AsyncHTTPTransport with the same argument. A proxy set in "
        "the environment is not used by an httpx.Client that is given a transport. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(
            Draft("python", "sockets", _SOCKET),
            Draft("python", "requests", _REQUESTS),
            Draft("python", "httpx", _HTTPX),
        ),
    ),
    Recipe(
        id="node",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="Node.js: keepAliveMsecs of http.Agent, setKeepAlive of a socket",
        applies="The client is written in Node.js.",
        limits="Only the time before the first probe can be set: interval and number of probes are those of Node.js or the "
        "kernel. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(
            Draft("javascript", "HTTP", _NODE_AGENT),
            Draft("javascript", "sockets", _NODE_SOCKET),
        ),
    ),
)
