"""Tidy pandas DataFrames of what was found: one row each, flat snake_case columns, as the tables of ``columns`` have them.

Times are ``datetime64[ns, UTC]``, gaps ``timedelta64[ns]``; counts are ``Int64``, yes or no ``boolean``, text ``string``, each
with ``<NA>`` where nothing is known. No value passes through a float. pandas is imported when the first frame is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pcapdiag.engine.types import Connection, IdlePeriod
from pcapdiag.inference.types import Cause, ServiceView
from pcapdiag.report.columns import CONNECTIONS, COUNT, FILES, FLAG, GAP, TEXT, TIME, Column
from pcapdiag.report.columns_causes import CAUSES, CURES, service_columns
from pcapdiag.report.columns_findings import PERIODS, finding_columns
from pcapdiag.report.model import CaptureFile, Report
from pcapdiag.rules.types import Finding

if TYPE_CHECKING:
    import pandas as pd

    from pcapdiag.advice.types import Advice
    from pcapdiag.correlate.joined import Failed
    from pcapdiag.report.story import Story

_TYPES = {COUNT: "Int64", FLAG: "boolean", TEXT: "string"}
_NOT_A_TIME = -(2**63)  # numpy's NaT

T = TypeVar("T")


def findings_frame(findings: Iterable[Finding], report: Report) -> pd.DataFrame:
    """One row a finding: its verdict, all columns of its idle period, where to look in Wireshark."""
    return _table(finding_columns(report), list(findings))


def idle_periods_frame(periods: Iterable[IdlePeriod]) -> pd.DataFrame:
    """One row an idle period, columns as in :data:`PERIODS`; ``gap`` and ``silence`` are timedeltas."""
    return _table(PERIODS, list(periods))


def connections_frame(connections: Iterable[Connection]) -> pd.DataFrame:
    """One row a connection, columns as in :data:`CONNECTIONS`; payload in bytes."""
    return _table(CONNECTIONS, list(connections))


def services_frame(services: Iterable[ServiceView], causes: Iterable[Cause] = ()) -> pd.DataFrame:
    """One row a server address and port, columns as in :data:`SERVICES`, then its timeout's bracket and the keepalive to set."""
    return _table(service_columns(causes), list(services))


def causes_frame(causes: Iterable[Cause]) -> pd.DataFrame:
    """One row a service that lost something, columns as in :data:`CAUSES`."""
    return _table(CAUSES, list(causes))


def cures_frame(advice: Iterable[Advice]) -> pd.DataFrame:
    """One row a cure, columns as in :data:`CURES`."""
    return _table(CURES, [(one, cure) for one in advice for cure in one.cures])


def files_frame(files: Iterable[CaptureFile]) -> pd.DataFrame:
    """One row a file, columns as in :data:`FILES`."""
    return _table(FILES, list(files))


def failed_frame(failed: Iterable[Failed], report: Report) -> pd.DataFrame:
    """One row a failed request of an access log: what its user got, the finding that it belongs to, or why it belongs to none."""
    from pcapdiag.report.columns_joins import failed_columns

    return _table(failed_columns(report), list(failed))


def stories_frame(stories: Iterable[Story]) -> pd.DataFrame:
    """One row a step: the service, what is told, how many pieces of evidence, what is missing."""
    from pcapdiag.report.columns_joins import STEPS

    return _table(STEPS, [(story, step) for story in stories for step in story.steps])


def _table(columns: Sequence[Column[T]], rows: list[T]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("DataFrames need pandas: pip install 'pcapdiag[frames]'", name="pandas") from error

    return pd.DataFrame({c.name: _series(c.kind, [c.get(row) for row in rows]) for c in columns})


def _series(kind: str, values: list[Any]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if kind in (TIME, GAP):
        ns = np.array([_NOT_A_TIME if v is None else v for v in values], dtype=np.int64)
        if kind == GAP:
            return pd.Series(ns.view("timedelta64[ns]"))
        return pd.Series(ns.view("datetime64[ns]")).dt.tz_localize("UTC")
    if kind == TEXT:
        values = [None if v is None else str(v) for v in values]
    return pd.Series(values, dtype=_TYPES[kind])
