"""``pcapdiag rule CODE``: one rule's page."""

from __future__ import annotations

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE
from pcapdiag.report.output import STDOUT, open_output


@click.command("rule", short_help="Explain a rule.")
@click.argument("code")
@click.option(
    "--format", "format_", type=click.Choice(("terminal", "markdown", "json")), default="terminal", show_default=True,
    help="How to print it.",
)  # fmt: skip
@color_option
def command(code: str, format_: str, color: str) -> int:
    """Explain one rule, named by its code or name: what it detects, how to tell it apart, what to do, with examples."""
    from pcapdiag.report.json_ import encode
    from pcapdiag.report.pages import document, page
    from pcapdiag.report.pages_markdown import page_markdown
    from pcapdiag.report.pages_terminal import page_lines
    from pcapdiag.report.terminal import canvas

    try:
        found = page(code)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with open_output(STDOUT) as out:
        if format_ == "json":
            out.write(encode(document(found), 2) + "\n")
        elif format_ == "markdown":
            out.write(page_markdown(found))
        else:
            out.writelines(f"{line}\n" for line in page_lines(found, canvas(out, width(), colored(color))))
    return DONE
