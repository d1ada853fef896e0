"""``pcapdiag analyze``: read captures, print the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, DONE, FOUND, UNREADABLE, trouble
from pcapdiag.cli.options import Beside, Reading, beside_options, reading_options, said_of
from pcapdiag.cli.plot import check_picture, write_picture
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.reports import chosen, names_in_folder, write_folder
from pcapdiag.cli.sharing import anonymize_options, anonymous, check_evidence, write_evidence
from pcapdiag.cli.spool import first_interrupt_ends_the_input, spooled
from pcapdiag.cli.values import checked, picture
from pcapdiag.report.formats import FORMATS, NEED_PACKETS, StreamingRenderer, format_of, renderer
from pcapdiag.report.output import STDOUT, check_output, open_output

if TYPE_CHECKING:
    from pcapdiag.report.lanes import Align
    from pcapdiag.report.model import FileNames, Report
    from pcapdiag.rules.types import Finding


@click.command("analyze", short_help="Find what was lost on idle connections.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@beside_options
@reading_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="How to report. Without it the ending of OUT decides, else terminal.",
)
@click.option("-o", "--output", default=STDOUT, metavar="OUT", help="Write to this file; - is standard output.")
@click.option("--report", "folder", metavar="DIR", help="Write the report in every format, into this directory.")
@click.option(
    "--plot",
    callback=checked(picture),
    metavar="OUT",
    help="Draw the affected connections in time: a .png, .svg or .pdf. Needs matplotlib.",
)
@click.option(
    "--align",
    type=click.Choice(("time", "wake")),
    default="time",
    show_default=True,
    help="Of the drawn connections: all on one clock, or each counted from its wake.",
)
@click.option("--evidence", metavar="OUT", help="Write the packets around the incidents to this pcapng file, with comments.")
@click.option("--payload", is_flag=True, help="Show what was sent (HTML, evidence). It may be private.")
@anonymize_options
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists, and reports in DIR.")
@click.option("--all", "every", is_flag=True, help="List everything, however much it is.")
@click.option("--fail-on-findings", is_flag=True, help="Exit with 1 if something was lost.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    files: tuple[str, ...],
    beside: Beside,
    reading: Reading,
    format_: str | None,
    output: str,
    folder: str | None,
    plot: str | None,
    align: Align,
    evidence: str | None,
    payload: bool,
    key: bytes | None,
    force: bool,
    every: bool,
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
    With what else you have, the report tells the whole story, from what the
    user saw to the cure:

    \b
        pcapdiag analyze podA.pcap --access-log client=sidecar.log \\
          --access-log server=gateway.log --ss ss.txt --conntrack conntrack.txt
    """  # noqa: D301  # the backslash is click's mark: what follows is not wrapped
    beside.check(files)
    inputs = (*files, *beside.paths)
    check_output(output, force=force, inputs=inputs)
    if folder is not None:
        from pcapdiag.report.folder import check_folder  # only who wants a folder pays for it

        check_folder(folder, names_in_folder(), force=force, inputs=inputs)
    if plot is not None:
        check_picture(plot, force=force, inputs=inputs, reports=(output, evidence))
    if evidence is not None:
        check_evidence(evidence, output, force=force, inputs=inputs)
    name = format_ or format_of(output)
    render = renderer(name, **chosen(name, width=width(output), color=colored(color, output), every=every, payload=payload))
    packets = name in NEED_PACKETS or any(out is not None for out in (folder, plot, evidence))
    live = STDOUT in files and output == STDOUT and not (packets or beside or key) and isinstance(render, StreamingRenderer)

    def run(
        files: tuple[str, ...],
        on_finding: Callable[[Finding, FileNames], None] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Report:
        with progress_bar(not no_progress and STDOUT not in files, color=color != "never") as bar:
            analysis = reading.analyzed(files, on_finding, bar, names, beside)
            return analysis.detailed(progress=bar).report if packets else analysis.report

    if live and isinstance(render, StreamingRenderer):
        with open_output(STDOUT) as out, first_interrupt_ends_the_input():
            report = run(files, lambda finding, names: render.stream(finding, out, names))
            render.finish(report, out)
        return exit_code(report, fail_on_findings)
    with spooled(files, packets or bool(beside)) as (paths, names):
        read = run(paths, names=names)
    report = anonymous(read, key)
    if evidence is not None:
        report = write_evidence(report, evidence, payload=payload, force=force)
    if folder is not None:
        write_folder(report, folder, force=force, every=every, payload=payload, align=align)
    if plot is not None:
        write_picture(report, plot, align=align, force=force)
    with open_output(output, force=force) as out:
        render.render(report, out)
    return exit_code(read, fail_on_findings)


def exit_code(report: Report, fail_on_findings: bool) -> int:
    """Say on stderr what could not be read, and sum it up."""
    beside = said_of(report)
    for file in report.damaged:
        damage = file.facts.damage
        where = f"damaged at byte {damage.offset}, after frame {damage.frame}: " if damage else ""
        why = "; ".join(text for text in (damage.reason if damage else None, file.error) if text)
        trouble(f"{file.name}: {where}{why}", DAMAGED)
    if report.unreadable or beside == UNREADABLE:
        return UNREADABLE
    if fail_on_findings and (report.incidents or report.heartbeats):
        return FOUND
    return DAMAGED if report.damaged or beside == DAMAGED else DONE
