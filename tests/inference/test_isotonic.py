"""The isotonic estimate against scipy's, and its laws."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import binomtest

from pcapdiag.engine.objects import BUCKETS, EDGES
from pcapdiag.inference.bracket import Survived
from pcapdiag.inference.isotonic import Sample, estimate, isotonic, rises, wilson
from pcapdiag.inference.types import FailedSilence, Loss, Symptom
from tests.report.factory import SERVER, S, extreme, ref


def sample(length: int, failed: int, survived: int) -> Sample:
    """So many of each at one length."""
    return length, failed, failed + survived


SAMPLES = st.lists(st.builds(sample, st.integers(0, 40), st.integers(0, 30), st.integers(0, 30)), max_size=30)


@given(SAMPLES)
def test_it_is_the_isotonic_regression_of_scipy(samples: list[Sample]) -> None:
    """At each length the estimate is that of scipy.optimize, with the number of samples as weights."""
    at: dict[int, list[int]] = {}
    for length, failed, total in samples:
        if total:
            here = at.setdefault(length, [0, 0])
            here[0], here[1] = here[0] + failed, here[1] + total
    steps = isotonic(samples)
    if not at:
        assert steps == ()
        return
    lengths = sorted(at)
    shares, weights = [at[x][0] / at[x][1] for x in lengths], [at[x][1] for x in lengths]
    theirs = isotonic_regression(shares, weights=weights)
    ours = [next(s.probability for s in reversed(steps) if s.start <= x) for x in lengths]
    assert np.allclose(ours, theirs.x, atol=1e-12)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_its_laws(samples: list[Sample], random: object) -> None:
    """Steps rise in length and in probability, and their band with them; it holds the estimate, and the counts add up. The order
    of the samples does not matter, nor whether equal ones are counted together."""
    steps = isotonic(samples)
    for before, after in pairwise(steps):
        assert before.start < after.start
        assert before.probability < after.probability
        assert before.low <= after.low
        assert before.high <= after.high
    for step in steps:
        assert 0 <= step.low <= step.probability <= step.high <= 1
        assert step.probability == step.failed / step.total
    assert sum(s.failed for s in steps) == sum(failed for _, failed, _ in samples)
    assert sum(s.total for s in steps) == sum(total for _, _, total in samples)
    parted = [one for length, failed, total in samples for one in [(length, 1, 1)] * failed + [(length, 0, 1)] * (total - failed)]
    random.shuffle(parted)  # type: ignore[attr-defined]
    assert isotonic(parted) == steps


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(counts: tuple[int, int]) -> None:
    """The interval of one share is scipy's."""
    theirs = binomtest(*counts).proportion_ci(method="wilson")
    assert wilson(*counts) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("truth", [0.05, 0.3, 0.5, 0.9])
def test_the_band_holds_the_truth(truth: float) -> None:
    """Of all outcomes of 40 trials with one known probability, those whose interval excludes it come up in at most 7 percent: it
    keeps what it promises nearly, for each probability, and on the average."""
    missed = sum(
        comb(40, k) * truth**k * (1 - truth) ** (40 - k) for k in range(41) if not wilson(k, 40)[0] <= truth <= wilson(k, 40)[1]
    )
    assert missed <= 0.07


def loss(length: int, lower: bool = False) -> Loss:
    """A request that was reset after so many seconds."""
    silence = FailedSilence(length * S, length * S, lower, ref(9))
    return Loss(SERVER, "10.0.0.1", "client", Symptom.RESET, silence, length * S, lower, None, ref(9))


def test_survivors_come_from_the_histogram() -> None:
    """Each survivor counts once: at its bucket's lower edge, the longest at its own length. Of failures lower bounds do not count."""
    histogram = [0] * BUCKETS
    for seconds in (10, 20, 20, 30, 90):
        histogram[max(i for i in range(BUCKETS) if EDGES[i] <= seconds * S)] += 1
    steps = estimate(Survived(extreme(90 * S), histogram), [loss(60), loss(100), loss(120), loss(5, lower=True)])
    assert [(s.failed, s.total) for s in steps] == [(0, 4), (1, 2), (2, 2)]
    assert [s.start for s in steps[1:]] == [60 * S, 100 * S]
    assert steps[0].start == max(e for e in EDGES if e <= 10 * S)


def test_a_rise_is_sure_only_where_the_bands_part() -> None:
    """Two of three failed above five that survived: perhaps by chance. Eight of nine above twenty: hardly."""
    assert not rises(isotonic([(1, 0, 5), (2, 2, 3)]))
    assert rises(isotonic([(1, 0, 20), (2, 8, 9)]))
    assert not rises(isotonic([(1, 1, 1), (2, 0, 9)]))
    assert not rises(())
