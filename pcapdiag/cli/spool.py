"""Standard input: ended by Ctrl-C without losing what it still holds, and kept in a file where captures are read twice."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pcapdiag.capture.errors import CaptureError
from pcapdiag.cli.main import trouble
from pcapdiag.report.names import STDIN as NAME
from pcapdiag.report.output import STDOUT as STDIN

if TYPE_CHECKING:
    from types import FrameType

_CHUNK = 1 << 20


@contextmanager
def spooled(files: tuple[str, ...], wanted: bool) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """The files, with a copy in place of standard input while the block runs if one is wanted, and what that copy is called.

    What cannot be a capture (a terminal, nothing at all) is left as it is: the reading says what is wrong with it.
    """
    if not wanted or STDIN not in files or not _readable():
        yield files, {}
        return
    import tempfile  # costs more than all of a small capture

    with tempfile.TemporaryDirectory(prefix="pcapdiag-", ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, "standard-input")
        try:
            with first_interrupt_ends_the_input():
                _copy(path)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CaptureError(STDIN, f"cannot be kept in {folder} to be read twice: {why}") from error
        try:
            yield tuple(path if file == STDIN else file for file in files), {path: NAME}
        except CaptureError as error:
            if error.path != path:
                raise
            raise type(error)(STDIN, error.reason) from error


def _readable() -> bool:
    try:
        return not os.isatty(0) and os.fstat(0) is not None
    except OSError:
        return False


def _copy(path: str) -> None:
    with open(path, "xb") as out:
        while data := os.read(0, _CHUNK):
            out.write(data)


@contextmanager
def first_interrupt_ends_the_input() -> Iterator[None]:
    """Ctrl-C also reaches the tcpdump that feeds us: read what it still sends, then report."""
    import signal  # costs a millisecond that only live captures need

    def once(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        trouble("interrupted: reading what is left; once more stops at once", 0)

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
