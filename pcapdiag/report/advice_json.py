"""Cures as plain data for JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pcapdiag.advice.reason import reasons
from pcapdiag.advice.types import Advice, Cure
from pcapdiag.inference.types import Cause
from pcapdiag.report.facts import Json, endpoint

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(advised: Iterable[tuple[Advice, Cause | None]], shown: Collection[str] | None = None) -> Json:
    """All of it. ``shown`` are the ids of the cures whose texts are asked for (None: of all); those of others are left out."""
    return {"schema_version": SCHEMA_VERSION, "services": [_service(advice, cause, shown) for advice, cause in advised]}


def _service(advice: Advice, cause: Cause | None, shown: Collection[str] | None) -> Json:
    target, setting = advice.target, advice.target.setting
    return {
        "service": endpoint(target.service), "host": target.host,
        "setting": {"time_s": setting.time, "interval_s": setting.interval, "probes": setting.probes} if setting else None,
        "client_idle_s": target.client_idle,
        "reasons": reasons(cause, target.setting) if cause is not None else [],
        "cures": [_cure(cure, shown is None or cure.id in shown) for cure in advice.cures],
    }  # fmt: skip


def _cure(cure: Cure, texts: bool) -> Json:
    return {
        "id": cure.id, "place": str(cure.place), "effect": str(cure.effect), "title": cure.title, "applies": cure.applies,
        "limits": cure.limits, "check": cure.check, "snippets": [snippet._asdict() for snippet in cure.snippets] if texts else [],
    }  # fmt: skip
