"""The client: ``python -m pcapdiag.lab.endpoints.client ADDRESS FROM PLAN``, where PLAN is a JSON list of `Talk`.

One thread for each talk. A line for each thing that it sent, or noticed that its kernel had sent, and for each push it received.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import select
import socket
import ssl
import sys
import threading
import time

from pcapdiag.lab.endpoints.notes import abort, address, how_it_ended, note, probes_out, result_of
from pcapdiag.lab.plan import Step, Talk, talk_from

GET = "{} /{}/{:g} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: shop/2.4\r\n{}X-Request-Id: {}\r\n\r\n"
LOOK_S = 0.002  # how often a watcher asks for probes: well below the 5 ms by which clocks may differ


class Client:
    """One talk, on one connection after the other."""

    def __init__(self, number: int, talk: Talk, server: tuple[str, int], own: str) -> None:
        self.number, self.talk, self.server, self.own = number, talk, server, own
        self.idents = (f"{number:02x}{attempt:02x}" for attempt in itertools.count())
        self.name, self.last_ns = "", 0
        self.port = 0

    def run(self) -> None:
        """All steps, in order."""
        time.sleep(self.talk.start)
        left = list(self.talk.steps)
        while left:
            sent_ns, sock = time.time_ns(), self._socket()
            try:
                sock.connect(self.server)
                self.sock = self._tls(sock) if self.talk.port == 443 else sock
            except OSError as error:
                self._note(next(self.idents), left.pop(0), "syn", sent_ns, None, 0, result_of(error))
                sock.close()
                continue
            self.last_ns = 0
            while left:
                step = left.pop(0)
                result = self._do(step)
                if step.do == "request" and result != "200":
                    if self.talk.retry:
                        left.insert(0, Step())
                    break
            self.sock.close()

    def _socket(self) -> socket.socket:
        """Not yet connected, so that its name is known whatever comes."""
        sock = socket.socket(socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.own, self.port))
        if self.talk.reuse:
            self.port = sock.getsockname()[1]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.talk.keepalive_s is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self.talk.keepalive_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, self.talk.interval_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, self.talk.count)
        sock.settimeout(10)
        self.name = address(sock.getsockname())
        return sock

    def _tls(self, sock: socket.socket) -> socket.socket:
        """Whom it talks to does not matter here: the certificate is a throw-away."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(sock, server_hostname=self.talk.name)

    def _note(self, ident: str, step: Step, kind: str, sent_ns: int, gap_ns: int | None, length: int, result: str) -> None:
        met = result in step.results
        note(id=ident, connection=self.number, kind=kind, client=self.name, server=address(self.server), sent_ns=sent_ns,
             gap_ns=gap_ns, length=length, result=result, rule=step.rule if met else None, met=met)  # fmt: skip

    def _do(self, step: Step) -> str:
        """One step; gives what came of it."""
        if step.do == "watch":
            return self._watch(step)
        time.sleep(step.wait)
        ident, data = next(self.idents), b""
        if step.do in ("request", "ping"):
            more = f"Content-Length: {step.body}\r\n" if step.body else ""
            text = GET.format("POST" if step.body else "GET", step.then.do, step.then.at, more, ident) + "x" * step.body
            data = text.encode() if step.do == "request" else b"PING\n"
        sent_ns = time.time_ns()
        gap_ns = sent_ns - self.last_ns if self.last_ns else None
        try:
            result = self._send(step, ident, data)
        except OSError as error:
            result = result_of(error)
        self._note(ident, step, step.do, sent_ns, gap_ns, len(data), result)
        return result

    def _send(self, step: Step, ident: str, data: bytes) -> str:
        if step.do == "rst":
            abort(self.sock)
            return "sent"
        self.sock.settimeout(step.timeout)
        if step.do == "farewell":
            return self._farewell()
        self.sock.sendall(data)
        self.last_ns = time.time_ns()
        mark = f'"{ident}"'.encode() if step.do == "request" else b"PONG"
        heard, deadline = b"", time.monotonic() + step.timeout
        while mark not in heard or not heard.endswith(b"\n"):
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            more = self.sock.recv(65536)
            if not more:
                return how_it_ended(self.sock)
            heard, self.last_ns = heard + more, time.time_ns()
        return "200"

    def _farewell(self) -> str:
        """close_notify, if there is TLS, and FIN at once; then what comes."""
        sock = self.sock
        if isinstance(sock, ssl.SSLSocket):
            sock.setblocking(False)
            with contextlib.suppress(ssl.SSLError):  # it would wait for the peer's, which may already be gone
                sock.unwrap()
            self.sock = sock = socket.socket(fileno=sock.detach())
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(3)
        while sock.recv(65536):
            pass
        return "EOF"

    def _watch(self, step: Step) -> str:
        """Read what comes; notice the first of a run of unanswered probes, and how the connection ends."""
        end, probe_ns = time.monotonic() + step.wait, 0
        look = LOOK_S if self.talk.keepalive_s is not None else 60.0
        while (left := end - time.monotonic()) > 0:
            readable = select.select([self.sock], [], [], min(left, look))[0]
            probe_ns = (probe_ns or time.time_ns()) if probes_out(self.sock) else 0
            if not readable:
                continue
            now, gap_from = time.time_ns(), self.last_ns
            try:
                data, result = self.sock.recv(65536), "EOF"
            except OSError as error:
                data, result = b"", result_of(error)
            if data:
                self.last_ns = now
                note(received=[json.loads(line).get("of") for line in data.splitlines()], connection=self.number)
                continue
            kind = "probe" if self.talk.keepalive_s is not None and result != "EOF" else "noticed"
            sent_ns = probe_ns or now
            self._note(next(self.idents), step, kind, sent_ns, sent_ns - gap_from, 0, result)
            return result
        return "nothing"


def main(target: str, own: str, plan: str) -> None:
    """Carry out the plan."""
    talks = [talk_from(told) for told in json.loads(plan)]
    clients = [Client(number, talk, (target, talk.port), own) for number, talk in enumerate(talks)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:4])
