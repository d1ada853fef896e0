"""What is compared with what: each function measures one kind of comparison and returns its table."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from measure import CommandFailedError, Series, run_once, warm
from paths import capture_path
from tables import Row, Section, at_most, cpu, megabytes
from workloads import Workload

RESETS: Final = "tcp[tcpflags] & tcp-rst != 0"
TSHARK_FIELDS: Final = ("-T", "fields", "-e", "tcp.stream", "-e", "tcp.time_delta", "-e", "tcp.flags")
# The budgets of design.md, section 6. CPU against tcpdump: (ratio, seconds on top).
CPU_BUDGET: Final = {"random500k": (1.5, 0.0), "medium200k": (1.0, 0.0), "few2k": (1.0, 0.1)}
TSHARK_BUDGET: Final = 250
PCAPNG_BUDGET: Final = 1.3
GZ_BUDGET: Final = 1.0
RULES_BUDGET: Final = 1.1
SMALL_BUDGET: Final = 0.5
MEMORY_BASE: Final = 40_000_000
MEMORY_PER_CONNECTION: Final = 512
MODES: Final = {"json, idle 1 s": "1s", "json, idle 60 s": "60s"}
TERMINAL: Final = "terminal report"
ONE_RULE: Final = "IDLE101 alone"


@dataclass(frozen=True, slots=True)
class Bench:
    """What all comparisons share. ``tools``: versions of those there are. ``runs``: rounds of each series. ``foreign``: it is
    not the pcapdiag of this Python."""

    pcapdiag: list[str]
    tools: dict[str, str]
    runs: int
    scale: float
    foreign: bool = False

    def facts(self, workload: Workload, scale: float) -> dict[str, Any]:
        """What the generator says of a capture."""
        facts: dict[str, Any] = json.loads(capture_path(workload, scale, "json").read_text())
        return facts

    def analyze(self, path: Path, min_idle: str = "1s", output: str = os.devnull) -> list[str]:
        """The command that analyses a capture, with a JSON report."""
        options = ["--no-progress", "-o", output, "--force", "--format", "json", "--min-idle", min_idle]
        return [*self.pcapdiag, "analyze", str(path), *options]

    def report(self, path: Path) -> list[str]:
        """The command as people type it, with its report on the terminal."""
        return [*self.pcapdiag, "analyze", str(path), "--no-progress"]


def tcpdump(path: Path) -> list[str]:
    """The reference: a look at one byte of each packet."""
    # Run by root, Debian's tcpdump would become another user and give /dev/null to it.
    keep_user = ["-Z", "root"] if os.geteuid() == 0 else []
    return ["tcpdump", *keep_user, "-r", str(path), RESETS, "-w", os.devnull]


def full_captures(bench: Bench, workload: Workload) -> dict[str, list[Row]]:
    """All comparisons on a whole workload, as rows: ``cpu``, ``formats``, ``memory``, ``rules``, ``failed``."""
    paths = {suffix: capture_path(workload, bench.scale, suffix) for suffix in workload.suffixes}
    for path in paths.values():
        warm(path)
    commands = {mode: bench.analyze(paths["pcap"], idle) for mode, idle in MODES.items()}
    commands[TERMINAL] = bench.report(paths["pcap"])
    commands |= {suffix: bench.analyze(path) for suffix, path in paths.items() if suffix != "pcap"}
    if "tcpdump" in bench.tools:
        commands = {"tcpdump": tcpdump(paths["pcap"]), **commands}
    if "zcat" in bench.tools and "pcap.gz" in paths:
        commands["zcat"] = ["zcat", str(paths["pcap.gz"])]
    if not bench.foreign:
        commands[ONE_RULE] = [sys.executable, str(_script("one_rule")), *bench.report(paths["pcap"])[len(bench.pcapdiag) :]]
    series = Series(commands, bench.runs)
    facts = bench.facts(workload, bench.scale)
    failed = [Row(workload.name, name, "failed", "", why) for name, why in series.failed.items()]
    return {
        "cpu": _against_tcpdump(workload, series, facts["records"]),
        "formats": _formats(workload, series, facts["records"]),
        "memory": _memory(workload, series, facts["connections"]),
        "rules": _all_rules(workload, series, facts["records"]),
        "failed": failed,
    }


def _against_tcpdump(workload: Workload, series: Series, records: int) -> list[Row]:
    rows = []
    factor, extra = CPU_BUDGET.get(workload.name, (1.0, 0.1))
    for mode in (*MODES, TERMINAL):
        if not series.has(mode):
            continue
        value = cpu(series.cpu(mode), records)
        if not series.has("tcpdump"):
            rows.append(Row(workload.name, mode, value, "tcpdump (missing)", ""))
            continue
        reference = series.cpu("tcpdump")
        row = (workload.name, mode, value, f"tcpdump {cpu(reference, records)}")
        rows.append(at_most(row, series.ratio(mode, "tcpdump"), factor + extra / reference))
    return rows


def _formats(workload: Workload, series: Series, records: int) -> list[Row]:
    rows = []
    plain = next(iter(MODES))
    if series.has("pcapng", plain):
        against = f"pcap {cpu(series.cpu(plain), records)}"
        row = (workload.name, "pcapng", cpu(series.cpu("pcapng"), records), against)
        rows.append(at_most(row, series.ratio("pcapng", plain), PCAPNG_BUDGET))
    if series.has("pcap.gz", "zcat"):
        against = f"zcat {cpu(series.cpu('zcat'), records)}"
        row = (workload.name, "pcap.gz", cpu(series.cpu("pcap.gz"), records), against)
        rows.append(at_most(row, series.ratio("pcap.gz", "zcat"), GZ_BUDGET))
    return rows


def _all_rules(workload: Workload, series: Series, records: int) -> list[Row]:
    if not series.has(TERMINAL, ONE_RULE):
        return []
    alone = f"{ONE_RULE} {cpu(series.cpu(ONE_RULE), records)}"
    row = (workload.name, "all rules", cpu(series.cpu(TERMINAL), records), alone)
    return [at_most(row, series.ratio(TERMINAL, ONE_RULE), RULES_BUDGET)]


def _script(name: str) -> Path:
    return Path(__file__).resolve().with_name(f"{name}.py")


def _memory(workload: Workload, series: Series, connections: int) -> list[Row]:
    rows = []
    budget = MEMORY_BASE + MEMORY_PER_CONNECTION * connections
    for name in (*MODES, TERMINAL, "pcapng", "pcap.gz"):
        if series.has(name):
            peak = series.peak(name)
            share = f"{peak / budget:.2f} of the budget"
            against = f"{connections:,} connections"
            row = (workload.name, name, megabytes(peak), against, share)
            rows.append(Row(*row, f"at most {megabytes(budget)}", peak <= budget))
    return rows


def slow_readers(bench: Bench, workload: Workload, scale: float, startup: float) -> list[Row]:
    """Against tshark and a dpkt loop, per record on a sample, as they are too slow for whole workloads.

    ``scale``: of the sample, which is generated like the workload, with as many records per connection.
    ``startup``: CPU seconds tshark takes for a tiny capture, which are not counted.
    """
    sample = capture_path(workload, scale)
    full = capture_path(workload, bench.scale)
    for path in (sample, full):
        warm(path)
    commands = {"pcapdiag": bench.analyze(full)}
    if "tshark" in bench.tools:
        commands["tshark"] = ["tshark", "-r", str(sample), *TSHARK_FIELDS]
    if "dpkt" in bench.tools:
        commands["dpkt"] = [sys.executable, str(_script("dpkt_loop")), str(sample)]
    series = Series(commands, min(bench.runs, 2))
    if not series.has("pcapdiag"):
        return []
    rows = []
    records = bench.facts(workload, bench.scale)["records"]
    sampled = bench.facts(workload, scale)["records"]
    own = series.cpu("pcapdiag")
    for name in ("tshark", "dpkt"):
        if series.has(name):
            theirs = series.cpu(name) - (startup if name == "tshark" else 0)
            times = theirs / sampled / (own / records)
            row = (workload.name, f"against {name}", cpu(own, records), f"{name} {cpu(theirs, sampled)}")
            if name == "tshark":
                met = times >= TSHARK_BUDGET
                rows.append(Row(*row, f"{times:.0f} times as fast", f"at least {TSHARK_BUDGET}", met))
            else:
                rows.append(Row(*row, f"{times:.0f} times as fast"))
    return rows


def small_capture(bench: Bench, workload: Workload) -> tuple[Section, float]:
    """The whole command on about 100 packets, against tshark. Also tshark's CPU seconds, 0 if missing."""
    path = capture_path(workload, bench.scale)
    warm(path)
    commands = {"pcapdiag": bench.report(path)}
    if "tshark" in bench.tools:
        commands = {"tshark": ["tshark", "-r", str(path)], **commands}
    series = Series(commands, max(2 * bench.runs, 5))
    rows = []
    for what, kind in (("wall time", lambda u: u.wall), ("CPU time", lambda u: u.cpu)):
        if series.has("pcapdiag", "tshark"):
            value, against = (f"{series.median(n, kind) * 1e3:.0f} ms" for n in ("pcapdiag", "tshark"))
            row = (workload.name, what, value, f"tshark -r {against}")
            rows.append(at_most(row, series.ratio("pcapdiag", "tshark", kind), SMALL_BUDGET))
        elif series.has("pcapdiag"):
            value = f"{series.median('pcapdiag', kind) * 1e3:.0f} ms"
            rows.append(Row(workload.name, what, value, "tshark (missing)", ""))
    rows += [Row(workload.name, name, "failed", "", why) for name, why in series.failed.items()]
    note = "The whole command as typed, start of Python included, terminal report to /dev/null."
    startup = series.cpu("tshark") if series.has("tshark") else 0.0
    return Section("A small capture", note, rows), startup


def answers(bench: Bench, workload: Workload) -> list[Row]:
    """Whether what was generated is found: speed without that would be worth nothing."""
    wanted = bench.facts(workload, bench.scale)["bare_resets_after_idle"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        try:
            run_once(bench.analyze(capture_path(workload, bench.scale), output=str(out)))
            found = json.loads(out.read_text())["counts"]["rules"].get("IDLE101", 0)
        except (CommandFailedError, OSError, ValueError, KeyError) as error:
            return [Row(workload.name, "requests reset after idle", "?", f"{wanted} generated", str(error))]
    same = found == wanted
    row = (workload.name, "requests reset after idle", f"{found} found", f"{wanted} generated")
    return [Row(*row, "same" if same else "different", "same", same)]
