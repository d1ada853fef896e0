"""Causes and cures as plain data for JSON; ``schema.json`` describes them field by field.

What people set stands in whole seconds, in fields whose names end in ``_s``; what was measured in nanoseconds, as everywhere.
"""

from __future__ import annotations

from pcapdiag.advice.types import Advice, Cure
from pcapdiag.inference.types import (
    Bracket,
    Cause,
    Counterfactual,
    Deaths,
    Family,
    Helpless,
    PairBracket,
    Setting,
    Step,
    Symptom,
)
from pcapdiag.knowledge.timeouts import Timeout
from pcapdiag.report.facts import Json, connection, endpoint, extreme, failed_silence, ref, time


def cause(c: Cause) -> Json:
    """What lies behind the losses of one service; its silences stand among the services."""
    return {
        "service": endpoint(c.service), "symptoms": {str(s): c.symptoms.get(s, 0) for s in Symptom},
        "bracket": bracket(c.bracket), "estimate": [_step(s) for s in c.estimate], "pairs": [_pair(p) for p in c.pairs],
        "deaths": [_deaths(d) for d in c.deaths], "families": [_family(f) for f in c.families],
        "setting": setting(c.setting), "wide": c.wide, "narrow_ns": c.narrow, "client_idle_s": c.client_idle,
        "counterfactual": None if c.counterfactual is None else _counterfactual(c.counterfactual),
        "at_risk": {
            "connections": c.at_risk.connections,
            "longest": [{"connection": connection(one), "silence_ns": silence} for one, silence in c.at_risk.longest]},
        "payload": None if c.payload is None else bracket(c.payload),
        "moment": None if c.moment is None else {"start": time(c.moment[0]), "end": time(c.moment[1])},
    }  # fmt: skip


def bracket(b: Bracket) -> Json:
    """Where a timeout lies."""
    return {
        "clock": str(b.clock), "fit": str(b.fit), "low": extreme(b.low), "high": failed_silence(b.high), "floor_ns": b.floor,
        "rise": failed_silence(b.rise),
    }  # fmt: skip


def setting(s: Setting | None) -> Json | None:
    """A keepalive as it is set."""
    return None if s is None else {"time_s": s.time, "interval_s": s.interval, "probes": s.probes}


def advice(a: Advice) -> Json:
    """The cures for one service."""
    return {
        "service": endpoint(a.target.service), "host": a.target.host, "setting": setting(a.target.setting),
        "client_idle_s": a.target.client_idle, "cures": [_cure(cure) for cure in a.cures],
    }  # fmt: skip


def _cure(c: Cure) -> Json:
    return {
        "id": c.id, "place": str(c.place), "effect": str(c.effect), "title": c.title, "applies": c.applies, "limits": c.limits,
        "check": c.check, "snippets": [{"language": s.language, "name": s.name, "text": s.text} for s in c.snippets],
    }  # fmt: skip


def _step(s: Step) -> Json:
    return {
        "start_ns": s.start, "probability": s.probability, "low": s.low, "high": s.high, "failed": s.failed, "total": s.total,
    }  # fmt: skip


def _pair(p: PairBracket) -> Json:
    return {"client": p.client, "bracket": bracket(p.bracket), "failed": p.failed}


def _deaths(d: Deaths) -> Json:
    return {
        "symptom": str(d.symptom), "count": d.count, "regular": d.regular, "others": d.others,
        "shortest": _death(d, 0), "longest": _death(d, 1),
    }  # fmt: skip


def _death(d: Deaths, end: int) -> Json:
    return {"length_ns": (d.shortest, d.longest)[end], "at": ref(d.at[end])}


def _family(f: Family) -> Json:
    return {"seconds": f.seconds, "agrees": f.agrees, "products": [_product(p) for p in f.products]}


def _product(t: Timeout) -> Json:
    return {
        "id": t.id, "vendor": t.vendor, "product": t.product, "kind": str(t.kind), "seconds": t.seconds,
        "range": None if t.range is None else list(t.range), "at_expiry": None if t.at_expiry is None else str(t.at_expiry),
        "next_packet": None if t.next_packet is None else str(t.next_packet), "refreshes": t.refreshes,
        "verified": str(t.verified), "unverified": list(t.unverified), "setting": t.setting, "fix": t.fix, "note": t.note,
        "sources": list(t.sources),
    }  # fmt: skip


def _counterfactual(c: Counterfactual) -> Json:
    return {
        "time_ns": c.time, "kept": c.kept, "perhaps": c.perhaps, "not_kept": c.not_kept,
        "helpless": {str(h): c.helpless.get(h, 0) for h in Helpless}, "losses": c.losses, "probes_an_hour": c.probes_an_hour,
    }  # fmt: skip
