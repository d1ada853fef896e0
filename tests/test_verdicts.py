"""Verdicts of a whole capture, through the public function: the sums close, choosing rules changes no verdict, what survived
and what came together is said beside each finding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.engine.types import Outcome
from pcapdiag.report.formats import renderer
from pcapdiag.report.model import Report
from pcapdiag.rules.catalogue import CATALOGUE, VERDICTS
from pcapdiag.rules.heartbeats import is_heartbeat
from pcapdiag.rules.types import Finding, Severity
from pcapdiag.selection import Codes, parse_codes
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap
from tests.forge.packets import Packet
from tests.forge.traffic import captures

HELLO = "0 C SYN\n0.02 S SYN ACK\n0.021 C ACK\n0.022 C 120 bytes\n0.045 S 900 bytes\n0.046 C ACK\n"
CODES = [rule.code for rule in CATALOGUE]


def mixed() -> list[Packet]:
    """Every conversation that some rule shows, side by side, to three servers."""
    shown = [example.conversation for rule in VERDICTS for example in rule.shows]
    return merge(*(
        conversation(text, client=("10.0.0.1", 50_000 + n), server=(f"10.0.1.{1 + n % 3}", 443), client_isn=n * 7919)
        for n, text in enumerate(shown)
    ))  # fmt: skip


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of them all."""
    path = tmp_path_factory.mktemp("mixed") / "x.pcap"
    path.write_bytes(pcap(mixed()))
    return path


def analysis(path: Path, talks: Sequence[str], **options: Any) -> pcapdiag.Analysis:
    """Conversations that go on side by side, from client ports of their own, to one server."""
    sides = [conversation(t, client=("10.0.0.1", 50_000 + n), client_isn=n * 1000) for n, t in enumerate(talks)]
    (path / "x.pcap").write_bytes(pcap(merge(*sides)))
    return pcapdiag.analyze(path / "x.pcap", **options)


def survives(at: float) -> str:
    """A request at this second that is answered."""
    return f"{at} C 80 bytes\n{at + 0.02} S 900 bytes\n{at + 0.021} C ACK\n"


def fails(at: float) -> str:
    """A request at this second that is reset."""
    return f"{at} C 80 bytes\n{at + 0.02} S RST\n"


def every(report: Report) -> list[Finding]:
    """All findings of a report, in whatever group."""
    return [*report.findings, *report.unproved, *report.heartbeats, *report.harmless]


def closes(report: Report) -> bool:
    """Is every idle period accounted for?"""
    counts = report.outcomes
    return report.idle_periods == (
        counts[Outcome.SURVIVED] + sum(report.verdicts.values()) + counts[Outcome.CLOSED] + report.undecided
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(captures())
def test_the_sums_close(tmp_path: Path, packets: list[Packet]) -> None:
    """"Every idle period has an outcome": idle periods = survived + each rule's + closed + undecided, whatever was captured."""
    (tmp_path / "x.pcap").write_bytes(pcap(packets))
    report = pcapdiag.analyze(tmp_path / "x.pcap").report
    assert closes(report)
    assert set(report.verdicts) <= {rule.code for rule in VERDICTS if rule.severity is not Severity.CONTEXT}


def test_the_sums_are_said(capture: Path) -> None:
    """The sum stands in the terminal report and in the JSON, and counts each proved verdict, harmless ones too."""
    report = pcapdiag.analyze(capture).report
    assert closes(report)
    proved = Counter(f.rule for f in every(report) if f.proved and f.period.idle for _ in (f.period, *f.twins))
    assert report.verdicts == dict(sorted(proved.items()))
    assert set(report.verdicts) == {rule.code for rule in VERDICTS if rule.severity is not Severity.CONTEXT}
    out = StringIO()
    renderer("terminal", width=500).render(report, out)
    line = next(line for line in out.getvalue().splitlines() if line.startswith("idle periods"))
    said, _, parts = line.partition(" of at least 1 s = ")
    assert int(said.split()[-1]) == sum(int(part.split()[0]) for part in parts.partition(";")[0].split(" + "))
    document = StringIO()
    renderer("json").render(report, document)
    told = json.loads(document.getvalue())["capture"]
    assert told["idle_periods"] == (
        told["outcomes"]["survived"] + sum(told["verdicts"].values()) + told["outcomes"]["closed"] + told["undecided"]
    )


def test_a_selection_changes_no_sum(capture: Path) -> None:
    """Sums are over everything that was read, also where only some connections or rules are reported."""
    whole = pcapdiag.analyze(capture).report
    for options in ({"service": ["10.0.1.1:443"]}, {"host": ["192.0.2.1"]}, {"select": ["IDLE103"]}, {"ignore": ["IDLE1"]}):
        report = pcapdiag.analyze(capture, **options).report  # type: ignore[arg-type]
        assert closes(report)
        assert (report.verdicts, report.undecided) == (whole.verdicts, whole.undecided)


@pytest.mark.parametrize("beginning", ["IDLE103", "idle10", "CTX", "IDLE104,IDLE105", "CAP9", "I"])
def test_choosing_rules_only_leaves_out(capture: Path, beginning: str) -> None:
    """What is selected and what is ignored are together what there is: no other rule speaks in place of an ignored one."""
    whole = pcapdiag.analyze(capture).report
    only = pcapdiag.analyze(capture, select=[beginning]).report
    without = pcapdiag.analyze(capture, ignore=[beginning]).report
    assert [f for f in every(whole) if f in every(only)] == every(only)
    assert [f for f in every(whole) if f in every(without)] == every(without)
    assert len(every(only)) + len(every(without)) == len(every(whole))
    assert set(only.limits) | set(without.limits) == set(whole.limits)
    assert all(f.rule.startswith(parse_codes([beginning], CODES)) for f in every(only))


def test_ignored_rules_still_judge(capture: Path) -> None:
    """Services are compared by all that failed, whatever is reported of it."""
    whole, none = pcapdiag.analyze(capture).report, pcapdiag.analyze(capture, ignore=["IDLE", "CTX"]).report
    assert every(none) == []
    assert {v.endpoint: (v.shortest_failed, v.pattern) for v in whole.services} == {
        v.endpoint: (v.shortest_failed, v.pattern) for v in none.services
    }
    assert all(v.incidents == 0 for v in none.services)


@pytest.mark.parametrize("option", ["select", "ignore"])
@pytest.mark.parametrize("wrong", ["IDLE2", "", "IDLE101,", "reset-after-idle"])
def test_no_such_rule(tmp_path: Path, option: str, wrong: str) -> None:
    """What is the beginning of no rule's code is refused, and the rules are named, before anything is read."""
    with pytest.raises(ValueError, match="known are IDLE101, IDLE102"):
        pcapdiag.analyze(tmp_path / "missing.pcap", **{option: [wrong]})  # type: ignore[arg-type]


@given(st.lists(st.sampled_from([*CODES, "IDLE", "IDLE1", "CTX2", "C"])), st.lists(st.sampled_from([*CODES, "CAP", "IDLE10"])))
def test_codes_are_chosen_by_their_beginnings(select: list[str], ignore: list[str]) -> None:
    """A rule is in if it begins with something selected, or nothing is, and with nothing ignored."""
    chosen = Codes.parse(select, ignore, CODES)
    for code in CODES:
        wanted = not select or any(code.startswith(s) for s in select)
        assert (code in chosen) == (wanted and not any(code.startswith(i) for i in ignore))


def test_groups(capture: Path) -> None:
    """Each finding is in one group: what harms nobody, what is not proved, heartbeats, the rest; context is no incident."""
    report = pcapdiag.analyze(capture).report
    assert {f.severity for f in report.harmless} == {Severity.HARMLESS}
    assert all(f.proved and not f.period.wake.heartbeat for f in report.findings)
    assert report.heartbeats
    assert all(is_heartbeat(f.period, f.sent) for f in report.heartbeats)
    assert {f.rule for f in report.context} == {"CTX201", "CTX202"}
    assert len(report.incidents) + len(report.context) == len(report.findings)
    assert sum(v.incidents for v in report.services) == len(report.incidents)
    assert not any(p.idle is False for p in pcapdiag.analyze(capture).idle_periods)


def test_everything_reported_is_streamed(capture: Path) -> None:
    """Each finding is handed out once when it is decided, of every group, as far as its rule is chosen."""
    streamed: list[Finding] = []
    report = pcapdiag.analyze(capture, ignore=["IDLE104"], on_finding=lambda f, _: streamed.append(f)).report
    assert Counter(f.rule for f in streamed) == Counter(f.rule for f in every(report) for _ in (f.period, *f.twins))


def test_a_longer_silence_that_survived_is_said(tmp_path: Path) -> None:
    """Beside a failure stands that a longer silence survived on the same service, with both numbers and the frame."""
    report = analysis(tmp_path, [HELLO + survives(400), HELLO + fails(300)]).report
    (finding,) = report.findings
    (longest,) = (v.longest_survived for v in report.services)
    assert longest is not None
    assert finding.compared == (
        f"399.954 s of silence survived on this service (frame {longest.ended.frame}), and 299.954 s failed here: no idle timeout "
        "alone explains it",
    )
    (consistent,) = analysis(tmp_path, [HELLO + survives(200), HELLO + fails(300)]).report.findings
    assert consistent.compared == ()


def test_what_no_timer_explains_is_not_compared(tmp_path: Path) -> None:
    """After a FIN, or by an abort, no silence failed: nothing is compared, and the service has no failed silence."""
    closed = HELLO + "60 S FIN\n60.04 C ACK\n300 C 80 bytes\n300.02 S RST\n"
    aborted = HELLO + "300 C 80 bytes\n300.04 S ACK\n300.5 S RST ACK\n"
    report = analysis(tmp_path, [HELLO + survives(400), closed, aborted]).report
    assert [(f.rule, f.compared) for f in report.findings] == [("IDLE103", ()), ("IDLE107", ())]
    assert [v.shortest_failed for v in report.services] == [None]


def test_a_request_without_answer_is_a_failed_silence(tmp_path: Path) -> None:
    """A failure by silence is measured from the last answered segment to the first that was not."""
    silent = HELLO + "300 C 80 bytes\n300.2 C again\n300.6 C again\n301.4 C again\n310 C RST ACK\n"
    (view,) = analysis(tmp_path, [HELLO + survives(200), silent]).report.services
    assert view.shortest_failed is not None
    assert view.shortest_failed.length == 299_954_000_000
    probed = HELLO + "100 C probe\n115 C probe\n130 C probe\n145 C RST ACK\n"
    (view,) = analysis(tmp_path, [HELLO + survives(50), probed]).report.services
    assert view.shortest_failed is not None
    assert view.shortest_failed.length == 99_954_000_000


def test_an_event_is_said_in_each_of_its_findings(tmp_path: Path) -> None:
    """Failures at one moment after very different silences are one event, named by each, and by the service's pattern."""
    talks = [HELLO + survives(at) + fails(600 + at / 1000) for at in (10, 150, 300, 450)]
    report = analysis(tmp_path, [*talks, HELLO + survives(590)]).report
    (event,) = report.events
    assert (event.failures, len(event.services)) == (4, 1)
    assert len(report.findings) == 4
    for finding in report.findings:
        assert finding.compared == ("part of the event at 2026-01-01T00:10:00.010Z: 4 failures within 440 ms",)
    assert [str(v.pattern) for v in report.services] == ["event"]


def test_legs_of_one_incident_are_one_failure_of_an_event(tmp_path: Path) -> None:
    """An event counts incidents: what was recorded before and after NAT is not twice as many failures."""
    survivor = conversation(HELLO + survives(590), client=("10.0.0.1", 51_000))
    inside = [conversation(HELLO + survives(at) + fails(600 + at / 1000), client=("10.0.0.1", 50_000 + at), client_isn=at)
              for at in (10, 150, 450)]  # fmt: skip
    outside = [conversation(HELLO + survives(at) + fails(600 + at / 1000), client=("192.0.2.1", 50_000 + at), client_isn=at)
               for at in (10, 150, 450)]  # fmt: skip
    (tmp_path / "x.pcap").write_bytes(pcap(merge(survivor, *inside, *([p._replace(time=p.time + 100_000) for p in t] for t in outside))))
    report = pcapdiag.analyze(tmp_path / "x.pcap").report
    assert [len(f.twins) for f in report.findings] == [1, 1, 1]
    assert report.verdicts == {"IDLE101": 6}
    assert [e.failures for e in report.events] == [3]


def test_an_incident_is_one_failure_of_its_service(tmp_path: Path) -> None:
    """Four requests recorded before and after NAT are four silences that failed, not eight."""
    talks = [HELLO + fails(300 + 40 * n) for n in range(4)]
    legs = [conversation(t, client=(a, 50_000 + n), client_isn=n * 1000) for n, t in enumerate(talks) for a in ("10.0.0.1", "192.0.2.1")]
    (tmp_path / "x.pcap").write_bytes(pcap(merge(*([p._replace(time=p.time + (i % 2) * 100_000) for p in t] for i, t in enumerate(legs)))))
    report = pcapdiag.analyze(tmp_path / "x.pcap").report
    assert [len(f.twins) for f in report.findings] == [1, 1, 1, 1]
    assert [(v.failed_beyond, v.total_beyond) for v in report.services] == [(4, 4)]


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param("350 S RST ACK\n", id="a socket that aborts"),
        pytest.param("60 S FIN\n60.04 C ACK\n350 C 80 bytes\n350.2 C again\n350.6 C again\n360 C RST ACK\n", id="silence after a FIN"),
        pytest.param("0.5 C 400 bytes\n0.52 S ACK win=0\n60 C probe\n60.02 S ACK win=0\n350 C probe\n350.02 S RST\n",
                     id="a probe of a closed window"),
    ],
)  # fmt: skip
def test_what_ended_otherwise_is_no_failed_silence(talk: str, tmp_path: Path) -> None:
    """An endpoint that aborts or had closed, and a window that was being probed, tell nothing of what the path bears."""
    report = analysis(tmp_path, [HELLO + survives(400), HELLO + talk]).report
    assert len(report.findings) == 1
    assert report.findings[0].compared == ()
    assert [v.shortest_failed for v in report.services] == [None]


def test_many_that_abort_at_once_are_an_event(tmp_path: Path) -> None:
    """A server that is stopped aborts its idle connections together, however long each was silent."""
    talks = [HELLO + survives(at) + f"{600 + at / 1000} S RST ACK\n" for at in (10, 150, 300, 450)]
    (event,) = analysis(tmp_path, talks).report.events
    assert event.failures == 4


def test_a_client_s_reset_is_its_own_only_if_a_socket_sent_it(tmp_path: Path) -> None:
    """Idle connections that were reset in the client's name are called its own where the RST's form says so."""
    own, open_ = HELLO + "60 C RST ACK\n", HELLO + "60 C RST ACK win=0 ts=no\n"
    for talks, told in (
        ([own], "1 idle connection reset by the client itself"),
        ([open_, open_], "2 idle connections reset in the client's name, by whom is undetermined"),
        ([own, own, open_], "2 idle connections reset by the client itself and 1 in the client's name, by whom is undetermined"),
    ):
        out = StringIO()
        renderer("terminal", width=200).render(analysis(tmp_path, talks).report, out)
        assert f"Counted apart: {told} (IDLE104)" in out.getvalue()


def test_failures_of_rules_not_shown_are_named(tmp_path: Path) -> None:
    """What a service's numbers rest on beside what is shown is said."""
    silent = HELLO + "300 C 80 bytes\n300.2 C again\n300.6 C again\n301.4 C again\n310 C RST ACK\n"
    for chosen, hidden, said in (({}, 0, ""), ({"select": ["IDLE101"]}, 1, ", including 1 failure of rules not shown")):
        report = analysis(tmp_path, [HELLO + fails(400), silent], **chosen).report
        assert [v.not_shown for v in report.services] == [hidden]
        out = StringIO()
        renderer("terminal", width=200).render(report, out)
        assert f"2 of 2 that long failed{said}; " in out.getvalue()
