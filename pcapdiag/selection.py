"""What the user asked for: connections by server, address and network; rules by code and family."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterable
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

    def service(self, endpoint: Endpoint, found: Container[Endpoint]) -> bool:
        """Is the service one of them, by its own address or because one of ``found`` (servers of selected
        connections) is it?"""
        if self.services and endpoint not in self.services:
            return False
        return not self.hosts or _inside(endpoint.address, self.hosts) or endpoint in found


def parse_codes(texts: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Codes of rules, or beginnings of codes (``IDLE101``, ``IDLE1``, ``CTX``), also several with commas between.

    Raises ValueError naming the known ones, if one is the beginning of none.
    """
    known, found = tuple(known), list[str]()
    for text in (part.strip() for several in texts for part in several.split(",")):
        code = text.upper()
        if not code or not any(k.startswith(code) for k in known):
            raise ValueError(f"{text!r} is no rule and no family of rules (known are {', '.join(known)})")
        found.append(code)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Codes:
    """The rules whose codes begin with one of ``select`` (any, if empty), and with none of ``ignore``."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]

    @classmethod
    def parse(cls, select: Iterable[str], ignore: Iterable[str], known: Iterable[str]) -> Codes:
        """From what the user wrote. Raises ValueError."""
        known = tuple(known)
        return cls(parse_codes(select, known), parse_codes(ignore, known))

    def __contains__(self, code: str) -> bool:
        return (not self.select or code.startswith(self.select)) and not code.startswith(self.ignore)


@lru_cache(maxsize=4096)
def _inside(address: str, networks: tuple[Network, ...]) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip in network for network in networks)
