"""The table for spreadsheets and for joining: what is in the JSON, in rows that are read back as they were, and harmless."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.report import frames
from pcapdiag.report.columns import COUNT, FLAG, GAP, TEXT, TIME
from pcapdiag.report.columns_findings import finding_columns
from pcapdiag.report.csv_ import Csv, cell, quoted
from pcapdiag.report.json_ import JsonReport
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.times import iso
from tests.report import samples

SAMPLES = (samples.report, samples.empty, samples.crowd, samples.everything)
Row = dict[str, str]


def rows(report: Report) -> list[Row]:
    """The table as a program reads it."""
    return list(csv.DictReader(StringIO(written(report), newline=""), strict=True))


def written(report: Report) -> str:
    """What is written."""
    out = StringIO(newline="")
    Csv().render(report, out)
    return out.getvalue()


def found(report: Report) -> list[tuple[str, dict[str, Any]]]:
    """The findings of the JSON, each with its group."""
    out = StringIO()
    JsonReport().render(report, out)
    document = json.loads(out.getvalue())
    return [(group, f) for group in ("findings", "unproved", "heartbeats", "harmless") for f in document[group]]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number, word and truth of a JSON value, by the names that lead to it; lists are told by their own columns."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}".lstrip("."))
    elif not isinstance(value, list):
        yield path, value


#: Where a column's name is not made of the JSON's names: what stands there in the table.
NAMES = {
    "period.connection.client.address": "client", "period.connection.client.port": "client_port",
    "period.connection.server.address": "server", "period.connection.server.port": "server_port",
    "period.connection.community_id": "community_id", "period.connection.conn_state": "conn_state",
    "period.connection.history": "history", "period.connection.id": "connection", "period.connection.point": "point", "origin.sender": "rst_sender",
    "period.wake.kind": "wake", "period.wake.length": "sent_bytes", "sent.length": "sent_bytes", "sent.label": "sent",
    "period.wake.segments": "wake_segments", "period.answer.kind": "answer", "period.answer.delay": "answer_delay",
    "period.answer.count": "answer_count", "period.answer.acknowledges": "answer_acknowledges",
    "period.answer.acknowledged": "acknowledged", "period.probes.client": "client_probes",
    "period.probes.server": "server_probes", "period.peer.round_trip": "round_trip", "period.peer_fin": "fin_frame",
}  # fmt: skip
#: What the names of a part are in the table; of several the longest that fits.
PARTS = {
    "period.wake.first.": "wake_", "period.answer.first.": "answer_", "period.peer_fin.": "fin_", "period.wake.own_fin.": "own_fin_",
    "period.wake.last_sent.": "last_sent_", "period.answer.went_on.": "went_on_", "period.wake.": "", "period.answer.": "",
    "period.": "", "sent.": "",
}  # fmt: skip
#: Facts of the whole connection stand in the table of connections; whether a RST is bare is seen by its flags.
APART = ("period.connection.", "period.answer.bare")


def column_of(place: str) -> str:
    """The column for this place of the JSON."""
    if place in NAMES:
        return NAMES[place]
    part = next((p for p in PARTS if place.startswith(p)), "")
    return (PARTS.get(part, "") + place.removeprefix(part)).replace(".", "_")


def as_written(value: Any, path: str) -> str:
    """How a leaf of the JSON stands in the table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if path.endswith("_ns"):
        return f"{value // 10**9}.{value % 10**9:09d}"
    return clean(str(value)) if isinstance(value, str) else str(value)


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_holds_every_flat_fact_of_the_json(sample: Callable[[], Report]) -> None:
    """One row a finding, of every group, in order; every number, word and truth of its JSON stands in a column."""
    table, told = rows(sample()), found(sample())
    assert [row["group"] for row in table] == [group for group, _ in told]
    for row, (_, finding) in zip(table, told, strict=True):
        for path, value in leaves(finding):
            place = path.replace(".record.", ".").removesuffix("_ns").removesuffix(".iso")
            apart = place.startswith(APART) and place not in NAMES
            missing = value is None and column_of(place) not in row  # the names of a part that is missing
            if not apart and not missing and not path.endswith("time.ns") and not path.endswith("acknowledged.ns"):
                assert row[column_of(place)] == as_written(value, path), path


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_agrees_with_the_data_frame(sample: Callable[[], Report]) -> None:
    """The columns and the values are those of the DataFrame of the same findings."""
    report = sample()
    everything = [*report.findings, *report.unproved, *report.heartbeats, *report.harmless]
    frame = frames.findings_frame(everything, report)
    table = rows(report)
    kinds = {c.name: c.kind for c in finding_columns(report)}
    assert list(frame.columns) == list(kinds) == (list(table[0]) if table else list(kinds))
    for name, kind in kinds.items():
        for value, row in zip(frame[name], table, strict=True):
            if pd.isna(value):
                assert row[name] == "", name
            elif kind == TIME:
                assert row[name] == iso(value.value)
            elif kind == GAP:
                assert row[name] == f"{value.value // 10**9}.{value.value % 10**9:09d}"
            elif kind == FLAG:
                assert row[name] == str(bool(value)).lower()
            else:
                assert row[name] == (str(value) if kind == COUNT else clean(value)), name


def test_it_is_as_rfc_4180_says() -> None:
    """Lines end in CR LF, and all have the same number of fields, whatever the text in them."""
    text = written(samples.hostile('a "quoted", line\r\nand =another;cell'))
    assert text.endswith("\r\n")
    assert text.replace("\r\n", "").isprintable()
    lines = list(csv.reader(StringIO(text, newline=""), strict=True))
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines) == text.count("\r\n")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_is_harmless(text: str) -> None:
    """Captured text reaches the file without anything that acts on a terminal, and can be encoded in UTF-8."""
    shown = written(samples.hostile(text))
    assert shown.replace("\r\n", "").isprintable()
    assert shown.encode("utf-8")


#: What a spreadsheet may begin a formula with, and what it may skip before.
FORMULAS = st.text(st.sampled_from("=+-@|%\t\r\n＝＋－＠ '\"`,;ab1"), max_size=12) | st.text(max_size=12)


@given(FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever was sent, a text cell does not begin with a sign of a formula, also behind quotes and spaces."""
    (read,) = next(csv.reader([quoted(text)], strict=True))
    assert not read[:1] or read[:1] not in "=+-@|%\t\r\n＝＋－＠｜％"
    if read.lstrip(" '\"`") != read:
        assert read.startswith("'") or read.lstrip(" '\"`")[:1] not in tuple("=+-@|%＝＋－＠｜％")


@given(FORMULAS)
def test_text_is_read_back(text: str) -> None:
    """What is read back is the text as the terminal shows it, behind one ``'`` where it would have been a formula."""
    (read,) = next(csv.reader([quoted(text)], strict=True))
    assert read in (clean(text), "'" + clean(text))
    assert (read != clean(text)) == (clean(text).lstrip(" '\"`")[:1] in tuple("=+-@|%＝＋－＠｜％") or
                                     (clean(text) != "" and clean(text).strip(" '\"`") == ""))  # fmt: skip


@given(st.integers(0, 2**63 - 1))
def test_gaps_are_exact(ns: int) -> None:
    """A gap is seconds with nine decimals, right to the last."""
    whole, _, fraction = cell(GAP, ns).partition(".")
    assert (int(whole) * 10**9 + int(fraction), len(fraction)) == (ns, 9)


def test_what_is_not_known_is_an_empty_cell() -> None:
    """Neither 0 nor a word stands for what is not known."""
    assert [cell(kind, None) for kind in (TIME, GAP, COUNT, FLAG, TEXT)] == [""] * 5
    report = samples.report()
    blind = replace(report.findings[0], period=replace(report.findings[0].period, stream=None, answer=None))
    row = rows(replace(report, findings=(blind,)))[0]
    assert [row[name] for name in ("stream", "answer", "answer_delay", "answer_frame", "acknowledged")] == [""] * 5
