"""Several reports at once: which files there are, and what each renderer is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pcapdiag.report.formats import FORMATS, renderer, suffix
from pcapdiag.report.output import open_binary_output, open_output
from pcapdiag.report.pictures import picture

if TYPE_CHECKING:
    from pcapdiag.report.lanes import Align
    from pcapdiag.report.model import Report

#: Of the report as text, in a file.
_WIDTH = 100
_PICTURE = "timeline.png"


def chosen(name: str, *, width: int, color: bool, every: bool, payload: bool) -> dict[str, Any]:
    """Of what the user asked for, what concerns the renderer of that name."""
    options: dict[str, dict[str, Any]] = {
        "terminal": {"width": width, "color": color, "every": every},
        "html": {"payload": payload, "every": every},
    }
    return options.get(name, {})


def names_in_folder() -> tuple[str, ...]:
    """The files of a folder of reports; the last one only where matplotlib is."""
    return (*(f"report{suffix(name)}" for name in FORMATS), _PICTURE)


def write_folder(report: Report, path: str, *, force: bool, every: bool, payload: bool, align: Align) -> None:
    """The report in every format, whole or not at all."""
    from pcapdiag.report.folder import open_folder  # only who wants a folder pays for it

    with open_folder(path, force=force) as folder:
        for name in FORMATS:
            made = renderer(name, **chosen(name, width=_WIDTH, color=False, every=every, payload=payload))
            with open_output(os.path.join(folder, f"report{made.suffix}")) as out:
                made.render(report, out)
        timeline = picture(align)
        if timeline is not None:
            with open_binary_output(os.path.join(folder, _PICTURE)) as binary:
                timeline.render_binary(report, binary, "png")
