"""Which pictures there are, and whether they can be drawn here: without matplotlib, which a report does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from pcapdiag.report.lanes import Align
    from pcapdiag.report.timeline import Timeline

#: Kinds of pictures, by the endings of their files.
PictureKind = Literal["png", "svg", "pdf"]
PICTURES: tuple[PictureKind, ...] = get_args(PictureKind)


def picture(align: Align = "time") -> Timeline | None:
    """What draws the timeline, None where matplotlib is not installed."""
    try:
        from pcapdiag.report.timeline import Timeline
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return None
    return Timeline(align)
