"""The server: ``python -m pcapdiag.lab.endpoints.server [CERTIFICATE]``. It does what each request asks for (see `Then`).

It listens on port 8080, and with a certificate (PEM, with its key) on 8443 for TLS. A line for each request that arrived, and
one for each thing that it sent or did by itself.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable

from pcapdiag.lab.endpoints.notes import abort, address, forget, note, result_of, unacknowledged

PORT, TLS_PORT = 8080, 8443
OK = "HTTP/1.1 200 OK\r\nServer: shop\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"
EVERY_S = 0.3  # a stream's pace: its silences are no idle periods
#: How long to look whether something sent by itself was refused or never acknowledged: s.
LOOK_S = 3.0


class Visit:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self.sock, self.peer = sock, peer
        self.unread = b""
        self.last_ns = 0
        self.asked = "answer", 0.0

    def serve(self) -> None:
        """Requests, one after the other, until the connection ends."""
        do, at, ident = "answer", 0.0, ""
        while True:
            if do in ACTIONS and not self._arrives(at):
                if not ACTIONS[do](self, ident, at):
                    return
                do = "answer"
                continue
            if do in ("abort", "unread"):
                self._refuse(do, at)
                return
            head = self._request()
            if head is None:
                self.sock.close()
                return
            if do == "mute":
                note(id=head[-1], peer=self.peer)
                do = "answer"
                continue
            do, at, ident = self._answer(head)
            if do == "fail":
                time.sleep(at)
                self._ended(ident, "rst", abort)
                return
            if do == "stream":
                self._stream(ident, at)

    def _answer(self, head: list[str]) -> tuple[str, float, str]:
        """Answer one request, as late as it asks for; gives what is to happen then."""
        if head == ["PING"]:
            self._send(b"PONG\n")
            return "answer", 0.0, ""
        ident, (_, do, seconds) = head[-1], head[1].split("/")
        note(id=ident, peer=self.peer)
        self.asked = do, at = do, float(seconds)
        body = json.dumps({"order": ident, "state": "packed"}) + "\n"
        text = OK.format(len(body), body).encode()
        if do == "answer" and at:
            time.sleep(at)
            self._by_itself(ident, "late-answer", text)
        elif do != "fail":
            self._send(text)
        return do, at, ident

    def _request(self) -> list[str] | None:
        """The words of the next request's head, None at the end. Its body is what Content-Length says."""
        while b"\n" not in self.unread or (not self.unread.startswith(b"PING") and b"\r\n\r\n" not in self.unread):
            if not self._more():
                return None
        end = b"\n" if self.unread.startswith(b"PING") else b"\r\n\r\n"
        head, _, self.unread = self.unread.partition(end)
        words = head.decode().split()
        if "Content-Length:" in words:
            length = int(words[words.index("Content-Length:") + 1])
            while len(self.unread) < length:
                if not self._more():
                    return None
            self.unread = self.unread[length:]
        return words

    def _more(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except OSError:
            return False
        self.unread, self.last_ns = self.unread + data, time.time_ns()
        return bool(data)

    def _arrives(self, seconds: float) -> bool:
        """Does anything come within that time?"""
        return bool(self.unread or select.select([self.sock], [], [], seconds)[0])

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # what became of it is for its receiver to say
            self.sock.sendall(data)
        self.last_ns = time.time_ns()

    def _by_itself(self, ident: str, kind: str, data: bytes) -> None:
        """Send, look what becomes of it, note it."""
        sent_ns, gap_ns = time.time_ns(), time.time_ns() - self.last_ns
        self._send(data)
        result = "sent"
        if select.select([self.sock], [], [], LOOK_S)[0]:
            try:
                self.sock.recv(1) if isinstance(self.sock, ssl.SSLSocket) else self.sock.recv(1, socket.MSG_PEEK)
            except OSError as error:
                result = result_of(error)
        elif unacknowledged(self.sock):
            result = "unacknowledged"
        self._note(ident, kind, sent_ns, gap_ns, len(data), result)

    def _note(self, ident: str, kind: str, sent_ns: int, gap_ns: int, length: int, result: str) -> None:
        do, at = self.asked
        note(of=ident, do=do, at=at, kind=kind, peer=self.peer, sent_ns=sent_ns, gap_ns=gap_ns, length=length, result=result)

    def _ended(self, ident: str, kind: str, how: Callable[[socket.socket], None]) -> bool:
        """Close in some way, and note it."""
        sent_ns = time.time_ns()
        how(self.sock)
        self._note(ident, kind, sent_ns, sent_ns - self.last_ns, 0, "sent")
        return False

    def _push(self, ident: str, _: float) -> bool:
        self._by_itself(ident, "push", json.dumps({"event": "price", "of": ident}).encode() + b"\n")
        return True

    def _stream(self, ident: str, seconds: float) -> None:
        """Payload at a steady pace for ``seconds``, whatever the client does meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(EVERY_S)
            self._send(json.dumps({"event": "log", "of": ident}).encode() + b"\n")

    def _refuse(self, do: str, seconds: float) -> None:
        """When the next request arrives: abort, with it read or not."""
        if self._arrives(60):
            time.sleep(seconds)
            if do == "unread":
                self.sock.close()
            else:
                self._more()
                abort(self.sock)


#: What happens after a time without request; each gives whether the connection goes on.
ACTIONS: dict[str, Callable[[Visit, str, float], bool]] = {
    "push": Visit._push,
    "close": lambda visit, ident, _: visit._ended(ident, "fin", socket.socket.close),
    "linger": lambda visit, ident, _: visit._ended(ident, "rst", abort),
    "repair": lambda visit, ident, _: visit._ended(ident, "nothing", forget),
}


def listen(port: int, tls: ssl.SSLContext | None) -> None:
    """Serve one port, each connection in a thread of its own."""
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)

    def accepted(sock: socket.socket, peer: str) -> None:
        with contextlib.suppress(OSError):  # a handshake that the client broke off
            Visit(tls.wrap_socket(sock, server_side=True) if tls else sock, peer).serve()

    while True:
        sock, name = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = address((name[0].removeprefix("::ffff:"), name[1]))
        threading.Thread(target=accepted, args=(sock, peer), daemon=True).start()


def main(certificate: str | None) -> None:
    """Serve until stopped."""
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        threading.Thread(target=listen, args=(TLS_PORT, tls), daemon=True).start()
    listen(PORT, None)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
