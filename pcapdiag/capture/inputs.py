"""From what stands on a command line to a list of files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence

from .errors import CaptureError, NotCapture
from .raw import plainly
from .source import open_source

_NUMBER = re.compile("([0-9]+)")


def natural(path: str) -> tuple[list[str | int], str]:
    """A sort key by which ``ring2`` comes before ``ring10``."""
    # split() puts text at even and digits at odd places, so that text never meets a number
    parts: list[str | int] = list(_NUMBER.split(path))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, path


def expand(arguments: Sequence[str]) -> list[str]:
    """The files that ``arguments`` (files, directories, patterns the shell left alone, ``-``) name, each
    once.

    The order of the arguments is kept; what comes from one directory or pattern is in natural order. A
    directory gives the captures in it, compressed or not, known by their first bytes, but not those in its
    own directories. A pattern gives what the shell would have given: its files are not looked at. Raises
    `CaptureError` for what does not exist, for a directory without captures, and for one that holds a file
    that cannot be looked into.
    """
    seen: set[str] = set()
    files: list[str] = []
    for argument in arguments:
        for path in _one(argument):
            real = path if path == "-" else os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                files.append(path)
    return files


def _one(argument: str) -> Iterator[str]:
    if argument == "-":
        yield argument
    elif os.path.isdir(argument):
        yield from _directory(argument)
    elif os.path.lexists(argument) or not glob.has_magic(argument):
        if not os.path.exists(argument):
            link = os.path.islink(argument)
            raise CaptureError(argument, "a link to nothing" if link else "no such file or directory")
        yield argument
    else:
        matches = sorted(glob.glob(argument, recursive=True), key=natural)
        if not matches:
            raise CaptureError(argument, "no file matches")
        for match in matches:
            yield from _directory(match) if os.path.isdir(match) else [match]


def _directory(path: str) -> list[str]:
    try:
        names = os.listdir(path)
    except OSError as error:
        raise CaptureError(path, plainly(error)) from error
    inside = [os.path.join(path, name) for name in names]
    captures = [file for file in inside if os.path.isfile(file) and _is_capture(file)]
    if not captures:
        raise CaptureError(path, "a directory without captures")
    return sorted(captures, key=natural)


def _is_capture(path: str) -> bool:
    try:
        open_source(path).close()
    except NotCapture:
        return False
    return True
