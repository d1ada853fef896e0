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
#: What single scenarios need besides.
OTHERS = {"dumpcap": "wireshark-common", "openssl": "openssl", "envoy": "pcapdiag[lab], from PyPI"}


def missing(needs: Iterable[str] = ()) -> list[str]:
    """One sentence for each thing that is missing for scenarios with these ``needs``; empty if all is there."""
    if not sys.platform.startswith("linux"):
        return ["needs Linux: network namespaces, nftables and connection tracking are its own"]
    told = [] if os.geteuid() == 0 else ["needs root: it makes network namespaces"]
    for program in (*PROGRAMS, *needs):
        if not _there(program):
            told.append(f"needs {program} ({(PROGRAMS | OTHERS).get(program, 'a program')})")
    return told


def _there(program: str) -> bool:
    if program == "envoy":
        return binary() is not None
    return shutil.which(program) is not None
