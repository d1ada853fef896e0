"""The Community ID of a connection: the name under which Zeek, Suricata and others log the same one."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from ipaddress import ip_address

from pcapdiag.engine.types import Endpoint

_TCP = 6


def community_id(one: Endpoint, other: Endpoint, seed: int = 0) -> str:
    """Version 1 of github.com/corelight/community-id-spec: the same for both directions, and for every incarnation.

    The hash is of the seed, the lesser end's address, the other's, the protocol, a zero, and both ports, in network order; an
    end is the lesser by its address's bytes, or if these are equal by its port.
    """
    (a, p), (b, q) = sorted((ip_address(end.address).packed, end.port.to_bytes(2, "big")) for end in (one, other))
    whole = seed.to_bytes(2, "big") + a + b + bytes((_TCP, 0)) + p + q
    return "1:" + b64encode(sha1(whole, usedforsecurity=False).digest()).decode("ascii")
