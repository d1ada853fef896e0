"""``pcapdiag timeouts``: known idle timeouts at the command line."""

from __future__ import annotations

import json

import pytest

from pcapdiag.cli.main import main
from pcapdiag.knowledge.timeouts import timeouts

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal, no wishes from outside."""
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_all_are_listed(capsys: Captured) -> None:
    """Each once, within 80 columns, and no colour in a pipe; the same for programs."""
    assert main(["timeouts"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert main(["timeouts", "--format", "json"]) == 0
    assert {t["id"] for t in json.loads(capsys.readouterr().out)} == {t.id for t in timeouts()}
    assert all(f" {t.id} ·" in shown for t in timeouts())


@pytest.mark.parametrize("wanted", ["350", "350s", "350 s", "5m50s"])
def test_near(wanted: str, capsys: Captured) -> None:
    """However the duration is written: the nearest first, then what may be set to it."""
    assert main(["timeouts", "--near", wanted]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Defaults within 10 % of 350 s, nearest first\n")
    near, _, settable = shown.partition("May be set to 350 s")
    assert "aws-nlb-tcp · silent, then RST · probes restart it" in near
    assert near.index("aws-nlb-tcp") < near.index("oci-nlb-tcp")
    assert "azure-nat-gateway   240 to 7200 s, 240 s by default" in settable


def test_products(capsys: Captured) -> None:
    """Words choose; both choices go together; Markdown is a page of its own."""
    assert main(["timeouts", "--product", "nat gateway", "--near", "4m", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(t["id"], t["near"]) for t in told] == [("azure-nat-gateway", "default")]
    assert main(["timeouts", "--product", "envoy", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Idle timeouts of known products\n")


@pytest.mark.parametrize(
    ("options", "beginning"),
    [
        ([], "aws-nlb-tcp AWS Network Load Balancer, TCP listener\n"),
        (["--format", "markdown"], "# aws-nlb-tcp\n"),
        (["--format", "json"], '{\n  "id": "aws-nlb-tcp"'),
    ],
)
def test_one_entry(options: list[str], beginning: str, capsys: Captured) -> None:
    """With its setting and its sources."""
    assert main(["timeouts", "aws-nlb-tcp", *options]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(beginning)
    assert "tcp.idle_timeout.seconds" in shown
    assert "update-idle-timeout.html" in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["aws-nlb-tpc"], "the nearest is aws-nlb-tcp"),
        (["aws-alb", "--near", "60"], "an ID names one entry"),
        (["--near", "soon"], "not a duration"),
        (["--near", "0"], "not longer than 0"),
    ],
)
def test_bad_usage(wrong: list[str], says: str, capsys: Captured) -> None:
    """What cannot be meant is refused, with the reason, and nothing is printed."""
    assert main(["timeouts", *wrong]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err


def test_colour_when_asked_for(capsys: Captured) -> None:
    """--color always colours lists and entries."""
    for arguments in ([], ["--near", "350"], ["aws-alb"]):
        assert main(["timeouts", *arguments, "--color", "always"]) == 0
        assert "\x1b[" in capsys.readouterr().out
