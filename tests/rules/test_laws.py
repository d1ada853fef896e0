"""Laws of all verdicts, over every rule's examples: what does not matter changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.conversation import Endpoint, Setting
from pcapdiag.conversation import conversation as segments
from pcapdiag.engine import Engine
from pcapdiag.rules.catalogue import VERDICTS, judge
from pcapdiag.rules.types import Example, Finding
from tests.forge.conversation import packet
from tests.forge.files import pcapng
from tests.forge.packets import Packet
from tests.forge.traffic import beacon

SECOND = 1_000_000_000
#: Every example, and those that do not say themselves which addresses they have.
EXAMPLES = tuple(example for rule in VERDICTS for example in (*rule.shows, *rule.does_not_show))
PLACELESS = tuple(e for e in EXAMPLES if not re.search("(?m)^(client|server) ", e.conversation))
OTHER = Setting(Endpoint("10.7.7.7", 41000), Endpoint("10.0.0.2", 443))
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


@pytest.mark.parametrize("example", PLACELESS, ids=lambda example: example.title)
def test_addresses_change_nothing(example: Example) -> None:
    """Who is client is decided by the SYN: with both ends' addresses and ports exchanged the verdict is the same."""
    here = Setting()
    there = replace(here, client=here.server, server=here.client)
    assert told(judged(packets(example, there))) == plain(example)
