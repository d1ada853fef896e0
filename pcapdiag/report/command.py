"""The command that makes a report again, as it stands in what is handed on."""

from __future__ import annotations

from shlex import quote

from pcapdiag.durations import format_duration
from pcapdiag.report.model import Report
from pcapdiag.report.names import short


def command(report: Report, name: str, *options: str) -> str:
    """``pcapdiag NAME`` with the captures by their short names, and what was asked for; of an anonymised report, in its names."""
    asked = report.options
    words = ["pcapdiag", name, *short([file.name for file in report.files])]
    if asked.min_idle != 1_000_000_000:
        words += ["--min-idle", format_duration(asked.min_idle).replace(" ", "")]
    for text in asked.filters:
        option, _, value = text.partition(" ")
        words += [f"--{option}", value]
    for option, codes in (("--select", asked.select), ("--ignore", asked.ignore)):
        words += [option, ",".join(codes)] if codes else []
    return " ".join(map(quote, [*words, *options]))
