"""Where silences cross: the rate at which they fail, and what is recommended beside a stray failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.inference.isotonic import rises
from pcapdiag.inference.types import Cause, Fit
from pcapdiag.report.cure import why
from tests.inference.service import Way, analysed, captured, fixed, talk, the_cause

LATE = "5 C SYN\n5.02 S SYN ACK\n5.03 C ACK\n5.04 C 30 bytes\n5.05 S 30 bytes\n5.06 C ACK\n"


def crossing(cause: Cause | None) -> Cause:
    """The cause, whose silences cross."""
    assert cause is not None
    assert cause.bracket.fit is Fit.CROSSING
    return cause


@pytest.mark.parametrize("survived", [345.0, 361.0, 379.0, 395.0, 407.0])
def test_what_survived_in_the_bucket_of_what_failed_counts_beside_it(tmp_path: Path, survived: float) -> None:
    """Forty silences survive and ten of 360 s fail. They lie in one bucket of the histogram, so that the band must hold ten of
    fifty wherever in it those lie that survived; beyond the longest of them all fails."""
    way = Way(lambda n, idle: idle == pytest.approx(360, abs=0.0005) and n < 10)
    pauses = [[100.0, 360.0]] * 10 + [[100.0, survived]] * 40
    cause = the_cause(analysed(tmp_path, way, pauses))
    if survived < 360 * 1.05:  # one timer explains that
        assert cause is not None
        assert cause.bracket.fit is Fit.CONSISTENT
        return
    last = crossing(cause).estimate[-1]
    assert last.low < 0.2 < last.high
    assert (last.start, last.failed, last.total) == (360_000_000_000, 10, 50)


def test_a_stray_failure_does_not_decide(tmp_path: Path) -> None:
    """Thirty silences of up to 340 s survive, six of 400 s fail, and one connection is reset after 6 s: the keepalive follows from
    the six, and so do the candidates. The one is not promised to be kept."""
    talks = [talk(Way(fixed(350)), n, [100, 200, 300, 340, 340, 400], None, n * 0.137) for n in range(6)]
    cause = crossing(the_cause(captured(tmp_path, [*talks, f"{LATE}11 C 40 bytes\n11.01 S RST\n"])))
    assert cause.bracket.high is not None
    assert cause.bracket.high.length == 5_940_000_000
    assert cause.bracket.rise is not None
    assert (cause.bracket.rise.length, cause.bracket.floor) == (400_000_000_000, 340_000_000_000)
    assert cause.setting == (90, 20, 4)
    assert cause.counterfactual is not None
    assert (cause.counterfactual.kept, cause.counterfactual.perhaps, cause.counterfactual.not_kept) == (0, 6, 1)
    assert {family.seconds for family in cause.families} <= set(range(340, 401))
    assert why(cause) == "two probes in a row may be lost within what survived"


def test_two_early_failures_are_a_timer_of_their_own(tmp_path: Path) -> None:
    """Beside the same six, every second of twelve connections fails after 20 s: the keepalive follows from these."""
    way = Way(lambda n, idle: idle > (15 if n % 2 else 350))
    pauses = [[10.0, 20.0, 100.0, 340.0, 400.0]] * 12
    cause = crossing(the_cause(analysed(tmp_path, way, pauses)))
    assert rises(cause.estimate)
    assert cause.bracket.rise is None
    assert cause.setting is not None
    assert cause.setting.time <= 15 // 3


def test_where_length_may_not_matter_it_is_said(tmp_path: Path) -> None:
    """None of eight silences of 100 s fails and one of eight of 400 s, while 600 s survive: that may be chance."""
    way = Way(lambda n, idle: idle > 350 and n == 0)
    cause = crossing(the_cause(analysed(tmp_path, way, [[100.0, 400.0]] * 7 + [[100.0, 600.0]])))
    assert not rises(cause.estimate)
    assert cause.setting is not None
    assert why(cause).endswith("; it is not sure that longer silences fail more often here")


def test_nothing_is_guessed_where_something_survived_and_length_may_not_matter(tmp_path: Path) -> None:
    """One failure after 6 s below three silences that survive, and one of 400 s: no keepalive follows from that."""
    talks = [talk(Way(fixed(350)), n, [100.0, 200.0, 300.0][: 3 - n] + [400.0] * (n == 0), None, n * 0.137) for n in range(2)]
    cause = crossing(the_cause(captured(tmp_path, [*talks, f"{LATE}11 C 40 bytes\n11.01 S RST\n"])))
    assert len(cause.estimate) > 1
    assert (cause.bracket.floor, cause.setting) == (0, None)
