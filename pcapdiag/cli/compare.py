"""``pcapdiag compare``: the captures of several points of one path, and where between them it happened."""

from __future__ import annotations

import os
import re
from dataclasses import asdict

import click

from pcapdiag.cli.analyze import exit_code
from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, DONE, FOUND, UNREADABLE
from pcapdiag.cli.options import Reading, reading_options
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.values import checked
from pcapdiag.report.output import STDOUT, check_output, open_output

_HELP = """Tell where between several capture points a RST was made, or a request was lost.

Each POINT is one capture point: a file, a directory, or a quoted pattern; nearest to the clients first if that is known. It may
be given a name:

\b
    pcapdiag compare client.pcap server.pcap
    pcapdiag compare pod=podA.pcapng node=node/ gateway='gw_*.pcap'

Packets are known again across NAT by their numbers, and the clocks need not agree. What a proxy between the points makes anew is
not known again.
"""
_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)


def offset(text: str) -> str:
    """``NAME=DURATION``, the duration with a sign if it is behind."""
    from pcapdiag.comparison import signed

    name, equals, duration = text.partition("=")
    if not name or not equals:
        raise ValueError(f"{text!r} names no point (write it like server=1.5s or server=-200ms)")
    signed(duration)
    return text


def named(argument: str) -> tuple[str | None, str]:
    """A point's name, if it was given one, and its captures; a file whose own name looks so is a file."""
    match = _NAMED.fullmatch(argument)
    return (match[1], match[2]) if match and not os.path.exists(argument) else (None, argument)


@click.command("compare", help=_HELP, short_help="Tell between which capture points it happened.")
@click.argument("points", nargs=-1, required=True, metavar="[NAME=]POINT...")
@reading_options
@click.option("--offset", "offsets", callback=checked(offset), multiple=True, metavar="NAME=DURATION",
              help="By how much the clock of this point is ahead of the first one's, if packets are not to tell.")  # fmt: skip
@click.option("--most", type=click.IntRange(1), default=200, show_default=True, metavar="N",
              help="Incidents of one point that are compared.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(("terminal", "json", "markdown")), default="terminal", show_default=True,
              help="How to report.")  # fmt: skip
@click.option("-o", "--output", default=STDOUT, metavar="OUT", help="Write to this file; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
@click.option("--all", "every", is_flag=True, help="List every incident.")
@click.option("--fail-on-findings", is_flag=True, help="Exit with 1 if something was lost.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    points: tuple[str, ...],
    reading: Reading,
    offsets: tuple[str, ...],
    most: int,
    format_: str,
    output: str,
    force: bool,
    every: bool,
    fail_on_findings: bool,
    no_progress: bool,
    color: str,
) -> int:
    """Compare capture points."""
    from pcapdiag.comparison import compare
    from pcapdiag.report.names import short

    given = [named(point) for point in points]
    if len(given) < 2:
        raise click.UsageError("name the captures of two points, or more")
    check_output(output, force=force, inputs=tuple(path for _, path in given))
    labels = [label or name for (label, _), name in zip(given, short([path for _, path in given]), strict=True)]
    told = dict(text.split("=", 1) for text in offsets)
    with progress_bar(not no_progress, color=color != "never") as bar:
        try:
            found = compare(*(path for _, path in given), labels=labels, offsets=told, most=most, progress=bar, **asdict(reading))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    with open_output(output, force=force) as out:
        if format_ == "json":
            from pcapdiag.report.compare_json import document
            from pcapdiag.report.json_ import encode

            out.write(encode(document(found), 2) + "\n")
        elif format_ == "markdown":
            from pcapdiag.report.compare_markdown import text

            out.write(text(found))
        else:
            from pcapdiag.report.compare_terminal import lines
            from pcapdiag.report.terminal import canvas

            made = lines(found, canvas(out, width(output), colored(color, output)), every)
            out.writelines(f"{line}\n" for line in made)
    codes = {exit_code(point.report, False) for point in found.points}
    if UNREADABLE in codes:
        return UNREADABLE
    if fail_on_findings and any(point.report.incidents or point.report.heartbeats for point in found.points):
        return FOUND
    return DAMAGED if DAMAGED in codes else DONE
