"""``pcapdiag rules``: the catalogue."""

from __future__ import annotations

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE
from pcapdiag.report.output import STDOUT, open_output


@click.command("rules", short_help="List all rules.")
@click.option(
    "--format", "format_", type=click.Choice(("terminal", "json")), default="terminal", show_default=True,
    help="How to list them.",
)  # fmt: skip
@color_option
def command(format_: str, color: str) -> int:
    """List all rules: code, name, severity, and what each one says."""
    from pcapdiag.report.json_ import encode
    from pcapdiag.report.pages import entry, pages
    from pcapdiag.report.pages_terminal import list_lines
    from pcapdiag.report.terminal import canvas

    with open_output(STDOUT) as out:
        if format_ == "json":
            out.write(encode([entry(page) for page in pages()], 2) + "\n")
        else:
            out.writelines(f"{line}\n" for line in list_lines(pages(), canvas(out, width(), colored(color))))
    return DONE
