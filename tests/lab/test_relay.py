"""The relay is a piece of wire: what goes in comes out, in order, later and tagged as it was asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.live import ip, live, namespace, python

pytestmark = live()

MS = 1_000_000
COUNT = 20


@contextmanager
def relaying(space: str, *arguments: str) -> Iterator[None]:
    """A relay while the block runs."""
    process = python(space, "-m", "pcapdiag.lab.relay", *arguments)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "relaying\n", process.communicate(timeout=5)[1]
        yield
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=5)
    assert errors == ""


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    """A namespace with three cables: a0 to a1, t0 to t1, b0 to b1."""
    with namespace("relay") as name:
        for left, right in (("a0", "a1"), ("t0", "t1"), ("b0", "b1")):
            ip("-n", name, "link", "add", "dev", left, "type", "veth", "peer", "name", right)
            for end in (left, right):
                ip("-n", name, "link", "set", "dev", end, "up")
        yield name


def frames(space: str, into: str, out: str) -> list[dict[str, object]]:
    """Send ``COUNT`` frames into one end; how each left the other."""
    process = python(space, "-m", "tests.lab.frames", into, out, str(COUNT))
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize(("into", "out"), [("a0", "b1"), ("b1", "a0")])
def test_frames_come_out_in_order_and_late(space: str, into: str, out: str) -> None:
    """Every frame comes out once, as it was, in order, no earlier than the delay, in both directions."""
    with relaying(space, "a1", "b0", "--delay", "30ms"):
        seen = frames(space, into, out)
    assert [one["number"] for one in seen] == list(range(COUNT))
    assert all(one["same"] and one["vlan"] is None for one in seen)
    assert all(int(str(one["took"])) >= 30 * MS for one in seen)


def test_a_tag_is_put_on_and_taken_off(space: str) -> None:
    """On the trunk frames carry the tag in both directions; behind the second relay they are as they were."""
    with relaying(space, "a1", "t0", "--tag", "right:100"):
        towards = frames(space, "a0", "t1")
        with relaying(space, "t1", "b0", "--tag", "left:100"):
            through, back = frames(space, "a0", "b1"), frames(space, "b1", "a0")
    assert all((one["vlan"], one["same"]) == (100, True) for one in towards)
    for seen in (through, back):
        assert all((one["vlan"], one["same"]) == (None, True) for one in seen)


def test_without_the_tag_nothing_comes_back(space: str) -> None:
    """On the side of the tag only frames that carry it are taken: a trunk's other VLANs are not this wire."""
    with relaying(space, "a1", "t0", "--tag", "right:100"), relaying(space, "t1", "b0", "--tag", "left:200"):
        process = python(space, "-m", "tests.lab.frames", "a0", "b1", "1")
        output, errors = process.communicate(timeout=20)
    assert output == ""
    assert "timed out" in errors


@pytest.mark.parametrize("tag", ["right", "up:100", "right:0", "left:4095", "left:x"])
def test_a_tag_that_is_none_is_refused(space: str, tag: str) -> None:
    """What cannot be a VLAN number, or names no side, is refused before any socket is opened."""
    process = python(space, "-m", "pcapdiag.lab.relay", "a1", "b0", "--tag", tag)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (2, "")
    assert f"not a tag: '{tag}'" in errors


def test_it_ends_when_told(space: str) -> None:
    """SIGTERM ends it at once, without a word."""
    process = python(space, "-m", "pcapdiag.lab.relay", "a1", "b0")
    assert process.stdout is not None
    assert process.stdout.readline() == "relaying\n"
    process.terminate()
    try:
        assert process.communicate(timeout=5)[1] == ""
    except subprocess.TimeoutExpired:
        process.kill()
        raise
