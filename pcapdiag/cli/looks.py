"""How wide and how coloured output for people is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from pcapdiag.report.output import STDOUT

#: Beyond this, lines are tiring to read.
WIDEST = 120

color_option: Callable[[Any], Any] = click.option(
    "--color",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Colour in what is printed for people. NO_COLOR is obeyed.",
)


def colored(wish: str, output: str = STDOUT) -> bool:
    """Is colour wanted there?"""
    if wish != "auto":
        return wish == "always"
    # no-color.org: when present and not an empty string
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return output == STDOUT and sys.stdout.isatty() and not plain


def width(output: str = STDOUT) -> int:
    """Of the terminal, or 80 where there is none. COLUMNS overrides it."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return min(int(columns), WIDEST)
    try:
        return min(os.get_terminal_size(sys.stdout.fileno()).columns or 80, WIDEST) if output == STDOUT else 80
    except (OSError, ValueError, AttributeError):  # no terminal, or no stdout at all
        return 80
