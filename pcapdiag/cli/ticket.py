"""``pcapdiag ticket``: one zip file to be attached to a ticket."""

from __future__ import annotations

import click

from pcapdiag.cli.analyze import exit_code
from pcapdiag.cli.options import Beside, Reading, beside_options, reading_options
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.sharing import anonymize_options, anonymous
from pcapdiag.cli.spool import spooled
from pcapdiag.report.output import STDOUT, check_output, open_binary_output
from pcapdiag.report.text import clean


@click.command("ticket", short_help="Bundle reports and evidence for a ticket.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", default="incident.zip", show_default=True, metavar="OUT",
              help="Write to this file; - is standard output.")  # fmt: skip
@anonymize_options
@click.option("--payload", is_flag=True, help="With what was sent, in the report and the evidence. It may be private.")
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
@beside_options
@reading_options
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(
    files: tuple[str, ...],
    output: str,
    key: bytes | None,
    payload: bool,
    force: bool,
    beside: Beside,
    reading: Reading,
    no_progress: bool,
) -> int:
    """Bundle all that a ticket needs as one zip file.

    In it are the report for browsers (report.html), for the ticket's text (report.md) and for programs (report.json), the
    incidents as a picture (timeline.png), their packets for Wireshark (evidence.pcapng), and README.txt, which says how to check
    them. The same captures give the same bytes.
    """
    from pcapdiag.report.headline import headline
    from pcapdiag.ticket import ticket

    beside.check(files)
    inputs = (*files, *beside.paths)
    check_output(output, force=force, inputs=inputs)
    with spooled(files, True) as (paths, names), progress_bar(not no_progress and STDOUT not in files) as bar:
        read = reading.analyzed(paths, progress=bar, names=names, beside=beside).detailed(progress=bar).report
    report = anonymous(read, key)
    with open_binary_output(output, force=force) as out:
        parts = ticket(report, out, payload=payload)
    if output != STDOUT:
        click.echo(clean(headline(report)))
        click.echo(f"{clean(output)}: {', '.join(part.name for part in parts)}")
    return exit_code(read, fail_on_findings=False)
