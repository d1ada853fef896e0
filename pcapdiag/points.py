"""The capture points of one run: which files follow each other, and the engine that each such timeline has."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pcapdiag.capture import CaptureError, Preview, Timelines, expand, open_source, order, preview
from pcapdiag.engine import Engine
from pcapdiag.engine.types import FileFacts
from pcapdiag.reading import Progress, read
from pcapdiag.report.model import CaptureFile


@dataclass
class Points:
    """Reads captures into engines, one for each capture point.

    ``engine`` makes the engine of the point with that number; ``fed`` is called with an engine whenever it has taken some of a
    file. ``names`` are what some files are called instead of their paths. ``files`` are those that were read, in
    order, and ``unread`` those that could not be.
    """

    engine: Callable[[int], Engine]
    fed: Callable[[Engine], None]
    names: Mapping[str, str] = field(default_factory=dict)
    engines: list[Engine] = field(default_factory=list)
    files: list[CaptureFile] = field(default_factory=list)
    unread: list[CaptureFile] = field(default_factory=list)
    trailing: int = 0
    _names: list[str] = field(default_factory=list)
    _timelines: Timelines = field(default_factory=Timelines)
    _broken: set[int] = field(default_factory=set)
    _first_error: CaptureError | None = None

    def file_name(self, index: int) -> str:
        """The name of a file that is read or was."""
        return self._names[index]

    def read(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Read all captures that ``paths`` name, in order of time. Raises CaptureError if nothing at all could be read."""
        for path, seen in self._inputs([paths] if isinstance(paths, (str, os.PathLike)) else list(paths)):
            self._file(path, seen, progress)
        if all(file.error and not file.facts.records for file in self.files):
            raise self._first_error or CaptureError("nothing", "no capture was given")

    def _inputs(self, arguments: Sequence[str | os.PathLike[str]]) -> list[tuple[str, Preview]]:
        """The captures the user named, in order of time. Those that cannot be read are kept for the report."""
        found: dict[str, Preview] = {}
        known: set[str] = set()
        for argument in [os.fspath(a) for a in arguments]:
            try:
                paths = expand([argument])
            except CaptureError as error:
                self._unreadable(argument, error)
                continue
            for path in paths:
                real = path if path == "-" else os.path.realpath(path)
                if real in known:
                    continue
                known.add(real)
                try:
                    found[path] = preview(path)
                except CaptureError as error:
                    self._unreadable(path, error)
        self._timelines = Timelines(found)
        return order(list(found.items()))

    def _unreadable(self, path: str, error: CaptureError) -> None:
        """Keep for the report what could not be read, and go on with the rest."""
        self._first_error = self._first_error or error
        self.unread.append(CaptureFile(self.names.get(path, path), -1, None, FileFacts.nothing(), None, error.reason))

    def _file(self, path: str, seen: Preview, progress: Callable[[Progress], None] | None) -> None:
        """Read one file into its capture point."""
        try:
            source = open_source(path)
        except CaptureError as error:
            self._unreadable(path, error)
            return
        with source:
            at = self._timelines.assign(path, seen.first_time, alone=source.live)
            if at == len(self.engines):
                self.engines.append(self.engine(at))
            hole = self._timelines.hole(at, seen.first_time)
            engine = self.engines[at]
            engine.begin_file(len(self.files), contiguous=hole is None and at not in self._broken)
            self._names.append(source.name if source.live else self.names.get(path, path))
            try:
                facts, broken = read(source, engine, self.fed, progress)
            except CaptureError as error:  # only a pipe is looked at no earlier than here
                self._first_error = self._first_error or error
                facts, broken = engine.end_file(), error.reason
            self.trailing += source.trailing
        self.files.append(CaptureFile(self._names[-1], at, source.compression, facts, hole, broken))
        if facts.damage or broken:  # who knows what it held: lower bounds must not reach back beyond it
            self._broken.add(at)
        else:
            self._broken.discard(at)
        self._timelines.done(at, path, facts.last_time, facts.longest_pause)
