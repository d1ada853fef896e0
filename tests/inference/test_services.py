"""Whether the failures of a service look like a timer, an event, or neither, from conversations."""

from __future__ import annotations

from pathlib import Path

import pcapdiag
from pcapdiag.inference.types import Pattern, ServiceView
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap

HELLO = "0 C SYN\n0.02 S SYN ACK\n0.021 C ACK\n0.022 C 120 bytes\n0.045 S 900 bytes\n0.046 C ACK\n"


def view(tmp_path: Path, *talks: str) -> ServiceView:
    """The one service of conversations that go on side by side."""
    sides = [conversation(HELLO + t, client=("10.0.0.1", 50000 + n), client_isn=n * 1000) for n, t in enumerate(talks)]
    (tmp_path / "x.pcap").write_bytes(pcap(merge(*sides)))
    (service,) = pcapdiag.analyze(tmp_path / "x.pcap").services
    return service


def survives(at: float) -> str:
    """A request at this second that is answered."""
    return f"{at} C 80 bytes\n{at + 0.02} S 900 bytes\n"


def fails(at: float) -> str:
    """A request at this second that is reset."""
    return f"{at} C 80 bytes\n{at + 0.02} S RST\n"


def test_a_timer(tmp_path: Path) -> None:
    """Every silence that failed is longer than every one that survived, and the bracket is exact."""
    v = view(tmp_path, survives(300), survives(200), fails(360), fails(500))
    assert v.pattern is Pattern.TIMER
    assert v.longest_survived is not None
    assert v.shortest_failed is not None
    assert (v.longest_survived.length, v.shortest_failed.length) == (299_954_000_000, 359_954_000_000)
    assert (v.failed_beyond, v.total_beyond, v.total_is_lower_bound) == (2, 2, False)


def test_a_longer_silence_that_survived_contradicts(tmp_path: Path) -> None:
    """If a longer silence survived, one idle timeout does not explain the failures, and k of n says how many."""
    v = view(tmp_path, survives(900), fails(360), fails(500))
    assert v.pattern is Pattern.CONTRADICTED
    assert (v.failed_beyond, v.total_beyond) == (2, 3)


def test_an_event(tmp_path: Path) -> None:
    """Failures at one moment after very different gaps are an event."""
    talks = [survives(at) + fails(600 + at / 1000) for at in (10, 150, 300, 450)]
    v = view(tmp_path, *talks, survives(590))
    assert v.pattern is Pattern.EVENT
    assert "4 failures" in v.pattern_reason


def test_a_burst_with_nothing_to_compare_is_undetermined(tmp_path: Path) -> None:
    """A pool that was used again all at once, of which nothing is known to survive: an event or a timer."""
    opened = [[(float(time) + at, said) for time, said in (line.split(maxsplit=1) for line in HELLO.splitlines())]
              for at in (10, 150, 400)]  # fmt: skip
    talks = ["".join(f"{time:.3f} {said}\n" for time, said in talk) + fails(600 + n / 10) for n, talk in enumerate(opened)]
    sides = [conversation(t, client=("10.0.0.1", 50000 + n), client_isn=n * 1000) for n, t in enumerate(talks)]
    (tmp_path / "x.pcap").write_bytes(pcap(merge(*sides)))
    analysis = pcapdiag.analyze(tmp_path / "x.pcap")
    (v,) = analysis.services
    assert v.pattern is Pattern.UNDETERMINED
    assert "or one burst into what a timer had cut" in v.pattern_reason
    told = "one of those that came together at 2026-01-01T00:10:00.000Z: 3 failures within 200 ms"
    assert {f.compared for f in analysis.findings} == {(told,)}


def test_one_failure_is_undetermined(tmp_path: Path) -> None:
    """One failure longer than all that survived is consistent with a timer, and no proof."""
    assert view(tmp_path, survives(100), fails(360)).pattern is Pattern.UNDETERMINED


def test_an_unanswered_probe_makes_the_failure_an_interval(tmp_path: Path) -> None:
    """The timeout struck between the last answered segment's first unanswered probe and the request."""
    v = view(tmp_path, "200 C probe\n300 C probe\n350 C 80 bytes\n350.02 S RST\n", survives(100))
    assert v.shortest_failed is not None
    assert (v.shortest_failed.after, v.shortest_failed.length) == (199_954_000_000, 349_954_000_000)
    assert v.service.probes == (2, 0)


def test_a_timer_that_expires_lazily(tmp_path: Path) -> None:
    """A silence that survived a little longer than others failed is still a timer's: tables are swept in turns."""
    v = view(tmp_path, survives(365), fails(360), fails(500))
    assert v.pattern is Pattern.TIMER
    assert "nothing survived more than a little longer (364.954 s)" in v.pattern_reason
    v = view(tmp_path, survives(365), fails(360))
    assert v.pattern is Pattern.UNDETERMINED
    assert v.pattern_reason.startswith("one failure, hardly shorter than what survived")


def test_a_client_that_gives_up_says_nothing_of_the_path(tmp_path: Path) -> None:
    """The client's own RST out of its waiting ends its patience: no silence of the path failed."""
    v = view(tmp_path, survives(100), "360 C 80 bytes\n360.04 S ACK\n390 C RST ACK\n")
    assert v.shortest_failed is None
