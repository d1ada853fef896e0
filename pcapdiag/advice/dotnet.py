"""Cures in the application: .NET."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_HANDLER = """\
var handler = new SocketsHttpHandler
{
    ConnectCallback = async (context, cancellation) =>
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, $time);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, $interval);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, $probes);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
};
var client = new HttpClient(handler);
"""

RECIPES = (
    Recipe(
        id="dotnet",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title=".NET: ConnectCallback of SocketsHttpHandler",
        applies="The client is written for .NET 5 or newer and uses HttpClient. A socket of its own takes the same four lines.",
        limits="Without TcpKeepAliveTime the kernel's two hours apply. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("csharp", "where the client is made (uses System.Net.Http, System.Net.Sockets)", _HANDLER),),
    ),
)
