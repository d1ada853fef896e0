"""Laws of all verdicts, over every rule's examples: what does not matter changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.conversation import Endpoint, Segment, Setting
from pcapdiag.conversation import conversation as segments
from pcapdiag.engine import Engine
from pcapdiag.rules.catalogue import VERDICTS, judge
from pcapdiag.rules.types import Example, Finding
from tests.forge.conversation import packet
from tests.forge.files import pcapng
from tests.forge.packets import RST, Packet
from tests.forge.traffic import beacon

SECOND = 1_000_000_000
#: Every example, and those that do not say themselves which addresses they have.
EXAMPLES = tuple(example for rule in VERDICTS for example in (*rule.shows, *rule.does_not_show))
PLACELESS = tuple(e for e in EXAMPLES if not re.search("(?m)^(client|server) ", e.conversation))
OTHER = Setting(Endpoint("10.7.7.7", 41000), Endpoint("10.0.0.2", 443))
#: The handshake of most examples, and the same as the server's: seen from the same place, as far from both ends.
HANDSHAKE = "  0.000  C  SYN\n  0.020  S  SYN ACK\n  0.021  C  ACK\n"
EXCHANGED = "  0.000  S  SYN\n  0.001  C  SYN ACK\n  0.021  S  ACK\n"
#: What is lost in silence is called by who was waiting for it.
LOST = ("IDLE101", "IDLE102", "IDLE109")
#: Roles matter besides where a client owes no response (a push that was acknowledged has arrived; CTX201 looks at who speaks
#: last), and to goodbyes: a short answer is none.
ROLES_MATTER = ("CTX", "IDLE108")
examples = st.sampled_from(EXAMPLES)
numbers = st.one_of(st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]), st.integers(0, 0xFFFFFFFF))


def packets(example: Example, setting: Setting | None = None) -> list[Packet]:
    """An example's packets."""
    return [Packet(s.time, packet(s), s.interface) for s in segments(example.conversation, setting)]


def judged(recorded: Sequence[Packet]) -> list[Finding]:
    """All verdicts on one capture."""
    engine = Engine(min_idle=SECOND)
    engine.begin_file(0)
    engine.feed(pcapng(recorded))
    engine.end_file()
    found = [judge(p) for p in [*engine.drain(), *engine.finish()]]
    return [finding for finding in found if finding is not None]


def alone(segment: Segment) -> bool:
    """Is there no other segment like this one, so that its bytes again are a copy?"""
    return segment.icmp is None and not segment.flags & RST and bool(segment.payload or segment.ip_id)


def told(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """What a verdict says, but for frames, times of day and numbers."""
    return [
        (f.rule, f.severity, f.confidence, f.proved, f.period.kind, f.period.gap, f.period.fin, f.sent.farewell,
         f.origin and f.origin.sender)
        for f in findings
    ]  # fmt: skip


@cache
def plain(example: Example) -> list[tuple[object, ...]]:
    """What is said of an example as it stands."""
    return told(judged(packets(example)))


def mirrors(example: Example) -> bool:
    """Can client and server be exchanged in it?"""
    found = judged(packets(example))
    acknowledged = any(f.period.answer is not None and f.period.answer.acknowledged is not None for f in found)
    matter = acknowledged or any(f.rule.startswith(ROLES_MATTER) or f.period.wake.own_fin or f.sent.farewell for f in found)
    return example.conversation.count("SYN") == 2 and HANDSHAKE in example.conversation and bool(found) and not matter


MIRRORED = tuple(e for e in EXAMPLES if mirrors(e))


@given(examples, numbers, numbers)
def test_initial_numbers_change_nothing(example: Example, client: int, server: int) -> None:
    """All sequence arithmetic is modulo 2^32: shifting every ISN changes no verdict."""
    assert told(judged(packets(example, Setting(isn=(client, server))))) == plain(example)


@given(examples, st.integers(0, 10**9 * SECOND))
def test_the_time_of_day_changes_nothing(example: Example, by: int) -> None:
    """Shifting all times changes only times."""
    assert told(judged([p._replace(time=p.time + by) for p in packets(example)])) == plain(example)


@given(examples, st.sampled_from(PLACELESS))
def test_bystanders_change_nothing(example: Example, other: Example) -> None:
    """What other connections do changes no verdict, and none is lost among others; only how long the capture went on counts."""
    alone, bystander = packets(example), packets(other, OTHER)
    both = sorted([*alone, *bystander], key=lambda p: p.time)
    mine = [f for f in judged(both) if f.period.connection.client.address != "10.7.7.7"]
    assert told(mine) == told(judged([*alone, beacon(both[-1].time)]))


@given(examples)
def test_everything_twice_changes_nothing(example: Example) -> None:
    """A capture on `-i any` records each packet on two interfaces: the same verdicts."""
    once = packets(example)
    twice = [copy for p in once for copy in (p, p._replace(time=p.time + 2_000, interface=p.interface + 1))]
    assert told(judged(twice)) == plain(example)


@given(examples, st.integers(0, 50_000))
def test_identical_copies_change_nothing(example: Example, after: int) -> None:
    """A packet that is recorded again on the same interface, byte for byte, says nothing new; but an equal pure ACK without
    an IP ID may be another one, and so may a RST: a stack answers each piece of a request with the same."""
    once = packets(example)
    again = [p._replace(time=p.time + after) for p, s in zip(once, segments(example.conversation), strict=True) if alone(s)]
    assert told(judged(sorted([*once, *again], key=lambda p: p.time))) == plain(example)


@given(examples, st.integers(2_000, 49_000_000))
def test_late_copies_change_nothing(example: Example, after: int) -> None:
    """A copy may be recorded up to 50 ms later, behind what answers it, on another interface."""
    once = packets(example)
    late = [p._replace(time=p.time + after, interface=p.interface + 1) for p in once]
    assert told(judged(sorted([*once, *late], key=lambda p: p.time))) == plain(example)


@pytest.mark.parametrize("example", PLACELESS, ids=lambda example: example.title)
def test_addresses_change_nothing(example: Example) -> None:
    """Who is client is decided by the SYN: with both ends' addresses and ports exchanged the verdict is the same."""
    here = Setting()
    there = replace(here, client=here.server, server=here.client)
    assert told(judged(packets(example, there))) == plain(example)


@pytest.mark.parametrize("example", MIRRORED, ids=lambda example: example.title)
def test_exchanged_roles_mirror_the_verdict(example: Example) -> None:
    """With the handshake the other way round the client is the server: what was a request is a push, or an answer for which the
    other side was waiting, and the verdict is that of the same packets under the other name."""
    there = example._replace(conversation=example.conversation.replace(HANDSHAKE, EXCHANGED))
    expected, found = judged(packets(example)), judged(packets(there))
    assert [mirrored(f) for f in expected] == [named(f) for f in found]


def mirrored(f: Finding) -> tuple[object, ...]:
    """What is said of the same packets when client and server are exchanged: a server that answers is no client that asks."""
    sides = {"client": "server", "server": "client", None: None}
    p = f.period
    waited = p.sender == "client" and p.last_speaker == "server"
    lost = ("IDLE102" if p.answer is None else "IDLE101", "IDLE109")[waited] if f.rule in LOST else f.rule
    return lost, sides[p.sender], sides[p.last_speaker], *_alike(f)


def named(f: Finding) -> tuple[object, ...]:
    """The same, as it is said."""
    return f.rule, f.period.sender, f.period.last_speaker, *_alike(f)


def _alike(f: Finding) -> tuple[object, ...]:
    """What does not depend on who is client: a RST in silence harms each side in another way, a lost answer always someone."""
    severity = None if f.rule == "IDLE104" else f.severity
    return severity, f.confidence, f.proved, f.period.gap, f.period.outcome, f.period.fin, f.origin and f.origin.sender
