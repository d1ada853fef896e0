"""What the engines of all capture points tell together when everything was read, of services that lost something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, Pair, Service, Waiting
from pcapdiag.report.model import CaptureFile

#: Connections that wait are named up to so many, the most silent first; all are counted.
MOST_WAITING = 1000


class Endings(NamedTuple):
    """The engines in order of their points, what each counted by service, and the files."""

    engines: Sequence[Engine]
    services: Sequence[Sequence[Service]]
    files: Sequence[CaptureFile]

    def pairs(self, services: Collection[Endpoint]) -> list[Pair]:
        """What each client address saw of these services."""
        found: dict[tuple[str, Endpoint], Pair] = {}
        for pair in (p for engine in self.engines for p in engine.pairs(services)[0]):
            other = found.get((pair.client, pair.server), Pair(pair.client, pair.server, 0, None))
            longest = (e for e in (other.longest_survived, pair.longest_survived) if e is not None)
            found[pair.client, pair.server] = pair._replace(
                survived=pair.survived + other.survived, longest_survived=max(longest, key=lambda e: e.length, default=None)
            )
        return list(found.values())

    def waiting(self, least: Mapping[Endpoint, int], payload: Collection[Endpoint] = ()) -> dict[Endpoint, Waiting]:
        """Which connections of these services were silent at the end for at least so many ns, those of ``payload`` without
        payload. One that several points saw counts once, if it is among the most silent at each of them."""
        found: dict[Endpoint, Waiting] = {}
        for engine in self.engines:
            for service, (connections, longest) in engine.waiting(least, MOST_WAITING, payload).items():
                before, others = found.get(service, Waiting(0, ()))
                both = {(c.client, c.server): (c, silence) for c, silence in (*longest, *others)}
                twice = len(others) + len(longest) - len(both)
                most = sorted(both.values(), key=lambda each: -each[1])[:MOST_WAITING]
                found[service] = Waiting(before + connections - twice, tuple(most))
        return found

    def duration(self, service: Endpoint) -> int:
        """For how long a service was watched, in ns: time that several points watched counts once, as what they saw does."""
        seen = {i for i, found in enumerate(self.services) if any(s.endpoint == service for s in found)}
        spans = ((f.facts.first_time, f.facts.last_time) for f in self.files if f.point in seen)
        total = until = 0
        for first, last in sorted((first, last) for first, last in spans if first is not None and last is not None):
            begin = max(first, until) if total else first
            total, until = total + max(last - begin, 0), max(last, until)
        return total
