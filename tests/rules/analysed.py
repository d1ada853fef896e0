"""A conversation as a user meets it: forged into captures, analysed, and all that is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.report.model import Report
from pcapdiag.rules.types import Finding, Sender

#: A request and its response over 20 ms, seen from the client's host; the ACK of the response is a delayed one.
HELLO = r"""
    0.000   C  SYN
    0.020   S  SYN ACK
    0.0201  C  ACK
    0.021   C  80 bytes "GET /orders/17 HTTP/1.1\r\nHost: shop\r\n\r\n"
    0.045   S  900 bytes "HTTP/1.1 200 OK\r\n"
    0.085   C  ACK
"""
#: The same from the server's host, behind which nothing lies; the client is 12 routers away.
HELLO_AT_SERVER = "ttl 52 64\n" + r"""
    0.000   C  SYN
    0.0001  S  SYN ACK
    0.020   C  ACK
    0.021   C  80 bytes "GET /orders/17 HTTP/1.1\r\nHost: shop\r\n\r\n"
    0.025   S  900 bytes "HTTP/1.1 200 OK\r\n"
    0.085   C  ACK
"""


def analysed(directory: Path, talk: str, **options: Any) -> Report:
    """The report on a conversation's capture files."""
    paths = []
    for number, data in enumerate(forge(talk)):
        paths.append(directory / f"{number}.pcapng")
        paths[-1].write_bytes(data)
    return pcapdiag.analyze(paths, **options).report


def said(report: Report) -> list[Finding]:
    """Every finding, in whatever group it is counted."""
    return [*report.findings, *report.unproved, *report.heartbeats, *report.harmless]


def verdict(directory: Path, talk: str) -> Finding:
    """The one finding on a conversation."""
    (finding,) = said(analysed(directory, talk))
    return finding


def nothing(directory: Path, talk: str) -> Report:
    """The report on a conversation of which no rule may say anything."""
    report = analysed(directory, talk)
    assert [f.rule for f in said(report)] == []
    return report


def gap(finding: Finding) -> float:
    """How long it was idle, in seconds."""
    return finding.period.gap / 1e9


def sender(finding: Finding) -> Sender:
    """Who sent the RST."""
    assert finding.origin is not None
    return finding.origin.sender
