"""What can be said of a service's silences, beside the headline, and of failures that came together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pcapdiag.engine.types import Endpoint, Extreme, RecordRef, Service


class Pattern(StrEnum):
    """What the failures of one service look like together."""

    NONE = "none"  # nothing failed
    TIMER = "timer"  # every silence that failed is longer than every silence that survived
    EVENT = "event"  # failures with very different gaps fall within seconds of each other
    CONTRADICTED = "contradicted"  # longer silences survived than the shortest that failed
    UNDETERMINED = "undetermined"  # too little to tell


@dataclass(frozen=True, slots=True)
class FailedSilence:
    """One failed silence in ns: the timeout struck at an idle time in (``after``, ``length``] if probes went
    unanswered between, else they are equal, and it struck at ``length`` or before."""

    after: int
    length: int
    lower_bound: bool
    ended: RecordRef


@dataclass(frozen=True, slots=True)
class Event:
    """Failures that came together after very different silences, which no idle timeout explains, or (``or_timer``) only one
    shorter than all of them, of which it is not known that nothing survives it.

    ``start`` and ``end`` are the times of the first and the last of them, in ns. ``failures`` counts incidents;
    ``shortest`` and ``longest`` are the silences before them, in ns, of those that were measured exactly.
    """

    start: int
    end: int
    failures: int
    shortest: int
    longest: int
    services: tuple[Endpoint, ...]
    or_timer: bool = False

    def holds(self, service: Endpoint, time: int) -> bool:
        """Is a failure of ``service`` at ``time`` part of it?"""
        return self.start <= time <= self.end and service in self.services


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service's silences: what survived, what failed, and what that looks like.

    ``failed_beyond`` of ``total_beyond`` silences at least as long as the shortest failed one failed.
    ``total_is_lower_bound`` says that survivors inside one histogram bucket could not be told from the bound.
    ``pattern_reason`` is one sentence with the numbers. ``not_shown`` of the failures belong to rules that were not selected:
    they are evidence all the same.
    """

    service: Service
    incidents: int
    longest_survived: Extreme | None
    shortest_failed: FailedSilence | None
    failed_beyond: int
    total_beyond: int
    total_is_lower_bound: bool
    pattern: Pattern
    pattern_reason: str
    not_shown: int = 0

    @property
    def endpoint(self) -> Endpoint:
        """The server's address and port."""
        return self.service.endpoint
