"""Verdicts that are easily given too surely, or too lightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.report.headline import headline
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.types import Confidence, Severity
from tests.rules.analysed import analysed, nothing, said, verdict


def test_a_rst_that_is_the_first_thing_captured_proves_nothing(tmp_path: Path) -> None:
    """Of a connection of which nothing was captured before its RST, it is not known that it was idle, or was one at all."""
    report = analysed(tmp_path, "0 C2 SYN\n20 S RST\n")
    assert report.findings == ()
    assert [(f.rule, f.confidence) for f in report.unproved] == [("IDLE104", Confidence.POSSIBLE)]
    assert (report.verdicts, report.undecided) == ({}, 1)


def test_a_client_whose_probe_went_unanswered_lost_its_connection(tmp_path: Path) -> None:
    """One probe, nothing comes, the client resets: no harmless end of an idle connection."""
    finding = verdict(tmp_path, OPENED + "300 C probe\n310 C RST ACK\n")
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE104", Severity.LOSS, Confidence.LIKELY)
    answered = verdict(tmp_path, OPENED + "300 C probe\n300.02 S ACK\n310 C RST ACK\n")
    assert (answered.rule, answered.severity) == ("IDLE104", Severity.HARMLESS)


def test_a_rst_long_after_the_last_transmission_may_be_a_timer_s(tmp_path: Path) -> None:
    """It still answers the request by its number; that it comes after 1200 s speaks against an answer."""
    request = OPENED + "60 C 80 bytes\n60.2 C again\n60.6 C again\n"
    assert verdict(tmp_path, request + "1260 S RST\n").confidence is Confidence.LIKELY
    assert verdict(tmp_path, request + "60.62 S RST\n").confidence is Confidence.CERTAIN


def test_requests_that_resemble_each_other_are_requests(tmp_path: Path) -> None:
    """What can be read as a request is none of the heartbeats, even if its like was sent twice before."""
    get = '"GET /a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"'
    talk = OPENED + "".join(f"{n}0 C {get}\n{n}0.02 S 200 bytes\n{n}0.03 C ACK\n" for n in (1, 2, 3))
    report = analysed(tmp_path, talk + f"400 C {get}\n400.02 S RST\n")
    assert [f.rule for f in report.findings] == ["IDLE101"]
    assert report.heartbeats == ()


def test_a_rst_while_the_server_works_ends_a_silence_of_its_own(tmp_path: Path) -> None:
    """The server acknowledged the request and worked; 300 s later a bare RST: the path may have forgotten the connection
    meanwhile. It is in the sums and bracketed by that silence, and the one before the request was survived."""
    report = analysed(tmp_path, OPENED + "60 C 80 bytes\n60.04 S ACK\n360.04 S RST\n")
    (finding,) = report.findings
    assert (finding.rule, finding.severity) == ("IDLE104", Severity.FAILURE)
    assert "the client spoke last: it had waited 300.04 s for an answer" in finding.reasons
    (service,) = report.services
    assert service.shortest_failed is not None
    assert (service.shortest_failed.length, service.service.outcomes["survived"]) == (300 * 10**9, 1)
    soon = verdict(tmp_path, OPENED + "60 C 80 bytes\n60.04 S ACK\n60.5 S RST\n")
    assert (soon.rule, soon.confidence) == ("IDLE107", Confidence.CERTAIN)


def test_a_request_repeated_once_is_possibly_lost(tmp_path: Path) -> None:
    """One retransmission, and the client's own RST by its timeout of half a second: possible, and said in the first line. So
    it is if the capture goes on for long enough, and not if it ends at once, or the server was never captured."""
    once = OPENED + "300 C 80 bytes\n300.2 C again\n"
    report = analysed(tmp_path, once + "300.7 C RST ACK\n")
    (finding,) = report.unproved
    assert (finding.rule, finding.confidence) == ("IDLE102", Confidence.POSSIBLE)
    assert headline(report).endswith("1 may have been (not proved).")
    assert verdict(tmp_path, once + "300.5 C2 SYN\n").confidence is Confidence.POSSIBLE
    nothing(tmp_path, once + "300.25 C2 SYN\n")
    nothing(tmp_path, "0 C 80 bytes\n300 C 80 bytes\n300.2 C again\n300.7 C RST ACK\n")


def test_a_request_never_repeated_is_possibly_lost_if_its_sender_waited(tmp_path: Path) -> None:
    """No retransmission was captured, and the application ended the connection: after a second, an answer was due."""
    for end in ("302 C RST ACK", "302 C FIN", "302 C FIN\n302.1 C RST ACK"):
        finding = verdict(tmp_path, OPENED + f"300 C 80 bytes\n{end}\n")
        assert (finding.rule, finding.confidence) == ("IDLE102", Confidence.POSSIBLE)
    nothing(tmp_path, OPENED + "300 C 80 bytes\n300.5 C RST ACK\n")
    nothing(tmp_path, OPENED + "300 C 80 bytes\n301.5 S ACK ack=-80\n302 C RST ACK\n")


def test_a_server_that_still_spoke_had_not_forgotten(tmp_path: Path) -> None:
    """New payload of the server between request and RST, later than what was under way: likely at most."""
    late = verdict(tmp_path, OPENED + "300 C 80 bytes\n300.05 S 200 bytes ack=-80\n300.06 S RST\n")
    assert (late.rule, late.confidence) == ("IDLE101", Confidence.LIKELY)
    assert late.against == (
        "frame 8: the peer still spoke, 50 ms after the request, without acknowledging it: it had not forgotten the connection",
    )
    crossing = verdict(tmp_path, OPENED + "300 C 80 bytes\n300.01 S 200 bytes ack=-80\n300.02 S RST\n")
    assert (crossing.rule, crossing.confidence) == ("IDLE101", Confidence.CERTAIN)


def test_after_a_rst_that_nobody_obeys_the_conversation_goes_on(tmp_path: Path) -> None:
    """A RST far outside the window, after which both go on: what the path forgets later is found, and nothing else."""
    talk = OPENED + "10 S RST seq=+500000\n20 C 80 bytes\n20.02 S 200 bytes\n20.03 C ACK\n"
    nothing(tmp_path, talk)
    finding = verdict(tmp_path, talk + "370 C 80 bytes\n370.02 S RST\n")
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.CERTAIN)


def test_the_client_s_own_rst_hides_no_answer(tmp_path: Path) -> None:
    """Both reset, the client 2 ms after its request: the server's RST, with the request's number, is still the answer."""
    finding = verdict(tmp_path, OPENED + "300 C 80 bytes\n300.002 C RST\n300.02 S RST\n")
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.CERTAIN)


def test_a_server_that_closes_instead_of_answering_ended_the_connection(tmp_path: Path) -> None:
    """FIN, which acknowledges the request, and RST, with no byte of response: the peer had the connection."""
    finding = verdict(tmp_path, OPENED + "300 C 80 bytes\n300.02 S FIN\n300.021 C ACK\n310 S RST ACK\n")
    assert (finding.rule, finding.confidence) == ("IDLE107", Confidence.CERTAIN)
    assert "sent FIN without one byte of response" in finding.reasons[1]
    nothing(tmp_path, OPENED + "300 C 80 bytes\n300.02 S FIN\n300.021 C ACK\n300.022 C FIN\n300.042 S ACK\n")


def test_a_zero_window_probe_is_no_idleness(tmp_path: Path) -> None:
    """A sender that asks for a window is at work: a RST to it is no timer's, unless there was silence before it asked."""
    full = OPENED + "1 S 1400 bytes\n1.04 C ACK win=0\n"
    asks = full + "".join(f"{at} S ACK seq=-1\n{at}1 C ACK win=0\n" for at in ("1.24", "1.64", "2.44"))
    report = analysed(tmp_path, asks + "3.3 S ACK seq=-1\n3.32 C RST\n")
    assert said(report) == list(report.unproved) == []
    finding = verdict(tmp_path, asks + "54.1 S ACK seq=-1\n54.12 C RST\n")
    assert finding.rule == "IDLE104"
    assert any("answers the zero-window probe of frame" in reason for reason in finding.reasons)


def test_a_fin_that_came_just_before_the_request_was_hardly_ignored(tmp_path: Path) -> None:
    """The request acknowledges the FIN, which came 20 ms before it: they all but crossed. Minutes before, it was ignored."""
    soon = verdict(tmp_path, OPENED + "60 S FIN\n60.02 C 80 bytes\n60.04 S RST\n")
    assert (soon.rule, soon.reasons[1].split(":")[0]) == ("IDLE103", "they all but crossed")
    late = verdict(tmp_path, OPENED + "60 S FIN\n60.04 C ACK\n90 C 80 bytes\n90.02 S RST\n")
    assert (late.rule, late.reasons[1].split(":")[0]) == ("IDLE103", "ignored")


def test_a_request_of_which_no_answer_can_be_seen_leaves_nothing_idle(tmp_path: Path) -> None:
    """One direction only: whether the last request was answered is not known, so that nobody is known to be idle."""
    asked, answered = "0 C 80 bytes\n60 C2 SYN\n", "0 C 80 bytes\n0.02 S 80 bytes\n0.03 C ACK\n60 C2 SYN\n"
    assert [analysed(tmp_path, talk).points[0].totals.still_idle for talk in (asked, answered)] == [0, 1]


@pytest.mark.parametrize(
    ("client", "server"), [(762, 2049), (1021, 988), (1021, 514), (1021, 111), (762, 445), (50000, 762), (50000, 8080)]
)
def test_reserved_ports_are_clients_too(client: int, server: int, tmp_path: Path) -> None:
    """NFS, Lustre and rsh clients take ports below 1024: without the SYN the port that servers listen on tells."""
    talk = f"client 10.0.0.1:{client}\nserver 10.0.0.2:{server}\n0 C 80 bytes\n0.02 S 80 bytes\n0.03 C ACK\n60 C 80 bytes\n60.02 S RST\n"
    assert verdict(tmp_path, talk).period.connection.server.port == server
