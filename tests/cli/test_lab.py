"""``pcapdiag lab``: what it lists, and what it says of a machine on which nothing can be made to happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from pcapdiag.lab import requirements
from pcapdiag.lab.scenarios import SCENARIOS
from pcapdiag.lab.types import Failed, Scenario


def test_every_scenario_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each, with its sentence."""
    assert main(["lab", "list"]) == 0
    out = capsys.readouterr().out
    for scenario in SCENARIOS:
        assert f"{scenario.name} " in out
        assert scenario.summary in out


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without root or a program nothing is tried: one line for each thing that is missing, and exit code 2."""
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: None if name == "nft" else f"/usr/bin/{name}")
    assert main(["lab", "run", "reset-after-idle", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "pcapdiag: needs root: it makes network namespaces",
        "pcapdiag: needs nft (nftables)",
    ]
    assert list(tmp_path.iterdir()) == []


def test_root_of_a_container_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Root without the capabilities that namespaces need hears which, before anything is tried."""
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(requirements, "_capabilities", lambda: 0xA80425FB)  # Docker's default
    assert main(["lab", "run", "reset-after-idle", "-o", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pcapdiag: needs CAP_SYS_ADMIN and CAP_NET_ADMIN, ")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_command_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the machine refuses in the middle of a scenario is said in one line with the command, and the exit code is 1."""

    def refuse(_: object) -> None:
        raise Failed("ip netns add x: Operation not permitted")

    broken = Scenario("broken", "The machine refuses.", refuse)
    monkeypatch.setattr(requirements, "missing", lambda _=(): [])
    monkeypatch.setattr("pcapdiag.lab.scenarios.SCENARIOS", (broken,))
    assert main(["lab", "run", "broken", "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "pcapdiag: ip netns add x: Operation not permitted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "said"), [((), "which scenario?"), (("reset-after-lunch",), "no such scenario: reset-after-lunch")])
def test_a_scenario_must_be_named(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No scenario, or one that does not exist: the error says where to look."""
    assert main(["lab", "run", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert main(["lab", "--help"]) == 0


def test_files_of_an_earlier_run_are_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there already is found out before anything happens."""
    monkeypatch.setattr(requirements, "missing", lambda _=(): [])
    (tmp_path / "reset-after-idle.truth.json").write_text("{}")
    assert main(["lab", "run", "reset-after-idle", "-o", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
