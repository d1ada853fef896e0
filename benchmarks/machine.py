"""Describes the machine and the versions of what is measured, and says which tools there are."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path


def tools(pcapdiag: list[str]) -> dict[str, str]:
    """Version of each tool that can be run here, by name. What is missing is not in it."""
    commands = {
        "pcapdiag": [*pcapdiag, "--version"],
        "tcpdump": ["tcpdump", "--version"],
        "tshark": ["tshark", "--version"],
        "zcat": ["zcat", "--version"],
        "dpkt": [sys.executable, "-c", "import dpkt; print('dpkt', dpkt.__version__)"],
    }
    found = {name: _first_line(command) for name, command in commands.items()}
    return {name: version for name, version in found.items() if version}


def _first_line(command: list[str]) -> str:
    """First line that a command prints, empty if it cannot be run."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""


def why_not(command: list[str]) -> str:
    """Last line of what a command complains about."""
    if not shutil.which(command[0]):
        return "no such command"
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return (done.stderr.strip().splitlines() or ["no message"])[-1]


def describe() -> list[str]:
    """Processor, memory, kernel, Python: one line each."""
    return [
        f"{_processor()}, {os.cpu_count()} cores",
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB memory",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"Python {platform.python_version()}",
    ]


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
