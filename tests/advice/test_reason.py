"""The reasons: what is known of the timeout, what a keepalive would have done, and what none does."""

from __future__ import annotations

import pytest

from pcapdiag.advice.reason import late_answers, reasons
from pcapdiag.inference.types import Cause, Clock, Fit, Setting
from tests.advice.cases import S, bracketed, cause, counterfactual, failed, helpless, survived


def test_a_timer() -> None:
    """A consistent bracket, what the keepalive keeps and costs, and that it helps late answers."""
    assert reasons(cause()) == [
        "The idle timeout lies between 240 s and 350 s: a silence of 240 s survived (frame 91), one of 350 s failed (frame 97).",
        "A keepalive of 60 s would have kept 4 of 4 lost connections alive. It costs about 120 probes an hour on this traffic.",
        late_answers(),
    ]


@pytest.mark.parametrize(
    ("bracket", "sentence"),
    [
        (bracketed(None, failed(350)), "The idle timeout is at most 350 s: a silence of 350 s failed (frame 97), and none is known to survive."),
        (bracketed(survived(240), failed(312, lower_bound=True)),
         "A silence of 240 s survived (frame 91), one of at least 312 s failed (frame 97): where between, or beyond, the timeout lies is not known."),
        (bracketed(survived(400), failed(350), fit=Fit.CROSSING, floor=200 * S),
         "No single timeout explains it: a silence of 400 s survived (frame 91) while one of 350 s failed (frame 97); up to 200 s nothing failed."),
        (bracketed(survived(50), failed(60), clock=Clock.PAYLOAD),
         "The idle timeout lies between 50 s and 60 s: a idle time without payload of 50 s survived (frame 91), one of 60 s failed (frame 97)."),
    ],
)  # fmt: skip
def test_brackets(bracket: object, sentence: str) -> None:
    """Each kind of bracket is told as what it is: an open one, a lower bound, crossing samples, a timer that counts payload."""
    assert reasons(cause(bracket=bracket))[0] == sentence.replace("a idle", "an idle")


def test_nothing_is_known() -> None:
    """Without a single failed silence there is no bracket to tell of."""
    of = cause(bracket=bracketed(None, None), setting=None, counterfactual=None)
    assert reasons(of) == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [("FIN", "the other end had closed"), ("PAYLOAD_TIMER", "counts payload"), ("ABORTED", "look at the server's process"), ("EVENT", "a failover")],
)  # fmt: skip
def test_what_no_keepalive_helps(reason: str, words: str) -> None:
    """Losses that no keepalive would have prevented are counted, with what to do instead."""
    *_, last = reasons(cause(counterfactual=counterfactual(3, helpless=helpless(**{reason: 2}))))
    assert last.startswith("2 of 5 losses: ")
    assert words in last


def told(of: Cause, setting: Setting | None = None) -> str:
    """All sentences as one text."""
    return " ".join(reasons(of, setting))


def test_a_wide_bracket() -> None:
    """A wide bracket is said to be one, with what would narrow it; not of a setting that somebody else chose."""
    wide = cause(wide=True, narrow=295 * S)
    assert "so that 60 s, below the low end, is the safe choice. A request after 295 s of silence would halve the span." in told(
        wide
    )
    assert "safe choice" not in told(wide, Setting(100, 10, 4))


def test_a_keepalive_that_is_too_long() -> None:
    """A keepalive as long as a silence that failed is called no cure, and nothing good is said of it."""
    assert "But 350 s is no cure: a silence of 350 s failed." in told(cause(), Setting(350, 10, 4))
    assert late_answers() not in told(cause(), Setting(350, 10, 4))


def test_what_is_not_sure() -> None:
    """What a keepalive would only perhaps have kept, and what it would not, is told apart."""
    text = told(cause(counterfactual=counterfactual(2, perhaps=1, not_kept=3, probes_an_hour=0.2)))
    assert "kept 2 of 6 lost connections alive, perhaps kept 1 of 6" in text
    assert "not kept 3 of 6" in text
    assert "It costs about 1 probe an hour" in text
