"""How network stacks and programs keep idle connections alive by themselves, from ``keepalives.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pcapdiag.knowledge.data import rows
from pcapdiag.knowledge.timeouts import Verified

#: A first probe comes a little after its time (Linux: about 0.2 s), and times of probes are shown with two significant digits.
PLAY = 0.05


@dataclass(frozen=True, slots=True)
class KeepaliveDefault:
    """What one stack or program does by default.

    ``enabled`` is whether it probes without being asked to. The first probe comes after ``time`` s of idleness, others every
    ``interval`` s, and ``probes`` without answer end the connection; where ``enabled`` is False, these are what it does once
    probing is switched on and nothing else said. ``tcp`` is False for frames of the application's own protocol, which are payload
    to TCP. ``unverified`` names the fields that no source confirms; None stands for what is not known.
    """

    id: str
    stack: str
    enabled: bool | None
    time: int | None
    interval: int | None
    probes: int | None
    tcp: bool
    verified: Verified
    unverified: tuple[str, ...]
    note: str | None
    sources: tuple[str, ...]

    @property
    def numbers(self) -> tuple[tuple[str, int | None], ...]:
        """Time, interval and number of probes, each with the name of its field."""
        return ("time", self.time), ("interval", self.interval), ("probes", self.probes)

    def confirmed(self, field: str) -> bool:
        """Does a source confirm this field? Of what is not known there is nothing to confirm."""
        return self.verified is not Verified.UNVERIFIED and field not in self.unverified and getattr(self, field) is not None


@cache
def keepalive_defaults() -> tuple[KeepaliveDefault, ...]:
    """Every entry, in the order of the file."""
    return tuple(_default(row) for row in rows("keepalives.toml", "keepalive"))


def stacks_probing_after(seconds: float) -> tuple[KeepaliveDefault, ...]:
    """The stacks whose first TCP probe comes after so many s by default, those first that probe without being asked. Only what
    their own documentation or source confirms is among them, so that they may be named."""
    found = [
        d
        for d in keepalive_defaults()
        if d.tcp and d.time is not None and abs(seconds - d.time) <= PLAY * d.time
        and d.confirmed("time") and d.verified is not Verified.SECONDARY
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda d: not (d.enabled and d.confirmed("enabled"))))


def _default(row: dict[str, Any]) -> KeepaliveDefault:
    return KeepaliveDefault(
        id=row["id"],
        stack=row["stack"],
        enabled=row.get("enabled"),
        time=row.get("time"),
        interval=row.get("interval"),
        probes=row.get("probes"),
        tcp=row.get("tcp", True),
        verified=Verified(row["verified"]),
        unverified=tuple(row.get("unverified", ())),
        note=row.get("note"),
        sources=tuple(row.get("sources", ())),
    )
