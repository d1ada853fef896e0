"""Which files go on which capture point, and the holes between them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.capture import Preview, Timelines, order
from pcapdiag.capture.timeline import OVERLAP, stem
from tests.capture.capture_files import SECOND

File = tuple[str, float, float]  # name, first and last time in seconds


def ns(seconds: float) -> int:
    """Nanoseconds."""
    return round(seconds * SECOND)


def points(files: list[File], announced: bool = True) -> list[list[str]]:
    """The names of each capture point's files, in the order in which they are read."""
    previews = order([(name, Preview("pcap", ns(first), 1)) for name, first, _ in files])
    last = {name: ns(end) for name, _, end in files}
    timelines = Timelines([name for name, _ in previews] if announced else ())
    found: dict[int, list[str]] = {}
    for name, seen in previews:
        point = timelines.assign(name, seen.first_time)
        timelines.done(point, name, last[name], 0)
        found.setdefault(point, []).append(name)
    assert list(found) == list(range(len(found)))
    return list(found.values())


def ring(name: str, starts: list[float], length: float, begin: int = 0) -> list[File]:
    """Files of a ring: ``name`` holds a ``{}`` for the number."""
    return [(name.format(number), at, at + length) for number, at in enumerate(starts, begin)]


def test_order() -> None:
    """Files are ordered by their first packet, equal ones by natural order of their names; those without come
    last."""
    files = [("none10", None), ("b", 5), ("a10", 5), ("none9", None), ("a9", 5), ("c", -3)]
    ordered = order([(name, Preview("pcap", time, 1)) for name, time in files])
    assert [name for name, _ in ordered] == ["c", "a9", "a10", "b", "none9", "none10"]


@pytest.mark.parametrize("name", ["x{}.pcap", "x.pcap{}", "x_{:05}_20240101.pcapng", "x-{}.pcap.zst"])
def test_ring(name: str) -> None:
    """A ring as tcpdump -C, -G, -W or dumpcap writes it is one point."""
    files = ring(name, [0, 10, 20, 30], 9.999)
    assert points(files) == [[name for name, _, _ in files]]


def test_overlap() -> None:
    """Files that overlap in time were captured at different points; a swap of a few ms at the seam is no
    overlap."""
    assert points([("a.pcap", 0, 10), ("b.pcap", 9, 12)]) == [["a.pcap"], ["b.pcap"]]
    seam = OVERLAP / SECOND
    assert points([("a.pcap", 0, 10), ("b.pcap", 10 - seam, 12)]) == [["a.pcap", "b.pcap"]]
    assert points([("a.pcap", 0, 10), ("b.pcap", 10 - seam - 1e-6, 12)]) == [["a.pcap"], ["b.pcap"]]


@pytest.mark.parametrize("announced", [True, False])
def test_two_rings(announced: bool) -> None:
    """Two rings captured at the same time are two points, though each file of one could go on some file of
    the other."""
    client = ring("client_{}.pcap", [0, 10, 20, 30, 40], 9.9)
    server = ring("server_{}.pcap", [0.5, 7, 19.95, 31, 39.99], 6.4)
    assert points(client + server, announced) == [[f[0] for f in client], [f[0] for f in server]]


@given(st.integers(0, 2**32), st.integers(1, 4), st.booleans())
def test_any_rings(seed: int, count: int, folders: bool) -> None:
    """Rings captured at the same time are separated, wherever their files are cut and with any pauses between
    them."""
    chance = random.Random(seed)
    rings = []
    for number in range(count):
        cuts = sorted(chance.uniform(1, 99) for _ in range(chance.randrange(1, 8)))
        edges = [chance.uniform(0, 0.9), *cuts, 100]
        pauses = [chance.choice([0, 0, chance.uniform(0, 0.9) * (b - a)]) for a, b in pairwise(edges)]
        name = f"node{number}/ring_{{}}.pcap" if folders else "abcd"[number] + "_{}.pcapng.gz"
        edges_of = zip(pairwise(edges), pauses, strict=True)
        rings.append([(name.format(i), a, b - pause - 1e-6) for i, ((a, b), pause) in enumerate(edges_of)])
    files = [file for one in rings for file in one]
    chance.shuffle(files)
    assert sorted(points(files)) == sorted([name for name, _, _ in one] for one in rings)


def test_mixed_formats() -> None:
    """A ring whose files were converted or compressed in part is still one."""
    names = ["client_{}.pcap", "client_{}.pcapng", "client_{}.pcap.gz", "client_{}.cap.zst"]
    client = [(name.format(i), i * 10.0, i * 10 + 9.0) for i, name in enumerate(names)]
    server = [(name.format(i).replace("client", "server"), i * 10 + 0.5, i * 10 + 9.2) for i, name in enumerate(names)]
    assert points(client + server) == [[f[0] for f in client], [f[0] for f in server]]


def test_numbered_points() -> None:
    """Rings whose names differ only in a number are told apart by the number that stays."""
    one = ring("pod1-{:04}.pcap", [0, 10, 21], 8)
    two = ring("pod2-{:04}.pcap", [0.5, 10.5, 20.5], 8.2)
    assert points(one + two) == [[f[0] for f in one], [f[0] for f in two]]


def test_folder_per_day() -> None:
    """A ring that goes on in another folder is one, if it is the only one of its name."""
    files = [
        ("01/client.pcap", 0.0, 9.0),
        ("01/server.pcap", 0.1, 9.1),
        ("02/client.pcap", 10, 19),
        ("02/server.pcap", 10.1, 19),
    ]
    assert points(files) == [["01/client.pcap", "02/client.pcap"], ["01/server.pcap", "02/server.pcap"]]


def test_other_names_in_a_row() -> None:
    """Files of other names that follow one another in time are one timeline."""
    assert points([("before.pcap", 0, 10), ("after.pcap", 12, 20)]) == [["before.pcap", "after.pcap"]]


def test_stranger_between_two_files_of_a_ring() -> None:
    """A file of another ring that begins between two files of a ring is not taken for the second of these."""
    files = [("client_0.pcap", 0.0, 10.0), ("server_0.pcap", 11, 30), ("client_1.pcap", 12, 20)]
    assert points(files) == [["client_0.pcap", "client_1.pcap"], ["server_0.pcap"]]


def test_overlapping_its_own_ring() -> None:
    """A file that overlaps its own ring is a point of its own, even if it could go on another's."""
    files = [("a_0.pcap", 0.0, 10.0), ("b_0.pcap", 1, 5), ("a_1.pcap", 6, 20)]
    assert points(files) == [["a_0.pcap"], ["b_0.pcap"], ["a_1.pcap"]]


def test_file_without_packets() -> None:
    """A file without packets belongs to its ring and changes nothing; alone it is a point."""
    timelines = Timelines()
    assert timelines.assign("a_0.pcap", ns(1)) == 0
    timelines.done(0, "a_0.pcap", ns(5), 0)
    assert timelines.assign("b_0.pcap", ns(2)) == 1
    timelines.done(1, "b_0.pcap", ns(9), 0)
    assert timelines.assign("a_1.pcap", None) == 0
    assert timelines.hole(0, None) is None
    timelines.done(0, "a_1.pcap", None, 0)
    assert timelines.hole(0, ns(7)) == ns(2)
    fresh = Timelines()
    assert fresh.assign("a", None) == 0
    assert fresh.hole(0, ns(100)) is None
    fresh.done(0, "a", None, 0)
    assert fresh.assign("b", ns(100)) == 0


def test_stream_is_alone() -> None:
    """A stream, of whose times nothing is known, is a point of its own."""
    timelines = Timelines()
    assert timelines.assign("a", ns(1)) == 0
    timelines.done(0, "a", ns(2), 0)
    assert timelines.assign("-", None, alone=True) == 1


@pytest.mark.parametrize(
    ("gap", "pause", "hole"),
    [
        (0.5, 0, False),
        (1.0, 0.1, False),
        (1.1, 0.1, True),
        (1.1, 1.2, False),
        (60, 29, True),
        (60, 30, False),
        (-0.005, 0, False),
    ],
)
def test_hole(gap: float, pause: float, hole: bool) -> None:
    """A stretch between files is a hole if it is longer than a second and than twice any pause inside the files."""
    timelines = Timelines()
    timelines.assign("a0", 0)
    timelines.done(0, "a0", ns(100), ns(pause))
    first = ns(100) + ns(gap)
    assert timelines.assign("a1", first) == 0
    assert timelines.hole(0, first) == (ns(gap) if hole else None)


def test_holes_do_not_hide_holes() -> None:
    """Only pauses inside files count as usual: a hole does not make a later, shorter one usual."""
    timelines = Timelines()
    found = []
    for number, first in enumerate([0, 1000, 1500]):
        point = timelines.assign(f"a{number}", ns(first))
        found.append(timelines.hole(point, ns(first)))
        timelines.done(point, f"a{number}", ns(first + 100), ns(2))
    assert found == [None, ns(900), ns(400)]


def test_stem() -> None:
    """A name's stem is what stays the same in its ring."""
    alike = [
        "pod-a.pcap",
        "pod-a.pcap3",
        "pod-a_00001_20240101120000.pcapng",
        "/x/pod-a-7.pcap.gz",
        "pod-a.cap.BZ2",
    ]
    assert {stem(name) for name in alike} == {"pod-a"}
    assert stem("12.pcap") == ""
