"""The timeline as a picture in a file of its own: ``--plot OUT``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pcapdiag.report.output import OutputError, check_output, open_binary_output
from pcapdiag.report.pictures import PICTURES

if TYPE_CHECKING:
    from pcapdiag.report.lanes import Align
    from pcapdiag.report.model import Report


def check_picture(path: str, *, force: bool, inputs: tuple[str, ...], reports: tuple[str | None, ...]) -> None:
    """Raise OutputError for what can be known to fail before hours of work are done; ``reports`` is where
    others go."""
    check_output(path, force=force, inputs=inputs)
    if any(other is not None and os.path.realpath(path) == os.path.realpath(other) for other in reports):
        raise OutputError(path, "is where the report goes")
    try:
        import pcapdiag.report.timeline  # noqa: F401  # whether it can be, before captures are read
    except ModuleNotFoundError as error:
        raise OutputError(path, str(error)) from error


def write_picture(report: Report, path: str, *, align: Align, force: bool) -> None:
    """The timeline, as the kind of picture that the name asks for."""
    from pcapdiag.report.timeline import Timeline

    kind = next(kind for kind in PICTURES if path.lower().endswith(f".{kind}"))
    with open_binary_output(path, force=force) as out:
        Timeline(align).render_binary(report, out, kind)
