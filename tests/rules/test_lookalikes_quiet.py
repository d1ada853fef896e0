"""What looks like a request, a probe or idleness and is none, and what a capture that lacks something can still prove.

Written from what real stacks do, not from the rules.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.engine.types import Bound, Outcome
from pcapdiag.rules.types import Confidence, Sender
from tests.rules.analysed import HELLO, analysed, gap, nothing, said, sender, verdict

GET = r'80 bytes "GET /orders/18 HTTP/1.1\r\nHost: shop\r\n\r\n"'
#: The client's stalled transfer: the server's window is full.
STALL = HELLO + """
    1.000  C  1448 bytes
    1.020  S  ACK win=0
"""


def test_retransmission_back_off(tmp_path: Path) -> None:
    """Retransmission back-off that looks like idleness: pauses of 13 s between transmissions of the same request, and new
    payload behind it, are no idle period; the RST in the end is one without idleness."""
    sent = HELLO + f"""
        0.500   C  {GET}
        0.704   C  again
        1.112   C  again
        1.944   C  again
        3.608   C  again
        6.936   C  again
        13.592  C  again
    """
    (finding,) = said(analysed(tmp_path, sent + "26.904 C again\n 26.924 S RST\n"))
    assert finding.rule == "CTX201"
    (finding,) = said(analysed(tmp_path, sent + f"20.000 C {GET}\n 20.020 S RST\n"))
    assert finding.rule == "CTX201"
    assert analysed(tmp_path, sent).idle_periods == 0


def test_request_into_a_capture_that_missed_packets(tmp_path: Path) -> None:
    """A request into a capture that missed packets before it: the numbers show traffic inside the gap, which is therefore
    only an upper bound, and nothing is proved."""
    report = analysed(tmp_path, HELLO + f"""
        100.000  C  missed 80
        100.025  S  missed 900
        350.100  C  {GET}
        350.120  S  RST
    """)  # fmt: skip
    (finding,) = report.unproved
    assert (said(report), finding.period.bound, finding.period.missed) == ([finding], Bound.UPPER, (80, 900))
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.POSSIBLE)
    assert "CAP903" in [d.code for d in finding.doubts]


@pytest.mark.parametrize(
    ("ping", "pong"),
    [
        pytest.param("hex 0000080600000000000102030405060708", "hex 0000080601000000000102030405060708", id="HTTP/2 PING"),
        pytest.param("hex 898037fa213d", "hex 8a00", id="WebSocket ping"),
        pytest.param("hex 010000000e", "hex 0700000100000002000000", id="MySQL COM_PING"),
    ],
)
def test_heartbeats(ping: str, pong: str, tmp_path: Path) -> None:
    """HTTP/2 PING, WebSocket and database heartbeats: three that are answered, and one on which the loss is found, with no
    user behind it. Counted apart; a request in its place is a finding."""
    alive = HELLO + "".join(f"""
        {n}.000  C  {ping}
        {n}.022  S  {pong}
        {n}.062  C  ACK
    """ for n in (30, 60, 90))  # fmt: skip
    nothing(tmp_path, alive)
    report = analysed(tmp_path, alive + f"120.000 C {ping}\n 120.020 S RST\n")
    (finding,) = report.heartbeats
    assert (said(report), finding.rule, gap(finding)) == ([finding], "IDLE101", 29.978)
    report = analysed(tmp_path, alive + f"120.000 C {GET}\n 120.020 S RST\n")
    assert [f.rule for f in report.findings] == ["IDLE101"]


def test_zero_window_probes_of_linux(tmp_path: Path) -> None:
    """Zero-window probes, which have a keepalive's form: number one below the next, no payload. They are no probes of an
    idle connection, answered or not."""
    times = ("1.224", "1.640", "2.472", "4.136", "7.464", "14.120", "27.432", "54.056")
    answered = STALL + "".join(f"{at} C probe\n {float(at) + 0.02:.3f} S ACK win=0\n" for at in times)
    report = nothing(tmp_path, answered)
    assert report.points[0].totals.probes == 0
    nothing(tmp_path, answered + "107.304 C probe\n 213.800 C probe\n 334.632 C probe\n 455.464 C probe\n 500 C2 SYN\n")


def test_zero_window_probe_is_reset(tmp_path: Path) -> None:
    """Zero-window probes, which have a keepalive's form: a RST to one is not a reset keepalive probe (IDLE105). Nothing that
    counts was sent before it (IDLE104)."""
    finding = verdict(tmp_path, STALL + """
        1.224   C  probe
        1.244   S  ACK win=0
        61.640  C  probe
        61.660  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.period.sender) == ("IDLE104", "server")
    assert gap(finding) == 60.660


def test_zero_window_probes_of_one_byte_and_window_updates(tmp_path: Path) -> None:
    """Zero-window probes and window updates in an idle period (neither probe nor request): probes of one byte that the server
    refuses, then room again, and the transfer ends. Only the request after that is lost; an update of the window in the
    silence before it neither wakes nor shortens the idle period."""
    finding = verdict(tmp_path, STALL + f"""
        1.224    C  1 byte push=no
        1.244    S  ACK win=0 ack=-1
        1.640    C  again
        1.660    S  ACK win=0 ack=-1
        2.472    C  again
        2.492    S  ACK win=0 ack=-1
        4.136    C  again
        4.156    S  ACK win=0 ack=-1
        19.500   S  ACK win=501 ack=-1
        19.5001  C  again
        19.5002  C  999 bytes
        19.520   S  ACK
        19.550   S  200 bytes
        19.590   C  ACK
        120.000  S  ACK win=1024
        350.100  C  {GET}
        350.120  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence, sender(finding)) == ("IDLE101", Confidence.CERTAIN, Sender.STRANGER)
    assert gap(finding) == 330.55
    assert finding.period.silence / 1e9 == 230.1
    assert finding.period.probes == (0, 0)


def twice(talk: str) -> str:
    """Each packet recorded on a second interface too, 40 us later."""
    lines = [line.split() for line in talk.splitlines() if line.strip()]
    return "\n".join(" ".join(line) + f"\n{float(line[0]) + 0.00004:.5f} {line[1]} copy via=1" for line in lines) + "\n"


IPV6 = "client [2001:db8::1]:50000\nserver [2001:db8::2]:443\ntimestamps no\n"


def test_ipv6_probes_without_answer(tmp_path: Path) -> None:
    """IPv6 copies (no IP ID) against IPv6 probes two seconds apart: three equal probes are three, six records or not."""
    finding = verdict(tmp_path, IPV6 + twice(HELLO + """
        60.100  C  probe
        62.100  C  probe
        64.100  C  probe
        66.100  C  RST ACK
    """))  # fmt: skip
    assert (finding.rule, finding.period.wake.segments) == ("IDLE106", 3)
    assert gap(finding) == 60.055


def test_ipv6_probes_of_which_the_last_is_reset(tmp_path: Path) -> None:
    """IPv6 copies (no IP ID) against IPv6 probes two seconds apart: copies of answered ones are no unanswered ones."""
    finding = verdict(tmp_path, IPV6 + twice(HELLO + """
        60.100  C  probe
        60.120  S  ACK
        62.100  C  probe
        62.120  S  ACK
        64.100  C  probe
        64.120  S  RST
    """))  # fmt: skip
    assert (finding.rule, finding.period.probes, finding.period.wake.segments) == ("IDLE105", (2, 0), 1)
    assert sender(finding) is Sender.STRANGER


def one_way(talk: str, side: str) -> str:
    """What a mirror port of one direction records: the other side is not captured."""
    lines = [line.strip() for line in talk.splitlines() if line.strip()]
    return "\n".join(line if line.split()[1] == side else line + " quiet" for line in lines)


def test_only_the_client_captured(tmp_path: Path) -> None:
    """One-direction captures (`possible` at most): whether anything came back cannot be seen."""
    finding = verdict(tmp_path, one_way(HELLO + f"""
        350.100  C  {GET}
        350.304  C  again
        350.712  C  again
        351.544  C  again
        353.208  C  again
        365.100  C  RST ACK
    """, "C"))  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE102", Confidence.POSSIBLE)
    assert "CAP901" in [d.code for d in finding.doubts]


def test_only_the_server_captured(tmp_path: Path) -> None:
    """One-direction captures (`possible` at most): a RST whose request was not captured looks like one in silence."""
    finding = verdict(tmp_path, one_way(HELLO + f"350.100 C {GET}\n 350.120 S RST\n", "S"))
    assert (finding.rule, finding.confidence) == ("IDLE104", Confidence.POSSIBLE)
    assert "CAP901" in [d.code for d in finding.doubts]


def test_delayed_ack_is_reset(tmp_path: Path) -> None:
    """A pure delayed ACK, not a request, that meets a peer without state and is reset: the request after the idle period was
    answered, and nobody has sent anything since."""
    report = nothing(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.125  S  900 bytes
        350.165  C  ACK
        350.185  S  RST
    """)  # fmt: skip
    assert report.outcomes[Outcome.SURVIVED] == 1


def test_simultaneous_close(tmp_path: Path) -> None:
    """Simultaneous close: both FINs cross after an idle minute, each is acknowledged. Closed, and nothing was lost."""
    report = nothing(tmp_path, HELLO + """
        60.045   C  FIN
        60.050   S  FIN ack=-1
        60.0501  C  ACK
        60.065   S  ACK
    """)  # fmt: skip
    assert report.outcomes[Outcome.CLOSED] == 1


def test_interactive_byte(tmp_path: Path) -> None:
    """One-byte interactive traffic against one-byte Windows probes: a key that is typed after half an hour is a request, and
    its retransmissions, at the number of a probe but with PSH, are no probes."""
    typed = "server 10.0.0.2:23\n" + HELLO + "1800.100 C 1 byte\n"
    finding = verdict(tmp_path, typed + "1800.120 S RST\n")
    assert (finding.rule, finding.period.kind, finding.confidence) == ("IDLE101", "request", Confidence.CERTAIN)
    finding = verdict(tmp_path, typed + """
        1800.304  C  again
        1800.712  C  again
        1801.544  C  again
        1803.208  C  again
        1810.000  C  RST ACK
    """)  # fmt: skip
    assert (finding.rule, finding.period.kind, finding.period.probes) == ("IDLE102", "request", (0, 0))


def test_one_byte_probe_of_windows(tmp_path: Path) -> None:
    """One-byte interactive traffic against one-byte Windows probes: ACK without PSH, one zero byte, one below the next
    number, TTL 128, no timestamps."""
    finding = verdict(tmp_path, "ttl 128 61\ntimestamps no\n" + HELLO + """
        7200.100  C  probe 1 byte
        7200.120  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.period.kind, sender(finding)) == ("IDLE105", "probe", Sender.STRANGER)
    assert gap(finding) == 7200.055
