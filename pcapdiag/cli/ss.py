"""``pcapdiag ss``: which connections have no keepalive timer, from what ss printed."""

from __future__ import annotations

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, DONE, UNREADABLE, trouble
from pcapdiag.cli.values import checked, duration, service
from pcapdiag.report.output import STDOUT, open_output

_HELP = """Which established connections have no keepalive timer, by process and peer.

FILE is what `ss -tno` printed, with -p for processes and -i for how long each is idle, once or again and again; - is standard
input. Compressed files are read too:

\b
    ss -tnope | pcapdiag ss -
    pcapdiag ss sockets.txt --service 10.0.0.1:443 --min-age 5m

To watch connections grow old:

\b
    while echo "# $(date -Is) $(hostname): ss -tnope"; do
      ss -tnope; sleep 60
    done > sockets.txt
"""


@click.command("ss", help=_HELP, short_help="Find connections without keepalive in what ss printed.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--min-age", callback=checked(duration), metavar="DURATION",
              help="Only connections known to be at least so old: by the dates of snapshots, or ss -i.")  # fmt: skip
@click.option("--service", "services", callback=checked(service), multiple=True, metavar="ADDR:PORT",
              help="Only connections to or at this service. May be repeated.")  # fmt: skip
@click.option("--process", "processes", multiple=True, metavar="NAME", help="Only connections of this process. May be repeated.")
@click.option("--all", "every", is_flag=True, help="List every connection.")
@click.option("--format", "format_", type=click.Choice(("terminal", "json")), default="terminal", show_default=True,
              help="How to print it.")  # fmt: skip
@color_option
def command(
    files: tuple[str, ...],
    min_age: str | None,
    services: tuple[str, ...],
    processes: tuple[str, ...],
    every: bool,
    format_: str,
    color: str,
) -> int:
    """Which established connections have no keepalive timer."""
    from pcapdiag.capture.errors import CaptureError
    from pcapdiag.correlate.keepalive import survey
    from pcapdiag.durations import parse_duration
    from pcapdiag.report.terminal import canvas
    from pcapdiag.selection import parse_service
    from pcapdiag.sources import socket_table

    code, tables = DONE, []
    for file in dict.fromkeys(files):
        try:
            table = socket_table(file)
        except CaptureError as error:
            code = trouble(str(error), UNREADABLE)
            continue
        if table.source.unread and not table.snapshots:
            code = trouble(f"{table.source.name}: nothing that ss prints: {table.source.why}", UNREADABLE)
        else:
            tables.append(table)
    if not tables:
        return code
    found = survey(
        tables,
        min_age=parse_duration(min_age) if min_age else 0,
        services=frozenset(map(parse_service, services)) or None,
        processes=frozenset(processes) or None,
    )
    with open_output(STDOUT) as out:
        if format_ == "json":
            from pcapdiag.report.json_ import encode
            from pcapdiag.report.ss_json import document

            out.write(encode(document(found), 2) + "\n")
        else:
            from pcapdiag.report.ss_terminal import lines

            out.writelines(f"{line}\n" for line in lines(found, canvas(out, width(), colored(color)), every))
    for source in found.sources:
        if source.damage is not None:
            code = code or DAMAGED
            trouble(f"{source.name}: {source.damage}", DAMAGED)
    return code
