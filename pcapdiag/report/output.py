"""The one owner of output files: a file appears whole or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, BinaryIO, TextIO, cast

STDOUT = "-"


class OutputError(Exception):
    """An output that could not be written: ``path`` and ``reason``. Nothing was left behind."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def check_output(path: str, *, force: bool = False, inputs: tuple[str, ...] = ()) -> None:
    """Raise OutputError for what can be known to fail before hours of work are done.

    ``inputs`` are never overwritten, not even with ``force``.
    """
    if path == STDOUT:
        if sys.stdout is None:  # started with >&-
            raise OutputError("standard output", "is closed")
        return
    with suppress(OSError):
        for name in inputs:
            if name != STDOUT and os.path.exists(path) and os.path.samefile(path, name):
                raise OutputError(path, "is one of the captures to be read")
    found = _status(path)
    if found is None:
        parent = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(parent):
            raise OutputError(path, "the directory does not exist")
        return
    if stat.S_ISDIR(found.st_mode):
        raise OutputError(path, "is a directory")
    if stat.S_ISREG(found.st_mode) and not force:
        raise OutputError(path, "exists already (--force overwrites it)")


@contextmanager
def open_output(path: str, *, force: bool = False) -> Iterator[TextIO]:
    """A text stream (UTF-8) whose content becomes the file at ``path`` when the block ends well.

    Until then it is a temporary file in the same directory. It is flushed to disk and then renamed; without
    ``force`` it is linked, which fails if meanwhile somebody else has made the file. ``-`` is standard
    output; devices and pipes are written to directly. A symbolic link stays, its target is replaced.
    """
    if path == STDOUT:
        check_output(path)
        with _named("standard output"), _whole(sys.stdout) as out:
            yield out
            out.flush()
        return
    with _file(path, force, "", encoding="utf-8", newline="\n") as out:
        yield cast(TextIO, out)


@contextmanager
def open_binary_output(path: str, *, force: bool = False) -> Iterator[BinaryIO]:
    """As :func:`open_output`, for bytes. A terminal is no place for them: OutputError."""
    if path == STDOUT:
        check_output(path)
        if sys.stdout.isatty():
            raise OutputError("standard output", "is a terminal; send the bytes to a file or a pipe")
        with _named("standard output"):
            sys.stdout.flush()
            out = sys.stdout.buffer
            # unbuffered (PYTHONUNBUFFERED), a short write leaves the rest to whoever asks
            sure = io.BufferedWriter(out) if isinstance(out, io.RawIOBase) else out
            try:
                yield sure
                sure.flush()
            finally:
                if sure is not out and isinstance(sure, io.BufferedWriter):
                    sure.detach()
        return
    with _file(path, force, "b") as out:
        yield cast(BinaryIO, out)


@contextmanager
def _file(path: str, force: bool, binary: str, **text: str) -> Iterator[IO[Any]]:
    """A stream, of bytes or of text as ``open`` takes it, that becomes the file at ``path``."""
    check_output(path, force=force)
    found = _status(path)
    with _named(path):
        if found is not None and not stat.S_ISREG(found.st_mode):
            with open(path, f"w{binary}", **text) as out:  # type: ignore[call-overload]  # both kinds by one name
                yield out
            return
        target = os.path.realpath(path)
        folder, name = os.path.split(target)
        temporary = os.path.join(folder, f".{name[:100]}.{os.urandom(4).hex()}.tmp")
        try:
            with open(temporary, f"x{binary}", **text) as out:  # type: ignore[call-overload]  # as above
                yield out
                out.flush()
                os.fsync(out.fileno())
            if found is not None:
                os.chmod(temporary, stat.S_IMODE(found.st_mode))
            _put(temporary, target, force)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)


@contextmanager
def _whole(out: TextIO) -> Iterator[TextIO]:
    """``out``, made to write everything or fail: unbuffered (PYTHONUNBUFFERED), Python drops what a short write leaves."""
    raw = getattr(out, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        yield out
        return
    sure = io.TextIOWrapper(io.BufferedWriter(raw), out.encoding, out.errors, line_buffering=True)
    try:
        yield sure
    finally:
        sure.detach().detach()  # the descriptor stays with `out`


def _put(temporary: str, target: str, force: bool) -> None:
    if force:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # unlike a rename, it never replaces
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.exists(target):  # a file system without links: the best that can be done
            raise FileExistsError(errno.EEXIST, "exists already") from error
        os.replace(temporary, target)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Turns the system's errors into one that names the output, but for a reader that has left."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if isinstance(error, FileExistsError):
            raise OutputError(path, "exists already (--force overwrites it)") from error
        raise OutputError(path, (error.strerror or str(error)).lower()) from error
