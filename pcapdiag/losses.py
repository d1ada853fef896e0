"""Which findings are losses, as inference looks at them: one for each service on which the incident was seen.

The rules say what happened, and whether a connection was lost in its silence; what came back says what it met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pcapdiag.engine.types import Bound, Endpoint, IdlePeriod, Outcome, WakeKind
from pcapdiag.inference.deaths import doubted
from pcapdiag.inference.silences import failed_silence
from pcapdiag.inference.types import Event, Helpless, Loss, Symptom
from pcapdiag.rules.catalogue import VERDICTS
from pcapdiag.rules.conditions import fin_before, resets_window_probe
from pcapdiag.rules.idle104 import answers_an_ack
from pcapdiag.rules.types import Finding, Sender, Severity

_IN_SILENCE = frozenset(rule.code for rule in VERDICTS if rule.in_silence)
#: A probe that was answered so soon after the last payload, if it was one, broke no silence.
_BROKE = 500_000_000


def legs(finding: Finding) -> dict[Endpoint, IdlePeriod]:
    """One view of an incident for each service on which it was seen, the leading one first."""
    found: dict[Endpoint, IdlePeriod] = {}
    for leg in (finding.period, *finding.twins):
        found.setdefault(leg.connection.server, leg)
    return found


def was_lost(finding: Finding) -> bool:
    """Was a connection lost, and not given up by the client itself?"""
    period, nearer = finding.period, finding.origin is not None and finding.origin.sender is Sender.NEARER
    if finding.severity not in (Severity.FAILURE, Severity.LOSS):
        return False
    if period.wake.kind is WakeKind.RST and period.sender == "client" and not nearer:
        return False  # the client gave up by itself: its patience ended, not the path's
    if resets_window_probe(period):
        return False  # the other side had been probing a closed window: there was something to send all the time
    # The peer went on after the RST in its name: nobody had forgotten the connection.
    return period.answer is None or period.answer.went_on is None


def lost_in_silence(finding: Finding) -> bool:
    """Was it lost while it was silent, nobody having closed it?"""
    return finding.rule in _IN_SILENCE and was_lost(finding) and not fin_before(finding.period)


def by_the_path(finding: Finding) -> bool:
    """Of what was lost in silence: does its length tell what the path bears? A socket that aborts tells of its endpoint; many
    that abort at once are an event all the same."""
    return finding.origin is None or finding.origin.sender is not Sender.ABORTED


def losses(findings: Iterable[Finding], events: Iterable[Event], shown: Callable[[str], bool]) -> list[Loss]:
    """The losses in ``findings``, of which those of rules that are ``shown`` are told."""
    return doubted(_losses(findings, events, shown))


def _losses(findings: Iterable[Finding], events: Iterable[Event], shown: Callable[[str], bool]) -> Iterator[Loss]:
    sure = [event for event in events if not event.or_timer]
    for finding in findings:
        if not finding.proved or not was_lost(finding):
            continue
        server, time = finding.period.connection.server, failed_silence(finding.period).ended.time
        together = lost_in_silence(finding) and any(event.holds(server, time) for event in sure)
        why = _helpless(finding) or (Helpless.EVENT if together else None)
        for service, leg in legs(finding).items():
            yield _loss(service, leg, why, shown(finding.rule))


def _helpless(finding: Finding) -> Helpless | None:
    """Why no keepalive helps, by what the incident itself tells."""
    if fin_before(finding.period):
        return Helpless.FIN
    return None if finding.rule in _IN_SILENCE and by_the_path(finding) else Helpless.ABORTED


def _loss(service: Endpoint, period: IdlePeriod, why: Helpless | None, shown: bool) -> Loss:
    return Loss(
        service=service,
        client=period.connection.client.address,
        sender=period.sender,
        symptom=_symptom(period),
        silence=failed_silence(period),
        gap=_idle(period),
        gap_is_lower_bound=period.bound is Bound.LOWER,
        helpless=why,
        wake=period.wake.first.ref,
        refreshed=_refreshed(period),
        shown=shown,
    )


def _symptom(period: IdlePeriod) -> Symptom:
    if fin_before(period):
        return Symptom.FIN_AT_EXPIRY
    if period.wake.kind is WakeKind.RST and not answers_an_ack(period):
        return Symptom.RESET_AT_EXPIRY
    return Symptom.RESET if period.outcome in (Outcome.RESET, Outcome.RESET_IN_SILENCE) else Symptom.SILENCE


def _idle(period: IdlePeriod) -> int:
    """How long the connection had been idle when it was found lost, or when the FIN came that ended it: 0 if that was missed."""
    if not fin_before(period):
        return period.gap
    fin = period.peer_fin
    return 0 if fin is None else max(period.gap - max(period.wake.first.ref.time - fin.time, 0), 0)


def _refreshed(period: IdlePeriod) -> int:
    """How much of the gap was over when a probe was answered for the last time. Between that and the wake lies the silence: to
    the wake itself, or, if the wake is the first of several probes that nobody answered, to that."""
    if not any(period.probes):
        return 0
    silence = period.silence_first if period.wake.kind is WakeKind.PROBE else period.silence_answered
    at = period.gap - silence
    return at if at >= _BROKE else 0
