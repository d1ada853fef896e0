"""``pcapdiag why``: everything about one connection, and why each rule says what it says of it."""

from __future__ import annotations

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, DONE, trouble
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.values import checked, duration
from pcapdiag.report.output import STDOUT, open_output

_HELP = """Explain one connection: who is client, its packets, each idle period, and how each rule read it.

FILE is a capture; more files of the same capture may follow. Frames and streams are counted in the first:

\b
    pcapdiag why podA.pcap --frame 97
    pcapdiag why ring_00002.pcap ring_00001.pcap --stream 4
"""


@click.command("why", help=_HELP, short_help="Explain the verdict on one connection.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--frame", type=click.IntRange(1, (1 << 32) - 1), metavar="N", help="A packet of the connection, by frame number.")
@click.option("--stream", type=click.IntRange(0, (1 << 32) - 1), metavar="N", help="The connection, by Wireshark's tcp.stream.")
@click.option("--min-idle", callback=checked(duration), metavar="DURATION", default="1s", show_default=True,
              help="Shortest idle period to look at, as 500ms, 2m, 1h30m.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="Show every packet and every idle period.")
@click.option("--format", "format_", type=click.Choice(("terminal", "json")), default="terminal", show_default=True,
              help="How to print it.")  # fmt: skip
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    files: tuple[str, ...],
    frame: int | None,
    stream: int | None,
    min_idle: str,
    every: bool,
    format_: str,
    no_progress: bool,
    color: str,
) -> int:
    """Explain one connection."""
    from pcapdiag.report.explanation_terminal import lines
    from pcapdiag.report.terminal import canvas
    from pcapdiag.why import explain

    if (frame is None) == (stream is None):
        raise click.UsageError("name the connection: either --frame N or --stream N")
    with progress_bar(not no_progress, color=color != "never") as bar:
        told = explain(files, frame=frame, stream=stream, min_idle=min_idle, every=every, progress=bar)
    with open_output(STDOUT) as out:
        if format_ == "json":
            from pcapdiag.report.explanation_json import document
            from pcapdiag.report.json_ import encode

            out.write(encode(document(told), 2) + "\n")
        else:
            out.writelines(f"{line}\n" for line in lines(told, canvas(out, width(), colored(color)), every))
    code = DONE
    for file in told.files:
        if (damage := file.facts.damage) is not None:
            code = trouble(f"{file.name}: damaged at byte {damage.offset}, after frame {damage.frame}: {damage.reason}", DAMAGED)
    return code
