"""The whole chain, live: application, sidecar, a middle that forgets, gateway, server; and what each of them has to say of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pcapdiag
from pcapdiag.lab import envoy
from pcapdiag.lab.check import Found, differences
from pcapdiag.lab.running import happened
from pcapdiag.lab.scenarios.full_chain import SCENARIOS
from pcapdiag.lab.types import Said, Truth
from tests.lab.live import live
from tests.programs import REASON

pytestmark = [*live("dumpcap"), pytest.mark.skipif(envoy.binary() is None, reason=f"{REASON} envoy")]


class Run(NamedTuple):
    """What a run left."""

    truth: Truth
    folder: Path

    @property
    def lost(self) -> list[Said]:
        """The requests that were lost, by the account of all three."""
        return [said for said in self.truth.said if said.rule]

    def text(self, kind: str) -> str:
        """One of the files besides the captures."""
        return (self.folder / self.truth.files[kind]).read_text()


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """full-chain, once: about 20 s."""
    with happened(SCENARIOS[0]) as (truth, folder):
        yield Run(truth, folder)


def test_every_capture_shows_the_truth(run: Run) -> None:
    """At the client and before the NAT each lost request is found, at its time and with its gap; behind it nothing is."""
    assert len(run.lost) >= 3
    for name in run.truth.captures:
        report = pcapdiag.analyze(str(run.folder / name)).report
        found = [
            Found(f.rule, frozenset({(str(f.period.connection.client), str(f.period.connection.server))}),
                  f.period.wake.first.ref.time, f.period.gap)
            for f in (*report.findings, *report.unproved, *report.harmless, *report.heartbeats)
        ]  # fmt: skip
        assert differences(run.truth.expected(name), found) == [], name
        assert len(found) == (0 if name.endswith((".after-nat.pcap", ".gateway.pcap")) else len(run.lost))


def test_the_logs_say_what_a_mesh_says(run: Run) -> None:
    """Each lost request is 503 UC in the sidecar's log, on the connection that is found; the gateway has no line for it."""
    lines = run.text("sidecar").splitlines()
    for said in run.lost:
        (line,) = (line for line in lines if said.id in line)
        assert " 503 UC upstream_reset_before_response_started{connection_termination} - " in line
        assert f'"{said.server}" outbound|80||shop.prod.svc.cluster.local {said.client} ' in line
        assert said.id not in run.text("gateway")
    assert sum(" 503 UC " in line for line in lines) == len(run.lost)


def test_the_client_had_no_timer_and_the_middle_no_entry(run: Run) -> None:
    """`ss` shows the lost connections established and without keepalive timer; in `conntrack -L` they stand at first, and not at
    the end."""
    rows = [line for line in run.text("ss").splitlines() if "198.51.100.80:80" in line]
    lists = run.text("conntrack").split("# ")[1:]
    for said in run.lost:
        mine = [row for row in rows if f" {said.client} " in row]
        assert mine
        assert all(row.startswith("ESTAB") and "timer:" not in row for row in mine)
        port = f"sport={said.client.rpartition(':')[2]} "
        assert port not in lists[0]
        assert port in lists[1]
        assert port not in lists[-1]
