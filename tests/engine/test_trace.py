"""What is traced is what was asked for: connections, sequence numbers, stretches of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, Traced
from tests.engine.harness import MORE
from tests.engine.talk import OPENED, SECOND
from tests.forge.conversation import START, conversation
from tests.forge.files import pcap, pcapng
from tests.forge.packets import MASK, Packet
from tests.forge.traffic import captures


def traced(data: bytes, **asked: Any) -> list[Traced]:
    """What an engine traces of one file."""
    engine = Engine(**asked)
    engine.begin_file(0)
    engine.feed(data)
    engine.end_file()
    return engine.trace()


def chosen(
    every: Sequence[Traced],
    ends: set[frozenset[Endpoint]],
    numbers: set[int],
    windows: Sequence[tuple[int, int]],
) -> list[Traced]:
    """Those of all segments that are asked for, looked for one by one."""
    return [
        t for t in every
        if {t.source, t.target} in ends or t.seq in numbers or any(a <= t.ref.time <= b for a, b in windows)
    ]  # fmt: skip


@MORE
@given(captures(), st.data())
def test_what_is_asked_for_is_traced(packets: list[Packet], data: st.DataObject) -> None:
    """Connections, sequence numbers and windows of time choose among all segments just those that are one of them."""
    file = pcapng(packets)
    every = traced(file, trace=True)
    known, times = sorted({t.seq for t in every}), sorted({t.ref.time for t in every})
    pairs = sorted({tuple(sorted((t.source, t.target))) for t in every})
    ends = data.draw(st.lists(st.sampled_from(pairs), max_size=2) if pairs else st.just([]))
    numbers = data.draw(st.lists(st.one_of(st.integers(0, MASK), *[st.sampled_from(known)] * bool(known)), max_size=4))
    moments = st.one_of(st.integers(START - 10, START + 400 * SECOND), *[st.sampled_from(times)] * bool(times))
    windows = [(a, b) for a, b in data.draw(st.lists(st.tuples(moments, moments), max_size=3)) if a <= b]
    if not (ends or numbers or windows):
        return
    found = traced(file, watch=ends, numbers=numbers, windows=windows)
    assert found == chosen(every, set(map(frozenset, ends)), set(numbers), windows)


def test_a_number_is_found_whatever_the_addresses() -> None:
    """The same conversation twice, the second behind NAT: one number finds both, in their order, with their bytes."""
    packets = conversation(OPENED) + conversation(OPENED, client=("192.0.2.7", 4711))
    request = [t for t in traced(pcap(packets), trace=True) if t.length == 120]
    found = traced(pcap(packets), numbers=[request[0].seq], records=True)
    assert [t.source for t in found if t.length] == [("10.0.0.1", 50000), ("192.0.2.7", 4711)]
    assert all(len(t.record) == t.original for t in found)


def test_windows_may_overlap_and_touch() -> None:
    """Windows are taken together: what lies in two of them is traced once, their ends included."""
    file = pcap(conversation(OPENED))
    at = [t.ref.time for t in traced(file, trace=True)]
    found = traced(file, windows=[(at[1], at[3]), (at[2], at[4]), (at[4] + 1, at[4] + 5), (at[1], at[1])])
    assert [t.ref.time for t in found] == at[1:5]


def test_a_window_that_is_none() -> None:
    """One that ends before it begins is an error of whoever asks."""
    with pytest.raises(ValueError, match="ends before it begins"):
        Engine(windows=[(5, 4)])


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_numbers_have_32_bits(number: int) -> None:
    """Any other number is an error of whoever asks."""
    with pytest.raises(OverflowError):
        Engine(numbers=[number])
