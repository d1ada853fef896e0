"""The server behind a gateway: ``python -m pcapdiag.lab.endpoints.origin PORT``. ``GET /after/0.25`` is answered after 0.25 s.

Another than the lab's plain server, since a gateway writes requests in words of its own. A JSON line for each that arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

from pcapdiag.lab.endpoints.notes import address, note

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n" + b'{"state":"packed"}\n'


async def _visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    peer = address(writer.get_extra_info("peername"))
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # the gateway closed
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            came_ns, ident = time.time_ns(), head.lower().partition("\r\nx-request-id:")[2].partition("\r\n")[0].strip()
            note(id=ident, peer=peer, came_ns=came_ns)
            await asyncio.sleep(float(head.split(" ", 2)[1].rpartition("/")[2]))
            writer.write(OK)
    writer.close()


async def serve(port: int) -> None:
    """Serve until stopped."""
    await (await asyncio.start_server(_visit, port=port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
