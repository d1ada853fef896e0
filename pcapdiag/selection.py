"""Which connections the user asked for: by server, by address, by network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pcapdiag.engine.types import Connection, Endpoint

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_service(text: str) -> Endpoint:
    """``10.0.0.1:443`` or ``[2001:db8::1]:443`` as an Endpoint. Raises ValueError saying how to write it."""
    address, separator, port = text.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    try:
        ip = ipaddress.ip_address(address[1:-1] if bracketed else address)
        good = separator and bracketed == (ip.version == 6) and "%" not in address and port.isascii()  # no zones captured
        if not good or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError
    except ValueError:
        raise ValueError(f"{text!r} is no service (write it like 10.0.0.1:443 or [2001:db8::1]:443)") from None
    return Endpoint(str(ip), int(port))


def parse_host(text: str) -> Network:
    """``10.1.2.3`` or ``10.1.0.0/16`` as a network. Raises ValueError saying how to write it."""
    try:
        if "%" in text:
            raise ValueError
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address or network (write it like 10.1.2.3, 10.1.0.0/16, 2001:db8::/32)"
        ) from None


@dataclass(frozen=True)
class Selection:
    """Connections to one of ``services`` (any, if empty) with an end in one of ``hosts`` (any, if empty)."""

    services: frozenset[Endpoint]
    hosts: tuple[Network, ...]
    texts: tuple[str, ...]

    @classmethod
    def parse(cls, services: Iterable[str], hosts: Iterable[str]) -> Selection:
        """From what the user wrote. Raises ValueError."""
        services, hosts = tuple(services), tuple(hosts)
        return cls(
            frozenset(map(parse_service, services)),
            tuple(map(parse_host, hosts)),
            tuple(f"service {s}" for s in services) + tuple(f"host {h}" for h in hosts),
        )

    def __bool__(self) -> bool:
        return bool(self.services or self.hosts)

    def connection(self, connection: Connection) -> bool:
        """Is it one of them?"""
        if self.services and connection.server not in self.services:
            return False
        return not self.hosts or any(_inside(e.address, self.hosts) for e in (connection.client, connection.server))

    def service(self, endpoint: Endpoint, found: Iterable[Endpoint]) -> bool:
        """Is the service one of them, by its own address or because one of ``found`` (servers of selected
        connections) is it?"""
        if self.services and endpoint not in self.services:
            return False
        return not self.hosts or _inside(endpoint.address, self.hosts) or endpoint in set(found)


@lru_cache(maxsize=4096)
def _inside(address: str, networks: tuple[Network, ...]) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip in network for network in networks)
