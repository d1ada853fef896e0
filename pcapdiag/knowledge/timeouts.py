"""Idle timeouts of known products, from ``timeouts.toml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pcapdiag.knowledge.data import rows


class Kind(StrEnum):
    """What a product is on the path of a connection."""

    LOAD_BALANCER = "layer-4 load balancer"
    PROXY = "proxy"  # it ends connections itself, and has its own beyond
    NAT = "NAT"
    FIREWALL = "firewall"
    CONNTRACK = "connection tracking"
    SERVER = "server"
    CLIENT = "client"


class AtExpiry(StrEnum):
    """What happens when the timer runs out, before anything is sent."""

    SILENT = "silent"  # nothing: the connection is forgotten, and nobody is told
    FIN = "fin"
    RST_BOTH = "rst-both"  # a RST to both ends


class NextPacket(StrEnum):
    """What the first packet after that meets."""

    RST = "rst"  # it is answered by RST
    DROP = "drop"  # it vanishes
    REHASH = "rehash"  # it reaches a host that knows no such connection, whose stack answers by RST
    RECREATE = "recreate"  # the state is made anew, and nobody notices


class Verified(StrEnum):
    """What an entry rests on."""

    DOC = "doc"  # the vendor's documentation
    SOURCE = "source"  # the product's source or shipped configuration
    API_DOC = "api-doc"  # the vendor's API reference
    SECONDARY = "secondary"  # somebody else of repute
    UNVERIFIED = "unverified"  # no source was found: never told as fact


@dataclass(frozen=True, slots=True)
class Timeout:
    """One product's idle timeout.

    ``seconds`` is the default, None where there is none by default; ``range`` the least and the most it can be set to, in s,
    if known. ``refreshes`` is whether a TCP keepalive probe restarts it. ``unverified`` names the fields that no source confirms.
    ``setting`` is what changes it, ``fix`` a command that does. None stands for what is not known. ``idle`` is False for what is
    no timer of idle connections, and known only so that its number is not taken for one.
    """

    id: str
    vendor: str
    product: str
    kind: Kind
    seconds: int | None
    range: tuple[int, int] | None
    at_expiry: AtExpiry | None
    next_packet: NextPacket | None
    refreshes: bool | None
    verified: Verified
    unverified: tuple[str, ...]
    setting: str | None
    fix: str | None
    note: str | None
    sources: tuple[str, ...]
    idle: bool = True

    def confirmed(self, field: str) -> bool:
        """Does a source confirm this field? Of what is not known there is nothing to confirm."""
        return self.verified is not Verified.UNVERIFIED and field not in self.unverified and getattr(self, field) is not None

    @property
    def name(self) -> str:
        """Vendor and product."""
        return f"{self.vendor} {self.product}"


@cache
def timeouts() -> tuple[Timeout, ...]:
    """Every entry, in the order of the file: by vendor."""
    return tuple(_timeout(row) for row in rows("timeouts.toml", "timeout"))


def near(seconds: float, tolerance: float = 0.1, among: Iterable[Timeout] | None = None) -> tuple[Timeout, ...]:
    """The entries whose default differs from ``seconds`` by at most that part of it, nearest first."""
    found = [
        (abs(t.seconds - seconds), t)
        for t in (timeouts() if among is None else among)
        if t.seconds is not None and abs(t.seconds - seconds) <= tolerance * seconds
    ]
    return tuple(t for _, t in sorted(found, key=lambda pair: (pair[0], pair[1].id)))


def _timeout(row: dict[str, Any]) -> Timeout:
    least, most = row.get("range", (None, None))
    at_expiry, next_packet = row.get("at_expiry"), row.get("next_packet")
    return Timeout(
        id=row["id"],
        vendor=row["vendor"],
        product=row["product"],
        kind=Kind(row["kind"]),
        seconds=row.get("seconds"),
        range=None if least is None else (least, most),
        at_expiry=None if at_expiry is None else AtExpiry(at_expiry),
        next_packet=None if next_packet is None else NextPacket(next_packet),
        refreshes=row.get("refreshes"),
        verified=Verified(row["verified"]),
        unverified=tuple(row.get("unverified", ())),
        setting=row.get("setting"),
        fix=row.get("fix"),
        note=row.get("note"),
        sources=tuple(row.get("sources", ())),
        idle=row.get("idle", True),
    )
