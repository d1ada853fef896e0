"""Keepalive as it was seen, in words: who probed, after how long, and whether anybody answered."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Keepalive, Service
from pcapdiag.inference.types import ServiceView
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count

#: Ways of probing that are told, unless everything is asked for.
SHOWN = 2
_WHO = {"client": "clients", "server": "the server"}


def keepalive(view: ServiceView, every: bool) -> str:
    """How the connections of a service were probed; that they were not is evidence too."""
    service = view.service
    clients, servers = service.probes
    if not clients and not servers:
        return _none(view)
    shown = service.keepalives if every else service.keepalives[:SHOWN]
    told = list(_ways(shown, service.connections))
    hidden = len(service.keepalives) - len(shown)
    if hidden:
        told.append(f"and in {count(hidden, 'other way')}")
    return "; ".join(told) or _counted(service)


def _none(view: ServiceView) -> str:
    """Whoever probes does so later than the longest silence that is known, if at all."""
    periods = view.service.idle_periods
    if not periods:
        return "no probe"
    longest = max((known.length for known in (view.longest_survived, view.shortest_failed) if known is not None), default=0)
    text = f"no probe in {count(periods, 'idle period')}"
    if not longest:
        return f"{text}: off, or later than those lasted"
    return f"{text}{', one of them' if periods > 1 else ''} of {seconds(longest)}: off, or later than that"


def _counted(service: Service) -> str:
    """Of connections that were forgotten, only the probes are known."""
    clients, servers = service.probes
    on = f"on {service.probed:,} of {count(service.connections, 'connection')}"
    return f"{clients:,} from clients, {servers:,} from the server, {on}"


def _ways(seen: tuple[Keepalive, ...], connections: int) -> Iterator[str]:
    for way in seen:
        after = f" after {format_duration(way.after)}{_as_by_default(way.after)}" if way.after is not None else ""
        every = f", repeated every {format_duration(way.every)}" if way.every is not None else ""
        verb = "probe" if way.side == "client" else "probes"
        on = f"on {way.connections:,} of {count(connections, 'connection')}"
        yield f"{_WHO[way.side]} {verb}{after}{every}, {_answered(way)}, {on}"


def _as_by_default(after: int) -> str:
    """Who probes after that time without being asked to: it may be anybody who was told to."""
    from pcapdiag.knowledge.keepalives import stacks_probing_after  # only where probes were seen are the data read

    stacks = [d.stack for d in stacks_probing_after(after / 1_000_000_000) if d.enabled and d.confirmed("enabled")]
    return f" (as by default {' or '.join(stacks)})" if stacks else ""


def _answered(way: Keepalive) -> str:
    if way.answered == way.probes:
        return f"all {way.probes:,} answered" if way.probes > 1 else "answered"
    return f"{way.answered or 'none'} of {way.probes:,} answered" if way.probes > 1 else "not answered"
