"""What people write on the command line, checked before any work begins: durations, services, hosts.

Plain functions that raise ValueError with an example; :func:`checked` makes click callbacks of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pcapdiag.durations import parse_duration

_IPV6, _LAST_PORT = 6, 65535


def duration(text: str) -> str:
    """A duration longer than 0, as it was written."""
    if parse_duration(text) <= 0:
        raise ValueError(f"{text!r} is not longer than 0")
    return text


def service(text: str) -> str:
    """An IP address and a port in canonical form: ``10.0.0.1:443``, ``[2001:db8::1]:443``."""
    from ipaddress import ip_address

    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
        good = bracketed == (address.version == _IPV6) and "%" not in host and port.isascii()
        if good and port.isdigit() and 0 < int(port) <= _LAST_PORT:
            return f"[{address}]:{int(port)}" if bracketed else f"{address}:{int(port)}"
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no service (write it like 10.0.0.1:443 or [2001:db8::1]:443)")


def host(text: str) -> str:
    """An IP address or a network in canonical form; bits beyond the prefix are ignored."""
    from ipaddress import ip_address, ip_network

    try:
        if "%" not in text:  # captured addresses have no zone
            return str(ip_network(text, strict=False) if "/" in text else ip_address(text))
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no address or network (write it like 10.1.2.3, 10.1.0.0/16, 2001:db8::/32)")


def checked(check: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A click callback that passes one value, or each of several, through ``check``."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            return check(value) if isinstance(value, str) else tuple(check(v) for v in value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback
