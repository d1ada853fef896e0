"""Idle periods by hand, one for each way to end, whose numbers fit: what a rule says of them is tested word by word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcapdiag.engine.types import Answer, AnswerKind, IdlePeriod, Outcome, WakeKind
from pcapdiag.rules.catalogue import judge
from pcapdiag.rules.types import Finding
from tests.report.factory import ACK, MS, RST, T0, S, period, ref, segment


def verdict(p: IdlePeriod) -> Finding:
    """The leading finding."""
    finding = judge(p)
    assert finding is not None
    return finding


def rst(at: int = T0 + 20 * MS, *, frame: int = 15, **facts: Any) -> Answer:
    """A bare RST that takes its number from the wake of `period()`."""
    answer = {k: facts.pop(k) for k in ("acknowledges", "acknowledged", "went_on", "count") if k in facts}
    first = replace(segment(ref(frame, at), RST, 0), **{"seq": 4242, **facts})
    return replace(Answer(AnswerKind.RST, first, at - T0, 1, False, None, None, None), **answer)


def abort(at: int = T0 + 20 * MS, **facts: Any) -> Answer:
    """A RST,ACK of a live socket that acknowledges the wake."""
    return rst(at, **{"flags": RST | ACK, "window": 501, "timestamps": True, "acknowledges": True, **facts})


def reset(answer: Answer | None = None, **facts: Any) -> IdlePeriod:
    """A request after 350.104 s that was answered by RST."""
    return _period(answer=answer or rst(), **facts)


def unanswered(**facts: Any) -> IdlePeriod:
    """A request that was sent four times within 1.4 s; its sender gave up after 10 s."""
    wake = {"retransmissions": 3, "last_sent": ref(17, T0 + 1_400 * MS)}
    return _period(**{"outcome": Outcome.UNANSWERED, "answer": None, "ended": ref(18, T0 + 10 * S), **wake, **facts})


def unreachable(icmp_type: int, code: int, **facts: Any) -> IdlePeriod:
    """A request to which a router answered."""
    error = Answer(AnswerKind.ICMP, segment(ref(15, T0 + 2 * MS)), 2 * MS, 1, False, None, icmp_type, code)
    return _period(**{"outcome": Outcome.UNREACHABLE, "answer": error, **facts})


def probe(**facts: Any) -> IdlePeriod:
    """A run of three probes 15 s apart."""
    wake = {"kind": WakeKind.PROBE, "payload": b"", "length": 0, "segments": 3, "last_sent": ref(17, T0 + 30 * S)}
    return _period(**{"answer": rst(T0 + 30 * S + 20 * MS, frame=18), **wake, **facts})


def in_silence(**facts: Any) -> IdlePeriod:
    """A RST,ACK of the server 350 s after anything was sent."""
    first = replace(segment(ref(14), RST | ACK, 0), window=501, timestamps=True)
    wake = {"kind": WakeKind.RST, "payload": b"", "length": 0, "first": first}
    told = {"outcome": Outcome.RESET_IN_SILENCE, "answer": None, "sender": "server", "last_by": "client"}
    return _period(**{**wake, **told, **facts})


def without_idle(**facts: Any) -> IdlePeriod:
    """Payload that was reset half a second after the payload before it."""
    return _period(**{"idle": False, "gap": 500 * MS, "payload": b"", "answer": rst(), **facts})


def _period(**facts: Any) -> IdlePeriod:
    """A period with facts of it and of its wake, by name."""
    base = period()
    of_wake = {k: facts.pop(k) for k in list(facts) if k in base.wake.__dataclass_fields__}
    return replace(base, wake=replace(base.wake, **of_wake), **facts)
