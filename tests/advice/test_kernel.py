"""What is advised to the kernel it has, and what it is told through libpq it takes."""

from __future__ import annotations

import re
import shlex
import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from psycopg.conninfo import conninfo_to_dict

from pcapdiag.advice.filling import MOST_PROBES, MOST_TIME
from pcapdiag.advice.types import Target
from pcapdiag.inference.types import Setting
from tests.advice.cases import every, settings_drawn, snippet, target, targets
from tests.advice.sockets import options

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")
OPTIONS = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)


@linux
@given(settings_drawn)
def test_every_setting_is_taken(setting: Setting) -> None:
    """The kernel takes every keepalive that is not refused before, and has it exactly."""
    with closing(socket.socket()) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in zip(OPTIONS, setting, strict=True):
            one.setsockopt(socket.IPPROTO_TCP, name, value)
        assert options(one) == (1, *setting)


@linux
@pytest.mark.parametrize(("name", "most"), list(zip(OPTIONS, (MOST_TIME, MOST_TIME, MOST_PROBES), strict=True)))
def test_nothing_is_refused_that_it_takes(name: int, most: int) -> None:
    """One more than the most is too much for the kernel as well."""
    with closing(socket.socket()) as one:
        one.setsockopt(socket.IPPROTO_TCP, name, most)
        with pytest.raises(OSError, match="Invalid argument"):
            one.setsockopt(socket.IPPROTO_TCP, name, most + 1)


@linux
def test_sysctls_exist() -> None:
    """Every sysctl that is named is one of this kernel's; conntrack's only where that is loaded."""
    texts = "".join(one.text for cure in every(target()).values() for one in cure.snippets)
    names = set(re.findall(r"\bnet\.[a-z0-9_]+\.[a-z0-9_]+", texts))
    assert len(names) == 4
    for name in names:
        path = Path("/proc/sys", *name.split("."))
        assert path.exists() or (path.parts[4] == "netfilter" and not path.parent.exists()), name


@given(targets)
def test_one_command(of: Target) -> None:
    """The sysctl command is one command with one word for each setting, as the file has it."""
    words = shlex.split(snippet(of, "sysctl"))
    assert words[:2] == ["sysctl", "-w"]
    assert dict(word.split("=") for word in words[2:]) == dict(
        line.split(" = ") for line in snippet(of, "sysctl", 1).splitlines()
    )


@given(targets)
def test_libpq(of: Target) -> None:
    """libpq reads both connection strings, with the host, the port and the keepalive that are advised."""
    assert of.setting
    time, interval, probes = map(str, of.setting)
    wanted = {"host": of.host, "port": str(of.service.port), "keepalives": "1", "keepalives_idle": time,
              "keepalives_interval": interval, "keepalives_count": probes}  # fmt: skip
    assert conninfo_to_dict(snippet(of, "libpq", 0).strip()) == wanted
    assert conninfo_to_dict(snippet(of, "libpq", 1).strip()) == wanted


@given(targets)
def test_libdontdie(of: Target) -> None:
    """Its environment holds the three values and the library."""
    assert of.setting
    lines = [shlex.split(line) for line in snippet(of, "libdontdie").splitlines()]
    assert [words[0] for words in lines] == ["export"] * 4
    assert [words[1].split("=")[1] for words in lines[:3]] == [str(value) for value in of.setting]
