"""What is put together for each service, and what is asked of the engines for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.engine.types import Closings, Endpoint, Keepalive, Pair, Waiting
from pcapdiag.inference.causes import causes, overall
from pcapdiag.inference.services import merged, views
from pcapdiag.inference.types import Fit, Helpless, Symptom
from tests.inference.service import HELLO, OPENING, S, captured, the_cause
from tests.inference.test_counterfactual import loss, survivors
from tests.report.factory import SERVER, connection, extreme

OTHER = Endpoint("10.0.0.9", 443)
WAITING = Waiting(2, ((connection(), 700 * S), (connection(), 500 * S)))


@dataclass
class Engines:
    """Answers what is asked, and notes it."""

    asked: list[object] = field(default_factory=list)

    def pairs(self, services: Collection[Endpoint]) -> list[Pair]:
        self.asked.append(set(services))
        return [Pair("10.0.0.1", SERVER, 3, extreme(200 * S)), Pair("10.0.0.2", SERVER, 9, extreme(900 * S))]

    def waiting(self, least: Mapping[Endpoint, int], payload: Collection[Endpoint] = ()) -> dict[Endpoint, Waiting]:
        self.asked.append(dict(least))
        return dict.fromkeys(least, WAITING)

    def duration(self, service: Endpoint) -> int:
        return 3600 * S if service == SERVER else 0


def test_a_consistent_service_is_asked_who_waits() -> None:
    """Only for those silent at least as long as the shortest that failed; nobody asks for its pairs."""
    losses, engines = [loss(400), loss(500)], Engines()
    (cause,) = causes(views([survivors(300)], losses, {}), losses, engines)
    assert engines.asked == [{SERVER: 400 * S}]
    assert cause.at_risk == WAITING
    assert (cause.bracket.fit, cause.pairs, cause.estimate) == (Fit.CONSISTENT, (), ())


def test_a_crossing_service_is_asked_for_its_pairs() -> None:
    """One client's silences cross, another's do not: worst first. Who waits is not asked, as nobody knows how long is too long."""
    losses = [loss(400), loss(500), loss(600)._replace(client="10.0.0.2")]
    engines = Engines()
    (cause,) = causes(views([survivors(200, 900)], losses, {}), losses, engines)
    assert engines.asked == [{SERVER}]
    assert [(p.client, p.failed, p.bracket.fit) for p in cause.pairs] == [
        ("10.0.0.1", 2, Fit.CONSISTENT), ("10.0.0.2", 1, Fit.CROSSING),
    ]  # fmt: skip
    assert cause.estimate
    assert cause.at_risk.connections == 0


def test_services_without_losses_are_asked_nothing() -> None:
    """Nor have they a cause; those of rules that are not shown have none by themselves, but count where others are shown."""
    quiet, engines = replace(survivors(300), endpoint=OTHER), Engines()
    hidden = loss(500)._replace(shown=False)
    told = views([quiet, survivors(300)], [hidden], {})
    assert causes(told, [hidden], engines) == ()
    assert engines.asked == []
    (cause,) = causes(told, [hidden, loss(400)], engines)
    assert cause.service == SERVER
    assert cause.symptoms == {Symptom.RESET: 2}


@pytest.mark.parametrize("why", [Helpless.FIN, Helpless.ABORTED, Helpless.EVENT])
def test_what_no_keepalive_helps_bounds_no_timer(why: Helpless) -> None:
    """The bracket is open above, no setting is recommended, and what could not be helped is told."""
    losses = [loss(9, helpless=why), loss(12, helpless=why)]
    facts, engines = survivors(300), Engines()
    (cause,) = causes(views([facts], losses, {}), losses, engines)
    assert (cause.bracket.high, cause.setting, cause.narrow) == (None, None, None)
    assert cause.counterfactual is not None
    assert cause.counterfactual.helpless == {why: 2}
    assert overall(views([facts], losses, {}), losses) is None


def test_all_services_together() -> None:
    """The longest that survived on any, the shortest that failed on any."""
    losses = [loss(400), loss(380)._replace(service=OTHER)]
    told = views([survivors(300), replace(survivors(350), endpoint=OTHER)], losses, {})
    found = overall(told, losses)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.low.length, found.high.length, found.floor) == (350 * S, 380 * S, 350 * S)


def test_points_are_put_together() -> None:
    """A service seen at two points: extremes of both, keepalives that are alike as one, commonest first."""
    probing = Keepalive("client", 15 * S, None, 3, 40, 40), Keepalive("server", None, 75 * S, 1, 2, 0)
    one = replace(survivors(10), keepalives=probing, silent_at_end=7 * S,
                  closings=(Closings(), Closings(2, extreme(5 * S), extreme(6 * S))))  # fmt: skip
    other = replace(survivors(20), keepalives=(probing[1]._replace(connections=9),), longest_probed=extreme(90 * S),
                    closings=(Closings(1, extreme(8 * S), extreme(8 * S)), Closings(1, extreme(4 * S), extreme(4 * S))))  # fmt: skip
    (both,) = merged([one, other])
    assert both.keepalives == (probing[1]._replace(connections=10, probes=4, answered=0), probing[0])
    assert both.closings == (other.closings[0], Closings(3, extreme(4 * S), extreme(6 * S)))
    assert (both.silent_at_end, both.longest_probed) == (7 * S, extreme(90 * S))


def test_who_waits_is_found_in_the_capture(tmp_path: Path) -> None:
    """Of three open connections two had been silent for longer than what failed."""
    hello = HELLO.format(*OPENING)
    talks = [hello + "100 C 80 bytes\n100.02 S 900 bytes\n400 C 80 bytes\n400.02 S RST\n", hello,
             hello + "50 C 80 bytes\n50.02 S 900 bytes\n", hello + "450 C 80 bytes\n450.02 S RST\n900 C2 SYN\n"]  # fmt: skip
    cause = the_cause(captured(tmp_path, talks))
    assert cause is not None
    assert cause.at_risk.connections == 2
    assert [round(silent / S) for _, silent in cause.at_risk.longest] == [900, 850]


def test_each_client_by_itself_in_the_capture(tmp_path: Path) -> None:
    """A service whose silences cross, because its clients reach it by different ways: each by itself does not cross."""
    hello = HELLO.format(*OPENING)
    patient = hello + "500 C 80 bytes\n500.02 S 900 bytes\n1200 C 80 bytes\n1200.02 S RST\n"
    hasty = hello + "50 C 80 bytes\n50.02 S 900 bytes\n150 C 80 bytes\n150.02 S RST\n"
    cause = the_cause(captured(tmp_path, [patient, hasty]))
    assert cause is not None
    assert cause.bracket.fit is Fit.CROSSING
    assert [(p.client, p.failed, p.bracket.fit) for p in cause.pairs] == [
        ("10.0.1.1", 1, Fit.CONSISTENT), ("10.0.1.2", 1, Fit.CONSISTENT),
    ]  # fmt: skip


def test_the_servers_fin_is_a_death(tmp_path: Path) -> None:
    """It closes what was idle for 5 s; once a request crosses its FIN. Clients are advised to give up before it does."""
    hello = HELLO.format(*OPENING)
    closed = [hello + f"{5.05 + n / 100:.3f} S FIN\n{5.06 + n / 100:.3f} C FIN\n{5.07 + n / 100:.3f} S ACK\n" for n in range(3)]
    crossed = hello + "5.05 S FIN\n5.051 C 80 bytes ack=-1\n5.06 S RST\n"
    cause = the_cause(captured(tmp_path, [*closed, crossed]))
    assert cause is not None
    (died,) = cause.deaths
    assert (died.symptom, died.count, died.regular) == (Symptom.FIN_AT_EXPIRY, 4, True)
    assert round(died.shortest / S, 1) == 5.0
    assert (cause.setting, cause.client_idle) == (None, 3)


def test_the_library_asks_for_any_keepalive(tmp_path: Path) -> None:
    """By text, number or timedelta; what is no duration is refused."""
    hello = HELLO.format(*OPENING)
    talk = hello + "100 C 80 bytes\n100.02 S 900 bytes\n400 C 80 bytes\n400.02 S RST\n"
    analysis = captured(tmp_path, [talk])
    (cause,) = analysis.causes
    assert analysis.counterfactual(cause, "60s") == analysis.counterfactual(cause, 60)
    assert (analysis.counterfactual(cause, "60s").kept, analysis.counterfactual(cause, "5m").kept) == (1, 0)
    for wrong in (0, "soon", "-1s"):
        with pytest.raises(ValueError):  # noqa: PT011
            analysis.counterfactual(cause, wrong)
    assert len(analysis.causes.frame()) == 1
    assert isinstance(analysis.causes._repr_html_(), str)
    assert pcapdiag.analyze(tmp_path / "x.pcap", ignore=["IDLE"]).report.causes == ()
