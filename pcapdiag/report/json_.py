"""The report as one JSON document, for programs. ``schema.json`` beside this file describes it."""

from __future__ import annotations

import json
from typing import ClassVar, TextIO

from pcapdiag.report.cause_json import advice, cause
from pcapdiag.report.document import finding, groups, head, tail
from pcapdiag.report.facts import Json
from pcapdiag.report.model import Report


class JsonReport:
    """Renders for programs: everything at once. ``indent`` None puts it on one line."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"

    def __init__(self, *, indent: int | None = 2) -> None:
        self.indent = indent

    def render(self, report: Report, out: TextIO) -> None:
        """Write the whole document."""
        found = {str(name): [finding(f, report) for f in found] for name, found in groups(report).items()}
        cures = {"causes": [cause(c) for c in report.causes], "advice": [advice(a) for a in report.advice]}
        out.write(encode({**head(report), **found, **cures, **tail(report)}, self.indent) + "\n")


def encode(document: Json | list[Json], indent: int | None = None) -> str:
    """JSON in ASCII alone, so that no captured character can act on a terminal or be lost in an encoding."""
    # DEL is the one control character that JSON lets stand. Outside strings it cannot occur.
    return json.dumps(document, ensure_ascii=True, allow_nan=False, indent=indent).replace("\x7f", "\\u007f")
