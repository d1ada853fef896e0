"""Where everything of a gap plot stands: survived silences as a histogram on a logarithmic axis, failures as marks on the line,
and between them the bracket in which the timeout lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.report.drawing import Anchor, Box, Drawing, Glyph, Line, Rows, Shape, Text, inside, text_width, wrapped
from pcapdiag.report.gaps import Failure, GapPlot
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count

WIDTH, MARGIN = 960.0, 16.0
_LEFT, _RIGHT = MARGIN + 40, WIDTH - MARGIN - 8
_HIGH = 70.0
#: Failures nearer than this, in pixels, are one mark; of those, so many are named.
APART, NAMED = 42.0, 8
_KEEPALIVE = "keepalive"
_SURVIVED = "survived (number in each length, height by its root)"
_RATE = "share that fails, within its 95 % band: as high as the tallest bar, all do"


def gaps_drawing(plots: Sequence[GapPlot], title: str = "", note: str = "") -> Drawing:
    """The drawing of these plots, one below the other; ``note`` stands under the title."""
    y = MARGIN
    shapes: list[Shape] = []
    for line in wrapped(title, 13, WIDTH - 2 * MARGIN) if title else ():
        y += 16
        shapes.append(Text(MARGIN, y - 3, line, 13, "start", "heading"))
    if note:
        y += 16
        shapes.append(Text(MARGIN, y - 3, note, 10.5, "start", "dim"))
    if not plots:
        y += 16
        shapes.append(Text(MARGIN, y - 3, "No service with a silence to draw.", 10.5, "start", "dim"))
    for plot in plots:
        strip = list(_strip(plot, y + 6))
        shapes += strip
        y = max(s.y for s in strip if isinstance(s, Text)) + 14
    if plots:
        shapes += _legend(plots, y + 8)
        y += 26 if any(plot.rate for plot in plots) else 12
    told = "; ".join(f"{plot.title}: {plot.text}" for plot in plots)
    return Drawing(WIDTH, y + MARGIN, title or "Length of silences against outcome", told, tuple(shapes))


def _x(plot: GapPlot, length: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * plot.x(length)


def _strip(plot: GapPlot, top: float) -> Iterator[Shape]:
    y = top + 12
    yield Text(MARGIN, y, plot.title, 11.5, "start", "heading")
    for said in (plot.text, plot.pattern):
        for line in wrapped(said, 10.5, WIDTH - 2 * MARGIN) if said else ():
            y += 14
            yield Text(MARGIN, y, line, 10.5, "start", "text" if said is plot.text else "dim")
    base = y + 24 + _HIGH
    yield from _rate(plot, base)
    yield from _bracket(plot, base)
    yield from _histogram(plot, base)
    if plot.keepalive is not None:
        yield Line(_x(plot, plot.keepalive), base - _HIGH - 8, _x(plot, plot.keepalive), base, "keepalive")
    yield from _failures(plot, base)
    yield Line(_LEFT, base, _RIGHT, base, "axis")
    rows = Rows(1, 4)
    for length, name in plot.ticks:
        x = _x(plot, length)
        yield Line(x, base, x, base + 4, "axis")
        text = inside(Text(x, base + 42, name, 9.5, "middle", "dim"), MARGIN, WIDTH - MARGIN)
        if rows.place(text) is not None:
            yield text


def _bracket(plot: GapPlot, base: float) -> Iterator[Shape]:
    """From the longest that survived to the shortest that failed; if they cross, the lines alone."""
    top = base - _HIGH - 8
    if plot.survived is not None and plot.failed is not None and not plot.crossed:
        low, high = _x(plot, plot.survived), _x(plot, plot.failed)
        yield Box(low, top, max(high - low, 1), base - top, "bracket", f"({seconds(plot.survived)}, {seconds(plot.failed)}]")
    rows = Rows(2, 8)
    # Each name stands on that side of its line on which the other end is not.
    left: Anchor
    right: Anchor
    left, right = ("start", "end") if plot.crossed else ("end", "start")
    ends: tuple[tuple[int | None, Anchor, str], ...] = (
        (plot.survived, left, "survived"), (plot.failed, right, "failed"), (plot.keepalive, "end", _KEEPALIVE),
    )  # fmt: skip
    for length, anchor, said in ends:
        if length is not None:
            x = _x(plot, length)
            if said != _KEEPALIVE:  # that one stands before the histogram
                yield Line(x, top, x, base, "bracket-edge")
            text = Text(x - 3 if anchor == "end" else x + 3, 0, f"{said} {seconds(length)}", 9.5, anchor, "text")
            text = inside(text, MARGIN, WIDTH - MARGIN)
            row = rows.place(text)
            if row is not None or said != _KEEPALIVE:  # which the legend explains as well
                yield text._replace(y=top - 3 + 11 * (row or 0))


def _rate(plot: GapPlot, base: float) -> Iterator[Shape]:
    """The share that fails as steps, in its band; from the line up to the height of the tallest bar is from none to all."""
    xs = [_x(plot, step.start) for step in plot.rate] + [_RIGHT]
    before: float | None = None
    for step, left, right in zip(plot.rate, xs, xs[1:], strict=False):
        y, top, bottom = (base - (_HIGH - 14) * share for share in (step.probability, step.high, step.low))
        said = f"{step.failed:,} of {count(step.total, 'silence')} from {seconds(step.start)} on failed"
        yield Box(left, top, right - left, bottom - top, "rate-band", said)
        if before is not None:
            yield Line(left, before, left, y, "rate")
        yield Line(left, y, right, y, "rate")
        before = y


def _histogram(plot: GapPlot, base: float) -> Iterator[Shape]:
    for bucket in plot.buckets:
        left, right = _x(plot, bucket.start), _x(plot, bucket.end)
        # Square roots keep one survivor visible beside ten thousand.
        height = max(3.0, (_HIGH - 14) * (bucket.survived / plot.tallest) ** 0.5)
        said = f"{count(bucket.survived, 'silence')} of {seconds(bucket.start)} to {seconds(bucket.end)} survived"
        yield Box(left + 0.5, base - height, max(right - left - 1, 1), height, "survived", said)
        yield Text((left + right) / 2, base - height - 3, f"{bucket.survived:,}", 9, "middle", "dim")


def _failures(plot: GapPlot, base: float) -> Iterator[Shape]:
    """Under the line, where each length is; those that would cover each other are one mark with their number."""
    for inside_silence, role in ((True, "failed"), (False, "failed-otherwise")):
        groups: list[list[Failure]] = []
        for failure in sorted((f for f in plot.failures if f.in_silence is inside_silence), key=lambda f: f.length):
            if groups and _x(plot, failure.length) - _x(plot, groups[-1][0].length) < APART:
                groups[-1].append(failure)
            else:
                groups.append([failure])
        y = base + 12 if inside_silence else base + 24
        for group in groups:
            x = _x(plot, group[0].length)
            more = f" (and {len(group) - NAMED:,} more)" if len(group) > NAMED else ""
            yield Glyph(x, y, 4.5, role, True, "; ".join(f.title for f in group[:NAMED]) + more)
            if len(group) > 1:
                yield Text(x + 7, y + 3.5, f"×{len(group):,}", 9, "start", "text")


def _legend(plots: Sequence[GapPlot], y: float) -> Iterator[Shape]:
    """What is drawn, and nothing else."""
    in_silence = {failure.in_silence for plot in plots for failure in plot.failures}
    bracketed = any(plot.survived is not None and plot.failed is not None and not plot.crossed for plot in plots)
    marks: tuple[tuple[bool, Shape, str], ...] = (
        (any(plot.buckets for plot in plots), Box(0, y - 8, 10, 8, "survived"), _SURVIVED),
        (True in in_silence, Glyph(5, y - 4, 4.5, "failed", True), "lost in the silence"),
        (False in in_silence, Glyph(5, y - 4, 4.5, "failed-otherwise", True), "failed otherwise"),
        (bracketed, Box(0, y - 8, 10, 8, "bracket"), "the timeout lies between"),
        (any(plot.keepalive for plot in plots), Line(5, y - 9, 5, y + 1, "keepalive"), "keepalive to set"),
    )
    x = MARGIN
    for drawn, mark, said in marks:
        if drawn:
            yield _moved(mark, x)
            yield Text(x + 15, y, said, 10, "start", "text")
            x += 15 + text_width(said, 10) + 8
    if any(plot.rate for plot in plots):
        yield Line(MARGIN, y + 11, MARGIN + 10, y + 11, "rate")
        yield Text(MARGIN + 15, y + 14, _RATE, 10, "start", "text")


def _moved(shape: Shape, by: float) -> Shape:
    return shape._replace(x1=shape.x1 + by, x2=shape.x2 + by) if isinstance(shape, Line) else shape._replace(x=shape.x + by)
