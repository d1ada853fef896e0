"""``pcapdiag compare`` as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pcapdiag.report.text import cell_len
from tests.end_to_end.command import harmless
from tests.end_to_end.command import pcapdiag as run
from tests.end_to_end.shipped import CAPTURES, RESET

CHAIN = [f"{CAPTURES}/full-chain.{name}" for name in ("client.pcapng", "before-nat.pcap", "after-nat.pcap", "gateway.pcap")]
ANSWER = "4 of 4 RSTs were made between before and after: the requests left the one and never reached the other."


def named(*names: str) -> list[str]:
    """The four captures of the full chain, with these names."""
    return [f"{name}={path}" for name, path in zip(names, CHAIN, strict=True)]


def test_the_answer_comes_first() -> None:
    """The first line says between which points; then the points with their clocks, and each incident's way along them."""
    done = run("compare", *named("pod", "before", "after", "gateway"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert " ".join(" ".join(lines[:2]).split()) == ANSWER
    assert max(map(cell_len, lines)) <= 80
    assert sum(line.split()[:1] == ["IDLE101"] for line in lines) == 4
    assert "    pod      request in frame 151, RST in frame 152" in lines
    assert done.stdout.count("no request, no RST; as 10.1.0.1:37456 -> 10.2.0.2:8080") == 2


def test_names_are_those_of_the_files() -> None:
    """Without names the points are called as their files are."""
    done = run("compare", *CHAIN[1:3])
    assert done.stdout.startswith("4 of 4 RSTs were made between full-chain.before-nat.pcap and\nfull-chain.after-nat.pcap: ")


def test_json_and_markdown_say_the_same(tmp_path: Path) -> None:
    """The same answer for programs and for tickets; JSON holds each place with its records."""
    points = named("pod", "before", "after", "gateway")
    told = json.loads(run("compare", *points, "--format", "json").stdout)
    assert told["headline"] == [ANSWER]
    assert [p["label"] for p in told["points"]] == ["pod", "before", "after", "gateway"]
    first = told["incidents"][0]
    assert (first["where"], first["near"], first["far"], first["ordered"]) == ("between", 1, 2, True)
    assert [p["request"]["presence"] for p in first["places"]] == ["present", "present", "absent", "absent"]
    assert [p["answer"]["record"] and p["answer"]["record"]["frame"] for p in first["places"]] == [152, 77, None, None]
    assert first["finding"]["origin"]["signals"][0]["name"] == "second capture"
    assert [v["point"] for v in first["views"]] == [1]
    out = tmp_path / "ticket.md"
    assert run("compare", *points, "--format", "markdown", "-o", str(out)).returncode == 0
    assert out.read_text().startswith(f"**{ANSWER}**\n")
    assert "| `after` | `10.1.0.1:37456 -> 10.2.0.2:8080` | no request, no RST |" in out.read_text()


def test_a_point_may_be_a_directory_or_a_pattern(tmp_path: Path) -> None:
    """Each argument is one point, however many files it has; a file whose own name holds a = is a file."""
    (tmp_path / "node").mkdir()
    shutil.copy(CHAIN[1], tmp_path / "node")
    odd = tmp_path / "a=b.pcap"
    shutil.copy(CHAIN[2], odd)
    done = run("compare", f"node={tmp_path}/node", str(odd))
    assert " ".join(done.stdout.split()).startswith("4 of 4 RSTs were made between node and a=b.pcap: ")
    done = run("compare", f"node={tmp_path}/n*de", str(odd))
    assert " ".join(done.stdout.split()).startswith("4 of 4 RSTs were made between node and a=b.pcap: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((RESET,), "name the captures of two points, or more"),
        ((RESET, RESET), "capture points need labels that differ"),
        ((RESET, CHAIN[0], "--offset", "x"), "names no point"),
        ((RESET, CHAIN[0], "--offset", "x=1s"), "no capture point is called 'x'"),
        ((RESET, CHAIN[0], "--offset", "x=soon"), "not a duration"),
        ((RESET, "-"), "standard input: is gone once it is read"),
        ((RESET, "no such file"), "no such file or directory"),
        ((RESET, CHAIN[0], "--select", "FOO"), "is no rule"),
        ((RESET, CHAIN[0], "-o", RESET), "is one of the captures to be read"),
    ],
)
def test_bad_usage(arguments: tuple[object, ...], said: str) -> None:
    """One line says what is wrong, and the exit code is 2."""
    done = run("compare", *map(str, arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


def test_exit_codes(tmp_path: Path) -> None:
    """As those of `pcapdiag analyze`: 1 if asked for findings, 3 for a damaged capture, which is named."""
    assert run("compare", *CHAIN[:2], "--fail-on-findings").returncode == 1
    assert run("compare", *CHAIN[2:], "--fail-on-findings").returncode == 0
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(CHAIN[1]).read_bytes()[:-5])
    done = run("compare", CHAIN[0], str(cut))
    assert done.returncode == 3
    assert "cut.pcap: damaged at byte" in done.stderr


def test_other_rules_and_services() -> None:
    """Options of the reading hold for each point."""
    done = run("compare", *CHAIN[:2], "--service", "198.51.100.80:81")
    assert done.stdout.startswith("Nothing was seen to be lost on an idle connection, at any of the 2 points.")


def test_hostile_names_cannot_act(tmp_path: Path) -> None:
    """Names of files are shown as text, in every format."""
    odd = tmp_path / "x\x1b[2J\u202e|`@team.pcap"
    shutil.copy(CHAIN[2], odd)
    for form in ("terminal", "markdown", "json"):
        done = run("compare", CHAIN[1], str(odd), "--format", form)
        harmless(done.returncode, done.stdout)
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        assert form != "markdown" or "`@team" not in done.stdout.replace("\\x7c`@team", "")
