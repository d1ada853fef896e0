"""A folder of reports that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pcapdiag.report.output import OutputError, check_output


def check_folder(path: str, names: Iterable[str], *, force: bool = False, inputs: tuple[str, ...] = ()) -> None:
    """Raise OutputError for what can be known to fail before hours of work are done.

    ``names`` are the files that will be in it, as far as they are known; ``inputs`` are never overwritten.
    """
    if not os.path.lexists(path):
        check_output(path)
        return
    if not os.path.isdir(path):
        raise OutputError(path, "is no directory")
    if os.listdir(path) and not force:
        raise OutputError(path, "is a directory that holds something (--force writes into it)")
    for name in names:
        check_output(os.path.join(path, name), force=force, inputs=inputs)


@contextmanager
def open_folder(path: str, *, force: bool = False) -> Iterator[str]:
    """An empty folder to write files into, whose content is at ``path`` when the block ends well.

    A new or empty folder appears by one renaming. With ``force``, files of the same names in one that is there are replaced,
    each whole, after all were written; others stay.
    """
    check_folder(path, (), force=force)
    target = os.path.realpath(path)
    parent, name = os.path.split(target)
    staging = os.path.join(parent, f".{name[:100]}.{os.urandom(4).hex()}.tmp")
    try:
        try:
            os.mkdir(staging)
            yield staging
            _appear(staging, target, force)
        except OSError as error:
            raise OutputError(path, (error.strerror or str(error)).lower()) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _appear(staging: str, target: str, force: bool) -> None:
    if not (force and os.path.isdir(target) and os.listdir(target)):
        os.rename(staging, target)  # never replaces a folder that holds something
        return
    for name in sorted(os.listdir(staging)):
        os.replace(os.path.join(staging, name), os.path.join(target, name))
