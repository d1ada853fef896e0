"""Keepalive probes, and what looks like one: conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.talk import CLIENT, OPENED, SERVER, Reader, heard, ns, only, periods, says, survivors


def probes(engine: Reader, text: str, **options: Any) -> dict[object, int]:
    """How many probes each side sent."""
    (connection,) = heard(engine, text, **options).connections
    return {k: v for k, v in connection["probes"].items() if v}


def test_answered_probes_break_silences_but_not_idleness(engine: Reader) -> None:
    """Probes and pure ACKs may break an idle period's silence; the silences inside are kept."""
    kept = "".join(f"{n}5 C probe\n{n}5.02 S ACK\n" for n in (1, 3, 5))
    p = only(engine, OPENED + kept + "100 C 80 bytes\n100.02 S RST")
    says(p, gap="99.955", silence="44.98", silence_first="44.98", silence_answered="44.98", outcome="reset")
    assert p["probes"] == {CLIENT: 3}
    assert heard(engine, OPENED + kept).totals["longest_survived"] == (ns("19.98"), False)


def test_a_probe_is_reset(engine: Reader) -> None:
    """A RST to a probe: the loss was found without harm."""
    p = only(engine, OPENED + "30 C probe\n30.02 S ACK\n60 C probe\n60.02 S RST")
    says(p, outcome="reset", kind="probe", sender=CLIENT, gap="59.955", silence="29.98", length=0, fin="excluded")
    assert p["answer"][:4] == ("rst", (0, 10), ns("0.02"), 1)
    assert p["probes"] == {CLIENT: 1}


def test_a_probe_after_an_acknowledged_push_is_reset(engine: Reader) -> None:
    """The push was only acknowledged, never answered by payload: its life ends where the probe's begins."""
    p = only(engine, OPENED + "10 S 80 bytes\n10.04 C ACK\n60 C probe\n60.02 S RST")
    says(p, outcome="reset", kind="probe", sender=CLIENT, gap=50, silence="49.96", last_speaker=SERVER)
    p = only(engine, OPENED + "10 C 80 bytes\n10.04 S ACK\n60 C probe\n60.02 S RST")
    says(p, outcome="reset", kind="probe", sender=CLIENT, gap=50, silence="49.96", last_speaker=CLIENT)


def test_a_probe_recorded_after_its_rst(engine: Reader) -> None:
    """Captures reorder: the RST to a probe may be recorded up to 1 ms before it."""
    p = only(engine, OPENED + "60 S RST\n60.0004 C probe")
    says(p, outcome="reset", kind="probe", sender=CLIENT, gap="59.9554")


def test_unanswered_probes_before_a_request(engine: Reader) -> None:
    """A failure happened at an idle time in (silence_first, silence_answered] if unanswered probes lie between."""
    p = only(engine, OPENED + "60 C probe\n75 C probe\n90 C 80 bytes\n90.02 S RST")
    says(p, kind="payload", gap="89.955", silence=15, silence_first="59.954", silence_answered="89.954")


def test_a_run_of_probes_is_reset(engine: Reader) -> None:
    """The first of the unanswered probes is the wake, the others repeat it."""
    p = only(engine, OPENED + "60 C probe\n75 C probe\n90 C probe\n90.02 S RST")
    says(p, kind="probe", gap="59.955", segments=3, silence_first="59.954", silence_answered="89.954", last_sent=(0, 9))


def test_unanswered_probes(engine: Reader) -> None:
    """Two or more probes in a row without answer: until the prober gives up, or the capture ends."""
    run = OPENED + "60 C probe\n75 C probe\n"
    says(only(engine, run), kind="probe", outcome="unanswered", sender=CLIENT, gap="59.955")
    says(only(engine, run + "90 C RST ACK"), kind="probe", outcome="unanswered")
    assert not periods(engine, OPENED + "60 C probe")
    says(only(engine, OPENED + "60 C probe\n75 C RST ACK"), kind="rst", outcome="reset-in-silence", sender=CLIENT)


def test_a_period_ends_once(engine: Reader) -> None:
    """Probes without answer, then a new connection: the probes were the end. After a FIN, probes are no second end."""
    says(only(engine, OPENED + "60 C probe\n75 C probe\n90 C SYN"), kind="probe", outcome="unanswered")
    says(only(engine, OPENED + "60 C FIN\n60.02 S ACK\n90 S probe\n90.02 C RST"), kind="fin", outcome="closed")


def test_the_byte_of_a_probe_is_no_payload(engine: Reader) -> None:
    """One garbage octet: the wake's length is 0."""
    says(only(engine, OPENED + "60 C probe 1 byte\n60.02 S RST"), kind="probe", outcome="reset", length=0)
    says(only(engine, OPENED + "60 C probe 1 byte\n75 C probe 1 byte"), outcome="unanswered", length=0)


def test_unanswered_probes_are_no_idleness_any_more(engine: Reader) -> None:
    """A period that ended is not counted among those still open."""
    assert heard(engine, OPENED + "60 C probe\n75 C probe").totals["still_idle"] == 0
    assert heard(engine, OPENED + "60 C probe").totals["still_idle"] == 1


def test_windows_probes(engine: Reader) -> None:
    """One garbage byte, ACK only: a probe. With PSH it is the retransmission of one byte."""
    text = OPENED + "1 C 1 bytes\n1.02 S ACK\n"
    assert probes(engine, text + "30 C probe 1 byte\n30.02 S ACK") == {CLIENT: 1}
    again = heard(engine, text + "30 C again\n30.02 S ACK")
    assert not any(again.connections[0]["probes"].values())
    assert again.connections[0]["retransmissions"][CLIENT] == 1
    assert again.connections[0]["payload"][CLIENT] == 121


def test_probes_of_the_server(engine: Reader) -> None:
    """Either side probes."""
    assert probes(engine, OPENED + "30 S probe\n30.02 C ACK\n60 S probe\n60.02 C ACK") == {SERVER: 2}


def test_no_probe_with_data_outstanding(engine: Reader) -> None:
    """Everything the sender sent is acknowledged."""
    assert not probes(engine, OPENED + "30 C 80 bytes\n31 C probe")


def test_no_probe_into_a_closed_window(engine: Reader) -> None:
    """The peer's last window is not 0."""
    assert not probes(engine, OPENED + "1 C 80 bytes\n1.02 S ACK win=0\n5 C probe\n5.02 S ACK win=0")


@pytest.mark.parametrize("what", ["probe", "probe 1 byte"])
def test_a_probe_is_the_first_thing_seen(engine: Reader, what: str) -> None:
    """ACK only, at most one byte, answered by ACK only with ack == seq + 1: it was a probe, and its byte no payload."""
    text = f"300 C {what}\n300.02 S ACK\n"
    result = heard(engine, text, begins=0)
    assert probes(engine, text, begins=0) == {CLIENT: 1}
    assert result.connections[0]["payload"] == {CLIENT: 0, SERVER: 0}
    assert result.connections[0]["retransmissions"] == {CLIENT: 0, SERVER: 0}
    assert not result.periods
    p = only(engine, text + "350 C 80 bytes\n350.02 S RST", begins=0)
    says(p, gap=350, bound="lower", last_speaker=None, fin="excluded", missed=(0, 0))


def test_one_byte_of_payload_is_the_first_thing_seen(engine: Reader) -> None:
    """The same byte with PSH is payload."""
    (p,) = survivors(engine, "300 C 1 bytes\n300.02 S ACK", begins=0)
    says(p, kind="payload", gap=300, bound="lower", sender=CLIENT)


def test_a_doubtful_byte_breaks_no_continuity(engine: Reader) -> None:
    """ACK only with one byte, the first thing seen: no payload; what follows it is continuous all the same."""
    text = "300 C 1 bytes push=no\n300.02 S 5 bytes\n300.03 C ACK\n350 C 8 bytes\n350.02 S RST"
    says(periods(engine, text, begins=0)[-1], gap="49.98", missed=(0, 0), bound="exact", outcome="reset")


def test_answers_to_ipv6_probes_are_no_copies(engine: Reader) -> None:
    """IPv6 has no IP ID: the answers to two probes are equal in every field, and yet two packets."""
    text = OPENED + "30 C probe\n30.02 S ACK\n60 C probe\n60.02 S ACK\n90 C 80 bytes\n90.02 S RST"
    ends: dict[str, Any] = {"client": ("2001:db8::1", 50000), "server": ("2001:db8::2", 443)}
    p = only(engine, text, stamps=False, **ends)
    says(p, silence="29.98", silence_first="29.98", silence_answered="29.98")
    assert heard(engine, text, stamps=False, **ends).totals["copies"] == 0
