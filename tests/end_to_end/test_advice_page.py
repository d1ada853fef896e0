"""The page with every cure is that of the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pcapdiag.advice.catalogue import CATALOGUE
from tests.end_to_end.advice_page import PAGE, expected, fresh, main
from tests.end_to_end.shipped import ROOT


def test_the_page_is_fresh() -> None:
    """docs/advice.md shows every cure as the command prints it; `make gold` writes it anew."""
    assert fresh()


def test_it_is_whole() -> None:
    """Each cure has its place there, once, and each link leads to a page."""
    text = expected()
    ids = re.findall(r"(?m)^`([a-z-]+)`, [a-z' ]+\. ", text)
    assert sorted(ids) == sorted(recipe.id for recipe in CATALOGUE)
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert all((ROOT / PAGE.parent / link).exists() for link in links)


def test_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says that the page is not as it should be, puts it right with --write, and then agrees."""
    assert main([], tmp_path) == 1
    assert "not as the catalogue has it" in capsys.readouterr().out
    assert main(["--write"], tmp_path) == 0
    assert main([], tmp_path) == 0
