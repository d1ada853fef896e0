"""``pcapdiag lab``: make the failure happen on this machine's kernel, and see it diagnosed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE, FOUND, UNREADABLE, trouble
from pcapdiag.durations import format_duration
from pcapdiag.report.formats import renderer
from pcapdiag.report.output import STDOUT, OutputError, check_output, open_output

if TYPE_CHECKING:
    from pcapdiag.lab.types import Scenario, Truth
    from pcapdiag.report.model import Report
    from pcapdiag.rules.types import Finding


@click.group("lab", short_help="Make the failure happen here, with real stacks.")
def command() -> None:
    """Make the failure, its neighbours and its cures happen between real TCP stacks, and see them diagnosed.

    Everything happens in network namespaces of its own (client, middlebox, server) that are removed at the end. Needs Linux and
    root.
    """


@command.command("list", short_help="What can be made to happen.")
def list_() -> int:
    """List the scenarios, each in a sentence, with what this machine lacks for it."""
    from pcapdiag.lab.requirements import missing
    from pcapdiag.lab.scenarios import SCENARIOS

    wide = max(len(s.name) for s in SCENARIOS)
    with open_output(STDOUT) as out:
        for s in SCENARIOS:
            out.write(f"{s.name:<{wide}}  {s.summary}\n")
            own = set(missing(s.needs)) - set(missing())
            out.writelines(f"{'':<{wide}}  {text}\n" for text in sorted(own))
    for text in missing():
        trouble(text, DONE)
    return DONE


@command.command("run", short_help="Let scenarios happen.")
@click.argument("names", nargs=-1, metavar="SCENARIO...")
@click.option("--all", "every", is_flag=True, help="All scenarios, one after the other.")
@click.option("-o", "--output", default=".", metavar="DIR", show_default=True, help="Leave captures and truth in this folder.")
@click.option("--force", is_flag=True, help="Overwrite files of an earlier run.")
@color_option
def run(names: tuple[str, ...], every: bool, output: str, force: bool, color: str) -> int:
    """Let scenarios happen, and say what the endpoints saw, what the capture shows, and whether the two agree.

    Each leaves its captures and NAME.truth.json, in which the endpoints say what they sent and what became of it; besides,
    what a person would look at: ss, conntrack, the logs of proxies. Exit code 1: a diagnosis was not the truth.
    """
    from pcapdiag.lab.requirements import missing
    from pcapdiag.lab.scenarios import SCENARIOS

    known = {s.name: s for s in SCENARIOS}
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no such scenario: {', '.join(unknown)} (pcapdiag lab list shows all)")
    chosen = list(SCENARIOS) if every else [known[name] for name in names]
    if not chosen:
        raise click.UsageError("which scenario? (pcapdiag lab list shows all)")
    if lacks := missing():
        return max(trouble(text, UNREADABLE) for text in lacks)
    if len(chosen) == 1 and chosen[0].cure:
        chosen.append(known[chosen[0].cure])
    code = DONE
    for scenario in chosen:
        check_output(str(Path(output, f"{scenario.name}.truth.json")), force=force) if Path(output).is_dir() else None
    for scenario in chosen:
        if lacks := missing(scenario.needs):
            code = max(code, *(trouble(f"{scenario.name}: {text}", UNREADABLE) for text in lacks))
        else:
            code = max(code, _happen(scenario, Path(output), force, colored(color)))
    return code


def _happen(scenario: Scenario, folder: Path, force: bool, color: bool) -> int:
    """One scenario, shown whole."""
    from pcapdiag.lab.running import happened, left
    from pcapdiag.lab.types import Failed

    click.echo(f"{scenario.name}: {scenario.summary} (at most {scenario.seconds} s)")
    try:
        with happened(scenario) as (truth, made):
            files = left(truth, made, folder, force=force)
    except FileExistsError as error:
        raise OutputError(str(folder), str(error)) from error
    except Failed as error:
        return trouble(str(error), FOUND)
    click.echo(f"\nWhat the endpoints saw, by their own account ({files[0].parent}/{scenario.name}.truth.json):")
    for line in _seen(truth):
        click.echo(line)
    codes = [_diagnosed(truth, name, folder, color) for name in truth.captures]
    return max(codes, default=DONE)


def _seen(truth: Truth) -> list[str]:
    """A line for everything that was lost, and one for the rest."""
    lost = [s for s in truth.said if s.rule]
    lines = []
    for s in lost:
        after = f"after {format_duration(s.gap_ns)} idle" if s.gap_ns is not None else "at once"
        way = f"{s.client} → {s.server}" if s.by == "client" else f"{s.server} → {s.client}"
        lines.append(f"  {way}  {s.kind} {after}: {s.result}  ({s.rule})")
    well = [s for s in truth.said if not s.rule and s.result in ("200", "sent")]
    longest = max((s.gap_ns for s in well if s.gap_ns is not None), default=0)
    return [*lines, f"  {len(well)} others went well, the longest after {format_duration(longest)} idle", ""]


def _diagnosed(truth: Truth, capture: str, folder: Path, color: bool) -> int:
    """The report on one capture, and whether it is the truth."""
    from pcapdiag.analyze import analyze
    from pcapdiag.lab.check import Found, differences

    files = truth.captures[capture].files or (capture,)
    click.echo(f"What {capture} shows ({truth.captures[capture].made_with} in {truth.captures[capture].node}):\n")
    report = analyze([folder / file for file in files]).report
    with open_output(STDOUT) as out:
        renderer("terminal", width=width(), color=color).render(report, out)
    expected = truth.expected(capture)
    wrong = differences(expected, (Found(*_told(finding)) for finding in everything(report)))
    wrong += [f"not proved: {f.rule} on {f.period.connection.client}" for f in report.unproved]
    click.echo("")
    for text in wrong:
        click.echo(f"Not the truth: {text}")
    if not wrong:
        click.echo(f"The diagnosis is the truth: {len(expected)} of {len(expected)}, and nothing else.")
    click.echo("")
    return FOUND if wrong else DONE


def everything(report: Report) -> tuple[Finding, ...]:
    """All that is proved, whatever it counts as."""
    return (*report.findings, *report.heartbeats, *report.harmless)


def _told(finding: Finding) -> tuple[str, frozenset[tuple[str, str]], int, int, bool]:
    """What of a finding the endpoints know too: the rule that has to speak, whose, when, after how long."""
    period = finding.period
    views = frozenset((str(p.connection.client), str(p.connection.server)) for p in (period, *finding.twins))
    return finding.rule, views, period.wake.first.ref.time, period.gap, period.idle and period.bound == "lower"
