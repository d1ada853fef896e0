"""After the change: is the keepalive there, from which side, how often, and does it hold?"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pcapdiag.analyze import Paths, analyze
from pcapdiag.durations import parse_duration
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.causes import NOBODY
from pcapdiag.inference.types import Cause
from pcapdiag.inference.verification import Asked, Before, Seen, Standing, Tallies, Verified, due, verified
from pcapdiag.report.facts import Json
from pcapdiag.report.model import Report
from pcapdiag.report.words import count
from pcapdiag.results import Analysis
from pcapdiag.selection import parse_service


class Verification(NamedTuple):
    """The answer for each service, and the report of the capture after the change, in which any losses stand."""

    services: tuple[Verified, ...]
    report: Report

    @property
    def standing(self) -> Standing:
        """The worst of all services; unproved if there is none."""
        return max((one.standing for one in self.services), key=list(Standing).index, default=Standing.UNPROVED)

    @property
    def in_place(self) -> bool:
        """Is the keepalive there, on all services, and nothing lost?"""
        return self.standing in (Standing.CONFIRMED, Standing.IN_PLACE)

    def __repr__(self) -> str:
        return f"<Verification: {self.standing}, {count(len(self.services), 'service')}>"

    def _repr_html_(self) -> str:
        from pcapdiag.report.notebook_pages import verification

        return verification(self.services, self.standing)


def verify(
    after: Paths,
    *,
    before: Analysis | Report | Sequence[Before] = (),
    keepalive: str | int | float | timedelta | None = None,
    timeout: str | int | float | timedelta | None = None,
    service: Sequence[str] = (),
    **reading: Any,
) -> Verification:
    """Hold a capture made after the change to the keepalive that should cure it.

    Args:
        after: the capture, as for `pcapdiag.analyze`.
        before: the analysis of a capture from before the change, or what is known from it: which services lost connections,
            after what silences. Then those services are looked at.
        keepalive: the keepalive's time (``60s``); without it, whatever is seen.
        timeout: the idle timeout that the connections must outlive, where ``before`` does not tell it.
        service: the services to look at, as ``10.0.0.1:443``. Without it and ``before``: all that are not on the loopback.
        reading: the other arguments of `pcapdiag.analyze`.

    Raises CaptureError and ValueError as `pcapdiag.analyze` does.
    """
    known = {b.service: b for b in _known(before)}
    tallies = Tallies()
    analysis = analyze(after, on_period=tallies.add, service=service, **reading)
    chosen = tuple(map(parse_service, service)) or tuple(known)
    chosen = chosen or tuple(e for e in tallies.services if not ipaddress.ip_address(e.address).is_loopback)
    if timeout is not None:
        ns = parse_duration(timeout)
        known = {e: known.get(e, Before(e, ns, ns, 0, 0))._replace(low=ns, high=ns, at_least=False) for e in chosen}
    asked = Asked(parse_duration(keepalive) if keepalive is not None else 0, known)
    services = {view.endpoint: view.service for view in analysis.report.services}
    seen = [Seen(e, services.get(e), Counter(x.helpless for x in analysis.losses if x.service == e)) for e in chosen]
    waiting = analysis.silent_at_end({one.endpoint: due(one, asked) + 1 for one in seen if one.service is not None})
    found = tuple(verified(one, tallies, waiting.get(one.endpoint, NOBODY), asked) for one in seen)
    return Verification(found, analysis.report)


def _known(before: Analysis | Report | Sequence[Before]) -> Sequence[Before]:
    if isinstance(before, Analysis):
        return known_before(before.report)
    return known_before(before) if isinstance(before, Report) else before


def known_before(report: Report) -> tuple[Before, ...]:
    """What a report from before the change says of each service that lost something."""
    return tuple(_before(cause) for cause in report.causes)


def report_before(text: str) -> tuple[Before, ...]:
    """The same of a report in JSON, as ``pcapdiag analyze --format json`` writes it. Raises ValueError if it is none."""
    try:
        document = json.loads(text)
        services = {_endpoint(service["endpoint"]): service for service in document["services"]}
        return tuple(_told(cause, services) for cause in document["causes"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no report of pcapdiag in JSON ({type(error).__name__}: {error})") from None


def _told(cause: Json, services: Mapping[Endpoint, Json]) -> Before:
    endpoint, bracket = _endpoint(cause["service"]), cause["bracket"]
    high = bracket.get("rise") or bracket["high"]
    length, at_least = (None, False) if high is None else (int(high["length_ns"]), bool(high["lower_bound"]))
    view = services[endpoint]
    return Before(endpoint, int(bracket["floor_ns"]), length, int(view["failed_beyond"]), int(view["total_beyond"]), at_least)


def _endpoint(told: Json) -> Endpoint:
    return Endpoint(str(told["address"]), int(told["port"]))


def _before(cause: Cause) -> Before:
    high = cause.bracket.begins
    length, at_least = (None, False) if high is None else (high.length, high.lower_bound)
    return Before(cause.service, cause.bracket.floor, length, cause.view.failed_beyond, cause.view.total_beyond, at_least)
