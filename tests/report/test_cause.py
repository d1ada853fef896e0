"""What is said of a cause and its cure: every kind of bracket, keepalive, candidate and counterfactual in its words."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.types import Keepalive, RecordRef
from pcapdiag.inference.types import (
    Bracket,
    Cause,
    Clock,
    Counterfactual,
    Deaths,
    FailedSilence,
    Family,
    Fit,
    Helpless,
    Pattern,
    Setting,
    Step,
    Symptom,
)
from pcapdiag.knowledge.timeouts import AtExpiry, Verified
from pcapdiag.report import candidates
from pcapdiag.report.bracket import ends, short, timeout
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cause import cause_rows, estimate, together
from pcapdiag.report.cure import cost, why
from pcapdiag.report.formats import renderer
from pcapdiag.report.grouping import affected, quiet
from pcapdiag.report.headline import cured
from pcapdiag.report.keepalive import keepalive
from pcapdiag.report.services import service_rows
from tests.report import causes, samples
from tests.report.factory import MS, S, extreme, ref, service, view
from tests.report.plain import plain

LOW, HIGH = extreme(2_745 * MS, 99), FailedSilence(5_748 * MS, 5_748 * MS, False, ref(151))


def where(at: RecordRef) -> str:
    """A frame."""
    return f"frame {at.frame}"


def bracket(**other: Any) -> Bracket:
    """A consistent one."""
    return replace(Bracket(Clock.SEGMENT, Fit.CONSISTENT, LOW, HIGH, LOW.length), **other)


def told(cause: Cause, *, every: bool = False) -> dict[str, str]:
    """The rows of a cause by label; those without one belong to the row before."""
    rows: dict[str, str] = {}
    last = ""
    for row in cause_rows(cause, Canvas(), where, every, " (--all)"):
        last = row.label or last
        rows[last] = f"{rows[last]} | {row.text}" if not row.label else row.text
    return rows


@pytest.mark.parametrize(
    ("lies", "said"),
    [
        (bracket(), "between 2.745 s (survived, frame 99) and 5.748 s (failed, frame 151)"),
        (
            bracket(high=FailedSilence(3_900 * MS, 7_200_500_001, False, ref(44))),
            "between 2.745 s (survived, frame 99) and 7.201 s (failed, frame 44, unanswered from 3.900 s on)",
        ),
        (
            bracket(low=extreme(5_800 * MS, 99)),
            "about 5.748 s (failed, frame 151); 5.800 s (survived, frame 99), within a timer's own play",
        ),
        (bracket(fit=Fit.OPEN, low=None), "at most 5.748 s (failed, frame 151); no silence was seen to survive"),
        (bracket(fit=Fit.OPEN, high=None), "longer than 2.745 s (survived, frame 99)"),
        (bracket(fit=Fit.OPEN, high=None, low=None), "not known"),
        (
            bracket(fit=Fit.OPEN, high=replace(HIGH, lower_bound=True)),
            "longer than 2.745 s (survived, frame 99); what failed was silent for at least 5.748 s (frame 151), which is no upper end",
        ),
        (bracket(low=extreme(2 * S, 99, lower_bound=True)), "between >= 2.000 s (survived, frame 99) and 5.748 s (failed, frame 151)"),
    ],
)  # fmt: skip
def test_both_ends_have_their_frames(lies: Bracket, said: str) -> None:
    """Where the timeout lies is said with the frame that proves each end, or why an end is not known."""
    assert ends(lies, where) == said


def test_a_cell_holds_the_bracket() -> None:
    """In a table both ends stand without frames; where they cross there is none."""
    assert short(bracket()) == "> 2.745 s <= 5.748 s"
    assert short(bracket(high=replace(HIGH, lower_bound=True))) == "> 2.745 s"
    assert short(bracket(low=None, high=None)) == "not known"
    assert short(bracket(fit=Fit.CROSSING, low=extreme(9 * S))) == "none: 9.000 s survived, 5.748 s failed"


def test_a_timeout_is_told_only_where_there_may_be_one() -> None:
    """With crossing samples, and for an event, the two silences are told, and no timeout; else what would narrow it too."""
    seen = view()
    cause = causes.timer(seen, narrow=300 * S)
    assert timeout(cause, where).endswith("; 3 of 3 that long failed; a request after 300 s of silence would halve it")
    unknown = replace(cause, bracket=bracket(fit=Fit.OPEN, high=None), narrow=None, view=view(shortest_failed=None))
    assert timeout(unknown, where) == "longer than 2.745 s (survived, frame 99), if there is one"
    ended = replace(unknown, deaths=causes.fins(seen).deaths)
    assert timeout(ended, where) == "longer than 2.745 s (survived, frame 99)"
    labels = [row.label for row in service_rows(seen, cause, Canvas(), where, every=False)]
    assert labels == ["idle timeout", "pattern", "keepalive"]
    event = view(pattern=Pattern.EVENT)
    for other in (None, causes.timer(event), causes.crossing(seen)):
        rows = list(service_rows(event, other, Canvas(), where, every=False))
        assert rows[0].label == "silences"
        assert rows[0].text == (
            "longest that survived 349.980 s (frame 1204), shortest that failed 350.064 s (frame 14); 3 of 3 that long failed"
        )


def test_beside_a_timer_that_counts_payload_no_silences_are_told() -> None:
    """Its bracket is of idle times without payload: silences between probes would read as if they contradicted it."""
    rows = {row.label: row.text for row in service_rows(view(), causes.fins(view()), Canvas(), where, every=False)}
    assert "without payload: it counts payload alone, so probes do not refresh it" in rows["idle timeout"]
    assert "silences" not in rows


def test_a_timer_that_was_seen_to_strike_is_told_as_it_was_seen() -> None:
    """The times at which connections died by RST are the timeout; a shorter silence that failed in another way is not hidden."""
    died = Deaths(Symptom.RESET_AT_EXPIRY, 5, 240 * S, 240_040 * MS, (ref(46), ref(50)), regular=True)
    high = FailedSilence(240 * S, 240 * S, False, ref(46))
    cause = causes.timer(view(), bracket=bracket(low=extreme(30 * S, 31), high=high), deaths=(died,))
    assert timeout(cause, where).startswith("about 240.000 s to 240.040 s: 5 connections died by themselves (frame 46, frame 50)")
    assert timeout(replace(cause, deaths=(replace(died, regular=False),)), where).startswith("between 30.000 s")
    assert timeout(replace(cause, bracket=bracket()), where).startswith("between 2.745 s")
    may = replace(cause, counterfactual=Counterfactual(90 * S, 0, 5, 0, {}, 270.0))
    assert "may have kept 5 of 5 alive, if a box on the path sent the RSTs; it costs" in told(may)["cure"]


def test_a_pool_that_no_second_suits() -> None:
    """Where the server closes too soon for any idle timeout below it, that is said, and what helps instead."""
    said = told(causes.fins(view(), client_idle=0))["cure"]
    assert said == "no idle timeout of whole seconds in the clients' pools is safely below: raise what ends the connections, or retry"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ((), "no probe in 415 idle periods, one of them of 350.064 s: off, or later than that"),
        ((Keepalive("client", 15 * S, 15 * S, 2, 4, 4),), "clients probe after 15 s (as by default Go net.Dialer and net.ListenConfig), repeated every 15 s, all 4 answered, "
         "on 2 of 38 connections"),
        ((Keepalive("server", 75 * S, None, 1, 3, 0),), "the server probes after 75 s, none of 3 answered, on 1 of 38 connections"),
        ((Keepalive("client", None, None, 1, 1, 1),), "clients probe, answered, on 1 of 38 connections"),
    ],
)  # fmt: skip
def test_keepalive_is_told_as_it_was_seen(seen: tuple[Keepalive, ...], said: str) -> None:
    """Who probes, after how long, how often, whether answered, on how many connections; none is evidence too."""
    probes = (sum(k.probes for k in seen if k.side == "client"), sum(k.probes for k in seen if k.side == "server"))
    assert keepalive(view(service(keepalives=seen, probes=probes)), every=False) == said


def test_keepalive_of_forgotten_connections_is_counted() -> None:
    """Where it is not known any more how they were probed, it is known how often."""
    assert keepalive(view(service(probes=(5, 1), probed=2)), every=True) == "5 from clients, 1 from the server, on 2 of 38 connections"
    many = tuple(Keepalive("client", n * S, None, 1, 1, 1) for n in range(1, 5))
    assert keepalive(view(service(probes=(4, 0), keepalives=many)), every=False).endswith("; and in 2 other ways")
    assert keepalive(view(service(probes=(4, 0), keepalives=many)), every=True).count("clients probe") == 4


def test_the_cure_says_what_it_keeps_and_what_not() -> None:
    """The setting, what it would have kept, what not and why, its cost, and what it follows from."""
    assert told(causes.timer(view()))["cure"] == (
        "a keepalive of 90 s (then every 20 s, up to 4 probes) would have kept 3 of 3 alive; it costs about 1,500 probes an hour "
        "| two probes in a row may be lost within what survived"
    )
    assert told(causes.crossing(view()))["cure"] == (
        "a keepalive of 20 s (then every 5 s, up to 4 probes) would have kept 2 of 12 alive, perhaps 1 more; 1 failed after a "
        "silence no longer than that; it does not help 8: 2 closed by the other side (FIN), 1 aborted by the endpoint, 4 lost in "
        "an event and 1 ended by a timer that counts payload; it costs about 120 probes an hour | two probes in a row "
        "may be lost within what survived; the bracket is wide, and this is for its low end | an idle timeout of 4 s in the "
        "clients' pools so that they close first"
    )
    none = causes.fins(view(), counterfactual=Counterfactual(0, 0, 0, 0, {Helpless.FIN: 2}, 0.0))
    assert told(none)["cure"] == (
        "an idle timeout of 45 s in the clients' pools so that they close first | "
        "no keepalive would have helped: 2 closed by the other side (FIN)"
    )
    guess = causes.timer(
        view(), bracket=bracket(fit=Fit.OPEN, low=None, floor=0), counterfactual=Counterfactual(S, 0, 3, 0, {}, 0.2)
    )
    assert "may have kept 3 of 3 alive; it costs less than a probe an hour | no silence was seen" in told(guess)["cure"]


@given(st.integers(1, 10**6), st.integers(1, 300), st.integers(1, 100))
def test_as_many_probes_may_be_lost_as_come_before_what_survived_ends(floor: int, time: int, interval: int) -> None:
    """A probe that comes after the floor may be too late: of those before it all but the last may be lost, and two are enough."""
    cause = causes.timer(view(), bracket=bracket(floor=floor * S // 10), setting=Setting(time, interval, 4))
    before = sum((time + k * interval) * 10 < floor for k in range(3))
    assert why(cause).startswith({0: "no", 1: "no", 2: "one", 3: "two"}[before])


@given(st.floats(0, 1e9, allow_nan=False))
def test_the_cost_is_near_the_estimate(rate: float) -> None:
    """Two digits of it are told, never more than a twentieth, or half a probe, away."""
    said = cost(Counterfactual(S, 1, 0, 0, {}, rate))
    number = 0 if said.startswith("less") else int(said.split()[1].replace(",", ""))
    assert abs(number - rate) <= max(0.05 * rate, 0.5) + 1e-6


def test_the_estimate_is_told_in_few_steps() -> None:
    """Of many steps those at which most is added are told, in order; with everything asked for, all are."""
    steps = tuple(Step(n * S, n * n / 400, 0.0, 1.0, n, 20) for n in range(1, 21))
    few = estimate(steps, every=False)
    assert few.startswith("0 % (0 to 100 %) below 2 s")
    assert [part.rpartition(" from ")[2] for part in few.split(", ")[1:]] == ["17 s", "18 s", "19 s", "20 s"]
    assert estimate(steps, every=True).count(" from ") == 19
    assert estimate(steps[:1], every=False) == "0 % (0 to 100 %) whatever its length"


def test_candidates_are_no_verdicts() -> None:
    """A family is its number, its names and what it does; what is not confirmed is marked, and nothing is asserted."""
    sure, unknown, otherwise = causes.FAMILIES
    assert candidates.family(sure, every=False) == "350 s: AWS NLB; NAT gateway: resets what comes next, as here"
    assert candidates.family(unknown, every=False) == "350 s: Acme Transit: behaviour not known"
    assert candidates.family(otherwise, every=False).endswith("drops what comes next, not as here")
    doubtful = causes.product("Box", "Acme", verified=Verified.UNVERIFIED, at_expiry=AtExpiry.FIN, unverified=("next_packet",))
    assert candidates.family(Family(350, (doubtful,), None), every=False) == (
        "350 s: Acme Box (unverified): resets what comes next (unverified), FIN at expiry, which may agree"
    )
    many = Family(60, tuple(causes.product(f"P{n}") for n in range(9)), True)
    assert "AWS P0; P1; P2 and 6 more: " in candidates.family(many, every=False)
    assert "P8: " in candidates.family(many, every=True)


def test_those_that_disagree_are_counted_until_asked_for() -> None:
    """Families that act otherwise than what was seen are listed only with everything; alone the nearest is named, and
    that it is none."""
    cause = causes.timer(view())
    assert told(cause)["known products"].endswith(" | 1 product that acts otherwise (--all)")
    assert "Network Firewall" in told(cause, every=True)["known products"]
    alone = told(replace(cause, families=causes.FAMILIES[2:]))["known products"]
    assert alone.startswith("none is known that does what was seen | 350 s: AWS Network Firewall")


def test_what_died_by_itself_is_told_with_its_frames() -> None:
    """How long it lived, how often, and whether that is a timer."""
    first, _, second = told(causes.crossing(view()))["died by itself"].partition(" | ")
    assert first == "a RST came after 60.000 s to 7000.000 s of silence, 3 times (frame 31, frame 77)"
    assert second == "the server's FIN came after 5.000 s to 5.012 s without payload, 12 times (frame 70, frame 92): a timer"


def test_who_is_at_risk_is_listed_in_bounds() -> None:
    """How many connections will fail next, the most silent ones by name, the others counted."""
    said = told(causes.crossing(view()))["at risk"].split(" | ")
    assert said[0].startswith("3 connections had been silent for at least as long as the shortest that failed")
    assert said[1:] == [
        "10.1.2.7:41000 (tcp.stream 91): silent for 9000.000 s",
        "10.1.2.8:41001: silent for 8000.000 s",
        "1 more (--all)",
    ]


def test_all_services_together_are_told_where_that_says_more() -> None:
    """The bracket of all is told if it is consistent and none of the single ones."""
    base = samples.everything()
    assert together(base, where) is None
    assert together(replace(base, overall=base.causes[0].bracket), where) is None
    narrower = bracket(low=extreme(4 * S, 7))
    said = "If one timer ended them all, it lies between 4.000 s (survived, frame 7) and 5.748 s (failed, frame 151)."
    assert together(replace(base, overall=narrower), where) == said
    assert together(replace(base, overall=narrower, causes=base.causes[:1]), where) is None


def test_the_second_line_is_the_cure() -> None:
    """What is proved to keep connections alive is said in a sentence, of the first service that it is proved of."""
    report = samples.report()
    assert cured(report) == "A keepalive of 90 s would have kept 3 of 3 alive."
    (cause,) = report.causes
    unproved = replace(cause, counterfactual=Counterfactual(90 * S, 0, 3, 0, {}, 1.0))
    assert cured(replace(report, causes=(unproved,))) is None
    assert cured(replace(report, causes=(unproved, cause))) == "A keepalive of 90 s would have kept 3 of 3 alive on 10.0.0.1:443."
    assert cured(replace(report, causes=(replace(cause, setting=None),))) is None


def test_who_lost_heartbeats_alone_has_a_cause_too() -> None:
    """A service without an incident of which a cause is known is told with it, in every report, and not among the quiet ones."""
    base = samples.everything()
    beats = samples.report(findings=(), heartbeats=base.heartbeats, causes=base.causes[:1], advice=base.advice[:1])
    assert [service.incidents for service in affected(beats)] == [0]
    assert base.causes[0].service not in {v.endpoint for v in quiet(beats)}
    for name in ("terminal", "html", "markdown"):
        out = StringIO()
        renderer(name).render(beats, out)
        assert "a keepalive of 90 s" in plain(name, out.getvalue())


def test_a_short_text_is_chosen_before_long_ones() -> None:
    """A report shows the first text of at most a dozen lines, and of few cures one for each place."""
    advice = causes.advice(causes.crossing(view()))
    assert advice.first is not None
    assert advice.first[0].id == "go"
    assert [cure.id for cure in advice.few(9)] == ["go", "istio-destinationrule", "go-idle"]
    assert [cure.id for cure in advice.few(1)] == ["go"]
    assert replace(advice, cures=(causes.ISTIO,)).first is None
    assert replace(advice, cures=()).few(3) == ()
