"""An application, behind a sidecar or without: bursts of requests at given times, and what came of each.

    python -m pcapdiag.lab.endpoints.application 127.0.0.1:15001 0:5:0.25 1.2:1:0.25

``0:5:0.25``: five requests at once, 0 s after the start, for which the server is to work 0.25 s. Each request of a burst goes out
on a keep-alive connection of its own, the same ones in every burst. A request that failed is sent again, under a new id, after
half a second. It prints a JSON object for each request that is over.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import socket
import time
import uuid

from pcapdiag.lab.endpoints.notes import address, note, result_of

GET = "GET /after/{:g} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: shop/2.4\r\nX-Request-Id: {}\r\n\r\n"
#: Longer than the server works, so that a sidecar has a living connection idle again and a retry does not meet the next dead one.
BACKOFF_S = 0.5


class User:
    """One keep-alive connection, opened when it is needed. It is not looked at before it is used: only a pool that watches its
    connections would notice a FIN in time."""

    def __init__(self, told: argparse.Namespace) -> None:
        host, port = told.to.rsplit(":", 1)
        self._to, self._told = (host, int(port)), told
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def request(self, work_s: float) -> None:
        """Ask until there is a 200, or for the last time."""
        for attempt in range(1, self._told.attempts + 1):
            # A UUID of version 4, as Envoy makes them itself; it keeps the id of a request that has one.
            ident = str(uuid.UUID(int=random.getrandbits(128), version=4))
            result = await self._once(ident, attempt, work_s)
            if result == "200":
                return
            await asyncio.sleep(BACKOFF_S)

    async def _once(self, ident: str, attempt: int, work_s: float) -> str:
        client, sent_ns = None, time.time_ns()
        try:
            reader, writer = await self._connection()
            client, sent_ns = address(writer.get_extra_info("sockname")), time.time_ns()
            writer.write(GET.format(work_s, ident).encode())
            result = await asyncio.wait_for(_status(reader), self._told.patience)
        except asyncio.IncompleteReadError:
            result = "EOF"
        except OSError as error:  # TimeoutError is one of them
            result = result_of(error)
        if not result.isdigit():
            self._drop()
        self._used = time.monotonic()
        note(id=ident, attempt=attempt, client=client, sent_ns=sent_ns, received_ns=time.time_ns(), result=result)
        return result

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        limit = self._told.idle_timeout
        if limit and time.monotonic() - self._used > limit:
            self._drop()
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._to)
            if self._told.keepalive:
                sock = self._streams[1].get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self._told.keepalive)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        return self._streams

    def _drop(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None


async def _status(reader: asyncio.StreamReader) -> str:
    """Read one response whole; gives its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    await reader.readexactly(int(head.partition("\r\ncontent-length:")[2].partition("\r\n")[0] or 0))
    return head.split(" ", 2)[1]


async def run(told: argparse.Namespace) -> None:
    """All bursts, each at its time; the k-th request of a burst is the k-th user's."""
    bursts = [(float(at), int(count), float(work)) for at, count, work in (burst.split(":") for burst in told.bursts)]
    users = [User(told) for _ in range(max(count for _, count, _ in bursts))]
    begun, waiting = time.monotonic(), []
    for at_s, count, work_s in bursts:
        await asyncio.sleep(max(0.0, begun + at_s - time.monotonic()))
        waiting += [asyncio.create_task(user.request(work_s)) for user in itertools.islice(users, count)]
    await asyncio.gather(*waiting)


def main() -> None:
    """Parse, run, end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("to", help="ADDR:PORT of the sidecar, or of the service itself")
    parser.add_argument("bursts", nargs="+", help="AT:COUNT:WORK")
    parser.add_argument("--keepalive", type=int, default=0, help="s of silence before a probe; 0: none")
    parser.add_argument("--idle-timeout", type=float, default=0.0, help="s after which a connection is not used again; 0: never")
    parser.add_argument("--attempts", type=int, default=3, help="how often a request is sent until it succeeds")
    parser.add_argument("--patience", type=float, default=8.0, help="s to wait for a response")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
