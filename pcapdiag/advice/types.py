"""A cure: where it is set, when it applies, what it does not cover, how to see that it works, and the text to paste."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Setting


class Place(StrEnum):
    """Where a cure is set."""

    APPLICATION = "application"
    KERNEL = "kernel"
    SIDECAR = "client sidecar"
    GATEWAY = "server gateway"
    PATH = "the timeout itself"
    POOL = "client's connection pool"
    RETRY = "retry"


class Effect(StrEnum):
    """How a cure works."""

    KEEPALIVE = "keepalive"  # probes keep the path from forgetting
    PING = "ping"  # the application asks something on idle connections: payload, which every timer counts
    TIMEOUT = "timeout"  # the path forgets later
    IDLE = "idle"  # the client gives its idle connections up first
    RETRY = "retry"  # what was lost is sent again


class Target(NamedTuple):
    """What the texts are filled with. ``host`` is the service's name as its clients write it; its address where none is known."""

    service: Endpoint
    host: str
    setting: Setting | None
    client_idle: int | None

    @property
    def ping(self) -> int | None:
        """After how many s of silence an application should ask something: as soon as a keepalive would; where a keepalive is
        no cure, because a timer counts payload, as soon as the connection would else have to be given up."""
        return self.setting.time if self.setting else self.client_idle


class Snippet(NamedTuple):
    """Text to paste. ``language`` is that of a Markdown fence: go, yaml, python; ``name`` says what it is a part of."""

    language: str
    name: str
    text: str


#: Lines of a text that is short.
SHORT = 12


@dataclass(frozen=True, slots=True)
class Cure:
    """One way to cure it. ``id`` is short and stable (``go``, ``istio-destinationrule``)."""

    id: str
    place: Place
    effect: Effect
    title: str
    applies: str
    limits: str
    check: str
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """The cures for one service, those that help most first; ``cures`` is empty where none is known."""

    target: Target
    cures: tuple[Cure, ...]

    @property
    def first(self) -> tuple[Cure, Snippet] | None:
        """The first of the texts that is short enough to stand in a report beside everything else."""
        texts = ((cure, cure.snippets[0]) for cure in self.cures if cure.snippets)
        return next(((cure, snippet) for cure, snippet in texts if len(snippet.text.splitlines()) <= SHORT), None)

    def few(self, most: int) -> tuple[Cure, ...]:
        """The cure of that text, then the first of each other place, ``most`` in all: different people can each do one."""
        first = (self.first[0],) if self.first else ()
        places = {cure.place: cure for cure in (*reversed(self.cures), *first)}
        others = [cure for cure in self.cures if cure is places[cure.place] and cure not in first]
        return (*first, *others)[:most]
