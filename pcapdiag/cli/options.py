"""What the commands that analyse captures have in common: which connections, from how long, which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from pcapdiag.cli.values import checked, codes, duration, host, log_format, service

if TYPE_CHECKING:
    from pcapdiag import Analysis
    from pcapdiag.cli.progress import Bar
    from pcapdiag.report.model import FileNames, Report
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
        beside: Beside | None = None,
    ) -> Analysis:
        """Read the captures, and what is ``beside`` them. ``names`` are what some of them are called instead of their paths."""
        from pcapdiag.analyze import analyze

        named: dict[str, Any] = {"names": names} if names else {}
        named |= beside.asked if beside is not None else {}
        return analyze(files, **self.asked, **named, on_finding=on_finding, progress=progress)


@dataclass(frozen=True, slots=True)
class Beside:
    """What else the user has, as `pcapdiag.analyze` takes it."""

    access_logs: tuple[str, ...] = ()
    log_format: str | None = None
    ss: tuple[str, ...] = ()
    conntrack: tuple[str, ...] = ()

    @property
    def asked(self) -> dict[str, Any]:
        """The same, as keyword arguments; none where nothing is given."""
        return {f.name: getattr(self, f.name) for f in fields(self)} if self else {}

    def __bool__(self) -> bool:
        return bool(self.access_logs or self.ss or self.conntrack)

    def check(self, files: tuple[str, ...]) -> None:
        """What can be known to be wrong before anything is read."""
        if self.log_format is not None and not self.access_logs:
            raise click.UsageError("--log-format is that of --access-log, which is missing")
        if [*files, *self.paths].count("-") > 1:
            raise click.UsageError("standard input can be read only once")

    @property
    def paths(self) -> tuple[str, ...]:
        """All files, without whose logs they are."""
        from pcapdiag.joining import labelled

        return (*(labelled(log)[1] for log in self.access_logs), *self.ss, *self.conntrack) if self else ()


_BESIDE = (
    click.option(
        "--access-log",
        "access_logs",
        multiple=True,
        metavar="[client=|server=]FILE",
        help="Join what is found with this log of Envoy or Istio: of the client's sidecar (client=), of the next hop (server=). "
        "May be repeated.",
    ),
    click.option(
        "--log-format",
        callback=checked(log_format),
        metavar="FORMAT",
        help="Format of the logs, if it is not recognised: an Envoy format string.",
    ),
    click.option("--ss", multiple=True, metavar="FILE", help="Join with what ss -tno printed. May be repeated."),
    click.option(
        "--conntrack", multiple=True, metavar="FILE", help="Join with what conntrack -L or -E printed. May be repeated."
    ),
)
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


def beside_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what else the user has; the command gets it as ``beside``."""

    @wraps(command)
    def gathered(**given: Any) -> Any:
        return command(beside=Beside(**{field.name: given.pop(field.name) for field in fields(Beside)}), **given)

    for option in reversed(_BESIDE):
        gathered = option(gathered)
    return gathered


def said_of(report: Report) -> int:
    """Says on stderr what of it could not be read; the exit code that follows."""
    from pcapdiag.cli.main import DAMAGED, DONE, UNREADABLE, trouble

    if report.joins is None:
        return DONE
    code = DONE
    joins = report.joins
    for source in (*(log.source for log in joins.logs), *joins.tables, *joins.trackings):
        if source.damage is not None:
            code = trouble(f"{source.name}: {source.damage}", DAMAGED)
    for name, why in joins.unusable:
        code = trouble(f"{name}: {why}", UNREADABLE)
    return code
