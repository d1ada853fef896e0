"""Reasons and cures in Markdown, with fences that can be pasted from."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pcapdiag.advice.filling import keepalive
from pcapdiag.advice.notes import notes
from pcapdiag.advice.types import Advice, Cure
from pcapdiag.inference.types import Cause
from pcapdiag.report.advice_terminal import reason_rows
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.markdown_text import code, fence, prose, table


def advice_blocks(
    advice: Advice, cause: Cause | None, canvas: Canvas, where: Where, shown: Collection[str] | None = None
) -> Iterator[str]:
    """One service as blocks with an empty line between. ``shown`` as in the terminal."""
    target = advice.target
    name = "" if target.host == target.service.address else f" ({code(target.host)})"
    yield f"## {code(str(target.service))}{name}"
    if cause is not None:
        yield table(("", ""), [[row.label, prose(row.text)] for row in reason_rows(cause, canvas, where)])
        yield from map(prose, notes(cause, target.setting))
    if not advice.cures:
        yield "No setting is known that would have helped."
    chosen = [cure for cure in advice.cures if shown is None or cure.id in shown]
    if advice.cures and not chosen:
        yield "None of those that were asked for is a cure here."
    for cure in chosen:
        yield from cure_blocks(cure)
    others = [cure for cure in advice.cures if cure not in chosen]
    if others:
        yield "Other cures:"
        yield "\n".join(f"- {code(cure.id)}: {prose(cure.title)}" for cure in others)


def page(advice: Advice) -> str:
    """All cures with their texts as a page, by place."""
    target = advice.target
    setting = keepalive(target.setting) if target.setting else "none"
    blocks = [
        "# Cures",
        prose(
            f"What `pcapdiag advise` hands out, here for {target.host} at {target.service}, with a keepalive of {setting} (time, "
            f"interval, probes) and an idle timeout of {target.client_idle} s in the client's pool. For a capture both follow "
            "from what survived and what failed in it."
        ),
        "Which cure cures what, measured on real stacks: [cures.md](cures.md). A keepalive cures what the path forgets, on "
        "either end, also while a server works on an answer. Where the other end closes, only a shorter idle timeout in the "
        "client's pool helps.",
    ]
    for place in dict.fromkeys(cure.place for cure in advice.cures):
        blocks.append(f"## {place.capitalize()}")
        blocks += [block for cure in advice.cures if cure.place is place for block in cure_blocks(cure)]
    return "\n\n".join(blocks) + "\n"


def cure_blocks(cure: Cure, level: int = 3) -> Iterator[str]:
    """A cure in full: what it is, when it applies, what it does not cover, the texts, how to check it."""
    yield f"{'#' * level} {prose(cure.title)}"
    yield f"{code(cure.id)}, {cure.place}. {prose(cure.applies)}"
    yield f"Limits: {prose(cure.limits)}"
    for snippet in cure.snippets:
        yield f"{prose(snippet.name)}:"
        yield fence(snippet.text, snippet.language)
    yield f"Check: {prose(cure.check)}"
