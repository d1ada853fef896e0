"""Which rule leads: one for every idle period that failed, over all combinations of the facts on which rules depend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from pcapdiag.engine.types import Answer, AnswerKind, Fin, IdlePeriod, Outcome, WakeKind
from pcapdiag.rules.catalogue import VERDICTS, judge, why
from pcapdiag.rules.types import Condition, Confidence
from tests.report.factory import ACK, RST, T0, S, period, ref, segment

PLAIN, GOODBYE = b"\x00\x01\x02\x03", b"\x15\x03\x03\x00\x1a"
FAILED = (Outcome.RESET, Outcome.UNANSWERED, Outcome.UNREACHABLE, Outcome.RESET_IN_SILENCE)


def hold(conditions: Iterable[Condition], p: IdlePeriod) -> bool:
    """Do all of these hold?"""
    return all(condition.holds(p) for condition in conditions)


def answers() -> Iterator[Answer | None]:
    """Everything that can have come back: nothing, an ICMP error, and RSTs that acknowledge in each way, or not."""
    yield None
    at = ref(15, T0 + 20_000_000)
    yield Answer(AnswerKind.ICMP, segment(at), 20_000_000, 1, False, None, 3, 13)
    for flags, acknowledges, before, window, stamps in (
        (RST, False, None, 0, False),
        (RST | ACK, False, None, 0, False),
        (RST | ACK, True, None, 501, True),
        (RST | ACK, True, None, 0, False),
        (RST | ACK, True, None, 0, None),
        (RST | ACK, True, T0 + 10, 501, True),
        (RST, False, T0 + 10, 0, False),
    ):
        rst = replace(segment(at, flags, 0), seq=4242, window=window, timestamps=stamps)
        yield Answer(AnswerKind.RST, rst, 20_000_000, 1, acknowledges, before, None, None)


def possible(outcome: Outcome, kind: WakeKind, idle: bool, answer: Answer | None) -> bool:
    """Can the engine say this? The outcomes of docs/semantics.md, by what they are about."""
    reset = answer is not None and answer.kind is AnswerKind.RST
    if not idle:
        return outcome is Outcome.RESET and reset and kind in (WakeKind.PAYLOAD, WakeKind.SYN)
    match outcome:
        case Outcome.RESET:
            return reset and kind in (WakeKind.PAYLOAD, WakeKind.PROBE)
        case Outcome.UNANSWERED:
            return answer is None and kind in (WakeKind.PAYLOAD, WakeKind.PROBE)
        case Outcome.UNREACHABLE:
            return answer is not None and not reset and kind in (WakeKind.PAYLOAD, WakeKind.PROBE)
        case Outcome.RESET_IN_SILENCE:
            return answer is None and kind is WakeKind.RST
        case Outcome.CLOSED:
            return answer is None and kind is WakeKind.FIN
        case Outcome.UNDECIDED:
            return answer is None or kind in (WakeKind.PAYLOAD, WakeKind.PROBE)
        case Outcome.SURVIVED:
            return answer is None and kind is WakeKind.PAYLOAD
    raise AssertionError(outcome)


def combinations() -> Iterator[IdlePeriod]:
    """Every combination of the facts that decide between rules, as far as the engine can say it."""
    sides = (("client", "server"), ("client", None), ("server", "server"), ("server", "client"), ("server", None))
    base = period()
    for outcome, kind, idle, answer in product(Outcome, WakeKind, (True, False), answers()):
        if not possible(outcome, kind, idle, answer):
            continue
        for (sender, speaker), fin, payload, again, missed in product(
            sides, Fin, (PLAIN, GOODBYE), (0, 3), ((0, 0), (5, 0)) if outcome is Outcome.UNDECIDED else ((0, 0),)
        ):
            wake = replace(
                base.wake, kind=kind, payload=payload, length=31, retransmissions=again, segments=1 + again,
                last_sent=ref(14, T0 + 2 * S * bool(again)),
            )  # fmt: skip
            yield replace(
                base, outcome=outcome, idle=idle, wake=wake, answer=answer, sender=sender, last_speaker=speaker, fin=fin,
                peer_fin=ref(12, T0 - S) if fin is Fin.SEEN else None, missed=missed,
            )  # fmt: skip


def leading(p: IdlePeriod) -> list[str]:
    """The rules that lead on a period."""
    return [reading.rule for reading in why(p) if reading.leads]


def test_one_rule_leads_on_each_failure() -> None:
    """One idle period has exactly one leading verdict, and it is what `judge` says; none is counted as another family's."""
    for p in combinations():
        finding = judge(p)
        told = [finding.rule] if finding else []
        assert leading(p) == told, p
        if p.outcome in FAILED:
            (code,) = told
            assert code.startswith("IDLE1" if p.idle else "CTX2"), p


def test_what_is_undecided_is_never_proved() -> None:
    """Where the engine could not decide, a rule may speak, but proves nothing; where nothing was missed, a wake is nobody's."""
    spoken = set()
    for p in combinations():
        finding = judge(p)
        if p.outcome is Outcome.UNDECIDED and finding:
            assert not finding.proved
            assert finding.confidence is Confidence.POSSIBLE
            spoken.add(finding.rule)
        if p.outcome in (Outcome.SURVIVED, Outcome.CLOSED):
            assert finding is None
    assert spoken >= {"IDLE101", "IDLE102", "IDLE103", "IDLE104", "IDLE105", "IDLE106", "IDLE107", "IDLE108", "IDLE109"}


def test_nothing_is_said_of_what_only_ended() -> None:
    """A wake that was not repeated and not answered when the capture ended proves nothing; nor does a new connection."""
    base = period()
    one = replace(base, outcome=Outcome.UNDECIDED, answer=None)
    assert judge(one) is None
    assert judge(replace(one, wake=replace(one.wake, kind=WakeKind.SYN))) is None
    assert judge(replace(one, wake=replace(one.wake, retransmissions=3), heard=ref(15))) is None


def test_every_precedence_is_needed() -> None:
    """Each rule to which another yields applies together with it somewhere: nothing stands there that never happens."""
    met = {(rule.code, above) for rule in VERDICTS for above in rule.yields_to}
    assert met
    for p in combinations():
        holding = {rule.code for rule in VERDICTS if hold(rule.conditions, p)}
        met -= {(code, above) for code, above in met if {code, above} <= holding}
    assert met == set()


def test_a_rule_s_check_is_its_conditions() -> None:
    """A rule speaks, in its own name, wherever all the conditions that it prints hold: `check` asks nothing more."""
    for p in combinations():
        for rule in VERDICTS:
            if hold(rule.conditions, p):
                finding = rule.check(p)
                assert (finding.rule, finding.name) == (rule.code, rule.name)


def test_each_reading_is_one_of_three() -> None:
    """A rule leads, or yields to one that applies, or fails at its first condition that does not hold."""
    for p in combinations():
        readings = {reading.rule: reading for reading in why(p)}
        assert list(readings) == [rule.code for rule in VERDICTS]
        for rule in VERDICTS:
            reading = readings[rule.code]
            assert [reading.leads, reading.failed is not None, reading.yielded_to is not None].count(True) == 1
            texts = tuple(c.text for c in rule.conditions)
            assert texts[: len(reading.held)] == reading.held
            if reading.failed is not None:
                assert texts[len(reading.held)] == reading.failed
            if reading.yielded_to is not None:
                assert readings[reading.yielded_to].failed is None


def test_doubts_lower_confidence() -> None:
    """What the capture leaves in doubt is said with the verdict, and no more is left of its confidence than it allows."""
    sure = replace(period(), answer=_plain_rst())
    plain = judge(sure)
    assert plain is not None
    assert (plain.rule, plain.confidence, plain.doubts) == ("IDLE101", Confidence.CERTAIN, ())
    doubted = judge(replace(sure, hole=True))
    assert doubted is not None
    assert [d.code for d in doubted.doubts] == ["CAP908"]
    assert doubted.confidence is Confidence.LIKELY


def _plain_rst() -> Answer:
    return next(a for a in answers() if a is not None and a.kind is AnswerKind.RST)


def test_a_rst_has_an_origin() -> None:
    """A finding about a RST says who sent it; one about silence has nobody to name."""
    for p in combinations():
        finding = judge(p)
        if finding is not None:
            reset = p.wake.kind is WakeKind.RST or (p.answer is not None and p.answer.kind is AnswerKind.RST)
            assert (finding.origin is not None) == reset
