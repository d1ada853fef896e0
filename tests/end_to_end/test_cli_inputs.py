"""What `pcapdiag analyze` reads and selects: filters, durations, several files, folders, patterns, compression."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.capture.capture_files import PACK, SUFFIX
from tests.end_to_end.command import analyze
from tests.end_to_end.shipped import CAPTURES, GATEWAY, MIDDLE, RESET, SURVIVES


def report(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """The JSON report of a run that must succeed."""
    run = analyze(*arguments, "--format", "json", **options)
    assert (run.returncode, run.stderr) == (0, "")
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def clients(document: dict[str, Any]) -> list[str]:
    """The clients of the findings, in order."""
    return [_end(f["period"]["connection"]["client"]) for f in document["findings"]]


def _end(end: dict[str, Any]) -> str:
    return f"{end['address']}:{end['port']}"


def substance(document: dict[str, Any]) -> dict[str, Any]:
    """The report without the names and the storage of its files."""
    text = json.dumps(document)
    for file in document["capture"]["files"]:
        text = text.replace(json.dumps(file["name"]), '"NAME"')
    plain: dict[str, Any] = json.loads(text)
    for file in plain["capture"]["files"]:
        file["compression"] = None
    return plain


ALL = ["10.1.0.1:40258", "10.1.0.1:40274", "10.1.0.1:40286", "10.1.0.1:40294"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--service", "198.51.100.80:80"], ALL),
        (["--service", "198.51.100.80:8080"], []),
        (["--service", "10.9.9.9:80"], []),
        (["--service", "10.9.9.9:80", "--service", "198.51.100.80:80"], ALL),
        (["--host", "10.1.0.1"], ALL),
        (["--host", "198.51.100.80"], ALL),
        (["--host", "10.0.0.0/8"], ALL),
        (["--host", "10.2.0.0/16"], []),
        (["--host", "2001:db8::/32"], []),
        (["--host", "10.2.0.0/16", "--host", "10.1.0.1"], ALL),
        (["--service", "198.51.100.80:80", "--host", "10.1.0.1"], ALL),
        (["--service", "198.51.100.80:80", "--host", "10.1.0.2"], []),
    ],
    ids=" ".join,
)
def test_filters(filters: list[str], found: list[str]) -> None:
    """Several of a kind are alternatives, the two kinds both have to hold; the report says what was selected."""
    document = report(RESET, *filters)
    assert clients(document) == found
    words = [f"{name.removeprefix('--')} {value}" for name, value in zip(filters[::2], filters[1::2], strict=True)]
    assert sorted(document["options"]["filters"]) == sorted(words)
    services = {_end(s["endpoint"]) for s in document["services"]}
    assert services == ({"198.51.100.80:80"} if found else set())


def test_a_filter_selects_a_leg() -> None:
    """Of an incident seen before and after NAT, --host selects the leg of that client."""
    inside, outside = report(GATEWAY, "--host", "10.1.0.1"), report(GATEWAY, "--host", "10.2.0.1")
    assert [c.split(":")[0] for c in clients(inside)] == ["10.1.0.1"] * 4
    assert [c.split(":")[0] for c in clients(outside)] == ["10.2.0.1"] * 4
    assert not any(f["twins"] for f in inside["findings"] + outside["findings"])


@pytest.mark.parametrize(
    ("text", "ns", "found"),
    [
        ("1s", 1_000_000_000, 4),
        ("500ms", 500_000_000, 4),
        ("6", 6_000_000_000, 4),
        ("6.5s", 6_500_000_000, 2),
        ("6500000 us", 6_500_000_000, 2),
        ("0.1m", 6_000_000_000, 4),
        ("1m30s", 90_000_000_000, 0),
        ("1h30m", 5_400_000_000_000, 0),
        ("2d", 172_800_000_000_000, 0),
    ],
)
def test_min_idle(text: str, ns: int, found: int) -> None:
    """Durations are read as people write them, and requests after shorter pauses are no incidents, but context."""
    document = report(RESET, "--min-idle", text)
    assert document["options"]["min_idle_ns"] == ns
    assert (document["counts"]["incidents"], document["counts"]["context"]) == (found, 4 - found)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--min-idle", "soon"],
        ["--min-idle", "0"],
        ["--min-idle", "-1s"],
        ["--min-idle", "1e3"],
        ["--min-idle", "99999999999999999999h"],
        ["--max-connections", "0"],
        ["--max-connections", "99999999999999999999"],
        ["--service", "198.51.100.80"],
        ["--host", "example.org"],
        ["--format", "xml"],
    ],
    ids=" ".join,
)
def test_bad_values(arguments: list[str]) -> None:
    """A value that cannot be meant is bad usage: exit code 2, the option named, nothing on stdout."""
    run = analyze(RESET, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert arguments[0] in run.stderr.splitlines()[-1]


@pytest.mark.parametrize("kind", PACK)
def test_compressed(kind: str, tmp_path: Path) -> None:
    """Compressed in any way, whatever its name, a capture gives the report that it gives as it is."""
    named, disguised = tmp_path / ("x.pcap" + SUFFIX[kind]), tmp_path / "capture.dat"
    named.write_bytes(PACK[kind](RESET.read_bytes()))
    disguised.write_bytes(named.read_bytes())
    plain = substance(report(RESET))
    for path in (named, disguised):
        document = report(path)
        assert document["capture"]["files"][0]["compression"] == kind
        assert substance(document) == plain


@pytest.mark.parametrize("kind", [None, *PACK])
def test_standard_input(kind: str | None) -> None:
    """Standard input, compressed or not, gives the report of the file."""
    data = PACK[kind](RESET.read_bytes()) if kind else RESET.read_bytes()
    assert substance(report("-", stdin=data)) == substance(report(RESET))


def test_several_files_folders_and_patterns(tmp_path: Path) -> None:
    """Files, a folder with other things in it, and a pattern name the same captures; each is read once."""
    for path in (RESET, SURVIVES):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "notes.txt").write_text("no capture")
    (tmp_path / "empty.pcap").touch()
    named = [tmp_path / RESET.name, tmp_path / SURVIVES.name]
    expected = report(*named)
    assert clients(expected) == ALL
    assert len(expected["capture"]["files"]) == 2
    assert report(tmp_path) == expected
    assert report(tmp_path / "*e*s*.pcap") == expected
    assert report(tmp_path, *named, tmp_path / ".." / tmp_path.name / RESET.name) == expected
    (tmp_path / "link.pcap").symlink_to(RESET.name)
    assert len(report(tmp_path)["capture"]["files"]) == 2


def test_names_that_look_like_something_else(tmp_path: Path) -> None:
    """Files named like patterns or options, and names that are no text, are read, and shown harmlessly."""
    names = [b"a[1]*?.pcap", b"\xff\xfe.pcap", b"\x1b[2J.pcap", "名 [red]x.pcap".encode()]
    for name in names:
        path = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
        path.write_bytes(RESET.read_bytes())
        assert clients(report(path)) == ALL
        run = analyze(path)
        assert (run.returncode, run.stderr) == (0, "")
        assert "\x1b" not in run.stdout
        path.unlink()
    (tmp_path / "--force").write_bytes(RESET.read_bytes())
    run = analyze("--", "--force", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_shipped_folder() -> None:
    """Given the whole folder of captures, the command reads each of them, and merges what several points saw of one run: each
    thing that the endpoints say was lost is one finding, however many captures show it."""
    document = report(CAPTURES)
    assert len(document["capture"]["files"]) == len(list(CAPTURES.glob("*.pcap*")))
    truths = [json.loads(path.read_text()) for path in CAPTURES.glob("*.truth.json")]
    lost = [r for told in truths for r in told["requests"] if r["rule"]]
    lost += [r for r in lost if r["id"].endswith(".middle")]  # a proxy resets two connections, which nothing on the wire joins
    groups = ("findings", "unproved", "harmless", "heartbeats")
    assert sum(len(document[group]) for group in groups) == len(lost)
    assert Counter(f["rule"] for group in groups for f in document[group]) == Counter(r["rule"] for r in lost)
    assert {MIDDLE.name, RESET.name} <= {Path(f["name"]).name for f in document["capture"]["files"]}
