"""The texts for nginx and HAProxy are taken by the real ones, and do what they say on their sockets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Setting
from tests.advice.cases import every, snippet, target
from tests.advice.sockets import Options, client_side, connected, free_port, running, server, server_side
from tests.programs import needs

SETTING = Setting(73, 17, 6)
EXPECTED = Options(1, *SETTING)
NGINX = """\
daemon off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        {listen}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            {proxy}
        }}
    }}
}}
"""
HAPROXY = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
frontend service
    bind 127.0.0.1:{port}
    default_backend application
{client}
backend application
    server one 127.0.0.1:{upstream}
{server}
"""


def taken(*arguments: str | Path) -> None:
    """Fail unless the program says that its configuration is one."""
    # Debian keeps them where only root looks for programs
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr


@needs("nginx")
def test_nginx(tmp_path: Path) -> None:
    """nginx takes both texts; what it accepts has the keepalive, what it connects has one after the kernel's time."""
    with server(answer_after=60) as upstream:  # so that it does not close the connection yet
        port = free_port()
        of = target(service=Endpoint("127.0.0.1", port), setting=SETTING)
        file = tmp_path / "nginx.conf"
        file.write_text(
            NGINX.format(folder=tmp_path, listen=snippet(of, "nginx"), proxy=snippet(of, "nginx-upstream"), upstream=upstream)
        )
        taken("nginx", "-t", "-e", tmp_path / "errors", "-c", file)
        with running("nginx", "-e", tmp_path / "errors", "-c", file), connected(port) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert server_side(port) == EXPECTED
            assert client_side(upstream).on


@needs("haproxy")
def test_haproxy(tmp_path: Path) -> None:
    """HAProxy takes both texts; what it accepts and what it connects has the keepalive."""
    with server() as upstream:
        port = free_port()
        of = target(service=Endpoint("127.0.0.1", port), setting=SETTING)
        file = tmp_path / "haproxy.cfg"
        file.write_text(
            HAPROXY.format(port=port, client=snippet(of, "haproxy"), upstream=upstream, server=snippet(of, "haproxy-server"))
        )
        taken("haproxy", "-c", "-f", file)
        with running("haproxy", "-db", "-f", file), connected(port):
            assert server_side(port) == EXPECTED
            assert client_side(upstream) == EXPECTED


def test_what_is_only_turned_on() -> None:
    """Where the kernel's time holds, it is said that the sysctls are needed too."""
    for name in ("nginx-upstream", "jdbc"):
        assert "set the sysctls as well" in every(target())[name].limits
