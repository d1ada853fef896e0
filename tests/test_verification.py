"""Whether the cure is in place: conversations after the change, and what two real captures say of each other."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.cli.main import main
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.verification import Before, Standing, Verified, Why
from tests.end_to_end.shipped import CAPTURES
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap
from tests.inference.service import Way, fixed, talk

S = 1_000_000_000
HEALTHY = Way(fixed(1e9))
SERVER = Endpoint("10.0.0.2", 443)
Captured = pytest.CaptureFixture[str]
AFTER, BEFORE = str(CAPTURES / "keepalive-survives.pcap"), str(CAPTURES / "reset-after-idle.pcap")


def after(folder: Path, *talks: str, **held: object) -> Verified:
    """What is said of the one service of these conversations."""
    sides = [conversation(text, client=("10.0.1.1", 50_000 + n), client_isn=n * 7919) for n, text in enumerate(talks)]
    (folder / "after.pcap").write_bytes(pcap(merge(*sides)))
    (one,) = pcapdiag.verify(folder / "after.pcap", **held).services  # type: ignore[arg-type]
    return one


def known(high: float) -> list[Before]:
    """What failed before the change, in s."""
    return [Before(SERVER, int(high * S / 2), int(high * S), 3, 3)]


def test_a_keepalive_that_works_is_confirmed(tmp_path: Path) -> None:
    """Probes every 15 s through silences of 400 s, answered, where 350 s failed before: in place, with the numbers."""
    talks = [talk(HEALTHY, n, [400, 30, 400], 15) for n in range(3)]
    one = after(tmp_path, *talks, before=known(350), keepalive="15s")
    assert (one.standing, one.why) == (Standing.CONFIRMED, (Why.PROBED,))
    assert (one.periods, one.probed, one.bare) == (9, (9, 0), 0)
    assert (one.survived_beyond, one.lost) == (6, 0)
    assert one.probes == sum(text.count("C probe") for text in talks)


def test_what_was_not_set_is_not_in_place(tmp_path: Path) -> None:
    """Without a probe in long idle periods the cure is not there, however healthy they are; the longest are named."""
    one = after(tmp_path, talk(HEALTHY, 0, [400, 30], None), before=known(350), keepalive="15s")
    assert (one.standing, one.why) == (Standing.NOT_IN_PLACE, (Why.NO_PROBES,))
    assert [round(p.gap / S) for p in one.examples] == [400, 30]


def test_a_socket_that_was_forgotten_is_found(tmp_path: Path) -> None:
    """One connection of two has the setting: that is not enough, and the other one is named."""
    one = after(tmp_path, talk(HEALTHY, 0, [400], 15), talk(HEALTHY, 1, [400], None), before=known(350), keepalive="15s")
    assert (one.standing, one.why, one.bare) == (Standing.NOT_IN_PLACE, (Why.BARE,), 1)
    assert one.examples[0].connection.client.port == 50_001


def test_probes_of_the_server_count(tmp_path: Path) -> None:
    """A gateway that probes keeps the path as well, and it is said who probed."""
    swapped = {"C probe\n": "S probe\n", "S ACK\n": "C ACK\n"}
    opening, idle = talk(HEALTHY, 0, [400], 15).split("C ACK\n", 2)[:2], talk(HEALTHY, 0, [400], 15).split("C ACK\n", 2)[2]
    for here, there in swapped.items():
        idle = idle.replace(here, there)
    one = after(tmp_path, "C ACK\n".join([*opening, idle]), before=known(350), keepalive="15s")
    assert (one.standing, one.probed) == (Standing.CONFIRMED, (0, 1))


def test_later_than_asked_for(tmp_path: Path) -> None:
    """Probes that come after 60 s are no keepalive of 15 s, though no idle period is without."""
    one = after(tmp_path, talk(HEALTHY, 0, [400], 60), before=known(350), keepalive="15s")
    assert (one.standing, one.why) == (Standing.NOT_IN_PLACE, (Why.LATE,))


def test_longer_than_what_failed(tmp_path: Path) -> None:
    """A keepalive of 300 s is none for a path that failed after 310 s: a timer may be late by an eighth."""
    one = after(tmp_path, talk(HEALTHY, 0, [400], 300), before=known(310), keepalive="300s")
    assert (one.standing, one.why[0]) == (Standing.NOT_IN_PLACE, Why.TOO_LONG)


def test_losses_are_the_first_thing_to_say(tmp_path: Path) -> None:
    """Where requests are still lost in silence, nothing else matters as much."""
    one = after(tmp_path, talk(Way(fixed(100)), 0, [30, 200], None), talk(HEALTHY, 1, [400], 15), before=known(350), keepalive="15s")
    assert (one.standing, one.why[0], one.lost) == (Standing.NOT_IN_PLACE, Why.LOSSES, 1)


@pytest.mark.parametrize(("pause", "why"), [(10, Why.SHORT), (100, Why.NOT_BEYOND)])
def test_too_little_proves_nothing(pause: float, why: Why, tmp_path: Path) -> None:
    """Where nothing was idle for longer than the keepalive, or than what failed before, nothing speaks against the cure or for it."""
    one = after(tmp_path, talk(HEALTHY, 0, [pause, pause], 15), before=known(350), keepalive="15s")
    assert (one.standing, one.why) == (Standing.UNPROVED if why is Why.SHORT else Standing.IN_PLACE, (why,))
    assert one.rate_at_most is None


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    """What failed before and is not in the capture is not proved to be cured."""
    other = [Before(Endpoint("10.9.9.9", 443), S, 2 * S, 1, 1)]
    one = after(tmp_path, talk(HEALTHY, 0, [400], 15), before=other, keepalive="15s")
    assert (one.service, one.standing, one.why) == (other[0].service, Standing.UNPROVED, (Why.ABSENT,))


def test_what_is_still_silent_at_the_end_counts(tmp_path: Path) -> None:
    """Open connections on which a probe was due when the capture ended, and none came: not all sockets have the setting."""
    silent = talk(HEALTHY, 1, [5], None)
    one = after(tmp_path, talk(HEALTHY, 0, [400], 15), silent, before=known(350), keepalive="15s")
    assert (one.standing, one.why, one.waiting.connections) == (Standing.NOT_IN_PLACE, (Why.BARE,), 1)


def test_what_no_keepalive_keeps_is_not_called_cured(tmp_path: Path) -> None:
    """All connections reset at one moment, after probes that were answered: lost in an event, and so still lost."""
    talks = [talk(HEALTHY, n, [20 * n + 20], 15, 200 - 20 * n) for n in range(6)]
    ends = [text.rstrip("\n").splitlines()[-1].split()[0] for text in talks]
    lost = [f"{text}{float(end) + 16 * n + 2:.3f} S RST\n" for n, (text, end) in enumerate(zip(talks, ends, strict=True))]
    one = after(tmp_path, *lost, before=known(350), keepalive="15s")
    assert one.standing in (Standing.STILL_LOST, Standing.NOT_IN_PLACE)
    assert one.lost + sum(one.helpless.values()) == 6
    assert one.rate_at_most is None


def test_probes_that_nobody_is_seen_to_answer(tmp_path: Path) -> None:
    """One direction captured: whether probes are answered is not known, so nothing is confirmed."""
    text = "\n".join(line for line in talk(HEALTHY, 0, [400, 400], 15).splitlines() if " S " not in line) + "\n"
    one = after(tmp_path, text, before=known(350), keepalive="15s")
    assert one.standing is not Standing.CONFIRMED
    assert one.answered == 0


def test_without_a_time_to_outlive(tmp_path: Path) -> None:
    """Probes that are there are in place; that they hold is not proved where nobody says what failed before."""
    one = after(tmp_path, talk(HEALTHY, 0, [400], 15), keepalive="15s")
    assert (one.standing, one.why) == (Standing.IN_PLACE, (Why.UNKNOWN,))
    least = [known(350)[0]._replace(at_least=True)]
    assert after(tmp_path, talk(HEALTHY, 0, [400], 15), before=least, keepalive="15s").why == (Why.UNKNOWN,)


def test_rules_that_are_not_shown_count(tmp_path: Path) -> None:
    """A loss is evidence whether or not its rule was selected."""
    lost = talk(Way(fixed(100)), 0, [30, 200], None)
    one = after(tmp_path, lost, talk(HEALTHY, 1, [400], 15), before=known(350), keepalive="15s", ignore=["IDLE101"])
    assert (one.why[0], one.lost) == (Why.LOSSES, 1)


def test_two_capture_points_prove_no_more_than_one(tmp_path: Path) -> None:
    """The same traffic captured twice is the same evidence: survivors count once, and the bound on failures stays."""
    sides = [conversation(talk(HEALTHY, n, [400, 400], 15), client=("10.0.1.1", 50_000 + n), client_isn=n) for n in range(3)]
    for name in ("one.pcap", "two.pcap"):
        (tmp_path / name).write_bytes(pcap(merge(*sides)))
    told = [
        pcapdiag.verify([tmp_path / name for name in names], before=known(350), keepalive="15s").services[0]
        for names in (("one.pcap",), ("one.pcap", "two.pcap"))
    ]
    assert told[0].survived_beyond == told[1].survived_beyond == 6
    assert told[0].rate_at_most == told[1].rate_at_most


def _verified(survived: int) -> Verified:
    facts = dict.fromkeys((f.name for f in fields(Verified)), 0)
    return Verified(**{**facts, "service": SERVER, "helpless": {}, "survived_beyond": survived})  # type: ignore[arg-type]


@given(st.integers(1, 100_000))
def test_the_bound_is_the_exact_one(survived: int) -> None:
    """Zero failures of n: a rate at which n in a row survive with 5 % probability; 3 / n is a little more."""
    one = _verified(survived)
    rate = one.rate_at_most
    assert rate is not None
    assert (1 - rate) ** survived == pytest.approx(0.05)
    assert rate < 3 / survived


def test_two_real_captures(capsys: Captured) -> None:
    """The lab's run with a keepalive of 2 s confirms it against the run without; the run without does not."""
    assert main(["verify", AFTER, "--before", BEFORE, "--keepalive", "2s"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("The keepalive is in place, and it holds.\n")
    assert max(map(len, shown.splitlines())) <= 80
    assert main(["verify", BEFORE, "--before", BEFORE, "--keepalive", "2s"]) == 1
    assert capsys.readouterr().out.startswith("The cure is not in place.\n")


def test_before_as_a_report(tmp_path: Path, capsys: Captured) -> None:
    """A report in JSON tells of the time before just what its capture does."""
    report = tmp_path / "before.json"
    assert main(["analyze", BEFORE, "-o", str(report)]) == 0
    told = []
    for before in (BEFORE, str(report)):
        assert main(["verify", AFTER, "--before", before, "--keepalive", "2s", "--format", "json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["services"][0]["before"] is not None


@pytest.mark.parametrize("text", ["{", "{}", '{"causes": [1], "services": []}', '{"causes": 3, "services": []}'])
def test_before_that_is_no_report(text: str, tmp_path: Path, capsys: Captured) -> None:
    """JSON that is no report is bad usage, and the file is named."""
    (tmp_path / "x.json").write_text(text)
    assert main(["verify", AFTER, "--before", str(tmp_path / "x.json")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "x.json" in captured.err


def test_the_loopback_is_left_out_unless_it_is_asked_for() -> None:
    """No path forgets it: an application's connections to its own sidecar need no keepalive."""
    capture = CAPTURES / "full-chain.client.pcapng"
    assert {str(one.service) for one in pcapdiag.verify(capture, keepalive="2s").services} == {"198.51.100.80:80"}
    (one,) = pcapdiag.verify(capture, keepalive="2s", service=["127.0.0.1:15001"]).services
    assert one.standing is Standing.NOT_IN_PLACE
