"""The pages in ``docs/rules/`` and the table in README.md, compared with the catalogue, or written anew:
``python -m tests.end_to_end.rule_pages --write``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pcapdiag.report.pages import pages
from pcapdiag.report.pages_markdown import index_markdown, page_markdown
from tests.end_to_end.shipped import ROOT

INDEX, README, FOLDER = "README.md", Path("README.md"), Path("docs/rules")
#: The lines of README.md's table of rules, below its head.
_TABLE = re.compile(r"(?m)^\| code \| name \| severity \| says \|\n\|[-|]+\|\n(?P<rows>(?:\|.*\n)*)")


def table(text: str) -> str:
    """README.md with a row for each rule in its table of rules."""
    rows = "".join(f"| [{p.code}]({FOLDER}/{p.code}.md) | {p.name} | {p.severity} | {p.summary} |\n" for p in pages())
    match = _TABLE.search(text)
    return text if match is None else text[: match.start("rows")] + rows + text[match.end("rows") :]


def expected(root: Path = ROOT) -> dict[Path, str]:
    """What each file should hold, by its path below ``root``."""
    found = pages()
    wanted = {FOLDER / INDEX: index_markdown(found), **{FOLDER / f"{page.code}.md": page_markdown(page) for page in found}}
    if (root / README).exists():
        wanted[README] = table((root / README).read_text(encoding="utf-8"))
    return wanted


def stale(root: Path = ROOT) -> list[Path]:
    """The files that are missing, differ, or belong to no rule."""
    wanted = expected(root)
    there = {path.relative_to(root) for path in (root / FOLDER).glob("*")}
    return sorted(
        path for path in there | wanted.keys()
        if path not in wanted or not (root / path).exists() or (root / path).read_text(encoding="utf-8") != wanted[path]
    )  # fmt: skip


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Name the files that are not as they should be, or with ``--write`` put them right."""
    wanted = expected(root)
    for path in stale(root):
        if "--write" not in arguments:
            sys.stdout.write(f"{path}: not as the catalogue has it\n")
        elif path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted[path], encoding="utf-8")
            sys.stdout.write(f"{path}: written anew\n")
        else:
            (root / path).unlink()
            sys.stdout.write(f"{path}: removed\n")
    return min(len(stale(root)), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
