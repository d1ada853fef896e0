"""Whose request was lost: the user's own request beside it, on another connection of the same host, and what came back of it.

A proxy takes a request, sends it on over an idle connection, meets a RST, and answers 5xx or closes. The request that it took
stands just before the lost one in the same capture, often over loopback and in clear, and its answer just after the RST. The
identifier that proxies hand on says which it is; without it, only the times and the paths do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pcapdiag.correlate.heads import Head
from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Endpoint, RecordRef
from pcapdiag.rules.types import Confidence

#: How long a proxy has a request before it sends it on, and how long after a RST it has told the user.
BEFORE = PROMPT = 50_000_000
#: How long after the RST an answer may still be to that request: proxies try again, and give up within seconds.
AFTER = 5_000_000_000


class Lost(NamedTuple):
    """A request that was lost: when it was sent, when that showed (its RST), and what its head says."""

    sent: int
    failed: int
    head: Head


class Response(NamedTuple):
    """What came back to a user: a status, or the end of the connection without one (None)."""

    ref: RecordRef
    status: int | None

    @property
    def failed(self) -> bool:
        """Is it no answer that a user wants?"""
        return self.status is None or self.status >= 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request that may be the user's: its connection, who sent it to whom, what its head says, and what came back (None:
    nothing that was captured)."""

    client: Endpoint
    server: Endpoint
    stream: int | None
    request: RecordRef
    head: Head
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """The user's own request behind a lost one.

    ``before`` is ns from it to the lost request, ``after`` from the RST to what came back, None if nothing did that was captured.
    ``same_id``: both requests carry the same x-request-id, which decides. Method, path and identifier are the user's; they may
    hold any characters, so whoever prints them escapes them.
    """

    client: Endpoint
    server: Endpoint
    stream: int | None
    request: RecordRef
    response: RecordRef | None
    method: str | None
    path: str | None
    status: int | None
    request_id: str | None
    before: int
    after: int | None
    same_id: bool
    confidence: Confidence
    reasons: tuple[str, ...]

    @property
    def waited(self) -> int | None:
        """How long the user waited for what came back, in ns."""
        return None if self.response is None else self.response.time - self.request.time


def linked(lost: Lost, candidates: Sequence[Candidate]) -> Impact | None:
    """Which of the candidates is the request that was sent on and lost; None if none need be."""
    told = lost.head.request_id
    same = [c for c in candidates if told is not None and c.head.request_id == told]
    if same:
        return _impact(lost, max(same, key=lambda c: c.request.time), Confidence.CERTAIN, f"both carry x-request-id {told}")
    fitting = [c for c in candidates if told is None or c.head.request_id is None]
    fitting = [c for c in fitting if _fits(lost, c)]
    alike = [c for c in fitting if _same_path(lost, c)]
    chosen = max(alike or fitting, key=lambda c: c.request.time, default=None)
    if chosen is None:
        return None
    rivals = len(alike or fitting) - 1
    if rivals:
        return _impact(lost, chosen, Confidence.POSSIBLE, f"it is the nearest in time; {rivals} more would fit as well")
    if alike:
        return _impact(lost, chosen, Confidence.LIKELY, "it asks for the same, and no other request before it would fit")
    return _impact(lost, chosen, Confidence.POSSIBLE, "no other request before it would fit")


def settled(impacts: Sequence[Impact | None]) -> tuple[Impact | None, ...]:
    """One request of a user is behind one lost request: where several have the same one and no identifier says which, each of
    them is only possible."""
    claims: dict[RecordRef, int] = {}
    for impact in impacts:
        if impact is not None:
            claims[impact.request] = claims.get(impact.request, 0) + 1
    return tuple(
        replace(i, confidence=Confidence.POSSIBLE, reasons=(*i.reasons, "another lost request may be its as well"))
        if i is not None and claims[i.request] > 1 and not i.same_id else i
        for i in impacts
    )  # fmt: skip


def _fits(lost: Lost, candidate: Candidate) -> bool:
    """Without an identifier: did it fail just when the other did, or a little later, if it asks for the same?"""
    response = candidate.response
    if response is None or not response.failed:
        return False
    if lost.head.method and candidate.head.method and lost.head.method != candidate.head.method:
        return False
    return 0 <= response.ref.time - lost.failed <= (AFTER if _same_path(lost, candidate) else PROMPT)


def _same_path(lost: Lost, candidate: Candidate) -> bool:
    ours, theirs = lost.head, candidate.head
    return ours.path is not None and (ours.method, ours.path) == (theirs.method, theirs.path)


def _impact(lost: Lost, c: Candidate, confidence: Confidence, why: str) -> Impact:
    before, r = lost.sent - c.request.time, c.response
    after = None if r is None else r.ref.time - lost.failed
    reasons = [f"it came {format_duration(before)} before the lost one", why]
    if r is not None and after is not None:
        what = "its connection was closed" if r.status is None else f"{r.status} went back"
        reasons.append(f"{what} {format_duration(after)} after the RST")
    return Impact(
        c.client, c.server, c.stream, c.request, r and r.ref, c.head.method, c.head.path, r and r.status, c.head.request_id,
        before, after, lost.head.request_id is not None and c.head.request_id == lost.head.request_id, confidence, tuple(reasons),
    )  # fmt: skip
