"""docs/timeouts.md is what the data says."""

from __future__ import annotations

import re

from pcapdiag.knowledge.keepalives import keepalive_defaults
from pcapdiag.knowledge.timeouts import timeouts
from tests.end_to_end.timeouts_page import PAGE, main


def test_the_page_is_fresh() -> None:
    """It is made from the data; `make gold` writes it."""
    assert main([]) == 0


def test_everything_known_stands_on_it() -> None:
    """Each entry is a row of the table that links to its own part, and each stack has its row."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\|.*\]\(#(.+?)\)", text)
    assert sorted(rows) == sorted(re.findall(r"(?m)^## (.+)$", text)) == sorted(t.id for t in timeouts())
    assert all(f"| {d.stack} |" in text for d in keepalive_defaults())
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")} == {7}
