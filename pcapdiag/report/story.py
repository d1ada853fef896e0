"""What happened at one service, told from all sources in the order in which a person finds it out, each step with its evidence;
and for each step that no source tells, the commands that would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pcapdiag.advice.plan import Errand
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.grouping import affected
from pcapdiag.report.model import Report
from pcapdiag.report.story_chain import cause, cure
from pcapdiag.report.story_scene import Scene, Told
from pcapdiag.report.story_steps import next_hop, path, sockets, user, wire

_S = 1_000_000_000
#: Services whose story is told: the worst.
MOST = 10


class Proof(NamedTuple):
    """One piece of evidence: what it says, and the file that holds it (None: it follows from what was captured)."""

    text: str
    source: str | None


class Step(NamedTuple):
    """One step. ``id`` is short and stable. ``sentence`` is what follows from the evidence; where nothing was given that tells
    it, ``known`` is False, and ``missing`` are the commands that collect it."""

    id: str
    title: str
    sentence: str
    known: bool
    evidence: tuple[Proof, ...]
    missing: tuple[Errand, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What happened at one service. ``timeout`` is the length of silence, in ns, for which what is missing is to be collected."""

    service: Endpoint
    timeout: int
    steps: tuple[Step, ...]

    @property
    def complete(self) -> bool:
        """Is every step told?"""
        return all(step.known for step in self.steps)


def plan_command(story: Story) -> str:
    """What prints the commands for everything that there is to collect."""
    return f"pcapdiag plan --timeout {story.timeout // _S}s --service {story.service}"


_TOLD: tuple[tuple[str, str, Callable[[Scene], Told]], ...] = (
    ("user", "What the user saw", user),
    ("next-hop", "What the next hop saw", next_hop),
    ("wire", "What the wire shows", wire),
    ("sockets", "What the sockets show", sockets),
    ("path", "What the path knew", path),
    ("cause", "The cause", cause),
    ("cure", "The cure", cure),
)


def stories(report: Report) -> tuple[Story, ...]:
    """Those of the services that lost something, worst first."""
    return tuple(_story(Scene.of(service, report)) for service in affected(report)[:MOST])


def _story(scene: Scene) -> Story:
    return Story(scene.service, scene.timeout, tuple(_step(*told, scene) for told in _TOLD))


def _step(name: str, title: str, tell: Callable[[Scene], Told], scene: Scene) -> Step:
    """What is told comes in pieces: sentences, evidence with its source, what is missing."""
    pieces = list(tell(scene))
    sentences = [piece for piece in pieces if isinstance(piece, str)]
    missing = tuple(piece for piece in pieces if isinstance(piece, Errand))
    evidence = tuple(Proof(*piece) for piece in pieces if isinstance(piece, tuple) and not isinstance(piece, Errand))
    return Step(name, title, " ".join(sentences), bool(evidence), evidence, missing)
