"""A folder of reports appears whole or not at all, and nothing in it is overwritten unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.report.folder import check_folder, open_folder
from pcapdiag.report.output import OutputError


def write(path: Path, *, force: bool = False, text: str = "new") -> None:
    """A folder with two files."""
    with open_folder(str(path), force=force) as folder:
        for name in ("a.txt", "b.txt"):
            (Path(folder) / name).write_text(text)


def content(path: Path) -> dict[str, str]:
    """What is in a folder."""
    return {file.name: file.read_text() for file in path.iterdir()}


@pytest.mark.parametrize("exists", [False, True])
def test_a_new_folder_appears_whole(exists: bool, tmp_path: Path) -> None:
    """A folder that is not there, or is empty, holds everything afterwards, and nothing is left beside it."""
    path = tmp_path / "out"
    if exists:
        path.mkdir()
    write(path)
    assert content(path) == {"a.txt": "new", "b.txt": "new"}
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    """When writing fails half-way, there is no folder, and nothing of it."""

    def fail() -> None:
        with open_folder(str(tmp_path / "out")) as folder:
            (Path(folder) / "a.txt").write_text("half")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # whatever a renderer raises
        fail()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """A folder that holds something is refused before the work and after it; with force, only files of the same names are replaced."""
    path = tmp_path / "out"
    path.mkdir()
    (path / "a.txt").write_text("mine")
    (path / "other.txt").write_text("mine")
    for attempt in (lambda: check_folder(str(path), ("a.txt",)), lambda: write(path)):
        with pytest.raises(OutputError, match="--force"):
            attempt()
    assert content(path) == {"a.txt": "mine", "other.txt": "mine"}
    check_folder(str(path), ("a.txt",), force=True)
    write(path, force=True)
    assert content(path) == {"a.txt": "new", "b.txt": "new", "other.txt": "mine"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Who makes the folder while the reports are written keeps what is in it."""
    path = tmp_path / "out"

    def race() -> None:
        with open_folder(str(path)) as folder:
            (Path(folder) / "a.txt").write_text("new")
            path.mkdir()
            (path / "a.txt").write_text("theirs")

    with pytest.raises(OutputError):
        race()
    assert content(path) == {"a.txt": "theirs"}


@pytest.mark.parametrize("kind", ["file", "no parent", "input"])
def test_what_must_fail_fails_at_once(kind: str, tmp_path: Path) -> None:
    """A file in the folder's place, a folder without a parent, and an input among the outputs are refused before any work."""
    path = tmp_path / "out"
    inputs: tuple[str, ...] = ()
    if kind == "file":
        path.write_text("mine")
    elif kind == "no parent":
        path = tmp_path / "no" / "out"
    else:
        path.mkdir()
        (path / "a.txt").write_text("a capture")
        inputs = (str(path / "a.txt"),)
    with pytest.raises(OutputError):
        check_folder(str(path), ("a.txt",), force=True, inputs=inputs)
