"""Reports of shipped captures are as they were when somebody last looked at them; `make gold` accepts what is printed now."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.end_to_end.gold import FOLDER, expected, main, stale
from tests.end_to_end.shipped import ROOT


def test_reports_are_as_they_should_be() -> None:
    """Every gold file is what the command prints, and no other is there."""
    wanted = expected()
    for path in stale(wanted):
        old = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""
        diff = difflib.unified_diff(old.splitlines(), wanted.get(path, "").splitlines(), f"{path} (gold)", f"{path} (printed)", lineterm="")
        pytest.fail("\n".join(diff))


def test_as_a_command(tmp_path: Path) -> None:
    """It names what is missing, stale or superfluous, puts it right with --write, and then agrees."""
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "old.md").write_text("of a report that is gone")
    assert main([], tmp_path) == 1
    assert main(["--write"], tmp_path) == 0
    assert main([], tmp_path) == 0
    assert not (tmp_path / FOLDER / "old.md").exists()
