"""conn_state and history as Zeek has them, on conversations one can read."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.report.zeek import conn_state, history
from tests.end_to_end.shipped import CAPTURES

OPENED = "0 C SYN\n0.01 S SYN ACK\n0.011 C ACK\n"
SERVED = OPENED + "0.02 C 80 bytes\n0.03 S ACK\n0.04 S 900 bytes\n0.05 C ACK\n"
STATES = {
    "a SYN without answer": ("0 C SYN\n1 C again", "S0", "S"),
    "a SYN that was refused": ("0 C SYN\n0.01 S RST ACK", "REJ", "Sr"),
    "a SYN given up by its sender": ("0 C SYN\n0.01 C RST", "RSTOS0", "SR"),
    "an open connection": (SERVED, "S1", "ShADad"),
    "closed by both": (SERVED + "1 C FIN\n1.01 S FIN\n1.02 C ACK", "SF", "ShADadFf"),
    "closed by the server first": (SERVED + "1 S FIN\n1.01 C FIN\n1.02 S ACK", "SF", "ShADadfF"),
    "closed by the client alone": (SERVED + "1 C FIN\n1.01 S ACK", "S2", "ShADadF"),
    "closed by the server alone": (SERVED + "1 S FIN\n1.01 C ACK", "S3", "ShADadf"),
    "reset by the client": (SERVED + "1 C RST", "RSTO", "ShADadR"),
    "a request on an idle connection": (SERVED + "400 C 80 bytes\n400.02 S RST", "RSTR", "ShADadr"),
    "a request after the peer's FIN": (SERVED + "60 S FIN\n60.01 C ACK\n90 C 80 bytes\n90.02 S RST", "RSTR", "ShADadfr"),
    "a RST after both FINs": (SERVED + "1 C FIN\n1.01 S FIN\n1.02 C RST", "SF", "ShADadFfR"),
    "a SYN and a FIN, no SYN-ACK captured": ("0 C SYN\n0.01 S SYN ACK quiet\n0.02 C FIN", "SH", "SF"),
    "a SYN-ACK and a FIN, no SYN captured": ("0 C SYN quiet\n0.01 S SYN ACK\n0.02 S FIN", "SHR", "^hf"),
    "a SYN-ACK and a RST, no SYN captured": ("0 C SYN quiet\n0.01 S SYN ACK\n0.02 S RST", "RSTRH", "^hr"),
    "a SYN that was not captured": (
        "0 C SYN quiet\n0.01 S SYN ACK\n0.011 C ACK\n0.02 C 80 bytes\n0.04 S 90 bytes", "S1", "^hADd"),
    "begun before the capture": ("1 C 80 bytes\n1.02 S 900 bytes\n1.03 C ACK", "OTH", "DdA"),
    "begun before the capture, the server speaks first": (
        "1 S 900 bytes\n1.01 C ACK\n1.02 C 80 bytes", "OTH", "^dAD"),
    "begun before the capture and reset": ("1 C 80 bytes\n1.02 S 900 bytes\n300 C 80 bytes\n300.02 S RST", "RSTRH", "Ddr"),
    "payload again": (OPENED + "0.02 C 80 bytes\n0.3 C again\n0.31 S ACK", "S1", "ShADTa"),
    "a probe of one byte": (SERVED + "60 C probe 1 byte\n60.01 S ACK", "S1", "ShADadT"),
    "a probe without payload": (SERVED + "60 C probe\n60.01 S ACK", "S1", "ShADad"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_conversation_in_zeeks_words(name: str, tmp_path: Path) -> None:
    """Each kind of life has the state and the history that Zeek's documentation gives it."""
    talk, state, letters = STATES[name]
    (data,) = forge(talk)
    (tmp_path / "talk.pcapng").write_bytes(data)
    (connection,) = pcapdiag.analyze(tmp_path / "talk.pcapng").connections
    assert (conn_state(connection), history(connection)) == (state, letters)


def test_copies_say_nothing(tmp_path: Path) -> None:
    """A packet that was recorded twice is no retransmission."""
    (data,) = forge(OPENED + "0.02 C 80 bytes\n0.0201 C copy ttl=63 via=1\n0.04 S 900 bytes")
    (tmp_path / "talk.pcapng").write_bytes(data)
    (connection,) = pcapdiag.analyze(tmp_path / "talk.pcapng").connections
    assert history(connection) == "ShADd"


def test_a_finding_has_the_history_that_led_to_it() -> None:
    """What was decided is handed out with the history at that moment, the RST included."""
    for finding in pcapdiag.analyze(CAPTURES / "reset-after-idle.pcap").findings:
        assert history(finding.period.connection) == "ShADadr"
        assert conn_state(finding.period.connection) == "RSTR"
