"""Reasons and cures as plain data for JSON, in the words of the report's own (see ``cause_json.py``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from pcapdiag.advice.notes import notes
from pcapdiag.advice.types import Advice, Cure
from pcapdiag.inference.types import Cause
from pcapdiag.report import cause_json
from pcapdiag.report.facts import Json

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(advised: Iterable[tuple[Advice, Cause | None]], shown: Collection[str] | None = None) -> Json:
    """All of it. ``shown`` are the ids of the cures whose texts are asked for (None: of all); those of others are left out."""
    return {"schema_version": SCHEMA_VERSION, "services": [_service(advice, cause, shown) for advice, cause in advised]}


def _service(advice: Advice, cause: Cause | None, shown: Collection[str] | None) -> Json:
    cures = tuple(cure if shown is None or cure.id in shown else _without_texts(cure) for cure in advice.cures)
    return {
        **cause_json.advice(replace(advice, cures=cures)),
        "cause": None if cause is None else cause_json.cause(cause),
        "notes": [] if cause is None else notes(cause, advice.target.setting),
    }


def _without_texts(cure: Cure) -> Cure:
    return replace(cure, snippets=())
