"""The command ``pcapdiag``: runs a subcommand, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, TextIO

import click

from pcapdiag.capture.errors import CaptureError
from pcapdiag.report.output import OutputError
from pcapdiag.report.text import clean
from pcapdiag.version import VERSION

#: Every command and the module that holds it as ``command``. Modules are imported when their command is run
#: or listed.
COMMANDS = {
    "analyze": "pcapdiag.cli.analyze",
    "ticket": "pcapdiag.cli.ticket",
    "verify": "pcapdiag.cli.verify",
    "why": "pcapdiag.cli.why",
    "advise": "pcapdiag.cli.advise",
    "plan": "pcapdiag.cli.plan",
    "ss": "pcapdiag.cli.ss",
    "compare": "pcapdiag.cli.compare",
    "forge": "pcapdiag.cli.forge",
    "lab": "pcapdiag.cli.lab",
    "rules": "pcapdiag.cli.rules",
    "rule": "pcapdiag.cli.rule",
    "timeouts": "pcapdiag.cli.timeouts",
}

DONE, FOUND, UNREADABLE, DAMAGED, BUG = 0, 1, 2, 3, 70  # 70 is EX_SOFTWARE of BSD's sysexits.h
INTERRUPTED, PIPE_CLOSED = 130, 141  # what a shell reports for SIGINT and SIGPIPE: 128 + the signal's number

EXIT_CODES = """\b
Exit codes:
  0    done, whether or not something was found
  1    something was lost, and --fail-on-findings was given
  2    bad usage, input that cannot be read, or output that cannot be written;
       input that can be read was still analysed
  3    analysed, but a capture was damaged
  130  interrupted
"""


class Commands(click.Group):
    """A group whose commands are imported one by one, so that none pays for the others."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that has left, as ``head`` does, ends it quietly."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except BrokenPipeError:  # caught here because click would make it exit code 1, which says "found"
            _let_go(sys.stdout)
            return PIPE_CLOSED

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """All names, in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"pcapdiag {VERSION}")
        ctx.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
@click.pass_context
def commands(ctx: click.Context) -> int:
    """Find what was lost on idle TCP connections, in packet captures, with the proof."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return UNREADABLE
    return DONE


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code. Never raises, never prints a traceback."""
    try:
        result: Any = commands.main(args, prog_name="pcapdiag", standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            with suppress(OSError):  # stderr is full: the code still says it
                click.echo(error.ctx.get_usage(), err=True)
        return trouble(error.format_message(), error.exit_code)
    except OutputError as error:
        _let_go(sys.stdout)
        return trouble(str(error), UNREADABLE)
    except CaptureError as error:
        return trouble(str(error), UNREADABLE)
    except (KeyboardInterrupt, click.Abort):
        return trouble("interrupted", INTERRUPTED)
    except OSError as error:
        return trouble(str(error), UNREADABLE)
    except MemoryError:
        return trouble("out of memory; --max-connections bounds what is kept", BUG)
    except Exception as error:
        if os.environ.get("PCAPDIAG_DEBUG"):
            raise
        name = type(error).__name__
        return trouble(f"this is a bug in pcapdiag, not in your capture ({name}: {error}); "
                       "PCAPDIAG_DEBUG=1 shows where", BUG)  # fmt: skip
    return result if isinstance(result, int) else DONE


def _let_go(stream: TextIO | None) -> None:
    """What is still buffered for a stream that cannot be written must not fail again when Python exits."""
    with suppress(OSError, ValueError, AttributeError):
        if stream is not None and _full(stream):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _full(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return True
    return False


def trouble(text: str, code: int) -> int:
    """Say on stderr what is wrong, with hostile characters made visible; gives ``code`` back."""
    try:
        for line in text.splitlines() or [""]:
            click.echo(f"pcapdiag: {clean(line)}", err=True)
    except (OSError, ValueError, AttributeError):  # stderr is closed or full: the code still says it
        _let_go(sys.stderr)
    return code
