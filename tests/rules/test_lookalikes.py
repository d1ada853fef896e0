"""Failures that look alike, told apart by what was sent and what came back: FINs, farewells, RSTs and who sent them.

Written from what real stacks do, not from the rules. What only looks like a request is in test_lookalikes_quiet.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.engine.types import Fin
from pcapdiag.rules.types import Confidence, Sender, Severity
from tests.rules.analysed import HELLO, HELLO_AT_SERVER, analysed, gap, nothing, said, sender, verdict

GET = r'80 bytes "GET /orders/18 HTTP/1.1\r\nHost: shop\r\n\r\n"'


def words(*texts: str) -> str:
    """Texts as one, to look for a word in."""
    return " ".join(texts)


def test_request_crosses_the_fin(tmp_path: Path) -> None:
    """Request crossing the FIN in flight against a FIN ignored for seconds: at the server the FIN is captured first, but the
    request that comes 15 ms later does not acknowledge it."""
    finding = verdict(tmp_path, HELLO_AT_SERVER + f"""
        5.025   S  FIN
        5.040   C  {GET} ack=-1
        5.0401  S  RST
        5.045   C  ACK
        5.0451  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE103", Confidence.CERTAIN)
    assert gap(finding) == 5.015
    assert not finding.period.fin_acknowledged
    assert "cross" in words(*finding.reasons)


def test_fin_ignored_for_seconds(tmp_path: Path) -> None:
    """Request crossing the FIN in flight against a FIN ignored for seconds: a pool whose kernel acknowledged the FIN at once
    and that still sends on the connection three seconds later."""
    finding = verdict(tmp_path, HELLO + f"""
        65.045   S  FIN
        65.0451  C  ACK
        68.100   C  {GET}
        68.120   S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE103", Confidence.CERTAIN)
    assert gap(finding) == 68.055
    assert finding.period.fin_acknowledged
    assert "cross" not in words(*finding.reasons)


def test_fin_that_the_capture_missed(tmp_path: Path) -> None:
    """FIN the capture missed but the ACK numbers prove: the request acknowledges one number more than the server sent."""
    finding = verdict(tmp_path, HELLO + f"""
        65.045   S  FIN quiet
        65.0451  C  ACK quiet
        68.100   C  {GET}
        68.120   S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.period.fin) == ("IDLE103", Fin.INFERRED)
    assert finding.confidence is not Confidence.CERTAIN
    assert gap(finding) == 68.055


def test_request_then_the_peers_fin_then_rst(tmp_path: Path) -> None:
    """A request, then the peer's FIN crossing it, then RST (IDLE103): at the client the request goes out before the FIN comes
    in; the RST answers the request, a second one the ACK of the FIN."""
    finding = verdict(tmp_path, HELLO + f"""
        5.040   C  {GET}
        5.046   S  FIN ack=-80
        5.0461  C  ACK
        5.060   S  RST seq=-1
        5.0662  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE103", Confidence.CERTAIN)
    assert gap(finding) == 4.995
    assert "cross" in words(*finding.reasons)


def test_close_notify_and_fin_to_a_dead_peer(tmp_path: Path) -> None:
    """Client sends close_notify and FIN to a dead peer (IDLE108, not IDLE101): TLS 1.2, one RST for each of the two."""
    finding = verdict(tmp_path, HELLO + """
        350.100   C  31 bytes hex 150303001a0000000000000003
        350.1001  C  FIN
        350.120   S  RST
        350.1202  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.severity) == ("IDLE108", Severity.HARMLESS)
    assert (finding.confidence, sender(finding)) == (Confidence.CERTAIN, Sender.STRANGER)
    assert gap(finding) == 350.055


def test_close_notify_of_tls_1_3(tmp_path: Path) -> None:
    """close_notify of TLS 1.3, which looks like 24 bytes of application data: type 23, but 19 bytes of content can hold two
    bytes, the inner type and a tag of 16. A record that holds one byte more is a request."""
    finding = verdict(tmp_path, HELLO + """
        350.100   C  24 bytes hex 1703030013a1b2c3d4e5
        350.1001  C  FIN
        350.120   S  RST
        350.1201  S  RST
    """)  # fmt: skip
    assert finding.rule == "IDLE108"
    finding = verdict(tmp_path, HELLO + """
        350.100   C  85 bytes hex 1703030050a1b2c3d4e5
        350.120   S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("port", "payload", "most"),
    [
        pytest.param(3306, "hex 0100000001", Confidence.CERTAIN, id="MySQL COM_QUIT"),
        pytest.param(6379, r'"QUIT\r\n"', Confidence.CERTAIN, id="Redis QUIT, inline"),
        pytest.param(6379, r'"*1\r\n$4\r\nQUIT\r\n"', Confidence.CERTAIN, id="Redis QUIT"),
        pytest.param(22, "60 bytes hex 9d41f07733c2a8e5", Confidence.POSSIBLE, id="SSH disconnect, encrypted"),
    ],
)
def test_quit_commands_followed_by_fin(port: int, payload: str, most: Confidence, tmp_path: Path) -> None:
    """MySQL COM_QUIT, Redis QUIT, SSH disconnect as farewells when followed by FIN: a RST to them harms nobody. What an
    encrypted one says cannot be read, so that it is only possible."""
    finding = verdict(tmp_path, f"server 10.0.0.2:{port}\n" + HELLO + f"""
        900.100   C  {payload}
        900.1002  C  FIN
        900.120   S  RST
        900.1202  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.severity) == ("IDLE108", Severity.HARMLESS)
    assert finding.sent.farewell is not None
    assert finding.confidence.at_most(most) is finding.confidence
    assert gap(finding) == 900.055


def test_connection_close_of_a_server_that_waited_long_enough(tmp_path: Path) -> None:
    """HTTP/1.1 `Connection: close` as farewell when followed by FIN: the 408 that proxies send before they close an idle
    connection answers no request, and a NAT gateway that forgot the client resets it."""
    finding = verdict(tmp_path, HELLO_AT_SERVER + r"""
        400.025   S  "HTTP/1.1 408 Request Time-out\r\nContent-length: 0\r\nConnection: close\r\n\r\n"
        400.0251  S  FIN
        400.026   C  RST ttl=63
        400.0261  C  RST ttl=63
    """)  # fmt: skip
    assert (finding.rule, finding.severity) == ("IDLE108", Severity.HARMLESS)


def test_connection_close_of_a_request_that_wants_its_response(tmp_path: Path) -> None:
    """HTTP/1.1 `Connection: close` is a farewell only when followed by FIN: here the client waits for a response."""
    finding = verdict(tmp_path, HELLO + r"""
        350.100  C  "GET /last HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
        350.120  S  RST
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.CERTAIN)


def test_client_gives_up_by_itself(tmp_path: Path) -> None:
    """Client gives up on its own timeout and sends the RST itself (not an answer): nothing ever came back (IDLE102)."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.304  C  again
        350.712  C  again
        351.544  C  again
        353.208  C  again
        355.101  C  RST ACK
    """)  # fmt: skip
    assert (finding.rule, finding.confidence) == ("IDLE102", Confidence.CERTAIN)
    assert finding.origin is None
    assert gap(finding) == 350.055


def test_client_gives_up_before_anything_can_be_said(tmp_path: Path) -> None:
    """Client gives up on its own timeout and sends the RST itself (not an answer): after 100 ms, with not one
    retransmission, nothing is proved."""
    report = nothing(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.200  C  RST ACK
    """)  # fmt: skip
    assert report.undecided == 1


def test_client_gives_up_on_a_slow_server(tmp_path: Path) -> None:
    """Client gives up on its own timeout and sends the RST itself (not an answer): the server has the request and thinks. That
    says whose RST it is; how long the client cared to wait is no idle timeout of the path, and is compared with none."""
    report = analysed(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.160  S  ACK
        380.100  C  RST ACK
    """)  # fmt: skip
    (finding,) = said(report)
    assert (finding.rule, finding.period.sender, sender(finding)) == ("IDLE104", "client", Sender.ABORTED)
    assert finding.compared == ()
    assert [s.shortest_failed for s in report.services] == [None]


def test_rst_answers_the_fourth_transmission(tmp_path: Path) -> None:
    """RST that answers an old retransmission: three are dropped on a path that fails over, the fourth meets a host without
    the connection. It took one round trip, not 1.4 s."""
    finding = verdict(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.304  C  again
        350.712  C  again
        351.544  C  again
        351.564  S  RST
    """)  # fmt: skip
    assert (finding.rule, sender(finding)) == ("IDLE101", Sender.STRANGER)
    assert finding.period.wake.retransmissions == 3
    assert gap(finding) == 350.055


def test_stale_rst(tmp_path: Path) -> None:
    """RST that answers an old retransmission: its number is from before the last response, so that the client's kernel
    ignores it, and the answer comes: nothing may be called lost."""
    report = analysed(tmp_path, HELLO + f"""
        350.100  C  {GET}
        350.104  S  RST seq=-900
        350.125  S  900 bytes
        350.165  C  ACK
    """)  # fmt: skip
    assert [f.rule for f in said(report) if f.confidence is not Confidence.POSSIBLE] == []


def test_server_push_on_an_idle_connection(tmp_path: Path) -> None:
    """Server push on an idle connection: a NAT gateway one router away forgot it and resets the server within a millisecond;
    a push that is acknowledged is nothing."""
    hello = HELLO_AT_SERVER
    finding = verdict(tmp_path, hello + """
        400.025   S  120 bytes
        400.0258  C  RST ttl=63
    """)  # fmt: skip
    assert (finding.rule, finding.period.kind, finding.period.sender) == ("IDLE101", "push", "server")
    assert (finding.confidence, sender(finding)) == (Confidence.CERTAIN, Sender.NEARER)
    assert gap(finding) == 400.0
    nothing(tmp_path, hello + """
        400.025  S  120 bytes
        400.085  C  ACK
    """)  # fmt: skip
