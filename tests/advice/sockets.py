"""The keepalive options of a real socket of another process, as its kernel has them; and a server for clients to idle at."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

#: Of asm-generic/unistd.h, the same for all architectures; os has no function for it.
_PIDFD_GETFD = 438
_ESTABLISHED = "01"
#: Seconds that a program may take to start and connect: a JVM on a busy machine.
PATIENCE = 60


class Options(NamedTuple):
    """SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT."""

    on: int
    time: int
    interval: int
    probes: int


def options(one: socket.socket) -> Options:
    """As the kernel has them."""
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    return Options(
        one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *(one.getsockopt(socket.IPPROTO_TCP, n) for n in names)
    )


def client_side(port: int) -> Options:
    """Those of the connection to 127.0.0.1:``port``, at the end that connected; waits until it has the keepalive on."""
    return _side(port, remote=True)


def server_side(port: int) -> Options:
    """The same at the end that accepted."""
    return _side(port, remote=False)


def _side(port: int, remote: bool) -> Options:
    end = time.monotonic() + PATIENCE
    before: list[Options] = []
    while time.monotonic() < end:
        found = [taken for inode in _inodes(port, remote) for taken in _taken(inode)]
        if found == before and any(one.on for one in found):  # seen twice: nobody is still setting them one by one
            return max(found)
        before = found
        time.sleep(0.1)
    assert before, "no connection"
    return max(before)


def _inodes(port: int, remote: bool) -> Iterator[str]:
    """Of established sockets with that port."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, peer, state, *rest = line.split()
            if state == _ESTABLISHED and int((peer if remote else local).split(":")[1], 16) == port:
                yield rest[5]


def _taken(inode: str) -> Iterator[Options]:
    """The options of the socket with that inode, wherever a process but this one has it open."""
    libc = ctypes.CDLL(None, use_errno=True)
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            numbers = [fd.name for fd in (process / "fd").iterdir() if os.readlink(fd) == f"socket:[{inode}]"]
            pidfd = os.pidfd_open(int(process.name)) if numbers else -1
        except OSError:  # it has ended, or is not ours to look at
            continue
        for number in numbers:
            copy = libc.syscall(_PIDFD_GETFD, pidfd, int(number), 0)
            if copy >= 0:
                with closing(socket.socket(fileno=copy)) as one:
                    yield options(one)
        if pidfd >= 0:
            os.close(pidfd)


@contextmanager
def server(answer_after: float = 0) -> Iterator[int]:
    """A server on 127.0.0.1 that answers each HTTP request and keeps the connection; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def serve(one: socket.socket) -> None:
        try:
            while one.recv(65536):
                time.sleep(answer_after)
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except OSError:
            return

    def accept() -> None:
        try:
            while True:
                one, _ = listening.accept()
                accepted.append(one)
                threading.Thread(target=serve, args=(one,), daemon=True).start()
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        for one in (listening, *accepted):
            with closing(one), suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def running(*command: str | Path, **options_: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block ends, with all that it started."""
    child = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, start_new_session=True, **options_)  # type: ignore[call-overload]  # cwd, env
    with child:
        try:
            yield child
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def seen_as_told(check: str, time_: int) -> None:
    """Run the command that a cure's check names first, and see what it says is to be seen: a timer of at most that many seconds."""
    command = shlex.split(re.findall(r"`(ss [^`]+)`", check)[0])
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    timers = re.findall(r"timer:\(keepalive,(?:(\d+)min)?(?:(\d+)(?:\.\d+)?sec)?,0\)", shown)
    assert timers, shown
    assert all(0 < 60 * int(minutes or 0) + int(seconds or 0) <= time_ for minutes, seconds in timers), shown


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        return int(one.getsockname()[1])


def connected(port: int) -> socket.socket:
    """A connection to that port, as soon as somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
