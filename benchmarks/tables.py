"""Rows of results, and how they become markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- benchmarks: begin (written by benchmarks/run.py --markdown) -->"
END: Final = "<!-- benchmarks: end -->"
HEAD: Final = ("capture", "what", "pcapdiag", "compared with", "result", "budget", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison, as text. ``met``: whether the budget was kept, None where there is no budget."""

    capture: str
    what: str
    value: str
    against: str
    result: str
    budget: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The texts of its cells, in the order of HEAD."""
        met = {None: "", True: "yes", False: "**no**"}[self.met]
        return (self.capture, self.what, self.value, self.against, self.result, self.budget, met)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table. ``note``: how it was measured."""

    title: str
    note: str
    rows: list[Row]


def at_most(row: tuple[str, str, str, str], ratio: float, budget: float) -> Row:
    """A row whose ratio must not exceed the budget."""
    return Row(*row, f"{ratio:.2f}", f"at most {budget:.2f}", ratio <= budget)


def cpu(seconds: float, records: int) -> str:
    """CPU time as text, in all and per record."""
    return f"{seconds:.3f} s ({seconds / records * 1e9:.0f} ns/record)"


def megabytes(size: float) -> str:
    """A size in bytes as text, in MB of 10^6 bytes."""
    return f"{size / 1e6:.0f} MB"


def markdown(sections: list[Section], preface: list[str]) -> str:
    """The preface as a list, then one table per section."""
    lines = [*(f"- {line}" for line in preface), ""]
    for section in sections:
        lines += [f"### {section.title}", "", section.note, ""]
        table = [HEAD, *(row.cells() for row in section.rows)]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(HEAD))]
        for i, cells in enumerate(table):
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append("| " + " | ".join(padded) + " |")
            if i == 0:
                lines.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        lines.append("")
    return "\n".join(lines)


def put_between_markers(path: Path, text: str) -> None:
    """Replace what lies between the markers of a file. Without markers, append; without file, make it."""
    old = path.read_text() if path.exists() else "# Performance\n"
    block = f"{BEGIN}\n\n{text}\n{END}"
    if BEGIN in old and END in old:
        head, _, rest = old.partition(BEGIN)
        new = head + block + rest.partition(END)[2]
    else:
        new = f"{old.rstrip()}\n\n{block}\n"
    path.write_text(new)
