"""Failures that look alike, told apart by their RSTs: whose they are, what they answer, and what goes on after them.

Written from what real stacks do, not from the rules.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.rules.types import Confidence, Sender, Severity
from tests.rules.analysed import HELLO, HELLO_AT_SERVER, analysed, gap, nothing, said, sender, verdict

GET = r'80 bytes "GET /orders/18 HTTP/1.1\r\nHost: shop\r\n\r\n"'


def test_rst_ack_of_a_live_socket(tmp_path: Path) -> None:
    """RST,ACK that covers the request, from a live socket (IDLE107): a quick abort at once, a slow one after a delayed ACK."""
    quick = verdict(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.121  S  RST ACK
    """)  # fmt: skip
    slow = verdict(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.163  S  ACK
        350.900  S  RST ACK
    """)  # fmt: skip
    for finding in (quick, slow):
        assert (finding.rule, finding.confidence) == ("IDLE107", Confidence.CERTAIN)
        assert sender(finding) is Sender.ABORTED
        assert gap(finding) == 350.055


def test_rst_ack_that_no_live_socket_sends(tmp_path: Path) -> None:
    """RST,ACK that covers the request with window 0 and without the negotiated timestamps (IDLE101, undetermined)."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.121  S  RST ACK win=0 ts=no ipid=4711
    """)  # fmt: skip
    assert (finding.rule, sender(finding)) == ("IDLE101", Sender.UNDETERMINED)
    assert gap(finding) == 350.055


def test_slow_answer_is_lost(tmp_path: Path) -> None:
    """A slow server's answer after the client waited through a silence, which is no request (IDLE109 if it is lost): reset by
    a NAT gateway, or never acknowledged."""
    request = HELLO_AT_SERVER + f"""
        1.000  C  {GET}
        1.041  S  ACK
    """  # fmt: skip
    by_rst = verdict(tmp_path, request + """
        391.000  S  900 bytes
        391.0008 C  RST ttl=63
    """)  # fmt: skip
    assert (by_rst.rule, by_rst.period.kind) == ("IDLE109", "late-answer")
    assert sender(by_rst) is Sender.NEARER
    assert gap(by_rst) == 390.0
    by_silence = verdict(tmp_path, request + """
        391.000  S  900 bytes
        391.220  S  again
        391.660  S  again
        392.540  S  again
        394.300  S  again
        397.820  S  again
        530.000  C2 SYN
    """)  # fmt: skip
    assert (by_silence.rule, by_silence.origin) == ("IDLE109", None)
    assert gap(by_silence) == 390.0


def test_slow_answer_arrives(tmp_path: Path) -> None:
    """A slow server's answer after the client waited through a silence, which is no request (nothing if it arrives)."""
    nothing(tmp_path, HELLO + f"""
        1.000   C  {GET}
        1.061   S  ACK
        46.000  S  900 bytes
        46.040  C  ACK
    """)  # fmt: skip


def test_client_closes_its_idle_connections_by_rst(tmp_path: Path) -> None:
    """A client that closes its own idle connections by RST (IDLE104, harmless, says who): SO_LINGER 0 after a minute."""
    finding = verdict(tmp_path, HELLO + """
        60.050  C  RST ACK
    """)  # fmt: skip
    assert (finding.rule, finding.severity) == ("IDLE104", Severity.HARMLESS)
    assert (finding.period.sender, sender(finding)) == ("client", Sender.ABORTED)
    assert gap(finding) == 60.005


def test_port_reuse_within_a_second_of_a_reset(tmp_path: Path) -> None:
    """Port reuse within a second of a reset: one finding, on the first of two connections."""
    report = analysed(tmp_path, HELLO + f"""
        350.100   C  {GET}
        350.120   S  RST
        350.720   C  SYN
        350.740   S  SYN ACK
        350.7401  C  ACK
        350.741   C  {GET}
        350.765   S  900 bytes
        350.805   C  ACK
    """)  # fmt: skip
    (finding,) = said(report)
    assert (finding.rule, finding.confidence, sender(finding)) == ("IDLE101", Confidence.CERTAIN, Sender.STRANGER)
    assert (report.connections, finding.period.connection.stream) == (2, 0)


def test_port_reuse_when_the_refusal_follows(tmp_path: Path) -> None:
    """Port reuse within a second of a reset: the process is gone, and the new SYN is refused. Two verdicts, one for each."""
    found = said(analysed(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.120  S  RST
        350.220  C  SYN
        350.240  S  RST ACK
    """))  # fmt: skip
    assert [f.rule for f in found] == ["IDLE101", "CTX202"]


@pytest.mark.parametrize(("first", "second"), [("S", "C"), ("C", "S")])
def test_middlebox_resets_both_sides_at_expiry(first: str, second: str, tmp_path: Path) -> None:
    """Both sides sending RST: a load balancer that resets both ends when its timer expires, captured beside it. It is one
    loss, and not a client that dropped its own connection: neither RST has the TTL of its side."""
    finding = verdict(tmp_path, "ttl 60 58\n" + HELLO + f"""
        240.0451  {first}  RST ttl=64
        240.0452  {second}  RST ttl=64
    """)  # fmt: skip
    assert (finding.rule, finding.severity, sender(finding)) == ("IDLE104", Severity.LOSS, Sender.NEARER)
    assert gap(finding) == 240.0001


def test_middlebox_resets_the_server_in_the_clients_name(tmp_path: Path) -> None:
    """Both sides sending RST: the same load balancer seen from the server, where only the RST in the client's name arrives.
    Its TTL is not the client's: it is a loss, and no client closed anything."""
    finding = verdict(tmp_path, HELLO_AT_SERVER + """
        240.0251  C  RST ACK ttl=64 win=0 ts=no
    """)  # fmt: skip
    assert (finding.rule, finding.severity, sender(finding)) == ("IDLE104", Severity.LOSS, Sender.NEARER)


def test_both_sides_send_rst_after_a_request(tmp_path: Path) -> None:
    """Both sides sending RST: the server's answers the request, the client's abort crosses it. The first decides."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100   C  {GET}
        350.120   S  RST
        350.1203  C  RST ACK
    """)  # fmt: skip
    assert (finding.rule, finding.confidence, sender(finding)) == ("IDLE101", Confidence.CERTAIN, Sender.STRANGER)


def test_rst_injected_while_the_peer_answers(tmp_path: Path) -> None:
    """RST injected while the real peer also answers: it came from nearer, and the connection was not forgotten at all."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100   C  {GET}
        350.1007  S  RST ttl=63
        350.125   S  900 bytes
        350.1251  C  RST
    """)  # fmt: skip
    assert (finding.rule, sender(finding)) == ("IDLE101", Sender.NEARER)
    assert finding.confidence is not Confidence.CERTAIN
    assert finding.against


def test_challenge_ack_then_rst(tmp_path: Path) -> None:
    """Challenge ACK then RST: a RST within the window but not at its edge is challenged (RFC 5961), the next one fits."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100   C  {GET}
        350.120   S  RST seq=+100
        350.1201  C  ACK
        350.140   S  RST
    """)  # fmt: skip
    assert (finding.rule, gap(finding)) == ("IDLE101", 350.055)


def test_syn_that_meets_a_half_open_connection(tmp_path: Path) -> None:
    """Challenge ACK then RST: a client that came back with the same port; its kernel's RST clears the old connection and its
    SYN, sent again, opens a new one. Nothing was lost, nothing refused."""
    report = nothing(tmp_path, HELLO + f"""
        400.000  C  SYN isn=500000
        400.020  S  ACK ack=-500000
        400.0201 C  RST
        400.029  C  again
        400.049  S  SYN ACK
        400.0491 C  ACK
        400.050  C  {GET}
        400.075  S  900 bytes
        400.115  C  ACK
    """)  # fmt: skip
    assert (report.connections, report.undecided, report.idle_periods) == (2, 1, 1)


def test_peer_rebooted(tmp_path: Path) -> None:
    """Half-open connection where the peer rebooted: its new kernel answers as a host without the connection, over the
    whole distance."""
    finding = verdict(tmp_path, HELLO + f"""
        3600.100  C  {GET}
        3600.120  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence, sender(finding)) == ("IDLE101", Confidence.CERTAIN, Sender.STRANGER)
    assert gap(finding) == 3600.055


def test_tcp_fast_open(tmp_path: Path) -> None:
    """TCP Fast Open: the payload of a SYN opens no idle period, is no request after one, and counts where gaps begin."""
    opened = """
        0.000   C  SYN 80 bytes
        0.020   S  SYN ACK
        0.0201  C  ACK
        0.045   S  900 bytes
        0.085   C  ACK
    """
    nothing(tmp_path, opened)
    finding = verdict(tmp_path, opened + f"""
        350.100  C  {GET}
        350.120  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence, gap(finding)) == ("IDLE101", Confidence.CERTAIN, 350.055)


def test_tcp_fast_open_refused_or_ignored(tmp_path: Path) -> None:
    """TCP Fast Open: a SYN with payload that is refused is refused (CTX202); one whose payload the server ignores sends it
    again after the handshake, and loses nothing."""
    assert verdict(tmp_path, "0 C SYN 80 bytes\n0.02 S RST ACK").rule == "CTX202"
    nothing(tmp_path, """
        0.000   C  SYN 80 bytes
        0.020   S  SYN ACK ack=-80
        0.0201  C  80 bytes seq=-80
        0.045   S  900 bytes ack=-80
        0.085   C  ACK seq=-80
    """)  # fmt: skip


def test_resets_by_invalid_packets(tmp_path: Path) -> None:
    """RST with no idle during conntrack-invalid storms: responses that conntrack calls invalid reach the client's host
    untranslated, which resets connections in the middle of their work. No rule of idleness, no event of timers."""
    storm = [f"""
        {n}.000  C{n} SYN
        {n}.0001 S{n} SYN ACK
        {n}.020  C{n} ACK
        {n}.021  C{n} 300 bytes
        {n}.025  S{n} 1448 bytes
        {n}.0251 S{n} 1448 bytes
        {n}.045  C{n} RST
    """ for n in range(2, 8)]  # fmt: skip
    report = analysed(tmp_path, "ttl 52 64\n" + "".join(storm))
    assert [f.rule for f in said(report)] == ["CTX201"] * 6
    assert not report.events
    assert report.idle_periods == 0
