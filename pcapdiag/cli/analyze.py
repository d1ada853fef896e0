"""``pcapdiag analyze``: read captures, print the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, DONE, FOUND, UNREADABLE, trouble
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.values import checked, codes, duration, host, service
from pcapdiag.report.formats import FORMATS, StreamingRenderer, format_of, renderer
from pcapdiag.report.output import STDOUT, check_output, open_output

if TYPE_CHECKING:
    from types import FrameType

    from pcapdiag.report.model import FileNames, Report
    from pcapdiag.rules.types import Finding


@click.command("analyze", short_help="Find what was lost on idle connections.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--min-idle",
    callback=checked(duration),
    metavar="DURATION",
    default="1s",
    show_default=True,
    help="Shortest idle period to look at, as 500ms, 2m, 1h30m.",
)
@click.option(
    "--service",
    "services",
    callback=checked(service),
    multiple=True,
    metavar="ADDR:PORT",
    help="Only connections to this server, as 10.0.0.1:443 or [2001:db8::1]:443. May be repeated.",
)
@click.option(
    "--host",
    "hosts",
    callback=checked(host),
    multiple=True,
    metavar="ADDR[/LEN]",
    help="Only connections from or to this address or network. May be repeated.",
)
@click.option(
    "--select",
    callback=checked(codes),
    multiple=True,
    metavar="CODES",
    help="Only findings and limits of these rules, as IDLE101,IDLE103 or IDLE1. May be repeated.",
)
@click.option(
    "--ignore",
    callback=checked(codes),
    multiple=True,
    metavar="CODES",
    help="No findings and limits of these rules, as CTX or CAP907. May be repeated.",
)
@click.option("--show-harmless", is_flag=True, help="List what harmed nobody, and heartbeats, besides counting them.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="How to report. Without it the ending of OUT decides, else terminal.",
)
@click.option("-o", "--output", default=STDOUT, metavar="OUT", help="Write to this file; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
@click.option("--all", "every", is_flag=True, help="List everything, however much it is.")
@click.option(
    "--max-connections",
    type=click.IntRange(1, 1 << 29),
    default=1_000_000,
    show_default=True,
    help="Connections to keep at once; beyond it, the longest idle are forgotten.",
)
@click.option("--fail-on-findings", is_flag=True, help="Exit with 1 if something was lost.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    files: tuple[str, ...],
    min_idle: str,
    services: tuple[str, ...],
    hosts: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    show_harmless: bool,
    format_: str | None,
    output: str,
    force: bool,
    every: bool,
    max_connections: int,
    fail_on_findings: bool,
    no_progress: bool,
    color: str,
) -> int:
    """Find what was lost on idle TCP connections: requests, late answers, the connections themselves.

    FILE is a capture (pcap or pcapng, also compressed), a directory, a pattern, or - for standard input.
    Files that follow each other in time are one capture. From standard input each finding is printed as soon
    as it is decided:

    \b
        tcpdump -U -w - 'tcp port 443' | pcapdiag analyze -
    """  # noqa: D301  # the backslash is click's mark: what follows is not wrapped
    from pcapdiag.analyze import analyze

    check_output(output, force=force, inputs=files)
    name = format_ or format_of(output)
    looks = {"width": width(output), "color": colored(color, output), "every": every}
    render = renderer(name, **looks if name == "terminal" else {})
    live = STDOUT in files and output == STDOUT and isinstance(render, StreamingRenderer)

    def run(on_finding: Callable[[Finding, FileNames], None] | None) -> Report:
        with progress_bar(not no_progress and STDOUT not in files, color=color != "never") as bar:
            analysis = analyze(
                files,
                min_idle=min_idle,
                max_connections=max_connections,
                service=services,
                host=hosts,
                select=select,
                ignore=ignore,
                show_harmless=show_harmless,
                on_finding=on_finding,
                progress=bar,
            )
        return analysis.report

    if live and isinstance(render, StreamingRenderer):
        with open_output(STDOUT) as out, _first_interrupt_ends_the_input():
            report = run(lambda finding, names: render.stream(finding, out, names))
            render.finish(report, out)
    else:
        report = run(None)
        with open_output(output, force=force) as out:
            render.render(report, out)
    return _exit_code(report, fail_on_findings)


def _exit_code(report: Report, fail_on_findings: bool) -> int:
    """Say on stderr what could not be read, and sum it up."""
    for file in report.damaged:
        damage = file.facts.damage
        where = f"damaged at byte {damage.offset}, after frame {damage.frame}: " if damage else ""
        why = "; ".join(text for text in (damage.reason if damage else None, file.error) if text)
        trouble(f"{file.name}: {where}{why}", DAMAGED)
    if report.unreadable:
        return UNREADABLE
    if fail_on_findings and (report.incidents or report.heartbeats):
        return FOUND
    return DAMAGED if report.damaged else DONE


@contextmanager
def _first_interrupt_ends_the_input() -> Iterator[None]:
    """Ctrl-C also reaches the tcpdump that feeds us: read what it still sends, then report."""
    import signal  # costs a millisecond that only live captures need

    def once(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        trouble("interrupted: reading what is left; once more stops at once", 0)

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
