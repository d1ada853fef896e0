"""A real Envoy writes one request in every format at once, and each is read as the same request."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.formats import ISTIO
from pcapdiag.correlate.types import AccessLog
from pcapdiag.lab import envoy
from tests.correlate.written import ISTIO_JSON
from tests.programs import REASON

pytestmark = pytest.mark.skipif(envoy.binary() is None, reason=f"{REASON} envoy")

CUSTOM = (
    'at=%START_TIME(%s.%6f)% id="%REQ(X-REQUEST-ID)%" %REQ(:METHOD):1%,%RESPONSE_CODE%,%RESPONSE_FLAGS_LONG%;ua=%REQ(USER-AGENT)% '
    "[%UPSTREAM_LOCAL_ADDRESS%>%UPSTREAM_HOST%] [%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%] 100%% %DURATION%ms %PROTOCOL% %REQ(X-NONE?:PATH)%"
)
SLASHES = "%START_TIME(%d/%b/%Y:%H:%M:%S %z)% %RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(X-REQUEST-ID)% %UPSTREAM_REMOTE_ADDRESS%"
NESTED = {
    "when": {"start": "%START_TIME(%Y-%m-%dT%H:%M:%E3S%Ez)%"},
    "request": "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "id": "%REQ(X-REQUEST-ID)%",
    "ends": "%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_HOST%",
}
#: What Envoy is told to write (None: its own default), and what the reader is told of it (None: nothing).
FORMATS: dict[str, tuple[dict[str, Any] | None, str | None]] = {
    "default": (None, None),
    "istio": ({"text_format_source": {"inline_string": ISTIO + "\n"}}, None),
    "json": ({"json_format": ISTIO_JSON}, None),
    "omitting": ({"json_format": ISTIO_JSON, "omit_empty_values": True}, None),
    "custom": ({"text_format_source": {"inline_string": CUSTOM + "\n"}}, CUSTOM),
    "slashes": ({"text_format_source": {"inline_string": SLASHES + "\n"}}, SLASHES),
    "nested": ({"json_format": NESTED}, json.dumps(NESTED)),
}
IDS = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000003")
#: User agents are the client's to choose: one plain, one that looks like the rest of the line, one that is no ASCII.
AGENTS = ("plain/1.0", 'a "b" "c" 1.2.3.4:5 - default', "Käfer [x] %y; ua=\\")


@contextmanager
def upstream() -> Iterator[int]:
    """A server that answers a connection's first request and resets it at its second."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    with peer:
                        peer.settimeout(5)
                        peer.recv(65536)
                        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                        peer.recv(65536)
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def ask(port: int, request_id: str, agent: str) -> int:
    """One request on a connection of its own; gives the status."""
    for _ in range(100):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5) as sock:
            lines = f"GET /a%20b?c=1 HTTP/1.1\r\nhost: shop.example\r\nx-request-id: {request_id}\r\nuser-agent: {agent}\r\n\r\n"
            sock.sendall(lines.encode())
            return int(sock.recv(4096).split()[1])
        time.sleep(0.05)
    raise AssertionError("Envoy does not listen")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of three requests: answered, reset on a reused connection, answered."""
    folder = tmp_path_factory.mktemp("envoy")
    port = free_port()
    with upstream() as server:
        config = envoy.sidecar(f"127.0.0.1:{server}", folder / "log", folder / "clocks", port=port)
        (listener,) = config["static_resources"]["listeners"]
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        kind = manager["access_log"][0]["typed_config"]["@type"]
        manager["access_log"] = [
            {
                "name": "file",
                "typed_config": {"@type": kind, "path": str(folder / name), **({"log_format": told} if told else {})},
            }
            for name, (told, _) in FORMATS.items()
        ]
        command = envoy.command(config, folder / "config.json")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
            try:
                statuses = [ask(port, *asked) for asked in zip(IDS, AGENTS, strict=True)]
                deadline = time.monotonic() + 5
                while time.monotonic() < deadline and any((folder / name).read_bytes().count(b"\n") < 3 for name in FORMATS):
                    time.sleep(0.05)
            finally:
                running.terminate()
    assert statuses == [200, 503, 200]
    return folder


def read(folder: Path, name: str) -> AccessLog:
    """What one of the logs says."""
    with (folder / name).open("rb") as lines:
        return read_access_log(lines, name, format=FORMATS[name][1], wanted=frozenset(IDS))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_the_same_request(name: str, folder: Path) -> None:
    """Three requests, of which the second failed with UC; whatever a format has no operator for is None, all else is equal."""
    log, whole = read(folder, name), read(folder, "istio")
    assert (log.requests, log.source.skipped, log.source.unread) == (3, 0, 0)
    assert [line.request_id for line in log.failed] == [IDS[1]]
    assert sorted(log.present) == sorted(IDS)
    for one, other in ((log.present[i][0], whole.present[i][0]) for i in IDS):
        assert one.start - one.start % max(one.resolution, other.resolution) == other.start - other.start % max(
            one.resolution, other.resolution
        )
        for field in (
            "code",
            "flags",
            "path",
            "protocol",
            "user_agent",
            "authority",
            "local",
            "upstream",
            "duration",
            "cluster",
            "details",
        ):
            told = getattr(one, field)
            assert told is None or told == getattr(other, field), field
    (lost,) = log.failed
    assert (lost.code, lost.flags) == (503, ("UC",))


def test_the_whole_line_is_read(folder: Path) -> None:
    """Istio's line has both connections, and the client's words as they were."""
    (lost,) = read(folder, "istio").failed
    assert lost.local is not None
    assert lost.downstream is not None
    assert lost.local.address == lost.downstream.address == "127.0.0.1"
    assert lost.user_agent == AGENTS[1]
    assert lost.path == "/a%20b?c=1"
    assert lost.details == "upstream_reset_before_response_started{connection_termination}"
    assert lost.odd == {}
    (custom,) = read(folder, "custom").failed
    assert custom.downstream == lost.downstream
    assert custom.resolution == 1000
