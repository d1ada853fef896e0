"""What the capture cannot prove: when each CAP9xx rule speaks, how far it weakens a verdict, and what it says of a whole capture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.engine.types import Bound, Fin, IdlePeriod, Outcome, RolesFrom, WakeKind
from pcapdiag.rules.catalogue import CAVEATS, judge
from pcapdiag.rules.types import CaptureFacts, Confidence, Doubt, Example
from tests.report.factory import ACK, MS, RST, T0, S, connection, file_facts, period, ref, totals
from tests.rules.resets import answered, peer, silent

LIKELY, POSSIBLE = Confidence.LIKELY, Confidence.POSSIBLE


def doubts(p: IdlePeriod) -> dict[str, Doubt]:
    """What each caveat says of a period, those that are silent left out."""
    return {doubt.code: doubt for rule in CAVEATS if (doubt := rule.check(p)) is not None}


def reset(**other: Any) -> IdlePeriod:
    """A request that is answered by a bare RST, which takes its number from it."""
    return answered(period(**other))


def unanswered(**other: Any) -> IdlePeriod:
    """A request that was sent three times, the last time 600 ms after the first, and never answered."""
    p = period(outcome=Outcome.UNANSWERED, answer=None, ended=ref(20, T0 + 12_900 * MS), **other)
    return replace(p, wake=replace(p.wake, retransmissions=2, last_sent=ref(16, T0 + 600 * MS)))


def accepted(**rst: Any) -> IdlePeriod:
    """A request that the RST itself acknowledges, with window 0."""
    p = answered(**{"flags": RST | ACK, "window": 0, "seq": 99, "timestamps": True} | rst)
    assert p.answer is not None
    return replace(p, answer=replace(p.answer, acknowledges=True))


def first_seen(p: IdlePeriod, **other: Any) -> IdlePeriod:
    """The same, first seen at its wake."""
    return replace(p, connection=replace(p.connection, first=p.wake.first.ref, **other))


UNHEARD = peer(reset(), ttl=None, via=None, ip_id=None, timestamps=None)
UNSEEN = replace(silent(350 * S, "server"), connection=connection(packets=(0, 8)))

SPEAKS: list[tuple[str, IdlePeriod, Confidence | None, str]] = [
    ("CAP901", UNHEARD, POSSIBLE, "nothing of the server was captured before the request"),
    ("CAP901", UNSEEN, POSSIBLE, "nothing of the client was captured at all"),
    ("CAP902", reset(gap=312 * S, bound=Bound.LOWER), LIKELY, "idle for at least 312 s"),
    ("CAP902", reset(conn=connection(roles_from=RolesFrom.FIRST_PAYLOAD)), LIKELY, "guessed from who first sent payload"),
    ("CAP902", reset(conn=connection(roles_from=RolesFrom.UNKNOWN)), LIKELY, "who is client is not known"),
    ("CAP903", reset(missed=(1500, 0), outcome=Outcome.UNDECIDED), POSSIBLE, "missed 1,500 bytes of the client inside the gap"),
    ("CAP903", reset(missed=(0, 1)), POSSIBLE, "missed 1 byte of the server"),
    ("CAP903", reset(missed=(7, 8)), POSSIBLE, "7 bytes of the client and 8 bytes of the server"),
    ("CAP903", answered(seq=4142), POSSIBLE, "the RST's number is 4142, the request's ACK number 4242"),
    ("CAP903", answered(period(fin=Fin.SEEN), seq=4244), POSSIBLE, "4244"),
    ("CAP904", accepted(timestamps=None), LIKELY, "the options of the RST were cut off"),
    ("CAP904", peer(accepted(), timestamps=None), LIKELY, "the options of the peer's segments were cut off"),
    ("CAP905", unanswered(cut_short=True), LIKELY, "12.3 s after the request's last transmission"),
    ("CAP905", replace(unanswered(cut_short=True), outcome=Outcome.UNDECIDED), POSSIBLE, "12.3 s after"),
    ("CAP905", replace(unanswered(cut_short=True), ended=ref(16, T0 + 600 * MS)), LIKELY, "with the request's last transmission"),
    ("CAP906", reset(clock_back=312_500_000), LIKELY, "went back by 312.5 ms"),
    ("CAP906", reset(clock_back=10 * S), LIKELY, "went back by 10,000 ms"),
    ("CAP906", answered(period(), delay=-900 * MS), LIKELY, "a time 900 ms before the request"),
    ("CAP907", reset(conn=connection(copies=3)), None, "3 of the connection's 17 packets are copies"),
    ("CAP908", reset(hole=True), LIKELY, "inside the gap of 350.104 s before the request"),
]
SILENT: list[tuple[str, IdlePeriod]] = [
    ("an ordinary reset after idle", reset()),
    ("a whole silence: the sender gave up", unanswered()),
    ("first seen at its request: nobody had been heard", first_seen(UNHEARD)),
    ("a SYN has no peer yet", replace(UNHEARD, wake=replace(UNHEARD.wake, kind=WakeKind.SYN), idle=False)),
    ("a RST in silence whose other side was captured", silent(350 * S, "server")),
    ("no handshake, but the port tells", reset(conn=connection(roles_from=RolesFrom.PORT, handshake=False))),
    ("the RST counts its FIN", answered(period(fin=Fin.SEEN), seq=4243)),
    ("a socket that had accepted the request resets with its own number", accepted()),
    ("a RST that was swapped with its request", answered(period(), delay=-MS)),
    ("a bare RST needs no options", answered(timestamps=None)),
    ("without idleness the RST may answer the segment before", answered(period(idle=False), seq=4142)),
    ("cut short, but answered", reset(cut_short=True)),
]


@pytest.mark.parametrize(("code", "p", "most", "said"), SPEAKS)
def test_speaks(code: str, p: IdlePeriod, most: Confidence | None, said: str) -> None:
    """A caveat speaks alone where its case is given, weakens as far as it says, and names the values."""
    found = doubts(p)
    assert set(found) == {code}
    assert found[code].most is most
    assert said in found[code].text


@pytest.mark.parametrize(("p"), [p for _, p in SILENT], ids=[title for title, _ in SILENT])
def test_is_silent(p: IdlePeriod) -> None:
    """Where the capture proves all that the verdict needs, no caveat speaks."""
    assert not doubts(p)


@pytest.mark.parametrize(("code", "p", "most", "said"), SPEAKS)
def test_no_verdict_is_surer_than_its_doubts(code: str, p: IdlePeriod, most: Confidence | None, said: str) -> None:
    """Whatever rule leads, its confidence is at most what the caveat leaves of it."""
    finding = judge(p)
    assert finding is None or most is None or finding.confidence.at_most(most) is finding.confidence


def told(*, holes: Iterable[int] = (), trailing: int = 0, files: Any = None, sums: Any = None) -> list[tuple[str, str, int]]:
    """What all caveats say of a capture with these facts."""
    clean = totals(syn_seen=1_204, connections=1_204)
    facts = CaptureFacts(files or [file_facts()], sums or [clean], list(holes), trailing)
    return [(limit.code, limit.text, limit.count) for rule in CAVEATS for limit in rule.limits(facts)]


def test_nothing_is_said_of_a_clean_capture() -> None:
    """No limit is listed with 0, and holes, drops or times that are not known are none."""
    assert told() == []


def test_limits_of_a_whole_capture() -> None:
    """Each kind of limit is counted over all files and capture points, in order of code."""
    file = file_facts(
        skipped={"cut by snap length": 3, "UDP": 9}, reported_drops=70, clock_back=2, clock_back_most=5 * MS, untimed=4
    )
    sums = totals(
        connections=10, syn_seen=8, one_sided=5, copies=6, evicted_closed=1, evicted_open=2,
        outcomes={Outcome.UNDECIDED: 7, Outcome.SURVIVED: 100},
    )  # fmt: skip
    twice = told(files=[file, replace(file, clock_back_most=9 * MS)], sums=[sums, sums], holes=[3 * S, 8 * S], trailing=1)
    assert twice == [
        ("CAP901", "connections of which only one direction was captured", 10),
        ("CAP902", "connections that began before the capture: who is client is inferred", 4),
        ("CAP902", "connections forgotten because there were too many: what they did later is new to us", 6),
        ("CAP903", "packets that the capturing program says it dropped", 140),
        ("CAP904", "records cut so short by the snap length that the TCP header is missing", 6),
        ("CAP905", "idle periods undecided: traffic was missed, or too little was seen after the wake to tell", 14),
        ("CAP905", "compressed files with something behind their end, which was not read", 1),
        ("CAP906", "records earlier than the one before, by up to 9 ms", 4),
        ("CAP906", "simple packets without a time: they take that of the record before", 8),
        ("CAP907", "packets recorded more than once: the copies change nothing", 12),
        ("CAP908", "holes between files, the longest 8 s", 2),
    ]


SHOWS = [pytest.param(rule.code, e, id=f"{rule.code} {e.title}") for rule in CAVEATS for e in rule.shows]
DOES_NOT_SHOW = [pytest.param(rule.code, e, id=f"{rule.code} {e.title}") for rule in CAVEATS for e in rule.does_not_show]


def analysed(directory: Path, example: Example) -> set[str]:
    """The doubts about the one finding of an example's capture."""
    paths = []
    for number, data in enumerate(forge(example.conversation)):
        paths.append(directory / f"{number}.pcapng")
        paths[-1].write_bytes(data)
    report = pcapdiag.analyze(paths).report
    (finding,) = (*report.findings, *report.unproved)
    return {doubt.code for doubt in finding.doubts}


@pytest.mark.parametrize(("code", "example"), SHOWS)
def test_shows(code: str, example: Example, tmp_path: Path) -> None:
    """An example of a caveat is a capture whose verdict it puts in doubt."""
    assert code in analysed(tmp_path, example)


@pytest.mark.parametrize(("code", "example"), DOES_NOT_SHOW)
def test_does_not_show(code: str, example: Example, tmp_path: Path) -> None:
    """An example against it is a capture with a verdict that it does not touch; the caveat that it names does, or none."""
    assert analysed(tmp_path, example) == ({example.instead} if example.instead else set())


def test_each_caveat_is_shown_and_told_apart() -> None:
    """Each has conversations for and against it."""
    assert not [rule.code for rule in CAVEATS if not rule.shows or not rule.does_not_show]
