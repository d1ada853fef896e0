"""The shipped notebooks run from top to bottom, and are stored without what they print."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of jupyter's own sockets and loops
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs in this environment, in a process of its own, in the notebook's folder; and the folder stays as it was."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    before = {p: p.stat().st_mtime_ns for p in FOLDER.iterdir() if p.is_file()}
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown), "a plot is shown"
    assert any("text/html" in output.get("data", {}) for output in shown), "a table is shown"
    assert {p: p.stat().st_mtime_ns for p in FOLDER.iterdir() if p.is_file()} == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    """What it shows is made when it runs: nothing volatile lies in the repository."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_needs_no_private_name(path: Path) -> None:
    """Only public names of pcapdiag are imported."""
    source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert "import pcapdiag" in source
    assert "._" not in source


def test_there_are_notebooks() -> None:
    """At least one walks an incident from capture to report."""
    assert FOLDER / "investigate.ipynb" in NOTEBOOKS
