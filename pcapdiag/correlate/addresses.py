"""Addresses as proxies, ss and conntrack write them, as the packets have them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from pcapdiag.engine.types import Endpoint

_PAIR = re.compile(r"(?:tcp://)?(?:\[([^]\s]+)\](?:%[^\s:]+)?|([0-9.]+)(?:%[^\s:]+)?):(\d{1,5})")


@lru_cache(maxsize=4096)
def address(text: str) -> str | None:
    """An IP address in canonical form, without its zone; None if it is none.

    A mapped one is IPv4 on the wire: a socket of both families, as Java's are, shows its IPv4 peers so.

    >>> address("FE80::1%eth0"), address("::ffff:10.0.0.1"), address("10.0.0.256")
    ('fe80::1', '10.0.0.1', None)
    """
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return str(mapped or ip)


def endpoint(text: str) -> Endpoint | None:
    """``10.0.0.1:80``, ``[2001:db8::1]:80`` or ``tcp://10.0.0.1:80``; None for everything else: port 0 is what a proxy
    writes for a client that it knows from a header.

    >>> endpoint("[::ffff:10.0.0.1]:80"), endpoint("envoy://connect_originate/10.0.0.1:80")
    (Endpoint(address='10.0.0.1', port=80), None)
    """
    found = _PAIR.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        return None
    host = address(found[1] or found[2])
    return None if host is None else Endpoint(host, int(found[3]))
