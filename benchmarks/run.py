"""Measures pcapdiag against tcpdump, tshark, zcat and dpkt, and says which budgets are met.

python benchmarks/run.py                                  # all, generating captures that are missing
python benchmarks/run.py -n 3 --only few2k --no-slow      # a part
python benchmarks/run.py --markdown docs/performance.md   # also put the tables between that file's markers
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

from comparisons import Bench, answers, full_captures, slow_readers, small_capture
from machine import describe, tools, why_not
from paths import capture_path, is_missing, named
from tables import Row, Section, markdown, put_between_markers
from workloads import WORKLOADS, Workload

SMALL: Final = "tiny100"
SAMPLE_RECORDS: Final = 300_000
"""Records of the samples for tshark and dpkt: some seconds each, so that their start-up weighs little."""


def ensure(workloads: list[Workload], scale: float) -> None:
    """Generate what is missing, in another process: see ``measure.py``."""
    names = [w.name for w in workloads if is_missing(w, scale)]
    if names:
        print(f"generating {', '.join(names)} at scale {scale:g}", file=sys.stderr)
        script = Path(__file__).resolve().with_name("generate.py")
        subprocess.run([sys.executable, str(script), "--scale", str(scale), *names], check=True)


def sample_scale(workload: Workload, scale: float) -> float:
    """Scale of the sample for slow readers: SAMPLE_RECORDS, or the workload itself if that is smaller."""
    return min(scale, SAMPLE_RECORDS / workload.records)


def measure(bench: Bench, workloads: list[Workload], slow: bool) -> list[Section]:
    """All comparisons, the quick ones first."""
    small = next(w for w in WORKLOADS if w.name == SMALL)
    ensure([small, *workloads], bench.scale)
    small_section, startup = small_capture(bench, small)
    rows: dict[str, list[Row]] = {"cpu": [], "formats": [], "memory": [], "rules": [], "failed": []}
    found: list[Row] = []
    compared: list[Row] = []
    for workload in workloads:
        print(f"measuring {workload.name}", file=sys.stderr)
        for section, some in full_captures(bench, workload).items():
            rows[section] += some
        found += answers(bench, workload)
        if slow:
            scale = sample_scale(workload, bench.scale)
            ensure([workload], scale)
            compared += slow_readers(bench, workload, scale, startup)
    n = bench.runs
    in_turn = (
        f"CPU time is user and system; medians of {n} runs, run in turn; ratios are medians of the rounds."
    )
    note = (
        f"Samples of up to {SAMPLE_RECORDS:,} records, generated alike; pcapdiag reads the whole workload. "
        "tshark's start-up is not counted."
    )
    rules = "Terminal report; CPU time as above. Both import every rule: the ratio is of judging, not of starting."
    sections = [
        Section(
            "CPU against `tcpdump -r FILE 'tcp[tcpflags] & tcp-rst != 0' -w /dev/null`", in_turn, rows["cpu"]
        ),
        Section("Other formats of the same packets", in_turn, rows["formats"]),
        Section(
            "Peak memory", "Resident, highest of all runs; 40 MB + 512 bytes a connection.", rows["memory"]
        ),
        Section("All rules against IDLE101 alone", rules, rows["rules"]),
        Section("CPU per record against slower readers", note, compared),
        small_section,
        Section("Answers", "What was generated must be found.", found),
        Section("Failed", "Commands that did not end with exit code 0.", rows["failed"]),
    ]
    return [section for section in sections if section.rows]


def captures(bench: Bench, workloads: list[Workload]) -> list[str]:
    """One line on each capture."""
    lines = []
    for workload in workloads:
        facts = bench.facts(workload, bench.scale)
        size = capture_path(workload, bench.scale).stat().st_size / 1e6
        lines.append(
            f"{workload.name}: {facts['records']:,} records, {facts['connections']:,} connections, "
            f"{size:,.0f} MB"
        )
    return lines


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description="Measures pcapdiag against other readers of captures.")
    parser.add_argument("-n", "--runs", type=int, default=5, help="rounds of each series (default 5)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this workload")
    parser.add_argument("--scale", type=float, default=1.0, help="of the captures; budgets are meant for 1")
    parser.add_argument("--no-slow", action="store_true", help="leave out tshark's and dpkt's loops")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="put the tables between this file's markers"
    )
    parser.add_argument("--pcapdiag", metavar="COMMAND", help="measure this instead of python -m pcapdiag")
    options = parser.parse_args()

    if unknown := set(options.only) - {w.name for w in WORKLOADS}:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")

    command = shlex.split(options.pcapdiag) if options.pcapdiag else [sys.executable, "-m", "pcapdiag"]
    bench = Bench(command, tools(command), options.runs, options.scale, foreign=bool(options.pcapdiag))
    if "pcapdiag" not in bench.tools:
        sys.exit(f"{shlex.join(command)} does not run: {why_not([*command, '--version'])}")
    for tool in ("tcpdump", "tshark", "zcat", "dpkt"):
        if tool not in bench.tools:
            print(f"{tool} is missing: what is compared with it is left out", file=sys.stderr)
    workloads = [w for w in named(options.only) if w.name != SMALL]
    sections = measure(bench, workloads, slow=not options.no_slow)
    preface = [*describe(), ", ".join(bench.tools.values()), *captures(bench, workloads)]
    text = markdown(sections, preface)
    print(text)
    if options.markdown:
        put_between_markers(options.markdown, text)


if __name__ == "__main__":
    main()
