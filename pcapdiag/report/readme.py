"""The README.txt of a bundle: for somebody who never heard of pcapdiag, and opens it on a phone or beside Wireshark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from textwrap import wrap
from typing import NamedTuple

from pcapdiag.report.filters import proof
from pcapdiag.report.headline import headline, in_silence, others
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.times import iso
from pcapdiag.report.words import anonymized, count, gap
from pcapdiag.rules.types import Finding

#: As wide as mails are.
_WIDTH = 78
#: Incidents whose frames are listed: more are in the reports.
_SHOWN = 10
#: What people come with, told for those who do not know it.
_WHAT = (
    "A client kept a TCP connection open and idle. Something on the path forgot it and told nobody; what was sent on it next was "
    "answered by RST, or by nothing. Each such case was found in a packet capture, and is proved by the frames named here."
)


class Part(NamedTuple):
    """One file of a bundle: its name, what it is, and its bytes."""

    name: str
    what: str
    data: bytes


def readme(report: Report, parts: Sequence[Part], missing: Sequence[str]) -> str:
    """The text. ``missing`` says of files that people may look for why they are not there."""
    return "\n".join(_lines(report, parts, missing)) + "\n"


def _lines(report: Report, parts: Sequence[Part], missing: Sequence[str]) -> Iterator[str]:
    yield from _wrapped(headline(report))
    for text in others(report):
        yield from _wrapped(f"Also found: {text}.")
    if any(in_silence(f) for f in report.incidents):
        yield ""
        yield from _wrapped(_WHAT)
    if report.anonymized is not None:
        yield ""
        yield from _wrapped(anonymized(report.anonymized))
    yield from ("", "Files", "-----")
    for part in parts:
        yield from _wrapped(f"{part.name:<16} {part.what}", " " * 17)
    for text in missing:
        yield from _wrapped(f"Not there: {text}", "  ")
    if report.evidence:
        yield from _check(report)
    yield from ("", "SHA-256 of the files here", "-------------------------")
    for part in parts:
        yield f"{sha256(part.data).hexdigest()}  {part.name}"
    digests = [(file.sha256, file.name) for file in report.files if file.sha256]
    if digests:
        yield from ("", "SHA-256 of the captures that were read", "--------------------------------------")
        yield from (f"{digest}  {clean(name)}" for digest, name in digests)
    yield from ("", f"Made by pcapdiag {report.version}.")


def _check(report: Report) -> Iterator[str]:
    """How to see it with one's own eyes."""
    yield from ("", "Check it in Wireshark", "---------------------")
    yield from _wrapped("1. Open evidence.pcapng. File > Capture File Properties says what it is.", "   ")
    yield from _wrapped("2. Filter by frame.comment: each packet with a comment says what it shows.", "   ")
    yield from _wrapped("3. Compare with the captures: the frames of the first incidents are", "   ")
    found = [f for f in report.incidents if any(_here(report, f))]
    for finding in found[:_SHOWN]:
        yield ""
        period = finding.period
        client, server = period.connection.client, period.connection.server
        yield f"   {iso(period.wake.first.ref.time, 3)} {client} -> {server}"
        yield f"   {finding.rule} {finding.name}" + (f", gap {gap(period)}" if period.idle else "")
        for role, ref in proof(period):
            at = report.evidence.get((ref.file, ref.frame))
            here = "not in the evidence" if at is None else f"frame {at} of the evidence"
            yield f"     {role:<12} {here}, frame {ref.frame} of {clean(report.file_name(ref.file))}"
    if len(found) > _SHOWN:
        yield ""
        yield f"   and {count(len(found) - _SHOWN, 'more incident')}: see the reports"


def _here(report: Report, finding: Finding) -> Iterator[bool]:
    """For each frame that proves it, whether it is in the evidence."""
    return ((p.ref.file, p.ref.frame) in report.evidence for p in proof(finding.period))


def _wrapped(text: str, rest: str = "") -> list[str]:
    return wrap(text, _WIDTH, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
