"""The pages in docs/rules/, and README.md's table of rules, are those of the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.command import pcapdiag
from tests.end_to_end.rule_pages import FOLDER, INDEX, README, expected, main, stale
from tests.end_to_end.shipped import ROOT

TABLE = "| code | name | severity | says |\n|---|---|---|---|\n"


def test_the_pages_are_fresh() -> None:
    """Every rule has its page in docs/rules/, each as its own file has it, and no other is there; `make gold` writes them."""
    assert stale() == []


def test_links_lead_somewhere() -> None:
    """Every link from page to page has its page, and the index links to all."""
    pages = {path.name: text for path, text in expected().items() if path != README}
    links = {link for text in pages.values() for link in re.findall(r"\]\(([^)]*)\)", text)}
    assert links == set(pages) - {INDEX}


def test_a_page_is_what_the_command_prints() -> None:
    """`pcapdiag rule CODE --format markdown` prints the page that stands there."""
    page = (ROOT / FOLDER / "IDLE103.md").read_text(encoding="utf-8")
    assert pcapdiag("rule", "IDLE103", "--format", "markdown").stdout == page


def test_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names what is missing, stale or superfluous, puts it right with --write and nothing else, and then agrees."""
    (tmp_path / README).write_text(f"# A page\n\n{TABLE}| old | row |\n\nMore.\n")
    assert main([], tmp_path) == 1
    assert main(["--write"], tmp_path) == 0
    page = (tmp_path / README).read_text()
    assert page.startswith(f"# A page\n\n{TABLE}| [IDLE101](docs/rules/IDLE101.md) | reset-after-idle | failure | ")
    assert page.endswith(" |\n\nMore.\n")
    (tmp_path / FOLDER / INDEX).write_text("old")
    (tmp_path / FOLDER / "IDLE100.md").write_text("a rule that is gone")
    capsys.readouterr()
    assert main([], tmp_path) == 1
    assert capsys.readouterr().out.count("not as the catalogue has it") == 2
    assert main(["--write"], tmp_path) == 0
    assert main([], tmp_path) == 0
    assert not (tmp_path / FOLDER / "IDLE100.md").exists()
