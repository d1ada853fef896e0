"""DataFrames are tidy: one row each, flat columns, exact times, missing values missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from pcapdiag.report import frames
from tests.inference.service import cause
from tests.report import samples
from tests.report.factory import MS, T0, capture_file, connection, file_facts, period

REPORT = samples.everything()
PERIODS = [f.period for f in REPORT.findings]
ALL: dict[str, Callable[[bool], pd.DataFrame]] = {
    "findings": lambda some: frames.findings_frame(REPORT.findings if some else (), REPORT),
    "idle_periods": lambda some: frames.idle_periods_frame(PERIODS if some else ()),
    "connections": lambda some: frames.connections_frame([connection()] if some else ()),
    "services": lambda some: frames.services_frame(REPORT.services if some else ()),
    "causes": lambda some: frames.causes_frame([cause()] if some else ()),
    "files": lambda some: frames.files_frame(REPORT.files if some else ()),
}


def test_one_row_each() -> None:
    """Each finding, period, connection, service, cause and file is one row."""
    assert [len(make(True)) for make in ALL.values()] == [18, 18, 1, 3, 1, 3]


@pytest.mark.parametrize("name", ALL)
def test_columns_are_flat_and_typed_even_when_empty(name: str) -> None:
    """Columns are snake_case and unique, and have the same types in an empty frame as in a full one."""
    full, none = ALL[name](True), ALL[name](False)
    assert list(full.columns) == list(none.columns)
    assert list(full.dtypes) == list(none.dtypes)
    assert full.columns.is_unique
    assert all(c.isidentifier() and c == c.lower() for c in full.columns)
    assert not {"object", "float64"} & {str(t) for t in full.dtypes}


def test_times_and_gaps_are_exact() -> None:
    """Times are datetime64[ns, UTC] and gaps timedelta64[ns], right to the last nanosecond."""
    frame = frames.idle_periods_frame([period(350_104 * MS + 1)])
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert str(frame["gap"].dtype) == "timedelta64[ns]"
    assert frame["time"].iloc[0].value == T0
    assert frame["gap"].iloc[0] == pd.Timedelta(350_104 * MS + 1, "ns")


def test_what_is_not_known_is_missing() -> None:
    """An unknown stream, time, gap or text is NA, not 0 or -1."""
    none = replace(file_facts(), first_time=None, snap_length=None)
    file = frames.files_frame([capture_file(facts=none)]).iloc[0]
    assert file[["first_time", "snap_length", "hole_before", "compression", "damage"]].isna().all()
    unanswered = frames.idle_periods_frame([replace(period(answer=None), stream=None)]).iloc[0]
    assert unanswered[["stream", "answer", "answer_delay", "answer_frame"]].isna().all()


def test_a_service_has_its_timeout_and_its_keepalive() -> None:
    """Where a cause is known, both ends of the bracket and the keepalive to set stand in the service's row; else they are missing."""
    known, _, quiet = (row for _, row in frames.services_frame(REPORT.services, REPORT.causes).iterrows())
    assert known["timeout_low"] == pd.Timedelta(349_980 * MS, "ns")
    assert known["timeout_high"] == pd.Timedelta(350_064 * MS, "ns")
    assert (known["timeout_fit"], known["keepalive_time"], known["kept"]) == ("consistent", 90, 3)
    assert quiet[["timeout_low", "timeout_high", "timeout_fit", "keepalive_time", "kept"]].isna().all()


def test_a_finding_can_be_looked_up_in_wireshark() -> None:
    """A finding's row names its file and the filter for its frames."""
    row = frames.findings_frame(REPORT.findings, REPORT).iloc[0]
    assert row["file_name"] == "ring_00001.pcap"
    assert row["display_filter"] == "frame.number == 10 || frame.number == 14 || frame.number == 15"
    assert (row["client"], row["client_port"], row["server"], row["server_port"]) == (
        "10.1.2.3", 51234, "10.0.0.1", 443,
    )  # fmt: skip
    assert (row["start_frame"], row["wake_frame"], row["answer_frame"], row["twins"]) == (10, 14, 15, 1)
