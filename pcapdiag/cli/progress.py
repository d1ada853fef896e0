"""A progress bar on stderr, for inputs that take longer than a second and people who are watching."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import rich.progress

#: Shorter than this, a bar only flickers.
DELAY = 1.0


class Step(Protocol):
    """How far the reading has come: bytes of the file as it is stored, of ``size`` if that is known."""

    @property
    def name(self) -> str:
        """Of the file."""

    @property
    def consumed(self) -> int:
        """Bytes read."""

    @property
    def size(self) -> int | None:
        """Bytes there are."""

    @property
    def records(self) -> int:
        """Records read."""


class Bar:
    """Called with every step; shows itself after :data:`DELAY` seconds."""

    def __init__(self, *, color: bool = True, delay: float = DELAY) -> None:
        self._begin = monotonic()
        self._color, self._delay = color, delay
        self._bar: rich.progress.Progress | None = None
        self._name = ""

    def __call__(self, step: Step) -> None:
        """Show the step."""
        first = self._bar is None
        if self._bar is None:
            if monotonic() - self._begin < self._delay:
                return
            self._bar = _bar(self._color)
            self._bar.add_task("", total=None, records="")
        task = self._bar.task_ids[0]
        if step.name != self._name:  # the next file begins at 0 again, and so do rate and time left
            self._name = step.name
            self._bar.reset(task, total=None)
        self._bar.update(
            task,
            description=_short(step.name),
            completed=step.consumed,
            total=step.size or None,
            records=f"{step.records / 1e6:.1f} M records",
            refresh=not first,
        )
        if first:
            self._bar.start()

    def close(self) -> None:
        """Take the bar away, so that the report stands alone."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def progress_bar(wanted: bool, *, color: bool = True) -> Iterator[Bar | None]:
    """A bar while the block runs, or None if it is unwanted or stderr is no terminal."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    bar = Bar(color=color)
    try:
        yield bar
    finally:
        bar.close()


def _bar(color: bool) -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),  # a file name is hostile, and no markup
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]}", markup=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, no_color=None if color else True),
        transient=True,
        auto_refresh=False,  # the reading calls often enough; a thread would only take its time
        expand=True,
    )


def _short(name: str) -> str:
    from pcapdiag.report.text import clean, cut_left

    return cut_left(clean(name), 24)
