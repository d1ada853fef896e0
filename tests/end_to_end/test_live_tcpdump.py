"""The whole chain, nothing forged: real stacks, a real loss, a real tcpdump, and the line while it all still runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.command import PCAPDIAG, environment
from tests.end_to_end.live import Live
from tests.end_to_end.shipped import ROOT
from tests.programs import needs

TCP_REPAIR = 19  # linux/tcp.h; a socket closed in this mode is forgotten without FIN or RST
BUDGET = 1.0

root_on_linux = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="captures on the loopback interface, which only root may"
)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listening socket on the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


def exchange(client: socket.socket, server: socket.socket) -> None:
    """A request and its response."""
    client.sendall(b"GET /one HTTP/1.1\r\n\r\n")
    assert server.recv(100)
    server.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert client.recv(100)


def forget(connection: socket.socket) -> None:
    """Let the kernel forget its end of a connection and tell nobody, as a middlebox does."""
    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    connection.close()


@needs("tcpdump")
@root_on_linux
def test_a_real_loss_is_seen_as_it_happens(server: socket.socket) -> None:
    """tcpdump | pcapdiag names the lost request within a second of its RST, while tcpdump goes on capturing."""
    port = server.getsockname()[1]
    # libpcap would hand on what it captured once a second (tcpdump asks for a timeout of 1000 ms)
    capture = ["tcpdump", "--immediate-mode", "-i", "lo", "-U", "-s", "96", "-w", "-", f"tcp port {port}"]
    with (
        subprocess.Popen(capture, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tcpdump,
        Live(stdin=tcpdump.stdout) as live,
    ):
        assert tcpdump.stderr is not None
        while b"listening on lo" not in (said := tcpdump.stderr.readline()):
            assert said, "tcpdump ended"
        try:
            with socket.create_connection(server.getsockname(), timeout=10) as client:
                accepted, _ = server.accept()
                exchange(client, accepted)
                time.sleep(1.3)
                forget(accepted)
                client.sendall(b"GET /lost HTTP/1.1\r\n\r\n")
                with pytest.raises(ConnectionResetError):
                    client.recv(1)
                reset = time.monotonic()
                came, line = live.line()
                assert tcpdump.poll() is None
        finally:
            tcpdump.terminate()
            tcpdump.stderr.read()
        code, rest, errors = live.end()
    assert came - reset < BUDGET
    assert f"-> 127.0.0.1:{port}" in line
    assert "client sent 22 bytes (GET /lost HTTP/1.1), bare RST" in line
    assert "certain (IDLE101)" in line
    assert (code, errors) == (0, "")
    assert any(text.startswith("1 request on an idle connection was answered by RST, with no FIN") for text in rest)


@needs("tcpdump")
def test_what_tcpdump_passes_on() -> None:
    """A capture that tcpdump reads, filters and passes on as a stream gives the findings that it has."""
    shipped = ROOT / "captures/reset-after-idle.pcap"
    with subprocess.Popen(["tcpdump", "-r", shipped, "-U", "-w", "-", "host 198.51.100.80 and tcp"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tcpdump:  # fmt: skip
        run = subprocess.run([*PCAPDIAG, "analyze", "-", "--fail-on-findings"], stdin=tcpdump.stdout, check=False,
                             capture_output=True, text=True, cwd=ROOT, env=environment())  # fmt: skip
    assert (run.returncode, run.stderr) == (1, "")
    assert "4 requests on idle connections were answered by RST" in run.stdout
