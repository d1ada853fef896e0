"""A middlebox that is a proxy: ``python -m pcapdiag.lab.endpoints.proxy SERVICE PORT SERVER PORT SECONDS``.

It accepts the client's connection itself and makes one of its own to the server, as full proxies do. A pair on which nothing
came for SECONDS is reset at both ends (SO_LINGER 0), as F5 BIG-IP does by default. A line for each such pair.
"""

from __future__ import annotations

import select
import socket
import sys
import threading
import time

from pcapdiag.lab.endpoints.notes import abort, address, note


def forward(client: socket.socket, server: socket.socket, seconds: float) -> None:
    """Until one of them ends, or both are silent for too long."""
    last_ns = time.time_ns()
    while True:
        ready = select.select([client, server], [], [], seconds)[0]
        if not ready:
            peer, own, sent_ns = address(client.getpeername()), address(server.getsockname()), time.time_ns()
            abort(client)
            abort(server)
            note(client=peer, server_saw=own, sent_ns=sent_ns, gap_ns=sent_ns - last_ns)
            return
        for sock in ready:
            data = sock.recv(65536)
            if not data:
                client.close()
                server.close()
                return
            (server if sock is client else client).sendall(data)
            last_ns = time.time_ns()


def main(service: str, port: str, server: str, server_port: str, seconds: str) -> None:
    """Serve until stopped, each connection in a thread of its own."""
    listener = socket.create_server((service, int(port)))

    def accepted(client: socket.socket) -> None:
        forward(client, socket.create_connection((server, int(server_port))), float(seconds))

    while True:
        threading.Thread(target=accepted, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:6])
