"""What people write on the command line, checked before any work begins: durations, services, hosts."""

from __future__ import annotations

from typing import Any

import click

from pcapdiag.durations import parse_duration


class Duration(click.ParamType):
    """A duration longer than 0, kept as it was written."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, if it can be read."""
        try:
            if parse_duration(str(value)) > 0:
                return str(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        self.fail(f"{value!r} is not longer than 0", param, ctx)


class Service(click.ParamType):
    """An IP address and a port, ``10.0.0.1:443`` or ``[2001:db8::1]:443``, in its shortest form."""

    name = "addr:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The service in canonical form."""
        from ipaddress import ip_address

        host, colon, port = str(value).rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        try:
            address = ip_address(host[1:-1] if bracketed else host)
        except ValueError:
            address = None
        good = address is not None and bracketed == (address.version == 6) and "%" not in host
        if not (good and colon and port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
            self.fail(
                f"{value!r} is no service (write it like 10.0.0.1:443 or [2001:db8::1]:443)", param, ctx
            )
        return f"[{address}]:{int(port)}" if bracketed else f"{address}:{int(port)}"


class Host(click.ParamType):
    """An IP address or a network, ``10.1.2.3`` or ``10.1.0.0/16``; bits beyond the prefix are ignored."""

    name = "addr[/len]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address or network in canonical form."""
        from ipaddress import ip_address, ip_network

        text = str(value)
        try:
            if "%" in text:
                raise ValueError("captured addresses have no zone")
            return str(ip_network(text, strict=False) if "/" in text else ip_address(text))
        except ValueError:
            self.fail(
                f"{text!r} is no address or network (write it like 10.1.2.3, 10.1.0.0/16, 2001:db8::/32)",
                param,
                ctx,
            )
