"""``docs/timeouts.md``, compared with the data, or written anew: ``python -m tests.end_to_end.timeouts_page --write``."""

from __future__ import annotations

import sys

from pcapdiag.report.timeouts_markdown import page_markdown
from tests.end_to_end.shipped import ROOT

PAGE = ROOT / "docs" / "timeouts.md"


def main(arguments: list[str]) -> int:
    """Say whether the page is as the data has it, or with ``--write`` put it right."""
    wanted = page_markdown()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    if "--write" not in arguments:
        sys.stdout.write(f"{PAGE}: not as the data has it\n")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    sys.stdout.write(f"{PAGE}: written anew\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
