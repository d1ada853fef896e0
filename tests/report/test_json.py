"""The reports for programs: as the schema says, complete, exact, harmless."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from importlib.resources import files
from io import StringIO
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pcapdiag.advice.types import Advice, Cure, Snippet, Target
from pcapdiag.correlate import joined
from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.types import Source
from pcapdiag.engine import types as engine
from pcapdiag.inference import types as inference
from pcapdiag.knowledge.timeouts import Timeout
from pcapdiag.report import story
from pcapdiag.report.excerpt import Excerpt, Successor
from pcapdiag.report.json_ import JsonReport
from pcapdiag.report.jsonl import JsonLines
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import Anonymized, CaptureFile, Options, Point, Report
from pcapdiag.report.times import iso
from pcapdiag.rules.types import Doubt, Finding, Limit, Origin, Sent, Signal
from tests.report import kinds, samples

SCHEMA = json.loads(files("pcapdiag.report").joinpath("schema.json").read_text("utf-8"))
SAMPLES = (samples.report, samples.empty, samples.crowd, samples.everything)


def document(report: Report) -> dict[str, Any]:
    """The report as it is read back."""
    out = StringIO()
    JsonReport().render(report, out)
    read: dict[str, Any] = json.loads(out.getvalue())
    return read


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    return (found for _, found in placed(value))


def placed(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object in a JSON value, with the names that lead to it."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from placed(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from placed(inner, path)


def test_the_schema_is_a_schema() -> None:
    """The schema is valid JSON Schema 2020-12; every object is closed and every field described."""
    Draft202012Validator.check_schema(SCHEMA)
    for schema in objects(SCHEMA):
        for name, field in schema.get("properties", {}).items():
            if isinstance(field, dict) and isinstance(schema.get("properties"), dict) and "type" in schema:
                assert {"description", "$ref", "const"} & field.keys(), name
        if schema.get("type") == "object" and "properties" in schema:
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) == set(schema["properties"])


@pytest.mark.parametrize("sample", SAMPLES)
def test_reports_are_as_the_schema_says(sample: Callable[[], Report]) -> None:
    """The document and every line of JSONL satisfy the schema."""
    Draft202012Validator(SCHEMA).validate(document(sample()))
    line_schema = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    out = StringIO()
    JsonLines().render(sample(), out)
    for line in out.getvalue().splitlines():
        line_schema.validate(json.loads(line))


def test_the_schema_refuses_what_is_not_in_it() -> None:
    """A field too many or too few anywhere is noticed, so the schema and the reports cannot drift apart."""
    validator = Draft202012Validator(SCHEMA)
    whole = samples.everything()
    few = (whole.findings[0], kinds.unanswered(cut_short=True), kinds.in_silence())
    good = document(replace(whole, findings=few, harmless=whole.harmless[:1]))
    places = dict(reversed(list(placed(good))))  # the first object at each place
    for found in places.values():
        if found and not {"UDP", "IDLE101"} & set(found):  # these name reasons and rules, which may be any
            found["extra"] = 1
            assert not validator.is_valid(good)
            del found["extra"]


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_is_kept_and_harmless(text: str) -> None:
    """Captured text is read back as it was, and is written in printable ASCII."""
    out = StringIO()
    JsonReport(indent=None).render(samples.hostile(text), out)
    assert out.getvalue()[:-1].isprintable()
    assert out.getvalue().isascii()
    read = json.loads(out.getvalue())
    assert read["findings"][0]["sent"]["label"] == text
    assert read["capture"]["files"][0]["name"] == text
    Draft202012Validator(SCHEMA).validate(read)


def test_no_captured_byte_is_in_it() -> None:
    """Payload and header bytes are private: only the label shows what was sent."""
    base = samples.report().findings[0]
    wake = replace(base.period.wake, payload=b"SECRETPAYLOAD")
    wake = replace(wake, first=replace(wake.first, head=b"SECRETHEAD"))
    out = StringIO()
    JsonReport().render(samples.report(findings=(replace(base, period=replace(base.period, wake=wake)),)), out)
    assert "SECRET" not in out.getvalue()
    assert b"SECRET".hex() not in out.getvalue()


def test_times_stand_twice_and_agree() -> None:
    """Every time is an integer of nanoseconds beside ISO 8601 with zone, to the last digit."""
    times = [o for o in objects(document(samples.everything())) if "iso" in o]
    assert len(times) > 50
    for time in times:
        assert isinstance(time["ns"], int)
        assert time["iso"] == iso(time["ns"])
    assert "2023-11-14T22:13:20.123456789Z" in {t["iso"] for t in times}


# What is left out on purpose, or stands under a clearer name.
PRIVATE = {"head", "payload", "payload_at"}
RENAMED = {
    "ref": "record",
    "probed": "probed_connections",
    "first_time": "first",
    "last_time": "last",
    "version": "tool",
    "dropped_findings": "counts",
    "histogram_edges": "histogram",
    "service": "endpoint",
    "facts": "format",
    "evidence": "evidence_frame",
    "totals": "copies",
    "segment": "record",
    "source": "from",
    "target": "from",
    "view": "services",
    "logged": "code",
    "span": "requests",
    "tables": "ss",
    "trackings": "conntrack",
    "survey": "keepalive",
    "unusable": "not_read",
    "offset": "clock",
}
TYPES = (
    engine.RecordRef, engine.SegmentFacts, engine.Wake, engine.Answer, engine.PeerFacts, engine.Connection,
    engine.IdlePeriod, engine.Extreme, engine.Service, engine.Damage, engine.FileFacts, engine.Totals,
    engine.Probing, engine.Closings, engine.Keepalive, engine.Waiting,
    inference.FailedSilence, inference.Event, inference.ServiceView, inference.Bracket, inference.Step, inference.PairBracket,
    inference.Deaths, inference.Family, inference.Setting, inference.Counterfactual, inference.Cause,
    Finding, Sent, Doubt, Origin, Signal, CaptureFile, Point, Options, Limit, Report, Anonymized, Excerpt, Successor, Step,
    engine.Traced, Timeout, Advice, Target, Cure, Snippet,
    joined.Joins, joined.JoinedLog, joined.Line, joined.Arrival, joined.SocketSeen, joined.TrackedSeen, joined.Unusable,
    joined.Offset, Impact, Source, story.Story, story.Step, story.Proof,
)  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_every_fact_of_the_model_is_in_it(kind: type) -> None:
    """No field of any type that a report is made of is forgotten."""
    names = {name for found in objects(document(samples.everything())) for name in found}
    told = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields  # type: ignore[attr-defined]  # NamedTuple
    for field in told:
        name = RENAMED.get(field, field)
        assert field in PRIVATE or names & {name, f"{name}_ns", f"{name}_s"}, field


def test_the_histogram_names_its_buckets() -> None:
    """Survived silences by length, with the bounds of each bucket, empty ones left out."""
    base = samples.report()
    view = base.services[0]
    view = replace(view, service=replace(view.service, histogram=(5, 0, 2, 0, 1)))
    read = document(replace(base, services=(view,)))["services"][0]["histogram"]
    s = 10**9
    assert read == [
        {"from_ns": 1 * s, "to_ns": 2 * s, "survived": 5},
        {"from_ns": 10 * s, "to_ns": 60 * s, "survived": 2},
        {"from_ns": 600 * s, "to_ns": None, "survived": 1},
    ]


def test_streamed_lines_are_the_lines_of_the_whole() -> None:
    """Findings printed as they are decided, then the summary, are what a report at the end would hold."""
    report = samples.everything()
    lines, whole = JsonLines(), StringIO()
    lines.render(report, whole)
    out = StringIO()
    for finding in (*report.findings, *report.unproved, *report.heartbeats, *report.harmless):
        lines.stream(finding, out, report)
    lines.finish(report, out)
    assert out.getvalue() == whole.getvalue()
