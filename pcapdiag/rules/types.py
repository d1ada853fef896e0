"""What a rule says: a finding, with how sure it is and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pcapdiag.engine.types import IdlePeriod


class Confidence(StrEnum):
    """How well a verdict is proved. There is no number: the reasons say what holds and what does not."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the waking side sent, as far as it was captured and can be read.

    ``label`` is one line for people, e.g. ``GET /orders/17 HTTP/1.1`` or ``TLS application data``; it may hold any
    characters the sender chose, so whoever prints it escapes it. ``protocol`` is "http", "tls" or None.
    """

    length: int
    label: str | None
    protocol: str | None
    farewell: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict on one incident.

    ``period`` is the view that proves it; ``twins`` are the same incident seen on other legs (before and after
    NAT). ``proved`` is False when the capture missed traffic, so that the gap is only an upper bound: such a finding
    is reported, as not proved, and not counted in headlines. ``reasons`` support it, ``against`` weaken it.
    """

    rule: str
    name: str
    period: IdlePeriod
    sent: Sent
    confidence: Confidence
    proved: bool
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    twins: tuple[IdlePeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the catalogue: a pure ``check`` and what it is called."""

    code: str
    name: str
    since: str
    check: Callable[[IdlePeriod], Finding | None]
