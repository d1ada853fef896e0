"""What the texts of the cures are filled with: a host, a port, a keepalive, an idle timeout, as people write them.

The texts go into configuration and shells. So a host is a plain name or an address, or it is refused: nothing has to be quoted.
"""

from __future__ import annotations

import ipaddress
import re

from pcapdiag.advice.types import Target
from pcapdiag.durations import parse_duration
from pcapdiag.inference.types import Setting

_SECOND = 1_000_000_000
#: The most that Linux takes (net/ipv4/tcp.c: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT).
MOST_TIME, MOST_PROBES = 32_767, 127
#: Unless said otherwise: that many probes, the second and all later ones after a quarter of the time.
PROBES, PARTS = 4, 4
#: Letters, digits and hyphens in labels of at most 63 (RFC 1123 2.1). A last label of digits would be read as an address.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
#: The names of Kubernetes objects have at most 63 characters here: some become labels.
_SLUG = 40
#: What ports say of the protocol, in Istio's words.
_PROTOCOLS = {80: "HTTP", 443: "TLS"}


def parse_host(text: str) -> str:
    """A host name in lower case, or an IP address in canonical form. Raises ValueError for anything else.

    >>> parse_host("API.example.com"), parse_host("2001:DB8::1")
    ('api.example.com', '2001:db8::1')
    """
    name = text.lower().removesuffix(".")
    if is_address(name):
        return str(ipaddress.ip_address(name))
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text!r} is no host name (write it like api.example.com)")
    return name


def parse_setting(text: str) -> Setting:
    """``60s``, ``60s:15s``, ``60s:15s:4``: time before the first probe, interval, number of probes. Raises ValueError.

    >>> parse_setting("1m"), parse_setting("60s:15s:8")
    (Setting(time=60, interval=15, probes=4), Setting(time=60, interval=15, probes=8))
    """
    parts = text.split(":")
    try:
        if len(parts) > 3:
            raise ValueError
        time = _whole(parts[0])
        interval = _whole(parts[1]) if len(parts) > 1 else max(1, time // PARTS)
        probes = int(parts[2]) if len(parts) > 2 else PROBES
    except ValueError:
        raise ValueError(f"{text!r} is no keepalive (write it like 60s or 60s:15s:4: time, interval, probes)") from None
    return checked(Setting(time, interval, probes))


def checked(setting: Setting) -> Setting:
    """The same, if Linux takes it. Raises ValueError."""
    if not (1 <= setting.time <= MOST_TIME and 1 <= setting.interval <= MOST_TIME and 1 <= setting.probes <= MOST_PROBES):
        raise ValueError(
            f"{keepalive(setting)} is no keepalive that Linux takes: time and interval are from 1s to {MOST_TIME}s, "
            f"probes from 1 to {MOST_PROBES}"
        )
    return setting


def keepalive(setting: Setting) -> str:
    """A keepalive in short: ``60s:15s:4``."""
    return f"{setting.time}s:{setting.interval}s:{setting.probes}"


def is_address(host: str) -> bool:
    """Is it an IP address, and no name?"""
    try:
        return "%" not in host and bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def values(target: Target) -> dict[str, str]:
    """What stands for each ``$name`` in a text. Those of a keepalive or an idle timeout are missing where there is none.

    Raises ValueError if the host is no host.
    """
    host, (address, port) = parse_host(target.host), target.service
    slug = re.sub(r"[^a-z0-9]+", "-", host)[:_SLUG].strip("-") or "any"  # of ::
    found = {
        "host": host, "address": parse_host(address), "port": str(port), "endpoint": str(target.service),
        "authority": f"{_bracketed(host)}:{port}", "object": f"{slug}-{port}",
    }  # fmt: skip
    found |= _in_a_mesh(host, slug, port)
    if (setting := target.setting) is not None:
        checked(setting)
        found |= {
            "keepalive": keepalive(setting), "time": str(setting.time), "interval": str(setting.interval),
            "probes": str(setting.probes), "time_ms": str(setting.time * 1000),
        }  # fmt: skip
    if target.ping is not None:
        # a server that allows half the time between pings never finds one too early
        found |= {"ping": str(target.ping), "ping_ms": str(target.ping * 1000), "half": str(max(1, target.ping // 2))}
    if target.client_idle is not None:
        found |= {"idle": str(target.client_idle), "idle_ms": str(target.client_idle * 1000)}
    return found


def _in_a_mesh(host: str, slug: str, port: int) -> dict[str, str]:
    """Istio knows services by name. An address gets one, in a zone that no public name is in; that it is invented is said
    wherever it stands. What has an address only is best known as TCP, which goes by the address: for HTTP it is the Host header
    that counts, and that holds the name."""
    if not is_address(host):
        speaks = "what the client speaks to its sidecar: HTTP, GRPC, TLS, TCP"
        return {"mesh": host, "protocol": _PROTOCOLS.get(port, "TCP"), "protocols": speaks, "invented": "", "unnamed": ""}
    mesh = f"{slug}.internal"
    return {
        "mesh": mesh, "protocol": "TCP", "protocols": "TCP goes by the address; HTTP by the Host header: put the real name above",
        "invented": "  # invented: put the name that clients use, or SERVICE.NAMESPACE.svc.cluster.local",
        "unnamed": f"{mesh} is invented, as only an address is known: put the name that clients use, or for a Service of "
        "Kubernetes SERVICE.NAMESPACE.svc.cluster.local, or give --host NAME. No host has the invented name: "
        "unless the ServiceEntry of istio-destinationrule stands beside it, with a protocol that goes by the address, as TCP "
        "does, this does nothing, and says nothing. ",
    }  # fmt: skip


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _whole(text: str) -> int:
    seconds, rest = divmod(parse_duration(text), _SECOND)
    if rest:
        raise ValueError(text)
    return seconds
