"""The steps that follow from the others: the cause, and the cure."""

from __future__ import annotations

from pcapdiag.correlate.joined import TrackedSeen
from pcapdiag.engine.types import RecordRef
from pcapdiag.report import candidates
from pcapdiag.report.bracket import ends, one_timer, silences
from pcapdiag.report.cure import effect, no_keepalive, pool, setting
from pcapdiag.report.story_scene import Scene, Told

#: Families of products that are named.
_FAMILIES = 3


def cause(scene: Scene) -> Told:
    """Where the timeout lies, and what has one there."""
    found = scene.affected.cause

    def where(at: RecordRef) -> str:
        return f"frame {at.frame}"

    if found is None:
        yield "No idle timeout is concluded from these incidents."
        for finding in scene.findings[:1]:
            yield f"{finding.rule} {finding.name}: {'; '.join(finding.reasons)}", None
        return
    if one_timer(found):
        yield f"What is silent too long is forgotten: the idle timeout lies {ends(found.bracket, where)}."
    else:
        yield f"No single timeout explains it: {silences(found.view, where)}."
    if found.view.pattern_reason:
        yield f"{found.view.pattern}: {found.view.pattern_reason}", None
    for family in candidates.likely(found)[:_FAMILIES]:
        yield f"candidate: {candidates.family(family, every=False)}", None
    tracked: list[TrackedSeen] = [track for key in scene.keys if (track := scene.joins.track(key)) is not None]
    for track in tracked[:1]:
        if track.translated is not None and track.forgotten:
            yield "a Linux machine that translates addresses is on the path: its conntrack is what forgot", None


def cure(scene: Scene) -> Told:
    """What is to be set, and where."""
    found, advice = scene.affected.cause, scene.affected.advice
    if found is not None and found.setting is not None:
        yield f"{setting(found.setting).capitalize()} {effect(found)}."
    elif found is not None and found.counterfactual is not None:
        yield f"{no_keepalive(found.counterfactual).capitalize()}."
    if found is not None and found.client_idle is not None:
        text = pool(found.client_idle)
        yield f"{text[0].upper()}{text[1:]} lets them close first."
    cures = advice.few(3) if advice is not None else ()
    if not cures and (found is None or (found.setting is None and found.client_idle is None)):
        yield "No setting is known that would have helped."
    for one in cures:
        yield f"{one.place}: {one.title} (pcapdiag advise --for {one.id})", None
