"""What a scenario is given: a network, captures, endpoints, and what a person would look at besides; all removed at the end.

A scenario's ``run(stage)`` reads like what it does::

    stage.network(forgets=Forgets.DROP)
    stage.serve()
    stage.capture("client", "to-middle")
    stage.talk(*staggered(requests(6, lost_after=4, result="timeout", rule="IDLE102"), requests(3, 3)))

Whoever runs it then calls `Stage.truth`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pcapdiag.lab.capturing import Capture
from pcapdiag.lab.joining import joined, reset_by
from pcapdiag.lab.network import Network, network
from pcapdiag.lab.plan import Talk
from pcapdiag.lab.processes import Process
from pcapdiag.lab.types import Captured, Expected, Failed, Said, Truth, expect

#: How long the last segments may take, and a capture to read its ring, in s.
SETTLE_S = 1.5
#: A capture's expectations, from everything said.
Expects = Callable[[Iterable[Said]], Iterable[Expected]]


class Stage:
    """One run of one scenario; ``folder`` is where its files are left, ``seconds`` after which every program ends by itself."""

    def __init__(self, name: str, folder: Path, seconds: int = 60) -> None:
        self.name, self.folder, self.seconds = name, folder, seconds
        self.net: Network
        self.talks: list[Talk] = []
        self.said: list[Said] = []
        self.files: dict[str, str] = {}
        self.settings: dict[str, Any] = {}
        #: The keepalive of the client whose connections are captured, where that is not a plan's: a sidecar's.
        self.keepalive_s: int | None = None
        self._captures: list[tuple[Capture, Captured, Expects | None]] = []
        self._clients: list[Process] = []
        self._server: Process | None = None
        self._proxy: Process | None = None
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def network(self, *nodes: str, **settings: Any) -> Network:
        """Put up a network (see `pcapdiag.lab.network.network`)."""
        self.settings = settings
        self.net = self._undo.enter_context(network(nodes or ("client", "middle", "server"), **settings))
        return self.net

    def start(self, node: str, *command: str, out: Path | None = None) -> Process:
        """Start a program in a node; it is stopped at the end."""
        out = out or self.folder / f".{node}.{len(os.listdir(self.folder))}.out"
        process = Process(self.net, node, command, out, out.with_name(f"{out.name}.log"), self.seconds)
        self._undo.callback(process.stop)
        return process

    def start_python(self, node: str, module: str, *arguments: str) -> Process:
        """Start a module of the lab in a node."""
        return self.start(node, sys.executable, "-m", f"pcapdiag.lab.{module}", *arguments)

    def serve(self, node: str = "server", *, tls: bool = False) -> Process:
        """Start the server, and wait until it listens."""
        self._server = process = self.start_python(node, "endpoints.server", *([str(self._certificate())] if tls else []))
        ports = {":8080", *([":8443"] if tls else [])}
        process.until(lambda: all(port in self.net.run(node, "ss", "-Hltn") for port in ports), "listening")
        return process

    def proxy(self, seconds: float) -> None:
        """Let the middle be a full proxy for port 80 of the service, which resets what was idle so long, and notes it."""
        net = self.net
        server, _, port = net.behind.rpartition(":")
        proxy = self.start_python("middle", "endpoints.proxy", net.service, "80", server, port, str(seconds))
        proxy.until(lambda: f"{net.service}:80" in net.run("middle", "ss", "-Hltn"), "listening")
        self._proxy = proxy

    def reset_at_server(self, said: Iterable[Said]) -> Iterable[Expected]:
        """What a capture behind the proxy has to give: the other of its two connections, reset at the same moment."""
        for one in said:
            if one.rule and one.server_saw:
                # there it comes in the client's name, on a connection that nobody waits on: who captures there sees no harm
                yield expect(one)._replace(client=one.server_saw, server=self.net.behind)

    def _certificate(self) -> Path:
        """A throw-away one, with its key in the same file."""
        path, key = self.folder / ".certificate.pem", self.folder / ".key.pem"
        self.net.run("server", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", str(key), "-out", str(path), "-days", "1", "-subj", "/CN=shop.example")  # fmt: skip
        path.write_text(path.read_text() + key.read_text())
        return path

    def capture(
        self, node: str = "client", interface: str = "to-middle", *options: str, label: str = "", suffix: str = ".pcap",
        program: str = "tcpdump", expects: Expects | None = None,
    ) -> Capture:  # fmt: skip
        """Begin to capture there, into ``NAME[.LABEL].pcap``; ``options`` are the program's own.

        ``expects`` gives the findings that this capture has to give, if they are others than what was said with a rule.
        """
        file = self.folder / f"{self.name}{'.' * bool(label)}{label}{suffix}"
        capture = Capture(self.start, node, interface, file, options, program)
        self._captures.append((capture, Captured(node, interface, " ".join((program, "-i", interface, *options))), expects))
        return capture

    def seen_by_server(self, said: Iterable[Said]) -> Iterable[Expected]:
        """What a capture at the server has to give: everything with a rule that its program saw, or did."""
        for one in said:
            if one.rule and one.server_saw:
                yield expect(one)._replace(client=one.server_saw, server=self.net.behind)

    def seen_by_servers_kernel(self, said: Iterable[Said]) -> Iterable[Expected]:
        """The same, where what the program did not see reached its kernel all the same; without masquerading."""
        for one in said:
            if one.rule:
                yield expect(one)._replace(server=self.net.behind)

    def begin(self, *talks: Talk, node: str = "client") -> Process:
        """Let clients begin with their plans; more of them may follow. `end` waits for all."""
        if self._clients:
            raise Failed("one plan in a run: its clients are numbered")
        self.talks += talks
        plan = json.dumps([asdict(talk) for talk in talks])
        client = self.start_python(node, "endpoints.client", self.net.service, self.net.address(node), plan)
        self._clients.append(client)
        return client

    def end(self) -> None:
        """Wait until the clients have done all, and for their last segments."""
        for client in self._clients:
            client.finish()
        self.note_conntrack()
        time.sleep(SETTLE_S)

    def talk(self, *talks: Talk, snapshots: Iterable[float] = ()) -> None:
        """Let the clients do all they have to, with `ss` snapshots in their node so many seconds after the start."""
        self.begin(*talks)
        began = time.monotonic()
        for at in sorted(snapshots):
            time.sleep(max(0.0, began + at - time.monotonic()))
            self.snapshot("client")
        self.end()

    def snapshot(self, node: str) -> None:
        """`ss -tno` and `ss -tnoi` of a node into ``NAME.ss.txt``, `conntrack -L` of the middle into ``NAME.conntrack.txt``."""
        self.note("ss", node, "ss", "-tno")
        self.note("ss", node, "ss", "-tnoi")
        self.note_conntrack()

    def note_conntrack(self) -> None:
        """`conntrack -L` of the middle, if there is one."""
        if "middle" in self.net.nodes:
            self.note("conntrack", "middle", "conntrack", "-L", "-o", "extended")

    def note(self, kind: str, node: str, *command: str) -> None:
        """Run a command in a node and keep what it prints, under date and command, in ``NAME.KIND.txt``."""
        name = self.files.setdefault(kind, f"{self.name}.{kind}.txt")
        at = time.time_ns()
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 10**9)) + f".{at // 10**6 % 1000:03d}Z"
        with (self.folder / name).open("a") as out:
            out.write(f"# {date} {node}: {' '.join(command)}\n{self.net.run(node, *command)}")

    def keep(self, kind: str, file: Path, suffix: str = ".log") -> None:
        """Leave a file, a proxy's log, as ``NAME.KIND.log``."""
        self.files[kind] = f"{self.name}.{kind}{suffix}"
        shutil.copyfile(file, self.folder / self.files[kind])

    def truth(self) -> Truth:
        """End the captures, and say what was to be seen. Raises Failed if it did not go as planned, or a packet was dropped."""
        for capture, _, _ in self._captures:
            capture.finish()
        if self._clients and self._server:
            self._server.stop()
            lines = (map(json.loads, process.out.read_text().splitlines()) for process in (self._clients[0], self._server))
            said, wrong = joined(self.talks, *lines)
            self.said += said
            if self._proxy:
                self._proxy.stop()
                self.said += reset_by(map(json.loads, self._proxy.out.read_text().splitlines()), said)
            if wrong:
                raise Failed(f"{self.name} is not what it is for: {'; '.join(wrong)}")
        captures = {}
        for capture, told, expects in self._captures:
            names = tuple(file.name for file in capture.files)
            expected = None if expects is None else tuple(expects(self.said))
            ring = names if len(names) > 1 else ()
            captures[names[0]] = Captured(told.node, told.interface, told.made_with, ring, expected)
        keepalives = {talk.keepalive_s for talk in self.talks if talk.keepalive_s is not None}
        return Truth(
            scenario=self.name,
            made=time.strftime("%Y-%m-%d", time.gmtime()),
            kernel="Linux " + os.uname().release.split("-")[0],
            path=self.net.nodes,
            captures=captures,
            server_behind_nat=self.net.behind,
            conntrack_timeout_s=self.settings.get("timeout_s", 4),
            client_keepalive_s=min(keepalives, default=self.keepalive_s),
            said=tuple(sorted(self.said, key=lambda s: s.sent_ns)),
            files=self.files,
        )
