"""The notes: when a keepalive is too long, what it does besides, and what to do where none helps."""

from __future__ import annotations

import pytest

from pcapdiag.advice.notes import LATE_ANSWERS, notes
from pcapdiag.inference.types import Setting
from tests.advice.cases import SETTING, bracketed, cause, counterfactual, failed, helpless, survived


def test_late_answers() -> None:
    """A keepalive that cures the losses is said to hold late answers as well."""
    assert notes(cause(), SETTING) == [LATE_ANSWERS]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("FIN", "first prevents"), ("PAYLOAD_TIMER", "counts payload"), ("ABORTED", "look at the server's process"), ("EVENT", "Only a retry")],
)  # fmt: skip
def test_what_no_keepalive_helps(reason: str, words: str) -> None:
    """Losses that no keepalive would have prevented are counted, with what to do instead."""
    *_, last = notes(cause(counterfactual=counterfactual(3, helpless=helpless(**{reason: 2}))), SETTING)
    assert last.startswith("2 of 5 losses: ")
    assert words in last


def test_a_keepalive_that_is_too_long() -> None:
    """A keepalive as long as a silence that failed is called no cure, and nothing good is said of it."""
    assert notes(cause(), Setting(350, 10, 4)) == [
        "A keepalive of 350 s is no cure: a silence of 350 s failed. Choose it shorter."
    ]
    assert notes(cause(), Setting(349, 10, 4)) == [LATE_ANSWERS]


def test_a_lower_bound_proves_no_keepalive_too_long() -> None:
    """Where only a lower bound is known of what failed, a longer keepalive is not called too long by it."""
    assert notes(cause(bracket=bracketed(survived(240), failed(300, lower_bound=True))), Setting(320, 10, 4)) == [LATE_ANSWERS]


def test_nothing_to_say() -> None:
    """Without a keepalive, and where nothing is known of single losses, nothing is said."""
    assert notes(cause(counterfactual=None), None) == []
    assert notes(cause(counterfactual=counterfactual(0)), SETTING) == []
