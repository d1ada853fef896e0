"""What several capture points, late captures and probes must not change in what is told of a service."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Clock, Symptom
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap
from tests.inference.service import HELLO, OPENING, S, Way, captured, fixed, talk, the_cause


def closing(number: int, idle: float, begin: float | None = None) -> str:
    """A connection that the server closes after so many seconds without payload; ``begin``: when it is first seen."""
    at = number * 0.3
    hello = HELLO.format(*(at + o for o in OPENING)) if begin is None else f"{at + begin:.3f} C ACK\n"
    at += OPENING[-1] + idle
    return f"{hello}{at:.3f} S FIN\n{at + 0.01:.3f} C ACK\n{at + 0.02:.3f} C FIN\n{at + 0.03:.3f} S ACK\n"


@pytest.mark.parametrize(
    ("other", "others"), [([], 0), ([closing(6, 12)], 1), ([closing(6, 12), closing(7, 300)], 2), ([closing(6, 75, 55)], 0)]
)
def test_a_timer_that_closes_is_found_beside_other_closings(tmp_path: Path, other: list[str], others: int) -> None:
    """A server that closes after 75 s is found, with the products that do, when it closes one connection for another reason as
    well, and when one was captured from its middle on."""
    race = f"{HELLO.format(*OPENING)}75.046 S FIN\n75.047 C 80 bytes\n75.08 S RST\n"
    cause = the_cause(captured(tmp_path, [race, *(closing(n, 75) for n in range(1, 6)), *other]))
    assert cause is not None
    (died,) = cause.deaths
    assert died.regular
    assert (died.count, died.others) == (6, others)
    assert died.shortest - S // 100 <= 75 * S <= died.longest + S // 100
    assert 75 in {family.seconds for family in cause.families}


def test_what_two_points_saw_counts_once(tmp_path: Path) -> None:
    """The same packets at two points: as many silences failed and survived as at one, and as many connections wait."""
    way = Way(lambda n, idle: idle > 350 and n == 0)
    last = HELLO.format(*(430 + at for at in OPENING)) + "431 C ACK\n"
    talks = [talk(way, n, [100, 400], None, n * 0.137) for n in range(4)]
    talks += [f"{HELLO.format(*OPENING)}", f"{last}900 C SYN\n"]
    once = the_cause(captured(tmp_path, talks))
    data = (tmp_path / "x.pcap").read_bytes()
    (tmp_path / "y.pcap").write_bytes(data)
    (both,) = pcapdiag.analyze([tmp_path / "x.pcap", tmp_path / "y.pcap"]).report.causes
    assert once is not None
    assert once.view == both.view
    assert once.at_risk.connections == both.at_risk.connections
    assert once.estimate == both.estimate
    assert once.counterfactual == both.counterfactual


def test_without_payload_a_connection_waits_in_spite_of_probes(tmp_path: Path) -> None:
    """A timer that counts payload ends after 350 s: the connection that was probed until 40 s before the end is at risk, as it is
    for longer without payload; one that spoke is not."""
    talks = [talk(Way(fixed(350), payload=True), n, [100, 340, 500], 60, n * 0.137) for n in range(2)]
    quiet = HELLO.format(*(400 + at for at in OPENING))
    quiet += "".join(f"{400 + 60 * k} C probe\n{400 + 60 * k}.01 S ACK\n" for k in range(1, 7))
    spoke = HELLO.format(*(300 + at for at in OPENING)) + "500 C 5 bytes\n500.01 S 5 bytes\n790 C 5 bytes\n790.01 S 5 bytes\n"
    cause = the_cause(captured(tmp_path, [*talks, quiet, spoke]))
    assert cause is not None
    assert cause.bracket.clock is Clock.PAYLOAD
    assert [one.client.port for one, _ in cause.at_risk.longest] == [50_002]


def test_a_service_with_losses_has_a_cause(tmp_path: Path) -> None:
    """Two connections captured late, whose server is told by a third that comes after: silences and losses are its own."""
    late = (
        "0 S 900 bytes\n0.01 C ACK\n100 C 80 bytes\n100.01 S 90 bytes\n300 S 70 bytes\n300.01 C ACK\n400 C 80 bytes\n"
        "400.02 S 70 bytes\n400.03 C ACK\n800 C 80 bytes\n800.01 S RST\n"
    )
    other = "1 S 900 bytes\n1.01 C ACK\n351 C 80 bytes\n351.01 S 90 bytes\n351.02 C ACK\n800 C 80 bytes\n800.01 S RST\n"
    third = "500 C SYN\n500.01 S SYN ACK\n500.02 C ACK\n500.03 C 80 bytes\n500.04 S 90 bytes\n"
    sides = [
        conversation(text, client=(f"10.0.1.{n}", 50_000 + n), server=("10.0.0.2", 40_000), client_isn=n * 7919)
        for n, text in enumerate((late, other, third), 1)
    ]
    (tmp_path / "x.pcap").write_bytes(pcap(merge(*sides)))
    (cause,) = pcapdiag.analyze(tmp_path / "x.pcap").report.causes
    assert cause.service == Endpoint("10.0.0.2", 40_000)
    assert cause.bracket.low is not None
    assert cause.symptoms == {Symptom.RESET: 2}
