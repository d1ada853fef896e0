"""Cures in the application: Java."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_SOCKET = """\
Socket socket = new Socket();
socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, $time);
socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, $interval);
socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, $probes);
socket.connect(new InetSocketAddress("$host", $port));
"""
_REACTOR = """\
HttpClient client = HttpClient.create()
    .option(ChannelOption.SO_KEEPALIVE, true)
    .option(EpollChannelOption.TCP_KEEPIDLE, $time)
    .option(EpollChannelOption.TCP_KEEPINTVL, $interval)
    .option(EpollChannelOption.TCP_KEEPCNT, $probes);
"""
_REACTOR_NIO = """\
HttpClient client = HttpClient.create()
    .option(ChannelOption.SO_KEEPALIVE, true)
    .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), $time)
    .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), $interval)
    .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), $probes);
"""

RECIPES = (
    Recipe(
        id="java",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="Java: SO_KEEPALIVE and the extended socket options",
        applies="The client is written in Java and makes its sockets, or its library takes a socket factory. Needs Java 11. A "
        "SocketChannel has the same setOption.",
        limits="setKeepAlive(true) alone probes after the kernel's time, two hours unless changed. A library that does not let "
        "you at its sockets needs libdontdie or a proxy. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("java", "where the socket is made (imports java.net.*, jdk.net.ExtendedSocketOptions)", _SOCKET),),
    ),
    Recipe(
        id="reactor-netty",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="Reactor Netty and Spring WebClient: channel options",
        applies="The client is Spring's WebClient or uses Reactor Netty. The first text is for the epoll transport, which Linux "
        "has by default where Netty's native library is there; the second for NIO, on Java 11 or newer.",
        limits="Its pool keeps idle connections for ever unless maxIdleTime is set, so that it meets every timeout on the path. "
        + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(
            Draft("java", "epoll (imports io.netty.channel.ChannelOption, io.netty.channel.epoll.EpollChannelOption)", _REACTOR),
            Draft(
                "java", "NIO (imports io.netty.channel.socket.nio.NioChannelOption, jdk.net.ExtendedSocketOptions)", _REACTOR_NIO
            ),
        ),
    ),
)
