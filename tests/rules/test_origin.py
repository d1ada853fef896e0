"""Who sent the RST: the table that puts the signals together, and the shipped captures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import pcapdiag
from pcapdiag.engine.types import AnswerKind, IdlePeriod, Outcome, WakeKind
from pcapdiag.rules.origin import origin
from pcapdiag.rules.types import Sender
from tests.report.factory import MS, T0, S, period, ref
from tests.rules.resets import (
    ABORT,
    ABORTED,
    NEARER,
    NEITHER,
    NO_STATE,
    STRANGER,
    UNDETERMINED,
    answered,
    judged,
    named,
    peer,
    periods,
    signal,
    silent,
)

CAPTURES = Path(__file__).parents[2] / "captures"
US = 1_000

#: The peer's TTL before is 61: three hops away, if it began with 64.
NEAR, AS_FAR, FAR, UNKNOWN = 63, 61, 58, None
TABLE = [
    (NO_STATE, NEAR, NEARER), (NO_STATE, AS_FAR, STRANGER), (NO_STATE, FAR, UNDETERMINED), (NO_STATE, UNKNOWN, UNDETERMINED),
    (ABORT, NEAR, UNDETERMINED), (ABORT, AS_FAR, ABORTED), (ABORT, FAR, UNDETERMINED), (ABORT, UNKNOWN, ABORTED),
    (NEITHER, NEAR, NEARER), (NEITHER, AS_FAR, UNDETERMINED), (NEITHER, FAR, UNDETERMINED), (NEITHER, UNKNOWN, UNDETERMINED),
]  # fmt: skip


@pytest.mark.parametrize(("form", "ttl", "sender"), TABLE)
def test_the_table(form: dict[str, Any], ttl: int | None, sender: Sender) -> None:
    """Form and distance together give what the table in the module says, where the latency tells nothing."""
    p = answered(peer(period(), ttl=61, round_trip=None), **form, ttl=ttl or 61)
    assert judged(p if ttl else peer(p, via=3)) is sender


@pytest.mark.parametrize(
    ("ttl", "delay", "sender"),
    [
        (64, 19 * MS, NEARER),  # a box just before the server is as far away in time
        (None, 5 * MS, NEARER),
        (None, 19 * MS, UNDETERMINED),  # in time, server and box in front of it are the same
        (63, 19 * MS, STRANGER),
        (63, 5 * MS, UNDETERMINED),
        (60, 5 * MS, UNDETERMINED),
    ],
)
def test_ttl_and_latency_together(ttl: int | None, delay: int, sender: Sender) -> None:
    """A latency as long as the round trip does not dispute a nearer TTL; a shorter one disputes an equal TTL."""
    p = answered(period(), delay, ttl=ttl or 64)
    assert judged(p if ttl else peer(p, via=1)) is sender


def test_nearer_by_every_signal_or_not_at_all() -> None:
    """A form that does not tell is nearer only if no distance signal says otherwise."""
    assert judged(answered(peer(period(), round_trip=None), **NEITHER, ttl=64)) is NEARER
    p = answered(period(), 19 * MS, **NEITHER, ttl=64)
    assert p.answer is not None
    assert judged(replace(p, answer=replace(p.answer, acknowledges=True))) is UNDETERMINED


def test_a_socket_s_form_is_overruled_only_twice() -> None:
    """RST,ACK with window and timestamps from nearer by TTL may be a changed route; if it also answers too early, it is none."""
    p = answered(period(), 5 * MS, **ABORT, ttl=64)
    assert p.answer is not None
    assert judged(p) is UNDETERMINED
    assert judged(replace(p, answer=replace(p.answer, acknowledges=True))) is NEARER


def test_the_endpoint_went_on() -> None:
    """An endpoint that speaks after the RST in its name did not send it, unless the two records may be swapped."""
    p = answered(ttl=63)
    assert p.answer is not None
    later = replace(p, answer=replace(p.answer, went_on=ref(16, T0 + 32 * MS)))
    assert (judged(p), judged(later)) == (STRANGER, NEARER)
    assert signal(later, "went on").values.startswith("that side sent on 12 ms after the RST, in frame 16")
    at_once = replace(p, answer=replace(p.answer, went_on=ref(16, T0 + 20 * MS + 400 * US)))
    assert judged(at_once) is STRANGER
    assert "swapped" in signal(at_once, "went on").values


def test_a_rst_in_silence() -> None:
    """It is compared with its own side. Bare, it is a reply only if the other side spoke shortly before; there is no latency."""
    assert judged(silent(40 * MS, "client")) is STRANGER  # a delayed ACK met a stack without the connection
    for alone in (silent(40 * MS, "server"), silent(350 * S, "client")):
        assert judged(alone) is UNDETERMINED
        assert judged(replace(alone, peer=replace(alone.peer, ttl=60))) is NEARER  # some timer at half the way
    assert judged(silent(350 * S, "server", **ABORT)) is ABORTED  # as keepalive that gives up
    assert "latency" not in named(silent(40 * MS, "client"))


def test_no_rst_no_origin() -> None:
    """Where no RST came, there is nobody to look for."""
    p = period()
    assert p.answer is not None
    assert origin(replace(p, answer=None, outcome=Outcome.UNANSWERED)) is None
    assert origin(replace(p, answer=replace(p.answer, kind=AnswerKind.ICMP), outcome=Outcome.UNREACHABLE)) is None


def of(name: str) -> list[IdlePeriod]:
    """The resets after idle in a shipped capture."""
    found = pcapdiag.analyze(CAPTURES / name).findings
    return [view for finding in found for view in (finding.period, *finding.twins)]


@pytest.mark.parametrize(
    ("name", "views", "ttl"),
    [
        ("reset-after-idle.pcap", 4, {"64 against 63"}),
        ("reset-after-idle.middle-any.pcap", 4, {"64 against 63"}),
        ("reset-across-nat.gateway-any.pcap", 8, {"64 against 63", "63 against 62"}),
    ],
)
def test_the_middlebox_of_the_shipped_captures(name: str, views: int, ttl: set[str]) -> None:
    """The middle itself reset: one hop nearer than the server by TTL, while round trips of 0.1 ms tell nothing."""
    found = of(name)
    assert len(found) == views
    assert {judged(p) for p in found} == {NEARER}
    assert {signal(p, "TTL").values.partition(" of ")[0] for p in found} == ttl
    assert {signal(p, "latency").values.rpartition(": ")[2] for p in found} == {"too short to tell"}


def test_where_the_shipped_captures_recorded_it() -> None:
    """In the middle itself its RST is outgoing; at the client it comes from the MAC address that the request was sent to."""
    assert all(signal(p, "direction").values.startswith("outgoing") for p in of("reset-after-idle.middle-any.pcap"))
    (mac,) = {signal(p, "source MAC").values for p in of("reset-after-idle.pcap")}
    assert mac == "02:00:00:00:01:02, to which the request was sent"


@given(periods())
def test_any_period_gives_a_result_with_its_numbers(p: IdlePeriod) -> None:
    """Whatever a RST looks like, somebody or nobody is named, and every signal holds the numbers that it was judged by."""
    found = origin(p)
    assert found is not None
    rst = p.wake.first if p.wake.kind is WakeKind.RST else p.answer.first  # type: ignore[union-attr]  # drawn so
    values = {s.name: s.values for s in found.signals}
    assert len(values) == len(found.signals)
    assert f"window {rst.window}" in values["form"]
    assert str(rst.seq) in values["form"]
    assert str(rst.ttl) in values["hop limit" if rst.ip_id is None else "TTL"]
    assert values["window"].startswith(str(rst.window))
    if rst.ip_id is not None:
        assert f"IP ID {rst.ip_id}" in values["IP ID"]


@given(periods())
def test_a_verdict_has_a_signal_for_it(p: IdlePeriod) -> None:
    """Whoever is named is pointed at by a signal; and nobody is both nearer and at the endpoint without going undetermined or on."""
    found = origin(p)
    assert found is not None
    pointed = {s.points_to for s in found.signals if s.name in ("form", "TTL", "hop limit", "latency", "went on")}
    if found.sender is not UNDETERMINED:
        assert found.sender in pointed
    if found.sender in (STRANGER, ABORTED):
        assert NEARER not in pointed
