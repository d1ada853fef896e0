"""Real captures of several points compared: what is said is what the endpoints noted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import pcapdiag
from pcapdiag.correlate.comparison import Presence, Where
from pcapdiag.report.compare_words import headline
from pcapdiag.report.comparison import ComparedIncident, Comparison
from pcapdiag.rules.types import Sender
from tests.end_to_end.shipped import CAPTURES, RESET

CHAIN = ("client.pcapng", "before-nat.pcap", "after-nat.pcap", "gateway.pcap")
#: Capture points in order of the path, and between which of them conntrack forgot.
POINTS = ("client", "gateway-any-sll", "gateway-any-sll2", "middle-near", "middle-any", "middle-far", "server")


def lost(scenario: str) -> list[dict[str, Any]]:
    """The requests that the client lost, as client and server noted them."""
    truth = json.loads((CAPTURES / f"{scenario}.truth.json").read_text())
    return [request for request in truth["requests"] if request["rule"] and request.get("by", "client") == "client"]


def compared(scenario: str, *names: str, **options: Any) -> Comparison:
    """Captures of a scenario, named as they are called beside it."""
    return pcapdiag.compare(*(CAPTURES / f"{scenario}.{name}" for name in names), **options)


def presence(incident: ComparedIncident) -> list[tuple[int, str, str]]:
    """Each place: the point, and whether request and answer are there."""
    return [(p.point, str(p.request.presence), str(p.answer.presence)) for p in incident.verdict.places]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 0), (1, 3)], ids=str)
def test_the_full_chain(order: tuple[int, ...]) -> None:
    """Before and after NAT, in any order and any choice of points: each request left the last point before the middle, and never
    reached the first behind it; what the server noted agrees."""
    found = compared("full-chain", *(CHAIN[i] for i in order))
    truth = {request["client"]: request for request in lost("full-chain")}
    assert {str(i.finding.period.connection.client) for i in found.incidents} == truth.keys()
    assert len(found.incidents) == 4
    for incident in found.incidents:
        v = incident.verdict
        assert truth[str(incident.finding.period.connection.client)]["server_saw"] is None
        assert v.where is Where.BETWEEN
        assert v.ordered
        assert [order[p.point] for p in v.places] == sorted(order)
        assert v.near is not None
        assert v.far is not None
        near, far = order[v.places[v.near].point], order[v.places[v.far].point]
        assert near <= 1 < 2 <= far
        assert (near, far) == (max(i for i in order if i <= 1), min(i for i in order if i >= 2))
        for place in v.places:
            there = Presence.PRESENT if order[place.point] <= 1 else Presence.ABSENT
            assert (place.request.presence, place.answer.presence) == (there, there)
        assert incident.finding.origin is not None
        assert incident.finding.origin.sender is Sender.NEARER
        assert incident.finding.origin.signals[0].name == "second capture"
    for point in found.points:  # one machine, one clock
        assert point.clock is not None
        moment = point.clock.at(found.incidents[0].finding.period.wake.first.ref.time)
        assert abs(moment.ahead) <= moment.uncertainty < 50_000


def test_one_incident_whoever_found_it() -> None:
    """The findings of several points on one request are one incident, with all its views."""
    found = compared("full-chain", *CHAIN)
    assert [len(point.report.incidents) for point in found.points] == [4, 4, 0, 0]
    assert [[point for point, _ in i.views] for i in found.incidents] == [[1]] * 4


@pytest.mark.parametrize("names", [POINTS, POINTS[::-1], ("client", "server"), ("middle-any", "server"), ("middle-near", "middle-far"),
                                   ("gateway-any-sll2", "middle-any")], ids=lambda names: "+".join(names))  # fmt: skip
def test_seven_points(names: tuple[str, ...]) -> None:
    """Two translations, cooked and raw, cut to 96 bytes: the RST was made in the middle, between its two sides."""
    found = compared("capture-points", *(f"{name}.pcap" for name in names))
    assert len(found.incidents) == len(lost("capture-points")) == 3
    before = POINTS.index("middle-any")  # its near side; its far side is behind
    for incident in found.incidents:
        v = incident.verdict
        assert v.where is Where.BETWEEN, (presence(incident), incident.why)
        assert v.near is not None
        assert v.far is not None
        near, far = names[v.places[v.near].point], names[v.places[v.far].point]
        assert POINTS.index(near) <= before <= POINTS.index(far)
        if "middle-any" in names:
            assert near == far == "middle-any"
            assert v.places[v.near].server != v.places[v.far].server


def test_a_server_that_lost_its_sockets() -> None:
    """The server's own stack sent the RST: the request reached it, and the RST left there."""
    found = compared("server-lost-sockets", "pcap", "server.pcap")
    assert len(found.incidents) == len(lost("server-lost-sockets")) == 3
    for incident in found.incidents:
        v = incident.verdict
        assert (v.where, v.far) == (Where.BEYOND, None)
        assert v.near is not None
        assert v.places[v.near].point == 1
        assert incident.finding.origin is not None
        assert incident.finding.origin.sender is Sender.STRANGER
    assert headline(found)[0].startswith("3 of 3 RSTs came from beyond server-lost-sockets.server.pcap, from an endpoint without")


def test_a_proxy_between_is_no_verdict() -> None:
    """A proxy makes connections of its own: nothing is in common, and that is said."""
    found = compared("reset-by-the-middle", "pcap", "server.pcap")
    assert not found.in_common
    assert headline(found)[0].startswith("No connection in common")
    for incident in found.incidents:
        assert incident.verdict.where is Where.UNKNOWN
        assert "a proxy between" in incident.why[0]


def test_captures_of_other_paths() -> None:
    """Captures that have nothing to do with each other have no connection in common."""
    found = pcapdiag.compare(RESET, CAPTURES / "full-chain.gateway.pcap", CAPTURES / "ipv6.pcap")
    assert not found.in_common
    assert Counter(i.verdict.where for i in found.incidents) == {Where.UNKNOWN: 8}
    assert {point.clock for point in found.points[1:]} == {None}


def test_a_capture_that_ended_before_proves_nothing(tmp_path: Path) -> None:
    """What a capture does not show proves nothing if it does not show that it still ran."""
    path = tmp_path / "after.pcap"
    path.write_bytes((CAPTURES / "full-chain.after-nat.pcap").read_bytes()[:9000])
    found = pcapdiag.compare(CAPTURES / "full-chain.client.pcapng", path)
    wheres = [i.verdict.where for i in found.incidents]
    assert wheres[-1] is Where.UNKNOWN
    assert "too early to show that it still ran" in found.incidents[-1].why[0]


def test_a_clock_that_is_told() -> None:
    """An offset that is given is taken instead of an estimate; a wrong one leaves the verdict open instead of making it wrong."""
    right = compared("full-chain", "client.pcapng", "after-nat.pcap", offsets={"full-chain.after-nat.pcap": "+0s"})
    assert {i.verdict.where for i in right.incidents} == {Where.BETWEEN}
    wrong = compared("full-chain", "client.pcapng", "after-nat.pcap", offsets={"full-chain.after-nat.pcap": "-2h"})
    assert {i.verdict.where for i in wrong.incidents} == {Where.UNKNOWN}
    assert right.points[1].clock is not None
    assert right.points[1].clock.told == 0


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((RESET,), {}, "two points"),
        ((RESET, RESET), {}, "labels that differ"),
        ((RESET, CAPTURES / "ipv6.pcap"), {"labels": ["one"]}, "as many labels"),
        ((RESET, CAPTURES / "ipv6.pcap"), {"offsets": {"x": 1}}, "no capture point is called 'x'"),
        ((RESET, CAPTURES / "ipv6.pcap"), {"offsets": {"ipv6.pcap": "soon"}}, "not a duration"),
    ],
)
def test_what_cannot_be_compared(arguments: tuple[Path, ...], options: dict[str, Any], said: str) -> None:
    """What makes no sense is an error that says so."""
    with pytest.raises(ValueError, match=said):
        pcapdiag.compare(*arguments, **options)


def test_standard_input_cannot_be_read_again() -> None:
    """It is said, not waited for."""
    with pytest.raises(pcapdiag.CaptureError, match="reading again"):
        pcapdiag.compare("-", RESET)


def test_nothing_was_lost() -> None:
    """Where no point has a finding, that is the answer."""
    found = compared("full-chain", "after-nat.pcap", "gateway.pcap")
    assert headline(found) == ["Nothing was seen to be lost on an idle connection, at any of the 2 points."]
