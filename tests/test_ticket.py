"""The bundle for a ticket: complete, checkable, the same tomorrow, and silent about who made it where."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.anonymize import anonymized
from pcapdiag.report.model import Report
from pcapdiag.ticket import ticket
from tests.end_to_end.command import pcapdiag as command
from tests.end_to_end.shipped import CAPTURES, RESET, SURVIVES
from tests.report import samples

NAMES = ["README.txt", "report.html", "report.md", "report.json", "timeline.png", "evidence.pcapng"]


def bundle(report: Report, *, payload: bool = False) -> dict[str, bytes]:
    """The files of a report's bundle."""
    out = BytesIO()
    ticket(report, out, payload=payload)
    return unpacked(out.getvalue())


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files in a zip."""
    with zipfile.ZipFile(BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def detailed(*paths: Path) -> Report:
    """The report with packets."""
    return pcapdiag.analyze(paths).detailed().report


def test_everything_that_a_ticket_needs_is_in_it() -> None:
    """One command: reports for people and programs, picture, evidence, and what each file is, README first."""
    files = bundle(detailed(RESET))
    assert list(files) == NAMES
    readme = files["README.txt"].decode()
    assert readme.splitlines()[0] == "4 requests on idle connections were answered by RST, with no FIN before."
    assert all(re.search(rf"^{re.escape(name)} ", readme, re.M) for name in NAMES[1:])
    assert files["timeline.png"].startswith(b"\x89PNG")
    assert max(len(line) for line in readme.splitlines() if "  evidence" not in line) <= 90


def test_the_sums_are_right() -> None:
    """The README's SHA-256 lines are as `sha256sum -c` reads them, for each other file; and the capture's."""
    files = bundle(detailed(RESET))
    readme = files["README.txt"].decode()
    sums = dict(reversed(line) for line in re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, re.M))
    captures = {"reset-after-idle.pcap": hashlib.sha256(RESET.read_bytes()).hexdigest()}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "README.txt"} | captures


def test_frames_lead_from_one_file_to_the_other(tmp_path: Path) -> None:
    """The frames that README.txt and report.json name are those of the evidence: the request of each incident is where they say."""
    files = bundle(detailed(RESET))
    document = json.loads(files["report.json"])
    (tmp_path / "evidence.pcapng").write_bytes(files["evidence.pcapng"])
    again = pcapdiag.analyze(tmp_path / "evidence.pcapng")
    frames = {step["record"]["frame"]: step["evidence_frame"] for e in document["excerpts"] for step in e["steps"]}
    readme = files["README.txt"].decode()
    for before, after in zip(document["findings"], again.findings, strict=True):
        old, new = before["period"]["wake"]["first"]["record"]["frame"], after.period.wake.first.ref.frame
        assert frames[old] == new
        assert f"frame {new} of the evidence, frame {old} of reset-after-idle.pcap" in readme


def test_the_same_captures_give_the_same_bytes(tmp_path: Path) -> None:
    """Run at another time, in another directory, with other hash seeds and time zones: the same file."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / RESET.name).write_bytes(RESET.read_bytes())
    made = []
    for n, (cwd, seed, zone) in enumerate([(RESET.parent, "1", "UTC"), (tmp_path / "other", "2", "Asia/Kolkata")]):
        out = tmp_path / f"{n}.zip"
        given = RESET if n else Path(RESET.name)
        run = command("ticket", given if n == 0 else tmp_path / "other" / RESET.name, "-o", out, cwd=cwd, PYTHONHASHSEED=seed, TZ=zone)
        assert run.returncode == 0, run.stderr
        made.append(out.read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(BytesIO(made[0])) as found:
        assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_no_directory_is_told(tmp_path: Path) -> None:
    """Names of captures lose the directories in which they lie; those that would be equal keep what tells them apart."""
    for folder in ("joe", "ann"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pod.pcap").write_bytes((RESET if folder == "joe" else SURVIVES).read_bytes())
    files = bundle(detailed(tmp_path / "joe" / "pod.pcap", tmp_path / "ann" / "pod.pcap"))
    for name, data in files.items():
        assert str(tmp_path).encode() not in data, name
    assert b"joe/pod.pcap" in files["README.txt"]


def test_payload_only_when_asked_for() -> None:
    """What was sent is neither in the evidence nor in the page, unless --payload is given."""
    report = detailed(RESET)
    without, with_payload = bundle(report), bundle(report, payload=True)
    assert b"Host:" not in b"".join(without.values())
    assert b"Host:" in with_payload["evidence.pcapng"]
    assert len(with_payload["report.html"]) > len(without["report.html"])


def test_an_anonymised_ticket_says_so_and_names_nobody() -> None:
    """README.txt says it, and no file holds an address of the capture."""
    files = bundle(anonymized(detailed(RESET), b"k" * 16))
    assert b"Addresses and MAC addresses are" in files["README.txt"]
    for address in (b"10.1.0.1", b"198.51.100.80", bytes([198, 51, 100, 80]), b"reset-after-idle.pcap"):
        assert not [name for name, data in files.items() if re.search(rb"(?<![\d.])" + re.escape(address) + rb"(?!\d)", data)]


def test_nothing_found_is_said() -> None:
    """Without a finding there are no packets to show; the reports are there, and say so."""
    files = bundle(detailed(SURVIVES))
    assert list(files) == NAMES[:4]
    assert "Not there: evidence.pcapng and timeline.png" in files["README.txt"].decode()


def test_without_matplotlib_all_but_the_picture_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plot is an extra; who lacks it is told what to install."""
    for name in [name for name in sys.modules if name == "pcapdiag.report.timeline" or name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    files = bundle(detailed(RESET))
    assert list(files) == [name for name in NAMES if name != "timeline.png"]
    assert "pip install 'pcapdiag[plot]'" in " ".join(files["README.txt"].decode().split())


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_names_do_nothing_in_the_readme(text: str) -> None:
    """Names of captures are printed with every character visible."""
    report = samples.hostile(text)
    report = replace(report, files=tuple(replace(file, sha256="0" * 64) for file in report.files))
    readme = bundle(report)["README.txt"].decode()
    assert all(c == "\n" or c.isprintable() for c in readme)


def test_the_command_overwrites_nothing(tmp_path: Path) -> None:
    """An existing file stays as it is without --force, and so does a capture even with it."""
    out = tmp_path / "incident.zip"
    out.write_text("mine")
    run = command("ticket", RESET, "-o", out)
    assert (run.returncode, out.read_text()) == (2, "mine")
    assert "exists already (--force overwrites it)" in run.stderr
    assert command("ticket", RESET, "-o", out, "--force").returncode == 0
    assert list(unpacked(out.read_bytes())) == NAMES
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(RESET.read_bytes())
    assert command("ticket", copy, "-o", copy, "--force").returncode == 2
    assert copy.read_bytes() == RESET.read_bytes()


def test_the_command_answers_first(tmp_path: Path) -> None:
    """The first line is the answer, the second what was written where."""
    run = command("ticket", RESET, cwd=tmp_path)
    first, second = run.stdout.splitlines()
    assert first == "4 requests on idle connections were answered by RST, with no FIN before."
    assert second == f"incident.zip: {', '.join(NAMES)}"
    assert os.listdir(tmp_path) == ["incident.zip"]


def test_standard_input_and_output() -> None:
    """`-` on both sides: a bundle of what comes down a pipe."""
    run = subprocess.run([sys.executable, "-m", "pcapdiag", "ticket", "-", "-o", "-"], input=RESET.read_bytes(), capture_output=True,
                         check=True)  # fmt: skip
    assert list(unpacked(run.stdout)) == NAMES


def test_a_damaged_capture_has_its_ticket(tmp_path: Path) -> None:
    """Half a file: what was read before is bundled, and the exit code says that something is wrong."""
    broken = tmp_path / "half.pcap"
    broken.write_bytes(RESET.read_bytes()[:-50])
    run = command("ticket", broken, "-o", tmp_path / "out.zip")
    assert run.returncode == 3
    assert "half.pcap: damaged at byte" in run.stderr
    assert list(unpacked((tmp_path / "out.zip").read_bytes())) == NAMES


def test_the_rest_of_the_captures_folder(tmp_path: Path) -> None:
    """Every capture shipped, at once: a bundle that mail takes."""
    run = command("ticket", CAPTURES, "-o", tmp_path / "all.zip", "--anonymize")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "all.zip").stat().st_size < 5_000_000
