"""The notebooks run from top to bottom with the public library, and are stored as they were written."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.end_to_end.shipped import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code(path: Path) -> list[Any]:
    """The cells of a notebook that hold code."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@cache
def executed(path: Path) -> list[Any]:
    """The same, with what they show when the notebook is run from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_some() -> None:
    """The pattern above finds them."""
    assert "investigate" in {path.stem for path in NOTEBOOKS}


@each
def test_it_is_stored_without_outputs(path: Path) -> None:
    """No output, no count of executions: a change is what somebody wrote, and nothing of a capture is kept."""
    nbformat.validate(nbformat.read(path, as_version=4))
    for cell in code(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@each
def test_it_needs_nothing_private(path: Path) -> None:
    """Only names without an underscore, a few lines in each cell, no magic."""
    for cell in code(path):
        tree = ast.parse(cell.source)  # magic would be no Python
        assert len(cell.source.splitlines()) <= 10
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            assert name == "_" or not name.startswith("_"), name


@each
def test_it_runs_from_top_to_bottom(path: Path) -> None:
    """Every cell that ends in a value shows it, and none says anything on stderr."""
    for cell in executed(path):
        shown = [output.output_type for output in cell.outputs]
        assert "error" not in shown
        assert all(output.get("name") != "stderr" for output in cell.outputs), cell.outputs
        assert not isinstance(ast.parse(cell.source).body[-1], ast.Expr) or shown


def test_the_incident_is_solved() -> None:
    """investigate: the answer, four incidents beside the four lines of the sidecar's log, and both pictures."""
    outputs = [output for cell in executed(ROOT / "notebooks" / "investigate.ipynb") for output in cell.outputs]
    html = " ".join(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    text = " ".join(output.text for output in outputs if output.output_type == "stream")
    assert text.count(" 503 UC ") == 4
    assert "4 requests on idle connections were answered by RST, with no FIN before." in html
    assert "Nothing was seen to be lost on an idle connection." in html
    assert html.count("ShADadr") == 4
    assert "something nearer than the endpoint" in text
    assert "timer" in text
    assert "evidence.pcapng" in text
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
