"""Findings as other sources meet them: under which addresses, sent and failed when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pcapdiag.correlate.heads import head
from pcapdiag.correlate.joined import Key
from pcapdiag.correlate.types import Tracking
from pcapdiag.engine.types import AnswerKind, Endpoint, WakeKind
from pcapdiag.rules.types import Finding, Severity

#: The two ends of a connection, whichever comes first.
Ends = frozenset[Endpoint]
Pair = tuple[Endpoint, Endpoint]


class Incident(NamedTuple):
    """A finding. ``legs`` are the connections on which it was captured, as (client, server), ``others`` what connection tracking
    translates them to. What was lost was ``sent`` at one time (of a late answer: what it answers), the silence ended with the
    ``wake``, and the RST came (or it was given up) when it ``failed``. If
    ``abrupt``, who had sent it saw at once that it failed; else it waited as long as it had patience. ``opening``: it is a
    connection that was refused. ``harm``: something was lost. ``request_id`` and ``label`` are of the request, where they were
    captured."""

    key: Key
    legs: tuple[Pair, ...]
    others: tuple[Pair, ...]
    sent: int
    wake: int
    failed: int
    abrupt: bool
    opening: bool
    harm: bool
    request_id: str | None
    label: str | None

    @property
    def ends(self) -> dict[Ends, bool]:
        """The ends of each connection, and whether they are translated."""
        return {frozenset(p): True for p in self.others} | {frozenset(p): False for p in self.legs}

    @property
    def moment(self) -> int:
        """The time that a log tells of it: when it failed, or, where its sender waited, when it began."""
        return self.failed if self.abrupt else self.sent


def translations(trackings: Iterable[Tracking]) -> dict[Pair, tuple[Pair, ...]]:
    """For the (client, server) of one side of NAT those of the other."""
    found: defaultdict[Pair, dict[Pair, None]] = defaultdict(dict)
    for entry in (entry for tracking in trackings for entry in tracking.entries):
        near, far = entry.original, (entry.reply[1], entry.reply[0])
        if near != far:
            found[near][far] = None
            found[far][near] = None
    return {pair: tuple(others) for pair, others in found.items()}


def incidents(findings: Iterable[Finding], translated: Mapping[Pair, Sequence[Pair]]) -> list[Incident]:
    """All of them, in their order."""
    return [_incident(finding, translated) for finding in findings]


def _incident(finding: Finding, translated: Mapping[Pair, Sequence[Pair]]) -> Incident:
    period = finding.period
    wake, answer = period.wake, period.answer
    views = (period, *finding.twins)
    legs = tuple(dict.fromkeys((p.connection.client, p.connection.server) for p in views))
    others = tuple(dict.fromkeys(o for leg in legs for o in translated.get(leg, ()) if o not in legs))
    sent, waited = wake.first.ref.time, period.kind == "late-answer"
    if waited and period.start is not None:
        sent = period.start.time  # what the client asked; the wake is the answer
    rst = answer is not None and answer.kind is AnswerKind.RST
    failed = answer.first.ref.time if answer is not None and rst else period.ended.time
    ids = (head(p.wake.payload).request_id for p in views)
    return Incident(
        Key.of(finding), legs, others, sent, wake.first.ref.time, max(sent, failed),
        (rst or wake.kind is WakeKind.RST) and not waited,
        wake.kind is WakeKind.SYN, finding.severity is not Severity.HARMLESS, next((i for i in ids if i is not None), None),
        finding.sent.label,
    )  # fmt: skip
