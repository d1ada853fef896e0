"""Tests that make real traffic: they need root, Linux and the system's programs, and stay inside namespaces of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.programs import REASON, needs

#: What every scenario needs.
_PROGRAMS = ("ip", "nft", "conntrack", "tcpdump", "timeout", "ss", "sysctl")


def live(*more: str) -> list[pytest.MarkDecorator]:
    """For ``pytestmark``: skip without root, Linux, the lab's programs, or ``more``. In CI such a skip is a failure."""
    root = sys.platform == "linux" and os.geteuid() == 0
    return [needs(*_PROGRAMS, *more), pytest.mark.skipif(not root, reason=f"{REASON} as root, on Linux")]


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """A network namespace named after this process, removed at the end with all that is in it."""
    full = f"pcapdiag-test-{os.getpid()}-{name}"
    ip("netns", "add", full)
    try:
        ip("netns", "exec", full, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        yield full
    finally:
        ip("netns", "delete", full)


def ip(*words: str) -> None:
    """Run ``ip``; its own message is the error."""
    done = subprocess.run(("ip", *words), capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def python(space: str, *arguments: str, bound: int = 20) -> subprocess.Popen[str]:
    """Start a Python program in a namespace; it ends by itself after ``bound`` seconds."""
    command = ("ip", "netns", "exec", space, "timeout", str(bound), sys.executable, *arguments)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
