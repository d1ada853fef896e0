"""``pcapdiag advise``: reasons and cures at the command line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from pcapdiag.advice.catalogue import CATALOGUE, advise
from pcapdiag.cli.main import main
from pcapdiag.engine.types import Endpoint
from tests.advice.cases import cause, counterfactual, helpless, product
from tests.cli.conftest import Library
from tests.report import samples

Captured = pytest.CaptureFixture[str]
GIVEN = ["advise", "--keepalive", "60s:15s:4", "--service", "10.0.0.1:443"]


@pytest.fixture
def lost(library: Library) -> Library:
    """A capture in which one service lost connections to a timer."""
    library.report = replace(samples.report(), causes=(cause(),))
    return library


def test_the_cures_are_listed(capsys: Captured) -> None:
    """Each cure is there once, by its id and title, within 80 columns."""
    assert main(["advise", "--list"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    ids = [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")]
    assert sorted(ids) == sorted(recipe.id for recipe in CATALOGUE)
    assert main(["advise", "--list", "--format", "json"]) == 0
    (service,) = json.loads(capsys.readouterr().out)["services"]
    assert [cure["id"] for cure in service["cures"]] == ids
    assert all(cure["snippets"] for cure in service["cures"])


def test_the_reason_and_every_text(lost: Library, capsys: Captured) -> None:
    """Without a choice all cures that help are printed, after the reason: each text line by line as it is."""
    assert main(["advise", "x.pcap"]) == 0
    shown = capsys.readouterr().out
    assert "idle timeout between 240.000 s (survived, frame 91) and 350.000 s (failed, frame 97)" in " ".join(shown.split())
    for cure in advise(cause()).cures:
        assert f" ({cure.id})," in shown
        for snippet in cure.snippets:
            assert f"\n\n{snippet.text}\n" in shown
    assert lost.calls[0]["paths"] == ("x.pcap",)


def test_what_is_chosen(lost: Library, capsys: Captured) -> None:
    """With a choice only its texts are printed, filled with the host's name; the others are named."""
    assert main(["advise", "x.pcap", "--host", "API.example.com", "--for", "istio-destinationrule"]) == 0
    shown = capsys.readouterr().out
    assert '  host: "api.example.com"\n' in shown
    assert "KeepAliveConfig{" not in shown
    assert "\n  go " in shown


def test_a_text_can_be_pasted_from_a_pipe(lost: Library, capsys: Captured) -> None:
    """What is printed of a YAML text is YAML: cut out of the output, it parses, in a terminal of any width and colour."""
    for options in ([], ["--color", "always"]):
        assert main(["advise", "x.pcap", "--for", "istio-envoyfilter", *options]) == 0
        text = capsys.readouterr().out.partition("apiVersion")[2].partition("\n\n")[0]
        assert yaml.safe_load("apiVersion" + text)["kind"] == "EnvoyFilter"


def test_another_keepalive(lost: Library, capsys: Captured) -> None:
    """A keepalive that is named goes into the texts instead of the one that follows from the capture."""
    assert main(["advise", "x.pcap", "--keepalive", "2m:30s:3", "--for", "sysctl"]) == 0
    assert "tcp_keepalive_time=120 net.ipv4.tcp_keepalive_intvl=30 net.ipv4.tcp_keepalive_probes=3\n" in capsys.readouterr().out


def test_only_one_service(lost: Library, capsys: Captured) -> None:
    """A service is read alone; of several that lost something a name is not taken for all."""
    assert main(["advise", "x.pcap", "--service", "10.0.0.1:443", "--min-idle", "2s"]) == 0
    assert (lost.calls[0]["service"], lost.calls[0]["min_idle"]) == (("10.0.0.1:443",), "2s")
    lost.report = replace(lost.report, causes=(cause(), cause(service=Endpoint("10.0.0.2", 443))))
    capsys.readouterr()
    assert main(["advise", "x.pcap", "--host", "api.example.com"]) == 2
    assert "name it with --service" in capsys.readouterr().err


def test_nothing_was_lost(library: Library, capsys: Captured) -> None:
    """Where nothing was lost that is said, and nothing is advised."""
    library.report = samples.empty()
    assert main(["advise", "x.pcap"]) == 0
    assert capsys.readouterr().out == "Nothing was seen to be lost on an idle connection.\n"
    assert main(["advise", "x.pcap", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["services"] == []


def test_nothing_helps(lost: Library, capsys: Captured) -> None:
    """Where no setting would have helped, what to look at instead is said."""
    aborted = cause(setting=None, client_idle=None, families=(), counterfactual=counterfactual(0, helpless=helpless(ABORTED=4)))
    lost.report = replace(lost.report, causes=(aborted,))
    assert main(["advise", "x.pcap"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "No setting is known that would have helped." in shown
    assert "look at the server's process" in shown


def test_without_a_capture(capsys: Captured) -> None:
    """A keepalive and a service are enough for the texts; nothing is read, and nothing is said of a capture."""
    assert main([*GIVEN, "--for", "go,libpq"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("10.0.0.1:443")
    assert "\t\tIdle:     60 * time.Second,\n" in shown
    assert "\nhost=10.0.0.1 port=443 keepalives=1" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["advise"], ["advise", "--keepalive", "60s"], ["advise", "--service", "10.0.0.1:443"],
        [*GIVEN, "--for", "cobol"], [*GIVEN, "--host", "$(id)"], [*GIVEN, "--host", "a\nb"],
        ["advise", "--keepalive", "soon", "--service", "10.0.0.1:443"], ["advise", "--keepalive", "60s", "--service", "nowhere"],
        ["advise", "--keepalive", "10h", "--service", "10.0.0.1:443"],
    ],
)  # fmt: skip
def test_bad_usage(arguments: list[str], capsys: Captured) -> None:
    """What is missing, unknown or hostile is bad usage, said in one line, and nothing is printed to be pasted."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1].startswith("pcapdiag: ")


def test_a_cure_that_does_not_help_here(lost: Library, capsys: Captured) -> None:
    """A cure that is known, but not one of those that help here, is no error; nor is that of a product on the path."""
    lost.report = replace(lost.report, causes=(cause(setting=None, counterfactual=counterfactual(0, helpless=helpless(FIN=4))),))
    assert main(["advise", "x.pcap", "--for", "go"]) == 0
    assert "transport.IdleConnTimeout" in capsys.readouterr().out
    lost.report = replace(lost.report, causes=(cause(),))
    assert main(["advise", "x.pcap", "--for", "raise"]) == 0
    assert product().fix.replace("N ", "3600 ") in capsys.readouterr().out  # type: ignore[union-attr]  # it has one


def test_none_of_those_chosen(capsys: Captured) -> None:
    """Where none of those that were asked for is a cure, that is said."""
    for form in ("terminal", "markdown"):
        assert main(["advise", "--keepalive", "5s", "--service", "10.0.0.1:443", "--for", "grpc-go", "--format", form]) == 0
        assert "None of those that were asked for is a cure here." in capsys.readouterr().out


def test_markdown(lost: Library, capsys: Captured) -> None:
    """As Markdown each text stands in a fence of its language."""
    assert main(["advise", "x.pcap", "--format", "markdown", "--for", "go"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "## `10.0.0.1:443`\n\n|  |  |\n| --- | --- |\n| idle timeout | between 240.000 s (survived, frame 91)"
    )
    assert "\n```go\ndialer := &net.Dialer{\n" in shown
    assert "- `java`: " in shown


def test_json(lost: Library, capsys: Captured) -> None:
    """As JSON everything is there; of cures that were not chosen, all but the texts."""
    assert main(["advise", "x.pcap", "--format", "json", "--for", "gateway", "--host", "api.example.com"]) == 0
    told = json.loads(capsys.readouterr().out)
    (service,) = told["services"]
    assert service["host"] == "api.example.com"
    assert service["setting"] == {"time_s": 60, "interval_s": 15, "probes": 4}
    assert service["cause"]["counterfactual"]["kept"] == 4
    assert service["notes"]
    assert [cure["id"] for cure in service["cures"]] == [cure.id for cure in advise(cause()).cures]
    assert {cure["place"] for cure in service["cures"] if cure["snippets"]} == {"server gateway"}
