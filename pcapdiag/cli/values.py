"""What people write on the command line, checked before any work begins: durations, services, hosts, rules,
keepalives.

Plain functions that raise ValueError with an example; :func:`checked` makes click callbacks of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pcapdiag.durations import parse_duration
from pcapdiag.report.pictures import PICTURES

#: ns that fit the engine's 64 bits with room to add: 146 years.
_LONGEST = 1 << 62


def duration(text: str) -> str:
    """A duration longer than 0, as it was written."""
    ns = parse_duration(text)
    if ns <= 0:
        raise ValueError(f"{text!r} is not longer than 0")
    if ns > _LONGEST:
        raise ValueError(f"{text!r} is longer than any capture")
    return text


def service(text: str) -> str:
    """An IP address and a port in canonical form: ``10.0.0.1:443``, ``[2001:db8::1]:443``."""
    from pcapdiag.selection import parse_service

    return str(parse_service(text))


def host(text: str) -> str:
    """An IP address or a network in canonical form; bits beyond the prefix are ignored."""
    from pcapdiag.selection import parse_host

    network = parse_host(text)
    return str(network) if "/" in text else str(network.network_address)


def host_name(text: str) -> str:
    """A host name or an address, as it can stand in configuration."""
    from pcapdiag.advice.filling import parse_host

    return parse_host(text)


def keepalive(text: str) -> str:
    """A keepalive with all its parts: ``60s:15s:4``."""
    from pcapdiag.advice.filling import keepalive, parse_setting

    return keepalive(parse_setting(text))


def picture(text: str) -> str:
    """A file name whose ending says which kind of picture it is to be."""
    if not text.lower().endswith(tuple(f".{kind}" for kind in PICTURES)):
        raise ValueError(f"{text!r} is no picture: the name ends with " + ", ".join(f".{kind}" for kind in PICTURES))
    return text


def log_format(text: str) -> str:
    """An Envoy format string, or a json_format, of access logs."""
    from pcapdiag.correlate.accesslog import read_access_log

    read_access_log((), "", format=text)
    return text


def codes(text: str) -> str:
    """Codes of rules or beginnings of codes, with commas between, in capitals: ``IDLE101,CTX``."""
    from pcapdiag.rules.catalogue import CATALOGUE
    from pcapdiag.selection import parse_codes

    return ",".join(parse_codes([text], (rule.code for rule in CATALOGUE)))


def checked(check: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A click callback that passes one value, or each of several, through ``check``."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            if value is None:
                return None
            return check(value) if isinstance(value, str) else tuple(check(v) for v in value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback
