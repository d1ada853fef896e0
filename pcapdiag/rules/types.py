"""What a rule is, and what it says: a finding, with how sure it is and why.

The smaller types are named tuples: they are as frozen, and every start of the command pays for making each class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pcapdiag.engine.types import FileFacts, IdlePeriod, Totals


class Confidence(StrEnum):
    """How well a verdict is proved. There is no number: the reasons say what holds and what does not."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    def at_most(self, other: Confidence) -> Confidence:
        """The weaker of the two."""
        order = tuple(Confidence)
        return max(self, other, key=order.index)


class Severity(StrEnum):
    """What a rule's findings mean to whoever is on call, worst first."""

    FAILURE = "failure"  # something that was sent was lost: a user may have seen it
    LOSS = "loss"  # a connection was lost, and nothing with it
    HARMLESS = "harmless"  # nobody was harmed: counted, shown when asked for
    CONTEXT = "context"  # not this failure, but easily mistaken for it
    LIMIT = "limit"  # what the capture cannot prove


class Purpose(StrEnum):
    """What a message is for, where its bytes say so."""

    PING = "ping"  # it only asks whether the peer is there
    MESSAGE = "message"  # it asks or tells something


@dataclass(frozen=True, slots=True)
class Sent:
    """What the waking side sent, as far as it was captured and can be read.

    ``label`` is one line for people, e.g. ``GET /orders/17 HTTP/1.1`` or ``TLS application data``; it may hold any
    characters the sender chose, so whoever prints it escapes it. ``protocol`` is "http", "tls" or None. ``farewell`` is
    how sure it is that this only says goodbye, None if it does not. ``purpose`` is what it is for, None where that is unknown.
    """

    length: int
    label: str | None
    protocol: str | None
    farewell: Confidence | None
    purpose: Purpose | None = None


class Sender(StrEnum):
    """Who sent a RST, as far as the capture tells."""

    STRANGER = "endpoint without the connection"
    ABORTED = "endpoint that aborted"
    NEARER = "something nearer than the endpoint"
    UNDETERMINED = "undetermined"


class Signal(NamedTuple):
    """One independent observation about a RST: its name, its measured values in words, and to whom it points (None: to
    nobody, it only stands beside)."""

    name: str
    values: str
    points_to: Sender | None


class Origin(NamedTuple):
    """Who sent the RST, with every signal that could be measured, for and against."""

    sender: Sender
    signals: tuple[Signal, ...]


class Doubt(NamedTuple):
    """What the capture cannot prove about one verdict: the CAP rule, in words with values, and the most that is left of
    its confidence (None: it weakens nothing and is only said)."""

    code: str
    text: str
    most: Confidence | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict on one incident.

    ``period`` is the view that proves it; ``twins`` are the same incident seen on other legs (before and after
    NAT). ``proved`` is False when the capture missed traffic, so that the gap is only an upper bound: such a finding
    is reported, as not proved, and not counted in headlines. ``reasons`` support it, ``against`` weaken it, ``doubts`` are
    what of the CAP family holds for it. ``compared`` is what the rest of the capture says of it: longer silences that
    survived, an event. ``origin`` is who sent the RST (None: there is none).
    """

    rule: str
    name: str
    severity: Severity
    period: IdlePeriod
    sent: Sent
    confidence: Confidence
    proved: bool
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()
    origin: Origin | None = None
    compared: tuple[str, ...] = ()
    twins: tuple[IdlePeriod, ...] = ()


class Condition(NamedTuple):
    """One of the things that must all hold for a rule to apply, as a sentence that is true when it holds."""

    text: str
    holds: Callable[[IdlePeriod], bool]


class Example(NamedTuple):
    """A conversation (see `pcapdiag.conversation`) that shows something. ``instead`` names the rule that speaks in place of
    the one it is an example against; None if none does."""

    title: str
    conversation: str
    instead: str | None = None


class Rule(NamedTuple):
    """A rule that gives verdicts on idle periods: set when all of ``conditions`` hold and no rule of ``yields_to`` applies.

    ``counted`` is the phrase for one and for several, with ``{what}`` where stands what was sent and how often ("{what} got no
    answer": "2 requests and 1 server push got no answer"); without, it follows the number. ``tell`` says it of given findings
    where one phrase does not do; `pcapdiag.rules.telling` joins both. ``check`` gives the finding where the conditions hold,
    without the doubts, the origin and the comparison, which are added for all rules alike. ``in_silence`` says that the
    connection was lost in its silence, so that the silence's length tells what the path bears: not so where the peer closed or
    aborted. ``main``: it is what people come with, and its headline needs no code. ``whole`` reads, where the engine hands
    out only the first of many, how many there were.
    """

    code: str
    name: str
    severity: Severity
    since: str
    counted: tuple[str, str]
    conditions: tuple[Condition, ...]
    yields_to: tuple[str, ...]
    check: Callable[[IdlePeriod], Finding]
    shows: tuple[Example, ...]
    does_not_show: tuple[Example, ...]
    in_silence: bool = False
    main: bool = False
    tell: Callable[[Sequence[Finding]], str] | None = None
    whole: Callable[[Totals], int] | None = None


class Reading(NamedTuple):
    """How one rule read one idle period. Just one of three: it leads, and speaks; all its conditions hold, but it yields to
    the rule ``yielded_to``; or ``failed`` is the first of its conditions that does not hold, and ``held`` are those before."""

    rule: str
    name: str
    leads: bool
    held: tuple[str, ...]
    failed: str | None = None
    yielded_to: str | None = None


class CaptureFacts(NamedTuple):
    """What was counted while reading, for the rules about the capture itself. ``holes`` are the ns between files that do not
    follow each other; ``trailing`` counts compressed files with something behind their end."""

    files: Sequence[FileFacts]
    totals: Sequence[Totals]
    holes: Sequence[int]
    trailing: int


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing this capture cannot prove or that weakens what it says, in one sentence, with its number."""

    code: str
    text: str
    count: int


class Caveat(NamedTuple):
    """A rule about what the capture cannot prove. ``check`` says what that means for one verdict's period, ``limits`` what it
    means for the whole capture; its examples are of the former."""

    code: str
    name: str
    since: str
    check: Callable[[IdlePeriod], Doubt | None]
    limits: Callable[[CaptureFacts], Iterable[Limit]]
    shows: tuple[Example, ...]
    does_not_show: tuple[Example, ...]
    severity: Severity = Severity.LIMIT
