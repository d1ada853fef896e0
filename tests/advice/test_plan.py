"""What the plan prints can be run: by a shell, by tcpdump, ss and conntrack, by kubectl."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.advice.plan import FILES, RING_TIMES, SNAP_LENGTH, Errand, Pod, plan, ring_file
from pcapdiag.cli.main import main
from pcapdiag.correlate.sockets import read_sockets
from pcapdiag.engine.types import Endpoint

MINUTES_15 = 900_000_000_000
SERVICES = (Endpoint("10.0.0.1", 443), Endpoint("2001:db8::1", 8443))
Captured = pytest.CaptureFixture[str]

services = st.builds(Endpoint, st.ip_addresses().map(str), st.integers(1, 65535))
timeouts = st.integers(1_000_000_000, 86_400_000_000_000)


def _one(errands: tuple[Errand, ...], which: str) -> str:
    return next(errand.commands for errand in errands if errand.id == which)


@given(services, timeouts, st.none() | st.just(Pod("shop", "checkout-7d9f")))
def test_a_shell_can_read_it(service: Endpoint, timeout: int, pod: Pod | None) -> None:
    """Every command, for any service, is a line that sh takes, and names the service's port."""
    for errand in plan(timeout, service, pod=pod):
        subprocess.run(["sh", "-n"], input=errand.commands, text=True, check=True, capture_output=True)
        assert errand.id == "access-log" or str(service.port) in errand.commands or "tar" in errand.commands


@given(timeouts, st.integers(1, 1_000_000))
def test_the_ring_outlasts_the_gap(timeout: int, rate: int) -> None:
    """What all files but the one being written hold is at least the promised time, at the promised rate."""
    held = (FILES - 1) * ring_file(timeout, rate) * 1_000_000
    assert held >= RING_TIMES * timeout / 1e9 * rate * SNAP_LENGTH


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@pytest.mark.parametrize("service", SERVICES, ids=str)
@pytest.mark.parametrize("which", ["capture", "far-capture"])
def test_tcpdump_takes_the_filter(service: Endpoint, which: str) -> None:
    """The filter compiles: tcpdump prints its program (-d) and opens nothing."""
    expression = re.findall(r"'([^']*)'$", _one(plan(MINUTES_15, service), which))
    assert len(expression) == 1
    done = subprocess.run(["tcpdump", "-y", "EN10MB", "-d", *expression], capture_output=True, text=True, check=False)
    assert "ret" in done.stdout, done.stderr


@pytest.mark.skipif(shutil.which("ss") is None, reason="ss is not installed")
@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_ss_takes_its_filter(service: Endpoint) -> None:
    """One turn of the loop prints when and how it ran, as its reader wants it, and what ss says, without a complaint."""
    turn = re.sub(r"sleep \d+; done.*", "exit; done", _one(plan(MINUTES_15, service), "ss"))
    done = subprocess.run(["sh", "-c", turn], capture_output=True, text=True, check=True, timeout=10)
    assert re.match(r"# \d{4}-\d\d-\d\dT[\d:]+Z \S+: ss -tnoeip dst .*\n.*Recv-Q", done.stdout, re.DOTALL)
    (snapshot,) = read_sockets(done.stdout.splitlines(), "ss.txt").snapshots
    assert snapshot.time is not None
    assert snapshot.timers is True
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("conntrack") is None, reason="conntrack is not installed")
@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_conntrack_takes_its_filter(service: Endpoint) -> None:
    """The options are ones that it knows: without root it fails later, at the kernel."""
    once = re.search(r"do (conntrack -L .*); sleep", _one(plan(MINUTES_15, service), "conntrack"))
    assert once is not None
    done = subprocess.run(once[1].split(), capture_output=True, text=True, check=False, timeout=10)
    assert done.returncode == 0 or "ermitted" in done.stderr or "ermission" in done.stderr, done.stderr


def test_a_pod_is_met_in_its_own_network() -> None:
    """With a pod the capture and the sockets are those of its network namespace, and the files come home."""
    errands = plan(MINUTES_15, SERVICES[0], pod=Pod("shop", "checkout-7d9f"))
    assert "kubectl debug -n shop checkout-7d9f" in _one(errands, "capture")
    assert "| tar x" in _one(errands, "capture")
    assert _one(errands, "ss").startswith("kubectl exec -n shop checkout-7d9f")


def test_it_is_printed_whole(capsys: Captured) -> None:
    """No command is broken into lines or coloured, however long; text fits 80 columns; JSON holds the same."""
    arguments = ["plan", "--timeout", "15m", "--service", "10.0.0.1:443"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    errands = plan(MINUTES_15, SERVICES[0])
    for errand in errands:
        assert f"\n\n{errand.commands}\n" in shown
    commands = {line for errand in errands for line in errand.commands.splitlines()}
    assert all(len(line) <= 80 for line in shown.splitlines() if line not in commands)
    assert main([*arguments, "--format", "json"]) == 0
    assert [e["commands"] for e in json.loads(capsys.readouterr().out)] == [e.commands for e in errands]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--service", "shop:443"),
        ("--timeout", "soon"),
        ("--pod", "Shop/x"),
        ("--pod", "a/b/c"),
        ("--pod", "a;rm"),
        ("--rate", "0"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(option: str, value: str, capsys: Captured) -> None:
    """Nothing that is no address, duration or pod reaches a command line."""
    told = {"--timeout": "15m", "--service": "10.0.0.1:443", option: value}
    assert main(["plan", *(part for pair in told.items() for part in pair)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert value in captured.err
