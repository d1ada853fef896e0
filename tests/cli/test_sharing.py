"""``--evidence`` and ``--anonymize``: where they write, what they refuse, and that a key maps alike everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.anonymize import Addresses
from pcapdiag.cli.main import main
from tests.end_to_end.command import pcapdiag as command
from tests.end_to_end.shipped import RESET

Captured = pytest.CaptureFixture[str]
KEY = "00112233445566778899aabbccddeeff"


def test_evidence_beside_the_report(tmp_path: Path, capsys: Captured) -> None:
    """The capture is written, the report printed as ever, and its JSON leads to the frames."""
    out = tmp_path / "proof.pcapng"
    assert main(["analyze", str(RESET), "--evidence", str(out), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    frames = [step["evidence_frame"] for e in document["excerpts"] for step in e["steps"]]
    assert sorted(frames) == sorted(set(frames))
    assert None not in frames
    assert len(pcapdiag.analyze(out).findings) == 4
    assert document["anonymized"] is None


def test_the_evidence_names_no_directory(tmp_path: Path) -> None:
    """Its comments have the captures' names alone, and a command that can be repeated."""
    out = tmp_path / "proof.pcapng"
    assert main(["analyze", str(RESET), "--min-idle", "2s", "--host", "10.1.0.0/16", "--evidence", str(out)]) == 0
    data = out.read_bytes()
    assert str(RESET.parent).encode() not in data
    told = b"Made by: pcapdiag analyze reset-after-idle.pcap --min-idle 2s --host 10.1.0.0/16 --evidence OUT"
    assert told in data


def test_nothing_is_overwritten_or_mixed(tmp_path: Path, capsys: Captured) -> None:
    """An existing file, the capture itself, and two outputs on one stream are refused before anything is read."""
    out = tmp_path / "proof.pcapng"
    out.write_text("mine")
    assert main(["analyze", str(RESET), "--evidence", str(out)]) == 2
    assert out.read_text() == "mine"
    assert main(["analyze", str(RESET), "--evidence", str(out), "--force"]) == 0
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(RESET.read_bytes())
    assert main(["analyze", str(copy), "--evidence", str(copy), "--force"]) == 2
    assert main(["analyze", str(RESET), "--evidence", "-"]) == 2
    assert "cannot both go to standard output" in capsys.readouterr().err


def test_the_evidence_goes_down_a_pipe(tmp_path: Path) -> None:
    """With the report in a file, `-` is free for the capture."""
    import subprocess
    import sys

    run = subprocess.run([sys.executable, "-m", "pcapdiag", "analyze", str(RESET), "--evidence", "-", "-o", str(tmp_path / "r.txt")],
                         capture_output=True, check=True)  # fmt: skip
    assert run.stdout[:4] == bytes.fromhex("0a0d0d0a")


def test_a_key_maps_alike_in_every_run(tmp_path: Path, capsys: Captured) -> None:
    """Written out or in a file, the key decides; giving one is asking for it; without one, each run has its own."""
    file = tmp_path / "key"
    file.write_bytes(bytes.fromhex(KEY))
    shown = []
    for options in (["--anonymize-key", KEY], ["--anonymize-key", str(file)], ["--anonymize"], ["--anonymize"]):
        assert main(["analyze", str(RESET), "--format", "json", *options]) == 0
        shown.append(json.loads(capsys.readouterr().out))
    servers = [d["findings"][0]["period"]["connection"]["server"]["address"] for d in shown]
    assert servers[0] == servers[1] == Addresses(bytes.fromhex(KEY)).text("198.51.100.80")
    assert len(set(servers)) == 3
    assert [d["anonymized"] for d in shown] == [{"dropped": 0}] * 4


@pytest.mark.parametrize(("options", "told"), [
    (["--anonymize-key", "abcd"], "at least 16 bytes"), (["--anonymize-key", "no such file"], "neither hex digits nor a file"),
    (["--anonymize", "--payload"], "--anonymize removes what --payload asks for"),
    (["--anonymize-key", KEY, "--payload"], "--anonymize removes what --payload asks for"),
])  # fmt: skip
def test_what_is_refused(options: list[str], told: str, capsys: Captured) -> None:
    """Keys that are none, and payload in what shall hold none."""
    assert main(["analyze", str(RESET), *options]) == 2
    assert told in capsys.readouterr().err


def test_live_input_is_not_printed_before_it_is_anonymised() -> None:
    """From standard input too, not one line has an address of the capture."""
    for form in ("terminal", "jsonl"):
        run = command("analyze", "-", "--anonymize", "--format", form, stdin=RESET.read_bytes())
        assert run.returncode == 0, run.stderr
        assert "198.51.100.80" not in run.stdout + run.stderr
        assert "10.1.0.1" not in run.stdout + run.stderr
