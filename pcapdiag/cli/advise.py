"""``pcapdiag advise``: what setting cures it, as text to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE
from pcapdiag.cli.options import Reading
from pcapdiag.cli.progress import progress_bar
from pcapdiag.cli.values import checked, duration, host_name, keepalive, service
from pcapdiag.report.output import STDOUT, open_output

if TYPE_CHECKING:
    from pcapdiag import Analysis
    from pcapdiag.advice.types import Advice
    from pcapdiag.inference.types import Cause
    from pcapdiag.report.canvas import Canvas
    from pcapdiag.report.model import Report

    Advised = Sequence[tuple[Advice, Cause | None]]

FORMATS = ("terminal", "markdown", "json")


@click.command("advise", short_help="What setting cures it, as text to paste.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--keepalive", "setting", callback=checked(keepalive), metavar="TIME[:INTERVAL[:PROBES]]",
              help="This keepalive, as 60s or 60s:15s:4, instead of the one that follows from the capture.")  # fmt: skip
@click.option("--service", callback=checked(service), metavar="ADDR:PORT", help="Only this service, as 10.0.0.1:443.")
@click.option("--host", callback=checked(host_name), metavar="NAME",
              help="The service's name as its clients write it, for the texts.")  # fmt: skip
@click.option("--for", "wishes", multiple=True, metavar="WHAT",
              help="Only these cures' texts: an id, its beginning (istio) or a place (gateway). May be repeated.")  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="List the cures there are; with a format, with all texts.")
@click.option("--min-idle", callback=checked(duration), metavar="DURATION", default="1s", show_default=True,
              help="Shortest idle period to look at, as 500ms, 2m, 1h30m.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True, help="How to print it.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@color_option
def command(
    files: tuple[str, ...],
    setting: str | None,
    service: str | None,
    host: str | None,
    wishes: tuple[str, ...],
    listed: bool,
    min_idle: str,
    format_: str,
    no_progress: bool,
    color: str,
) -> int:
    """Say what setting would have kept the lost connections alive, and print it as text to paste.

    For each service that lost something: where its idle timeout lies, what a keepalive would have done, then each cure: in the
    application, in the proxy beside it, on the server's gateway, in the kernel, on the path, in the client's pool.
    Without FILE, the texts for a keepalive and a service that are given:

    \b
        pcapdiag advise podA.pcap --host api.example.com --for istio
        pcapdiag advise --keepalive 60s --service 10.0.0.1:443 --for go
    """  # noqa: D301  # the backslash is click's mark: what follows is not wrapped
    if listed:
        return _list(format_, color)
    if not files and not (setting and service):
        raise click.UsageError("name captures, or give both --keepalive and --service")
    if not files:
        given: Advised = [_given(str(setting), str(service), host)]
        _print(given, _chosen(wishes, given), format_, color, None)
        return DONE
    from pcapdiag.cli.analyze import exit_code

    with progress_bar(not no_progress and STDOUT not in files, color=color != "never") as bar:
        reading = Reading(min_idle, (service,) if service else (), (), (), (), False, 1_000_000)
        analysis = reading.analyzed(files, progress=bar)
    advised = _found(analysis, host, setting)
    _print(advised, _chosen(wishes, advised), format_, color, analysis.report)
    return exit_code(analysis.report, fail_on_findings=False)


def _found(analysis: Analysis, host: str | None, setting: str | None) -> Advised:
    """The cures for each service that lost something; with another keepalive, what that would have done."""
    from pcapdiag.advice.catalogue import advise
    from pcapdiag.advice.filling import parse_setting

    causes = analysis.report.causes
    if host is not None and len(causes) > 1:
        raise click.UsageError("--host names one service, but several lost something: name it with --service")
    asked = parse_setting(setting) if setting else None
    if asked is not None:
        causes = tuple(
            replace(cause, setting=asked, counterfactual=analysis.counterfactual(cause, asked.time), wide=False)
            for cause in causes
        )
    return [(advise(cause, host, asked), cause) for cause in causes]


def _given(setting: str, service: str, host: str | None) -> tuple[Advice, None]:
    """An idle timeout as short as the keepalive is below every timeout that this is below."""
    from pcapdiag.advice.catalogue import for_setting
    from pcapdiag.advice.filling import parse_setting
    from pcapdiag.advice.types import Target
    from pcapdiag.selection import parse_service

    asked, to = parse_setting(setting), parse_service(service)
    return for_setting(Target(to, host or to.address, asked, asked.time)), None


def _chosen(wishes: tuple[str, ...], advised: Advised) -> frozenset[str] | None:
    """The ids of the cures whose texts are wanted, None for all. A cure that is known, but does not help here, is no error."""
    if not wishes:
        return None
    from pcapdiag.advice.catalogue import CATALOGUE
    from pcapdiag.advice.choosing import chosen

    known = [(recipe.id, recipe.place) for recipe in CATALOGUE]
    known += [(cure.id, cure.place) for advice, _ in advised for cure in advice.cures]
    try:
        return chosen(wishes, dict.fromkeys(known))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--for'") from None


def _print(advised: Advised, shown: frozenset[str] | None, format_: str, color: str, report: Report | None) -> None:
    with open_output(STDOUT) as out:
        if format_ == "json":
            from pcapdiag.report.advice_json import document
            from pcapdiag.report.json_ import encode

            out.write(encode(document(advised, shown), 2) + "\n")
        else:
            out.writelines(f"{line}\n" for line in _lines(advised, shown, format_, _canvas(out, color), report))


def _lines(advised: Advised, shown: frozenset[str] | None, format_: str, canvas: Canvas, report: Report | None) -> Iterator[str]:
    from pcapdiag.report.advice_markdown import advice_blocks
    from pcapdiag.report.advice_terminal import advice_lines
    from pcapdiag.report.blocks import placed
    from pcapdiag.report.headline import headline

    where = placed(canvas, report if report is not None and len(report.files) > 1 else None)
    if report is not None and not advised:
        yield headline(report)
    for number, (advice, cause) in enumerate(advised):
        yield from [""] * bool(number)
        if format_ == "markdown":
            yield "\n\n".join(advice_blocks(advice, cause, canvas, where, shown))
        else:
            yield from advice_lines(advice, cause, canvas, where, shown)


def _canvas(out: TextIO, color: str) -> Canvas:
    """What suits the output."""
    from pcapdiag.report.terminal import canvas

    return canvas(out, width(), colored(color))


def _list(format_: str, color: str) -> int:
    """The catalogue: in the terminal by title, else with every text, for an example."""
    from pcapdiag.advice.catalogue import example

    with open_output(STDOUT) as out:
        if format_ == "json":
            from pcapdiag.report.advice_json import document
            from pcapdiag.report.json_ import encode

            out.write(encode(document([(example(), None)]), 2) + "\n")
        elif format_ == "markdown":
            from pcapdiag.report.advice_markdown import page

            out.write(page(example()))
        else:
            from pcapdiag.report.advice_terminal import brief_lines

            out.writelines(f"{line}\n" for line in brief_lines(example().cures, _canvas(out, color)))
    return DONE
