"""``pcapdiag verify``: is the cure in place, after the change?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pcapdiag.cli.analyze import exit_code
from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DAMAGED, FOUND, UNREADABLE
from pcapdiag.cli.options import Reading, reading_options
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.values import checked, duration
from pcapdiag.report.output import STDOUT, open_output

if TYPE_CHECKING:
    from pcapdiag.cli.progress import Bar
    from pcapdiag.inference.verification import Before


@click.command("verify", short_help="Check after the change that the keepalive is in place.")
@click.argument("files", nargs=-1, required=True, metavar="AFTER...")
@click.option("--before", metavar="FILE", help="A capture from before the change, or its report as JSON: what failed then.")
@click.option("--keepalive", callback=checked(duration), metavar="DURATION",
              help="The keepalive's time, as 60s. Without it whatever is seen.")  # fmt: skip
@click.option("--timeout", callback=checked(duration), metavar="DURATION",
              help="The idle timeout that is to be outlived, where no --before tells it.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(("terminal", "json")), default="terminal", show_default=True,
              help="How to report.")  # fmt: skip
@reading_options
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    files: tuple[str, ...],
    before: str | None,
    keepalive: str | None,
    timeout: str | None,
    format_: str,
    reading: Reading,
    no_progress: bool,
    color: str,
) -> int:
    """Check in a capture made after the change that the keepalive is in place, and that it holds.

    It says which side probes, after what silence, whether probes are answered, whether all long idle periods have some, how many
    survived that were as long as what failed before, and how rare failures must be by now. Exits with 1 unless it is in place:

    \b
        pcapdiag verify after.pcap --before before.pcap --keepalive 60s
        pcapdiag verify after.pcap --before before.json
        pcapdiag verify after.pcap --keepalive 60s --timeout 350s
    """  # noqa: D301  # the backslash is click's mark: what follows is not wrapped
    from pcapdiag.report.json_ import encode
    from pcapdiag.report.terminal import canvas
    from pcapdiag.report.verification import verification_json, verification_lines
    from pcapdiag.verification import verify

    with progress_bar(not no_progress and STDOUT not in files, color=color != "never") as bar:
        known = () if before is None else _known(before, reading, bar)
        done = verify(files, before=known, keepalive=keepalive, timeout=timeout, progress=bar, **reading.asked)
    with open_output(STDOUT) as out:
        if format_ == "json":
            out.write(encode(verification_json(done.services, done.standing, done.report), 2) + "\n")
        else:
            lines = verification_lines(done.services, done.standing, done.report, canvas(out, width(), colored(color)))
            out.writelines(f"{line}\n" for line in lines)
    code = exit_code(done.report, fail_on_findings=False)
    return code if code in (UNREADABLE, DAMAGED) or done.in_place else FOUND


def _known(path: str, reading: Reading, bar: Bar | None) -> Sequence[Before]:
    """What failed before, from a report in JSON or from a capture."""
    from pcapdiag.verification import known_before, report_before

    try:
        with open(path, "rb") as file:
            begins = file.read(1)
            if begins != b"{":  # no capture begins so
                return known_before(reading.analyzed((path,), progress=bar).report)
            return report_before((begins + file.read()).decode("utf-8", "replace"))
    except ValueError as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--before") from None
