"""What the commands that analyse captures have in common: which connections, from how long, which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from pcapdiag.cli.values import checked, codes, duration, host, service

if TYPE_CHECKING:
    from pcapdiag import Analysis
    from pcapdiag.cli.progress import Bar
    from pcapdiag.report.model import FileNames
    from pcapdiag.rules.types import Finding


@dataclass(frozen=True, slots=True)
class Reading:
    """What was asked of the reading, as `pcapdiag.analyze` takes it."""

    min_idle: str
    service: tuple[str, ...]
    host: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    show_harmless: bool
    max_connections: int

    @property
    def asked(self) -> dict[str, Any]:
        """The same, as keyword arguments."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def analyzed(
        self,
        files: tuple[str, ...],
        on_finding: Callable[[Finding, FileNames], None] | None = None,
        progress: Bar | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Analysis:
        """Read the captures. ``names`` are what some of them are called instead of their paths."""
        from pcapdiag.analyze import analyze

        named: dict[str, Any] = {"names": names} if names else {}
        return analyze(files, **self.asked, **named, on_finding=on_finding, progress=progress)


_OPTIONS = (
    click.option(
        "--min-idle",
        callback=checked(duration),
        metavar="DURATION",
        default="1s",
        show_default=True,
        help="Shortest idle period to look at, as 500ms, 2m, 1h30m.",
    ),
    click.option(
        "--service",
        callback=checked(service),
        multiple=True,
        metavar="ADDR:PORT",
        help="Only connections to this server, as 10.0.0.1:443 or [2001:db8::1]:443. May be repeated.",
    ),
    click.option(
        "--host",
        callback=checked(host),
        multiple=True,
        metavar="ADDR[/LEN]",
        help="Only connections from or to this address or network. May be repeated.",
    ),
    click.option(
        "--select",
        callback=checked(codes),
        multiple=True,
        metavar="CODES",
        help="Only findings and limits of these rules, as IDLE101,IDLE103 or IDLE1. May be repeated.",
    ),
    click.option(
        "--ignore",
        callback=checked(codes),
        multiple=True,
        metavar="CODES",
        help="No findings and limits of these rules, as CTX or CAP907. May be repeated.",
    ),
    click.option("--show-harmless", is_flag=True, help="List what harmed nobody, and heartbeats, besides counting them."),
    click.option(
        "--max-connections",
        type=click.IntRange(1, 1 << 29),
        default=1_000_000,
        show_default=True,
        help="Connections to keep at once; beyond it, the longest idle are forgotten.",
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; the command gets them together as ``reading``."""

    @wraps(command)
    def gathered(**given: Any) -> Any:
        asked = {field.name: given.pop(field.name) for field in fields(Reading)}
        return command(reading=Reading(**asked), **given)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered
