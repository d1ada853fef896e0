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
    assert {path.stem for path in NOTEBOOKS} == {"investigate", "whole_story", "timeout", "before_after"}


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


def said(name: str) -> tuple[str, str, int]:
    """What a notebook shows when it is run: its HTML, what it prints, and the number of its pictures."""
    outputs = [output for cell in executed(ROOT / "notebooks" / f"{name}.ipynb") for output in cell.outputs]
    html = " ".join(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    text = " ".join(output.text for output in outputs if output.output_type == "stream")
    return html, text, sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_incident_is_solved() -> None:
    """investigate: the answer, four incidents that are the four lines of the sidecar's log, the cure, and both pictures."""
    html, text, pictures = said("investigate")
    assert text.count(" 503 UC ") == 4
    assert "4 requests on idle connections were answered by RST, with no FIN before." in html
    assert "Nothing was seen to be lost on an idle connection." in html
    assert html.count("ShADadr") == 4
    assert html.count("503 UC") == 4
    assert "would have kept 4 of 4 alive" in html
    assert "keepalive    1s: keeps 4, perhaps 0, not 0" in text
    assert "tcpKeepalive:" in text
    assert "something nearer than the endpoint" in text
    assert "timer" in text
    assert "evidence.pcapng" in text
    assert pictures == 2


def test_the_whole_story_is_told() -> None:
    """whole_story: every step has its evidence; each failed line has its finding, and none of them reached the gateway; what is
    missing where less is given comes with commands."""
    html, text, pictures = said("whole_story")
    assert "None of these 4 requests is in its log: lost before it." in html
    assert "4 of 4 lost connections had no keepalive timer" in html
    assert "Connection tracking had forgotten 4 of 4 connections" in html
    assert html.count("<td>absent</td>") == 4
    assert "sidecar: 31 requests, 4 failed, 4 joined with a finding" in text
    assert text.count("missing ") == 3
    assert "ss -tnoeip dst 198.51.100.80:80" in text
    assert pictures == 1


def test_the_timeout_is_inferred() -> None:
    """timeout: the bracket around the truth of 4 s, a product with the forged timeout of 350 s, and an estimate where samples
    cross."""
    html, text, pictures = said("timeout")
    assert "3.00306 s, frame 91" in text
    assert "6.001121 s, frame 97" in text
    assert "AWS: Network Load Balancer, TCP listener" in html
    assert text.count("crossing - ") == 2
    assert "may have kept 25 of 25 alive" in html
    assert pictures == 3


def test_before_is_told_from_after() -> None:
    """before_after: the keepalive is confirmed in one capture and missed in another, and the RSTs were made in the middle."""
    html, text, pictures = said("before_after")
    assert "The keepalive is in place, and it holds." in html
    assert "The cure is not in place." in html
    assert "4 of 4 RSTs were made between before NAT and after NAT" in html
    assert "KeepAliveConfig" in text
    assert pictures == 1
