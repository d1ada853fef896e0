"""``pcapdiag timeouts``: known idle timeouts."""

from __future__ import annotations

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE
from pcapdiag.cli.values import checked, duration
from pcapdiag.durations import parse_duration
from pcapdiag.report.output import STDOUT, open_output


@click.command("timeouts", short_help="List known idle timeouts.")
@click.argument("entry", metavar="[ID]", required=False)
@click.option(
    "--near",
    callback=checked(duration),
    metavar="DURATION",
    help="Only defaults within 10 % of this, as 350, 350s, 6m, and what may be set to it.",
)
@click.option("--product", metavar="TEXT", default="", help="Only those whose vendor, product or kind holds these words.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("terminal", "markdown", "json")),
    default="terminal",
    show_default=True,
    help="How to print them.",
)
@color_option
def command(entry: str | None, near: str | None, product: str, format_: str, color: str) -> int:
    """List the idle timeouts that load balancers, NAT gateways, firewalls, proxies and servers have by default, what happens when
    they run out, and what the next packet meets. With an ID, one of them with its setting, a note and its sources."""
    from pcapdiag.report import timeouts, timeouts_markdown, timeouts_terminal
    from pcapdiag.report.json_ import encode
    from pcapdiag.report.terminal import canvas

    if entry is not None and (near is not None or product):
        raise click.UsageError("an ID names one entry: --near and --product choose among all")
    try:
        one = None if entry is None else timeouts.entry(entry)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    listing = timeouts.listing(None if near is None else parse_duration(near), product)
    with open_output(STDOUT) as out:
        if format_ == "json":
            out.write(encode(timeouts.documents(listing) if one is None else timeouts.document(one), 2) + "\n")
        elif format_ == "markdown":
            markdown = timeouts_markdown.list_markdown(listing) if one is None else timeouts_markdown.entry_markdown(one)
            out.write(markdown)
        else:
            look = canvas(out, width(), colored(color))
            lines = timeouts_terminal.list_lines(listing, look) if one is None else timeouts_terminal.entry_lines(one, look)
            out.writelines(f"{line}\n" for line in lines)
    return DONE
