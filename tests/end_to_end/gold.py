"""Reports of shipped captures as they should be, in ``tests/gold/``; compared, or written anew: ``python -m tests.end_to_end.gold --write``."""

from __future__ import annotations

import sys
from pathlib import Path

from pcapdiag.report.formats import FORMATS, suffix
from tests.end_to_end.command import pcapdiag
from tests.end_to_end.shipped import ROOT

FOLDER = Path("tests/gold")
#: Which capture in which formats: a few that show much of a format, so that a change can be reviewed.
REPORTS = (
    ("reset-after-idle", FORMATS),
    ("reset-by-the-middle", ("terminal", "csv", "markdown")),
    ("request-after-fin", ("terminal", "csv", "markdown")),
    ("late-answer-lost", ("terminal", "csv", "markdown")),
    ("refused", ("terminal", "markdown")),
    ("keepalive-survives", ("markdown", "html")),
)


def expected() -> dict[Path, str]:
    """What each file should hold, by its path below the repository's root: what the command prints there."""
    return {
        FOLDER / f"{name}{suffix(form)}": pcapdiag("analyze", f"captures/{name}.pcap", "--format", form).stdout
        for name, forms in REPORTS
        for form in forms
    }


def stale(wanted: dict[Path, str], root: Path = ROOT) -> list[Path]:
    """The files that are missing, differ, or belong to no report."""
    there = {path.relative_to(root) for path in (root / FOLDER).glob("*") if path.is_file()}
    return sorted(
        path for path in there | wanted.keys()
        if path not in wanted or not (root / path).exists() or (root / path).read_bytes() != wanted[path].encode()
    )  # fmt: skip


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Name the files that are not as they should be, or with ``--write`` put them right."""
    wanted = expected()
    for path in stale(wanted, root):
        if "--write" not in arguments:
            sys.stdout.write(f"{path}: not what is printed\n")
        elif path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(wanted[path].encode())
            sys.stdout.write(f"{path}: written anew\n")
        else:
            (root / path).unlink()
            sys.stdout.write(f"{path}: removed\n")
    return min(len(stale(wanted, root)), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
