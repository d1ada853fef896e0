"""After the change: is the keepalive there, from which side, how often, and does it hold?"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pcapdiag.analyze import Paths, analyze
from pcapdiag.durations import parse_duration
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.verification import Asked, Before, Standing, Tallies, Verified, verified
from pcapdiag.report.model import Report
from pcapdiag.results import Analysis
from pcapdiag.selection import parse_service


class Verification(NamedTuple):
    """The answer for each service, and the report of the capture after the change, in which any losses stand."""

    services: tuple[Verified, ...]
    report: Report

    @property
    def standing(self) -> Standing:
        """The worst of all services: what is not in place, before what is not proved."""
        found = {one.standing for one in self.services}
        return next((s for s in (Standing.NOT_IN_PLACE, Standing.UNPROVED) if s in found or not found), Standing.CONFIRMED)


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
    known = {b.service: b for b in (before if isinstance(before, Sequence) else known_before(before))}
    if timeout is not None:
        ns = parse_duration(timeout)
        known = {e: b._replace(low=min(b.low, ns), high=ns) for e, b in known.items()}
        known |= {e: Before(e, 0, ns, 0, 0) for e in map(parse_service, service) if e not in known}
    tallies = Tallies()
    report = analyze(after, on_period=tallies.add, service=service, **reading).report
    chosen = tuple(map(parse_service, service)) or tuple(known)
    if not chosen:
        chosen = tuple(e for e in tallies.services if not ipaddress.ip_address(e.address).is_loopback)
        if timeout is not None:
            known = {e: Before(e, 0, parse_duration(timeout), 0, 0) for e in chosen}
    asked = Asked(parse_duration(keepalive) if keepalive is not None else 0, known)
    losses = {cause.service: cause.losses for cause in report.causes}
    views = [view.service for view in report.services]
    return Verification(verified(views, losses, tallies, asked, chosen), report)
