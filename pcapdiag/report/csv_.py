"""The findings as one table, for spreadsheets and for whoever joins them with other logs: RFC 4180, UTF-8."""

from __future__ import annotations

from typing import Any, ClassVar, TextIO

from pcapdiag.report.columns import FLAG, GAP, TEXT, TIME
from pcapdiag.report.columns_findings import finding_columns
from pcapdiag.report.document import groups
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.times import decimal, iso

#: What a spreadsheet takes for a formula at the beginning of a cell (owasp.org, "CSV Injection"), in the wide forms too that
#: East Asian versions read alike. Tab and line breaks are made visible before.
_FORMULA = "=+-@|%＝＋－＠｜％"
#: What spreadsheets and their import filters pass over before they look for one of these.
_PASSED_OVER = " '\"`"


class Csv:
    """Renders one row a finding, of all groups: the column ``group`` says which. The columns are those of the DataFrame.

    Times are ISO 8601 in UTC, gaps seconds with nine decimals, yes or no ``true`` or ``false``; a cell without a value is empty.
    Text that was captured shows what is not printable as escapes. Text cells are quoted, and a leading ``'`` keeps those that a
    spreadsheet would take for a formula from being one.
    """

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    def render(self, report: Report, out: TextIO) -> None:
        """Write the header and a row for each finding."""
        columns = finding_columns(report)
        out.write(",".join(c.name for c in columns) + "\r\n")
        for found in groups(report).values():
            for finding in found:
                out.write(",".join(cell(c.kind, c.get(finding)) for c in columns) + "\r\n")


def cell(kind: str, value: Any) -> str:
    """One value as it stands in the file."""
    if value is None:
        return ""
    if kind == TIME:
        return iso(value)
    if kind == GAP:
        return decimal(value)
    if kind == FLAG:
        return "true" if value else "false"
    return quoted(str(value)) if kind == TEXT else str(int(value))


def quoted(text: str) -> str:
    """A text cell: harmless to terminals, to spreadsheets, and to whoever splits at another separator."""
    shown = clean(text)
    if shown and shown.lstrip(_PASSED_OVER)[:1] in _FORMULA:  # of nothing but what is passed over, too
        shown = "'" + shown
    return '"' + shown.replace('"', '""') + '"'
