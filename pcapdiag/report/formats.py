"""Every renderer by its name. A new one is its module and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, Protocol, TextIO, runtime_checkable

from pcapdiag.report.model import FileNames, Report
from pcapdiag.rules.types import Finding


class Renderer(Protocol):
    """Writes a report; any renderer can take the place of any other."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def render(self, report: Report, out: TextIO) -> None:
        """Write the whole report."""
        ...


@runtime_checkable
class StreamingRenderer(Renderer, Protocol):
    """A renderer that can also print each finding when it is decided, before the report exists."""

    def stream(self, finding: Finding, out: TextIO, names: FileNames) -> None:
        """Write one finding and flush it."""
        ...

    def finish(self, report: Report, out: TextIO) -> None:
        """Write what follows the streamed findings."""
        ...


#: Name, ending of its files, module, class. Modules are imported when their renderer is made.
_RENDERERS = (
    ("terminal", ".txt", "terminal", "Terminal"),
    ("json", ".json", "json_", "JsonReport"),
    ("jsonl", ".jsonl", "jsonl", "JsonLines"),
    ("csv", ".csv", "csv_", "Csv"),
    ("markdown", ".md", "markdown", "Markdown"),
    ("html", ".html", "html", "Html"),
)

FORMATS = tuple(name for name, *_ in _RENDERERS)
#: Those that show packets: their report should be `detailed`. All of them do without.
NEED_PACKETS = frozenset(("markdown", "html"))


def format_of(path: str) -> str:
    """The format that the ending of ``path`` asks for, or terminal."""
    return next((name for name, suffix, *_ in _RENDERERS if path.lower().endswith(suffix)), FORMATS[0])


def renderer(name: str, **options: Any) -> Renderer:
    """The renderer of that name, made with its own options."""
    module, cls = next((module, cls) for known, _, module, cls in _RENDERERS if known == name)
    made: Renderer = getattr(import_module(f"pcapdiag.report.{module}"), cls)(**options)
    return made


def suffix(name: str) -> str:
    """The ending of files in that format."""
    return next(suffix for known, suffix, *_ in _RENDERERS if known == name)
