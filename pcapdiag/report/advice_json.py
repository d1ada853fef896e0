"""Cures as plain data for JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from pcapdiag.advice.reason import reasons
from pcapdiag.advice.types import Advice
from pcapdiag.inference.types import Cause
from pcapdiag.report.cause_json import advice
from pcapdiag.report.facts import Json

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(advised: Iterable[tuple[Advice, Cause | None]], shown: Collection[str] | None = None) -> Json:
    """All of it. ``shown`` are the ids of the cures whose texts are asked for (None: of all); those of others are left out."""
    return {"schema_version": SCHEMA_VERSION, "services": [_service(told, cause, shown) for told, cause in advised]}


def _service(told: Advice, cause: Cause | None, shown: Collection[str] | None) -> Json:
    cures = [cure if shown is None or cure.id in shown else replace(cure, snippets=()) for cure in told.cures]
    why = reasons(cause, told.target.setting) if cause is not None else []
    return {**advice(replace(told, cures=tuple(cures))), "reasons": why}
