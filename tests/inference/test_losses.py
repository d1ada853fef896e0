"""What the rules' own examples are as losses, and how connections die by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.inference.types import Helpless, Loss, Symptom
from pcapdiag.rules.catalogue import VERDICTS
from pcapdiag.rules.types import Example
from tests.inference.service import HELLO, OPENING, S, captured, the_cause
from tests.rules.analysed import HELLO as OPENED

_SHOWN = [(rule.code, example) for rule in VERDICTS for example in rule.shows]
#: What each rule's examples meet, and why no keepalive helps.
_MEETS: dict[str, set[tuple[Symptom, Helpless | None]]] = {
    "IDLE101": {(Symptom.RESET, None)},
    "IDLE102": {(Symptom.SILENCE, None)},
    "IDLE103": {(Symptom.FIN_AT_EXPIRY, Helpless.FIN)},
    "IDLE104": {(Symptom.RESET_AT_EXPIRY, None), (Symptom.RESET_AT_EXPIRY, Helpless.ABORTED), (Symptom.RESET, None)},
    "IDLE105": {(Symptom.RESET, None)},
    "IDLE106": {(Symptom.SILENCE, None)},
    "IDLE107": {(Symptom.RESET, Helpless.ABORTED)},
    "IDLE109": {(Symptom.RESET, None), (Symptom.SILENCE, None)},
}
#: The client's own resets, goodbyes, and a RST after which the peer went on: nobody was lost to the path.
_NONE = ("its own idle connection", "gives up waiting, by RST", "A goodbye into the same silence", "while the server answers")


def analysed(directory: Path, talk: str) -> pcapdiag.Analysis:
    """The analysis of a conversation's capture files."""
    paths = []
    for number, data in enumerate(forge(talk)):
        paths.append(directory / f"{number}.pcapng")
        paths[-1].write_bytes(data)
    return pcapdiag.analyze(paths)


def losses(directory: Path, talk: str) -> list[Loss]:
    """The losses of a conversation."""
    return list(analysed(directory, talk)._losses)


@pytest.mark.parametrize(("code", "example"), _SHOWN, ids=[f"{code}: {example.title}" for code, example in _SHOWN])
def test_every_example_is_a_loss_of_its_kind(code: str, example: Example, tmp_path: Path) -> None:
    """One loss for each example of a rule that tells of one, none of any other rule."""
    found = losses(tmp_path, example.conversation)
    if code not in _MEETS or any(words in example.title for words in _NONE):
        assert found == []
        return
    (loss,) = found
    assert (loss.symptom, loss.helpless) in _MEETS[code]


def test_a_fin_ends_the_idle_time(tmp_path: Path) -> None:
    """Where the server closed after 60 s, that is how long it was idle, however late the request came. A FIN that was not
    captured came at a time that nobody knows."""
    closed = "60.045 S FIN{0}\n60.085 C ACK{0}\n350.1 C 80 bytes\n350.12 S RST\n"
    (loss,) = losses(tmp_path, OPENED + closed.format(""))
    assert (loss.gap, loss.closed_by_server) == (60 * S, True)
    (loss,) = losses(tmp_path, OPENED + closed.format(" quiet"))
    assert (loss.gap, loss.closed_by_server) == (0, True)


def test_a_client_that_closed_was_not_closed_by_its_server(tmp_path: Path) -> None:
    """No idle timeout of clients is advised where their own FIN came first."""
    talk = OPENED + "1 C 80 bytes\n1.04 S ACK\n31 C FIN\n31.04 S ACK\n45 S 500 bytes\n45.02 C RST\n"
    cause = the_cause(analysed(tmp_path, talk))
    assert cause is not None
    assert cause.symptoms == {Symptom.FIN_AT_EXPIRY: 1}
    assert (cause.setting, cause.client_idle) == (None, None)


def test_an_answered_probe_is_remembered(tmp_path: Path) -> None:
    """Answered after 60 s and 120 s, then unanswered from 180 s on: the silence began at the last answer, the gap did not."""
    probes = "60 C probe\n60.02 S ACK\n120 C probe\n120.02 S ACK\n180 C probe\n195 C probe\n200 C 80 bytes\n200.02 S RST\n"
    (loss,) = losses(tmp_path, OPENED + probes)
    assert [round(t / S, 2) for t in (loss.refreshed, loss.silence.after, loss.silence.length, loss.gap)] == [
        119.97, 59.98, 79.98, 199.96,
    ]  # fmt: skip


def test_an_event_is_marked(tmp_path: Path) -> None:
    """Failures at one moment after very different silences are lost in an event, and one that came by itself is not; the bracket
    is that of the one."""
    hello = HELLO.format(*OPENING)
    talks = [
        hello + f"{at} C 80 bytes\n{at + 0.02} S 900 bytes\n{600 + at / 1000:.3f} C 80 bytes\n{600.02 + at / 1000:.3f} S RST\n"
        for at in (10, 150, 300, 450)
    ]
    analysis = captured(tmp_path, [*talks, hello + "590 C 80 bytes\n590.02 S 900 bytes\n1500 C 80 bytes\n1500.02 S RST\n"])
    assert [loss.helpless for loss in analysis._losses] == [*[Helpless.EVENT] * 4, None]
    cause = the_cause(analysis)
    assert cause is not None
    assert cause.bracket.high is not None
    assert round(cause.bracket.high.length / S) == 910
    assert cause.view.shortest_failed == cause.bracket.high
    assert cause.counterfactual is not None
    assert cause.counterfactual.helpless == {Helpless.EVENT: 4}


@pytest.mark.parametrize(
    ("at", "regular"), [((240.0, 240.3, 241.1), True), ((240.0, 300.0, 241.1), False), ((240.0, 240.3), False)]
)
def test_resets_by_themselves_tell_the_timer(at: tuple[float, ...], regular: bool, tmp_path: Path) -> None:
    """Three RSTs out of silence, each after about 240 s: whoever sent them had kept the connections until then, so that a
    keepalive need not be shorter than that demands. Two, or at times that differ, may be chance."""
    talks = [HELLO.format(*OPENING) + f"{seconds} S RST ACK win=0 ts=no\n" for seconds in at]
    cause = the_cause(captured(tmp_path, talks))
    assert cause is not None
    (died,) = cause.deaths
    assert (died.symptom, died.count, died.regular) == (Symptom.RESET_AT_EXPIRY, len(at), regular)
    assert round(died.shortest / S) == 240
    assert cause.setting is not None
    assert (cause.bracket.floor > 228 * S, cause.setting.time, cause.wide) == ((True, 60, False) if regular else (False, 5, True))


@pytest.mark.parametrize("form", ["win=0 ts=no", ""])
def test_a_timer_seen_exactly_leaves_nothing_to_halve(form: str, tmp_path: Path) -> None:
    """Whoever sent the RSTs: the shortest that died ends the bracket, and what is known to be held lies in its own play."""
    talks = [HELLO.format(*OPENING) + f"{seconds} S RST ACK {form}\n" for seconds in (240.0, 240.3, 241.1)]
    cause = the_cause(captured(tmp_path, talks))
    assert cause is not None
    assert cause.bracket.high is not None
    assert round(cause.bracket.high.length / S) == 240
    assert cause.narrow is None


@pytest.mark.parametrize(("at", "doubtful"), [((240.0, 240.3, 241.1), True), ((240.0, 300.0, 241.1), False), ((240.0, 240.3), False)])
def test_a_socket_that_aborts_regularly_may_be_a_box(at: tuple[float, ...], doubtful: bool, tmp_path: Path) -> None:
    """RSTs in a socket's own form, each after about 240 s: a box may have sent them in the endpoint's name, so that a keepalive may
    have kept them, and is advised; never is it said that it would have. What aborts at any time is the endpoint's."""
    talks = [HELLO.format(*OPENING) + f"{seconds} S RST ACK\n" for seconds in at]
    analysis = captured(tmp_path, talks)
    assert {(loss.helpless, loss.doubtful) for loss in analysis._losses} == {(None if doubtful else Helpless.ABORTED, doubtful)}
    cause = the_cause(analysis)
    assert cause is not None
    assert cause.counterfactual is not None
    assert (cause.counterfactual.kept, cause.counterfactual.perhaps) == (0, 3 if doubtful else 0)
    assert (cause.setting and cause.setting.time, bool(cause.client_idle)) == ((60, True) if doubtful else (None, False))
