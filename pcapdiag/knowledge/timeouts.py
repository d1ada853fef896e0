"""Idle timeouts of known products, from ``timeouts.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a product is on the path of a connection."""

    LOAD_BALANCER = "layer-4 load balancer"
    PROXY = "layer-7 proxy"
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
    ``setting`` is what changes it, ``fix`` a command that does. None stands for what is not known.
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
