"""One scenario, from an empty machine to its files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Scenario, Truth


@contextmanager
def happened(scenario: Scenario) -> Iterator[tuple[Truth, Path]]:
    """Let it happen; gives its truth and a folder with its files, which goes at the end of the block (see `left`).

    Raises `pcapdiag.lab.types.Failed` if it did not become what it is for.
    """
    with tempfile.TemporaryDirectory(prefix="pcapdiag-lab-") as made:
        folder = Path(made)
        with Stage(scenario.name, folder, scenario.seconds + 30) as stage:
            scenario.run(stage)
            truth = stage.truth()
        name = f"{scenario.name}.truth.json"
        (folder / name).write_text(truth.text())
        yield truth, folder


def names(truth: Truth) -> list[str]:
    """The files that a run leaves: captures, truth, and what else a person would have."""
    captures = [file for name, captured in truth.captures.items() for file in captured.files or (name,)]
    return [*captures, f"{truth.scenario}.truth.json", *truth.files.values()]


def left(truth: Truth, made: Path, folder: Path, *, force: bool) -> list[Path]:
    """Leave the files of a run in ``folder``. Raises FileExistsError, before anything is written, if one is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / name for name in names(truth)]
    there = [target for target in targets if target.exists()]
    if there and not force:
        raise FileExistsError(f"{there[0]} exists already (--force overwrites it)")
    for target in targets:
        new = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(made / target.name, new)
        os.replace(new, target)
    return targets
