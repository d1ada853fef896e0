"""Every capture that the lab made and that is shipped, against what its endpoints noted: no more, no less."""

from __future__ import annotations

import json
import os
import subprocess
from functools import lru_cache

import pytest

import pcapdiag
from pcapdiag.engine.types import Bound, Outcome
from pcapdiag.lab.check import TOLERANCE
from pcapdiag.lab.types import Expected, Truth
from pcapdiag.results import CaptureFiles
from pcapdiag.rules.types import Finding
from tests.end_to_end.behaviour import PAGE, anew
from tests.end_to_end.shipped import CAPTURES, RUNS
from tests.programs import needs

SECOND = 1_000_000_000
_TOLD = [json.loads(path.read_text()) for path in sorted(CAPTURES.glob("*.truth.json"))]
TRUTHS = tuple(Truth.from_json(told) for told in _TOLD if "scenario" in told)
#: The truth of each capture; of a ring, by its first file.
SHIPPED = {name: truth for truth in TRUTHS for name in truth.captures}
each = pytest.mark.parametrize("name", SHIPPED)


def files(name: str) -> list[str]:
    """The files of one capture: of a ring, several."""
    return [str(CAPTURES / file) for file in SHIPPED[name].captures[name].files or (name,)]


@lru_cache(maxsize=8)
def analysed(name: str) -> pcapdiag.Analysis:
    """One capture, with every idle period."""
    return pcapdiag.analyze(files(name), keep="all")


def found(name: str) -> list[Finding]:
    """Everything that any rule says of a capture, harmless and context included, in order of time."""
    report = analysed(name).report
    assert report.dropped_findings == 0
    told = (*report.findings, *report.unproved, *report.heartbeats, *report.harmless)
    return sorted(told, key=lambda f: f.period.wake.first.ref.time)


def ends(finding: Finding) -> set[tuple[str, str]]:
    """(client, server) of every view of a finding."""
    return {(str(p.connection.client), str(p.connection.server)) for p in (finding.period, *finding.twins)}


def is_it(finding: Finding, want: Expected) -> bool:
    """Is this the finding: rule, connection, and moment?"""
    near = abs(finding.period.wake.first.ref.time - want.sent_ns) < TOLERANCE
    return finding.rule == want.rule and (want.client, want.server) in ends(finding) and near


@each
def test_findings_are_the_truth(name: str) -> None:
    """Each thing that the endpoints say was lost there is one finding of its rule, at its time, on its connection, and proved;
    nothing else is one."""
    findings, expected = found(name), list(SHIPPED[name].expected(name))
    for finding in findings:
        mine = [want for want in expected if is_it(finding, want)]
        assert mine, f"found, but did not happen: {finding.rule} on {ends(finding)}"
        assert finding.proved
        expected.remove(mine[0])
    assert expected == []


@each
def test_gaps_are_those_of_the_endpoints(name: str) -> None:
    """Each gap is within 5 ms of what the endpoint measured with its own clock; one that began before the capture is a lower bound."""
    for want in SHIPPED[name].expected(name):
        (period,) = (f.period for f in found(name) if is_it(f, want))
        assert (period.bound is Bound.LOWER) is want.lower
        if want.gap_ns is not None:
            assert period.gap - want.gap_ns < TOLERANCE
            assert want.lower or want.gap_ns - period.gap < TOLERANCE


@pytest.mark.parametrize("name", [name for name, truth in SHIPPED.items() if truth.captures[name].expected is None])
def test_what_survived_is_known(name: str) -> None:
    """Where everything said was captured as the client said it, each request that was answered after a pause is a survived idle period of
    that length: the healthy controls in the same capture."""
    truth = SHIPPED[name]
    periods = [p for p in analysed(name).idle_periods if p.outcome is Outcome.SURVIVED and p.sender == "client"]
    for said in truth.said:
        if said.kind != "request" or said.result != "200" or said.rule or (said.gap_ns or 0) < SECOND + TOLERANCE:
            continue
        mine = [p for p in periods if str(p.connection.client) == said.client and str(p.connection.server) == said.server]
        (period,) = (p for p in mine if abs(p.wake.first.ref.time - said.sent_ns) < TOLERANCE)
        assert period.bound is not Bound.EXACT or abs(period.gap - (said.gap_ns or 0)) < TOLERANCE


def test_every_rule_has_a_capture() -> None:
    """Each IDLE and CTX rule speaks of at least one thing that real stacks did, and every run has healthy requests besides."""
    told = {want.rule for name, truth in SHIPPED.items() for want in truth.expected(name)}
    assert told == {*(f"IDLE10{n}" for n in range(1, 10)), "CTX201", "CTX202"}
    assert all(any(said.rule is None and said.result == "200" for said in truth.said) for truth in TRUTHS)


def test_the_folder_is_what_its_truth_says() -> None:
    """Nothing is missing, nothing lies about; most captures are small, and all of them with their truth are under 1 MB."""
    told = {os.path.basename(file) for name in SHIPPED for file in files(name)}
    told |= {name for truth in TRUTHS for name in (f"{truth.scenario}.truth.json", *truth.files.values())}
    old = {name for run in RUNS for name in run.captures} | {path.name for path in CAPTURES.glob("*.truth.json")}
    there = {path.name: path.stat().st_size for path in CAPTURES.iterdir()}
    assert set(there) == told | old | {"README.md", "reset-after-idle.make.py"}
    assert sum(there.values()) < 1_000_000
    sizes = [size for name, size in there.items() if ".pcap" in name]
    assert sum(size < 50_000 for size in sizes) > len(sizes) / 2


def test_every_capture_is_in_the_index() -> None:
    """README.md of the folder names every capture and scenario."""
    index = (CAPTURES / "README.md").read_text()
    for truth in TRUTHS:
        assert f"`{truth.scenario}`" in index
        for name, captured in truth.captures.items():
            assert f"`{name}`" in index or (captured.files and f"`{name.partition('_')[0]}_" in index), name


def facts(name: str) -> CaptureFiles:
    """What was read of the capture that is called so, or begins so."""
    return analysed(next(full for full in SHIPPED if full.startswith(name))).capture


def test_captures_are_of_the_kind_they_are_for() -> None:
    """Snap length, resolution, format and link type are what each capture is to show."""
    (snapped,) = facts("capture-formats.snap96")
    assert (snapped.facts.snap_length, snapped.facts.truncated > 0) == (96, True)
    assert facts("capture-formats.nanoseconds")[0].facts.format == "pcap (ns)"
    assert facts("capture-formats.dumpcap")[0].facts.format == "pcapng"
    assert facts("capture-points.gateway-any-sll.")[0].facts.link_types == ("LINUX_SLL",)
    assert facts("capture-points.gateway-any-sll2")[0].facts.link_types == ("LINUX_SLL2",)


def test_gaps_lie_across_the_files_of_the_ring() -> None:
    """In the ring every lost request is in another file than the last payload before it, and no hole lies between the files."""
    ring = analysed(next(name for name, truth in SHIPPED.items() if truth.captures[name].files))
    assert all(file.hole_before is None for file in ring.capture)
    for finding in ring.findings:
        assert finding.period.start is not None
        assert finding.period.start.file < finding.period.wake.first.ref.file


def frames(name: str, shown: str) -> list[str]:
    """The numbers of the frames that tshark shows."""
    command = ["tshark", "-n", "-r", str(CAPTURES / name), "-Y", shown, "-T", "fields", "-e", "frame.number"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@needs("tshark")
@pytest.mark.parametrize(("name", "shown"), [("vlan.pcap", "vlan.id == 100"), ("vxlan.underlay.pcap", "vxlan.vni == 42")])
def test_tags_and_tunnels_are_there(name: str, shown: str) -> None:
    """Every segment of these captures carries what they are for."""
    assert frames(name, f"tcp and {shown}") == frames(name, "tcp") != []


def test_the_logs_of_the_full_chain_agree_with_its_captures() -> None:
    """Each lost request is 503 UC in the sidecar's log, on the connection that the finding names, and is not in the gateway's."""
    sidecar = (CAPTURES / "full-chain.sidecar.log").read_text()
    gateway = (CAPTURES / "full-chain.gateway.log").read_text()
    expected = SHIPPED["full-chain.before-nat.pcap"].expected("full-chain.before-nat.pcap")
    assert sidecar.count(" 503 UC ") == len(expected) == len(found("full-chain.before-nat.pcap"))
    for want in expected:
        (line,) = (line for line in sidecar.splitlines() if want.id in line)
        assert f'"{want.server}" outbound|80||shop.prod.svc.cluster.local {want.client} ' in line
        assert want.id not in gateway
    quoted = next(line for line in PAGE.read_text().splitlines() if " 503 UC " in line)
    assert quoted in sidecar.splitlines()


@needs("tshark")
def test_what_is_said_of_the_stacks_is_in_the_captures() -> None:
    """Every ladder of docs/behaviour.md is what tshark shows of the capture it names."""
    text = PAGE.read_text()
    assert anew(text) == text
