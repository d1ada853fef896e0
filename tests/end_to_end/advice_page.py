"""The page with every cure, ``docs/advice.md``, compared with the catalogue, or written anew:
``python -m tests.end_to_end.advice_page --write``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.end_to_end.command import pcapdiag
from tests.end_to_end.shipped import ROOT

PAGE = Path("docs/advice.md")


def expected() -> str:
    """What the command prints."""
    return pcapdiag("advise", "--list", "--format", "markdown").stdout


def fresh(root: Path = ROOT) -> bool:
    """Is the page as the catalogue has it?"""
    return (root / PAGE).exists() and (root / PAGE).read_text(encoding="utf-8") == expected()


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Say whether the page is as it should be, or with ``--write`` put it right."""
    if fresh(root):
        return 0
    if "--write" not in arguments:
        sys.stdout.write(f"{PAGE}: not as the catalogue has it\n")
        return 1
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(expected(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: written anew\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
