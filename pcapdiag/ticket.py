"""One file for a ticket: every report that a person or a program may want, the evidence, and how to check it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, StringIO
from typing import BinaryIO

from pcapdiag.report.command import command
from pcapdiag.report.formats import renderer
from pcapdiag.report.model import Report
from pcapdiag.report.names import shortened
from pcapdiag.report.pcapng import evidence
from pcapdiag.report.pictures import picture
from pcapdiag.report.readme import Part, readme

#: The earliest date that the format knows: a bundle tells nothing of when it was made, and comes out the same tomorrow.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _PLAIN_FILE = 3, 0o100644 << 16


def ticket(report: Report, out: BinaryIO, *, payload: bool = False) -> tuple[Part, ...]:
    """Write the bundle of a `detailed` report as a zip file; gives what is in it.

    Directories of the captures are left out of their names. The same report gives the same bytes. ``payload`` as in
    the HTML report and the evidence: without it both show none.
    """
    parts = list(_parts(shortened(report), payload))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for part in parts:
            info = zipfile.ZipInfo(part.name, _DATE)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _PLAIN_FILE
            bundle.writestr(info, part.data)
    return tuple(parts)


def _parts(report: Report, payload: bool) -> Iterator[Part]:
    """README.txt first: who unpacks it reads that first."""
    capture = None
    if report.excerpts:
        options = [*(["--payload"] if payload else []), *(["--anonymize"] if report.anonymized else [])]
        found = evidence(report, command=command(report, "ticket", *options), payload=payload)
        capture, report = found.data, replace(report, evidence=found.frames)
    options_of = {"html": {"payload": payload}}
    told = (
        ("report.html", "html", "the whole report, for a browser (also on a phone); it loads nothing from the network"),
        ("report.md", "markdown", "the report for the text of a ticket (GitHub, GitLab, Jira)"),
        ("report.json", "json", "the report for programs; steps of excerpts name their frames in evidence.pcapng"),
    )
    made = [Part(name, what, _rendered(report, format_, options_of.get(format_, {}))) for name, format_, what in told]
    missing: list[str] = []
    drawn = _timeline(report) if report.excerpts else None
    if drawn is not None:
        made.append(Part("timeline.png", "the incidents on a time axis, one line for each connection", drawn))
    elif report.excerpts:
        missing.append("timeline.png: matplotlib, which draws it, is not installed (pip install 'pcapdiag[plot]')")
    if capture is not None:
        made.append(Part("evidence.pcapng", "the packets around the incidents, with comments; for Wireshark", capture))
    else:
        missing.append("evidence.pcapng and timeline.png: nothing was found of which packets could be shown")
    yield Part("README.txt", "what each file is, and how to check it", readme(report, made, missing).encode())
    yield from made


def _rendered(report: Report, name: str, options: dict[str, bool]) -> bytes:
    text = StringIO()
    renderer(name, **options).render(report, text)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _timeline(report: Report) -> bytes | None:
    """The picture, None without matplotlib."""
    timeline = picture()
    if timeline is None:
        return None
    out = BytesIO()
    timeline.render_binary(report, out, "png")
    return out.getvalue()
