"""A capture that mixes all classes: the report names each one right, the first line first, and its sums close."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import pcapdiag
from pcapdiag.conversation import conversation, forge
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.text import cell_len
from pcapdiag.rules.catalogue import VERDICTS
from tests.end_to_end.command import analyze
from tests.end_to_end.mixed import TALKS, rules, talk

#: What each verdict is called when there is one of it, worst first; the goodbye and the context come last.
COUNTED = {
    "IDLE101": "1 request on an idle connection was answered by RST",
    "IDLE102": "1 request on an idle connection got no answer",
    "IDLE109": "1 answer was lost while the client waited for it",
    "IDLE103": "1 request after the peer's FIN was answered by RST",
    "IDLE107": "1 request was taken by the peer and then answered by RST",
    "IDLE104": "1 idle connection was ended by a RST out of silence",
    "IDLE105": "1 keepalive probe was answered by RST",
    "IDLE106": "1 run of keepalive probes got no answer",
    "CTX201": "1 RST came to payload with no idle time before",
    "CTX202": "1 SYN was refused",
    "IDLE108": "1 goodbye on an idle connection was answered by RST",
}
#: For how long each was idle, in ns; a refused SYN had nothing before it.
GAPS = {
    "IDLE101": 361_055, "IDLE102": 642_255, "IDLE103": 68_455, "IDLE104": 240_000, "IDLE105": 620_255, "IDLE106": 700_355,
    "IDLE107": 120_555, "IDLE108": 480_155, "IDLE109": 300_000,
}  # fmt: skip
SENDERS = {
    "IDLE101": "endpoint without the connection", "IDLE102": None, "IDLE103": "endpoint without the connection",
    "IDLE104": "something nearer than the endpoint", "IDLE105": "endpoint without the connection", "IDLE106": None,
    "IDLE107": "endpoint that aborted", "IDLE108": "endpoint without the connection",
    "IDLE109": "something nearer than the endpoint",
}  # fmt: skip


@pytest.fixture(params=[False, True], ids=["once", "twice"], scope="module")
def capture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture; and as `-i any` records it, every packet twice."""
    path = tmp_path_factory.mktemp("mixed") / "x.pcapng"
    path.write_bytes(forge(talk(twice=bool(request.param)))[0])
    return path


def expected() -> dict[str, str]:
    """The rule that is to speak on each client's connection."""
    clients = {s.connection: str(Endpoint(*s.source)) for s in conversation(talk()) if s.side == "C"}
    return {clients[number]: rule for number, rule in rules().items()}


def streams() -> dict[int, int]:
    """Wireshark's tcp.stream of each connection: in order of their first packets."""
    return {number: stream for stream, number in enumerate(dict.fromkeys(s.connection for s in conversation(talk())))}


def named(text: str) -> dict[str, str]:
    """The rule that a terminal report names on each client's connection."""
    found, client, context = {}, "", None
    for line in text.splitlines():
        if match := re.match(r"  \d{4}-\S+Z  (\S+) -> ", line):
            client = match[1]
            if context:
                found[client] = context
        elif match := re.match(r"    (IDLE\d+|CTX\d+) ", line):
            assert client not in found
            found[client] = match[1]
        elif line and not line.startswith(" "):
            context = match[1] if (match := re.search(r"\((CTX\d+)\)\.$", line)) else None
    return found


def told(path: Path) -> Any:
    """The report as JSON."""
    return json.loads(analyze(path, "--format", "json").stdout)


def test_every_rule_is_in_it() -> None:
    """Each rule of the catalogue that gives verdicts has one connection in this capture."""
    assert Counter(rules().values()) == Counter(rule.code for rule in VERDICTS)


def test_the_terminal_names_each_one_right(capture: Path) -> None:
    """Each connection in which something failed is named with its own rule, and those that are well are not named."""
    done = analyze(capture, "--show-harmless")
    assert (done.returncode, done.stderr) == (0, "")
    assert named(done.stdout) == expected()
    assert max(map(cell_len, done.stdout.splitlines())) <= 80


def test_the_first_line_is_the_answer(capture: Path) -> None:
    """What was lost stands first, the worst of it in the first line; every class is counted once, in words of its own."""
    shown = " ".join(analyze(capture).stdout.split())
    places = [shown.find(words) for words in COUNTED.values()]
    assert places[0] == 0
    assert -1 not in places
    assert places == sorted(places)
    assert all(shown.count(words) == 1 for words in COUNTED.values())


def test_the_printed_sums_close(capture: Path) -> None:
    """Idle periods = survived + each failure + closed + undecided, as printed, with the code of each failure."""
    shown = " ".join(analyze(capture).stdout.split())
    match = re.search(r"idle periods (\d+) of at least 1 s = ((?:\d+ \w+(?: \+ )?)+)", shown)
    assert match
    parts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", match[2])}
    assert int(match[1]) == sum(parts.values()) == 17
    failures = {rule: 1 for rule in rules().values() if rule.startswith("IDLE")}
    assert parts == {"survived": 6, "closed": 2, **failures}


def test_json_agrees(capture: Path) -> None:
    """JSON holds the same verdicts on the same connections, with the same gaps and senders, and sums that close."""
    report = told(capture)
    findings = [*report["findings"], *report["harmless"]]
    shown = {str(Endpoint(**f["period"]["connection"]["client"])): f["rule"] for f in findings}
    assert (len(findings), shown) == (11, expected())
    idle = [f for f in findings if f["rule"].startswith("IDLE")]
    assert {f["rule"]: f["period"]["gap_ns"] // 1_000_000 for f in idle} == GAPS
    assert {f["rule"]: f["origin"] and f["origin"]["sender"] for f in idle} == SENDERS
    # a bare RST is an answer by its form: in silence, what it answers may not have been captured
    assert {f["rule"] for f in idle if f["confidence"] != "certain"} == {"IDLE104"}
    assert report["counts"]["incidents"] == 8
    assert not report["events"]


def test_why_explains_each_connection(capture: Path) -> None:
    """`why` on any of its connections leads with the same rule, or with none where all is well."""
    for number, (rule, _) in TALKS.items():
        story = pcapdiag.explain(capture, stream=streams()[number])
        asked = story.incarnations[story.asked]
        leading = [reading.rule for judged in asked.periods for reading in judged.readings if reading.leads]
        assert leading == ([rule] if rule else [])
        assert [judged.finding.rule for judged in asked.periods if judged.finding] == leading


def test_everything_twice_says_the_same(tmp_path: Path) -> None:
    """Duplicates change neither a verdict nor a count, but for what is said of the duplicates themselves."""
    reports = []
    for twice in (False, True):
        path = tmp_path / f"{twice}.pcapng"
        path.write_bytes(forge(talk(twice=twice))[0])
        reports.append(told(path))
    once, doubled = ([(f["rule"], f["period"]["gap_ns"], f["confidence"], f["origin"] and f["origin"]["sender"],
                       f["period"]["wake"]["retransmissions"], f["period"]["probes"]) for f in r["findings"]]
                     for r in reports)  # fmt: skip
    assert once == doubled
    assert reports[0]["counts"] == reports[1]["counts"]
    assert [s["outcomes"] for s in reports[0]["services"]] == [s["outcomes"] for s in reports[1]["services"]]
    assert [doubt["code"] for doubt in reports[1]["limits"]] == ["CAP907"]
