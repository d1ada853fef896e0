"""Every renderer shows the same facts as the JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

from pcapdiag.report.formats import FORMATS, renderer
from pcapdiag.report.model import Report
from tests.report import samples
from tests.report.plain import plain

SAMPLES = (samples.report, samples.empty, samples.crowd, samples.everything)
TERMINALS = tuple({"width": w, "color": c, "every": True} for w in (80, 132) for c in (False, True))


def rendered(report: Report, name: str, **options: Any) -> str:
    """What the renderer of that name writes."""
    out = StringIO()
    renderer(name, **options).render(report, out)
    return out.getvalue()


def seconds(ns: int) -> str:
    """A gap as people read it."""
    return f"{ns // 10**9}.{ns % 10**9 // 10**6:03d} s"


def facts_of_finding(finding: dict[str, Any]) -> Iterator[str]:
    """What a person must be told of a finding."""
    period = finding["period"]
    for end in ("client", "server"):
        where = period["connection"][end]
        yield f"]:{where['port']}" if ":" in where["address"] else f"{where['address']}:{where['port']}"
    yield period["wake"]["first"]["record"]["time"]["iso"][:23] + "Z"
    yield {"exact": "", "lower": ">= ", "upper": "<= "}[period["bound"]] + seconds(period["gap_ns"])
    yield f"{finding['rule']} {finding['name']}, {finding['confidence']}"
    yield finding["sent"]["label"] or ""
    if period["wake"]["kind"] == "payload":
        yield f"{finding['sent']['length']:,} bytes"
    if period["answer"]:
        yield "bare RST" if period["answer"]["bare"] else "RST,ACK"
    yield f"tcp.stream {'unknown' if period['stream'] is None else period['stream']}"
    yield from (f"frame {f['frame']} " for f in finding["frames"])
    yield from (f["filter"] for f in finding["filters"])
    yield from finding["against"]
    yield from finding["compared"]
    yield from (f"{doubt['code']} {doubt['text']}" for doubt in finding["doubts"])
    yield finding["origin"]["sender"] if finding["origin"] else ""
    for twin in finding["twins"]:
        yield ", ".join(str(f["frame"]) for f in twin["frames"])


def facts_of_context(finding: dict[str, Any]) -> Iterator[str]:
    """What a person must be told of what is no failure: its rule, and where it is."""
    yield f"({finding['rule']})"
    frames = ", ".join(str(f["frame"]) for f in finding["frames"])
    connection = finding["period"]["connection"]
    yield f"{connection['client']['address']}:{connection['client']['port']} -> "
    yield f"frames {frames}"


def facts_of_rest(document: dict[str, Any]) -> Iterator[str]:
    """What a person must be told of the services and of what was read."""
    yield document["headline"]
    yield document["cure"] or ""
    for service in document["services"]:
        yield service["endpoint"]["address"]
        yield seconds(service["longest_survived"]["length_ns"])
        yield service["pattern_reason"]
        if service["shortest_failed"]:
            yield seconds(service["shortest_failed"]["length_ns"])
            yield f"frame {service['shortest_failed']['ended']['frame']}"
            yield f"{service['failed_beyond']:,} of "
    capture = document["capture"]
    yield from (f"{capture[k]:,}" for k in ("records", "segments", "connections", "idle_periods"))
    yield from (f"{n:,} {reason}" for reason, n in capture["skipped"].items())
    yield from (f"{n:,} {code}" for code, n in capture["verdicts"].items())
    yield f"{capture['outcomes']['survived']:,} survived"
    yield f"{capture['undecided']:,} undecided" if capture["undecided"] else ""
    yield from (event["text"] for event in document["events"])
    for file in capture["files"]:
        yield file["name"]
        yield file["damage"]["reason"] if file["damage"] else file["error"] or ""
    yield from (f"{limit['code']} {limit['text']} ({limit['count']:,})" for limit in document["limits"])
    beats = document["counts"]["heartbeats"]
    yield f"{beats:,} heartbeat" if beats else ""
    yield from (f"({finding['rule']})" for finding in document["harmless"])


def facts_of_cause(cause: dict[str, Any], *, every: bool) -> Iterator[str]:
    """What a person must be told of what lies behind the losses of a service."""
    service = cause["service"]["address"]
    yield service
    for end in (cause["bracket"]["low"], cause["bracket"]["high"]):
        yield from (seconds(end["length_ns"]), f"frame {end['ended']['frame']}") if end else ()
    if cause["narrow_ns"] and cause["bracket"]["fit"] == "consistent":
        yield f"a request after {cause['narrow_ns'] // 10**9} s of silence would halve it"
    for step in cause["estimate"]:
        yield f"{step['probability'] * 100:.0f} % ({step['low'] * 100:.0f} to {step['high'] * 100:.0f} %)"
    yield from (pair["client"] for pair in cause["pairs"])
    for died in cause["deaths"]:
        yield from (seconds(died[end]["length_ns"]) for end in ("shortest", "longest"))
        yield f"{died['count']:,} times"
    for family in cause["families"]:
        if every or family["agrees"] is not False:
            yield f"{family['seconds']:,} s"
            yield from (product["product"] for product in family["products"])
    if cause["setting"]:
        yield f"a keepalive of {cause['setting']['time_s']} s"
        yield f"every {cause['setting']['interval_s']} s, up to {cause['setting']['probes']} probes"
    if done := cause["counterfactual"]:
        yield f"kept {done['kept']:,} of {done['losses']:,} alive"
        yield f"does not help {sum(done['helpless'].values()):,}" if any(done["helpless"].values()) else ""
    yield f"an idle timeout of {cause['client_idle_s']} s" if cause["client_idle_s"] else ""
    risk = cause["at_risk"]
    yield f"{risk['connections']:,} connections had been silent" if risk["connections"] else ""
    for one in risk["longest"]:
        yield f"{one['connection']['client']['address']}:{one['connection']['client']['port']}"
        yield f"silent for {seconds(one['silence_ns'])}"


FOR_PEOPLE = (*(("terminal", options) for options in TERMINALS), ("html", {}), ("html", {"every": True}))


@pytest.mark.parametrize(("name", "options"), FOR_PEOPLE, ids=str)
@pytest.mark.parametrize("sample", SAMPLES)
def test_reports_for_people_show_the_facts_of_the_json(sample: Callable[[], Report], name: str, options: dict[str, Any]) -> None:
    """Every count, gap, frame, filter, name and limit of the JSON stands in the report."""
    document = json.loads(rendered(sample(), "json"))
    shown = plain(name, rendered(sample(), name, **options))
    shown_whole = document["findings"] + document["unproved"]
    if document["options"]["show_harmless"]:
        shown_whole += document["harmless"] + document["heartbeats"]
    for finding in shown_whole:
        facts = facts_of_context(finding) if finding["severity"] == "context" else facts_of_finding(finding)
        assert [fact for fact in facts if " ".join(fact.split()) not in shown] == []
    assert [fact for fact in facts_of_rest(document) if " ".join(fact.split()) not in shown] == []
    for cause in document["causes"]:
        every = name == "html" or options["every"]  # a page has room for all
        assert [fact for fact in facts_of_cause(cause, every=every) if " ".join(fact.split()) not in shown] == []
    for advice in document["advice"]:
        assert [cure["title"] for cure in advice["cures"] if cure["title"] not in shown] == []
        for cure in advice["cures"] if name == "html" else ():
            texts = (cure["applies"], cure["limits"], cure["check"], *(text["text"] for text in cure["snippets"]))
            assert [text for text in texts if " ".join(text.split()) not in shown] == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_markdown_shows_the_facts_of_the_json(sample: Callable[[], Report]) -> None:
    """What was read, the services and a row for each incident stand in a ticket, the first ones in full; what is left out is
    counted."""
    document = json.loads(rendered(sample(), "json"))
    shown = plain("markdown", rendered(sample(), "markdown"))
    incidents = [f for f in document["findings"] if f["severity"] != "context"]
    for finding in incidents[:100]:
        assert facts_of_row(finding) in shown
    if len(incidents) > 100:
        assert f"{len(incidents) - 100:,} more incidents left out here" in shown
    for finding in incidents[:1]:
        assert [fact for fact in facts_of_finding(finding) if not fact.startswith("frame ") and fact not in shown] == []
    assert [fact for fact in facts_of_rest(document) if " ".join(fact.split()) not in shown] == []
    for cause in document["causes"]:
        assert [fact for fact in facts_of_cause(cause, every=False) if " ".join(fact.split()) not in shown] == []
    for advice in document["advice"]:
        assert [cure["title"] for cure in advice["cures"] if cure["title"] not in shown] == []


def facts_of_row(finding: dict[str, Any]) -> str:
    """What ends an incident's row of the table: its rule, how sure it is, its frames and stream."""
    frames = ", ".join(str(f["frame"]) for f in finding["frames"])
    stream = finding["period"]["stream"]
    return f"| {finding['rule']} {finding['confidence']} | {frames} | {'unknown' if stream is None else stream}"


@pytest.mark.parametrize("sample", SAMPLES)
def test_json_lines_hold_the_json(sample: Callable[[], Report]) -> None:
    """The lines of JSONL put together are the JSON document, and the summary is the last line."""
    document = json.loads(rendered(sample(), "json"))
    *lines, summary = [json.loads(line) for line in rendered(sample(), "jsonl").splitlines()]
    kinds = {
        "findings": "finding",
        "unproved": "unproved",
        "heartbeats": "heartbeat",
        "harmless": "harmless",
        "causes": "cause",
        "advice": "advice",
    }
    found = {
        name: [{k: v for k, v in line.items() if k != "type"} for line in lines if line["type"] == kind]
        for name, kind in kinds.items()
    }
    assert summary.pop("type") == "summary"
    assert {**found, **summary} == document


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_any_renderer_takes_any_report(sample: Callable[[], Report], name: str) -> None:
    """Every renderer renders every report, ends it with a newline, and does so the same way twice."""
    made = renderer(name)
    first, second = StringIO(), StringIO()
    made.render(sample(), first)
    made.render(sample(), second)
    assert first.getvalue() == second.getvalue()
    assert first.getvalue().endswith("\n")
    assert made.name == name
    assert made.suffix.startswith(".")
