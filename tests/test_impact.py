"""Whose request was lost: the user's own request beside the lost one, on the same host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.correlate.impacts import Impact
from pcapdiag.engine.types import Endpoint
from pcapdiag.impact import impacts
from pcapdiag.rules.types import Confidence
from tests.end_to_end.shipped import CAPTURES

#: A sidecar: C2 is the application, S2 the sidecar's listener, C and S its idle connection to the service.
HEAD = """
client 10.1.0.1:37456
server 198.51.100.80:80
C2 is 127.0.0.1:41490
S2 is 127.0.0.1:15001
C3 is 127.0.0.1:41500
S3 is 127.0.0.1:15001
0.000 C SYN
0.001 S SYN ACK
0.002 C ACK
0.003 C 80 bytes "GET /before HTTP/1.1"
0.005 S 200 bytes "HTTP/1.1 200 OK"
0.006 C ACK
1.000 C2 SYN
1.001 S2 SYN ACK
1.002 C2 ACK
1.100 C3 SYN
1.101 S3 SYN ACK
1.102 C3 ACK
"""


def request(path: str = "/orders/17", name: str | None = None, method: str = "GET") -> str:
    """A request as a line of a conversation writes it."""
    told = rf"x-request-id: {name}\r\n" if name else ""
    return rf'"{method} {path} HTTP/1.1\r\nhost: shop\r\n{told}\r\n"'


def linked(folder: Path, talk: str, head: str = HEAD) -> list[Impact | None]:
    """What is linked to each finding of a conversation."""
    path = folder / "talk.pcapng"
    path.write_bytes(forge(head + talk)[0])
    findings = pcapdiag.analyze(path).findings
    return list(impacts([str(path)], findings))


def one(folder: Path, talk: str, head: str = HEAD) -> Impact | None:
    """The one link of a conversation with one finding."""
    (found,) = linked(folder, talk, head)
    return found


def test_the_full_chain() -> None:
    """Each of the four lost requests is linked to the application's own request over loopback that got 503, as the application
    and the sidecar noted."""
    path = CAPTURES / "full-chain.client.pcapng"
    findings = pcapdiag.analyze(path).findings
    truth = {r["client"]: r for r in json.loads((CAPTURES / "full-chain.truth.json").read_text())["requests"] if r["rule"]}
    noted = [json.loads(line) for line in (CAPTURES / "full-chain.application.jsonl").read_text().splitlines()]
    said = {note["id"]: note for note in noted if note["result"] == "503"}
    found = impacts([str(path)], findings)
    assert len(found) == 4
    for finding, impact in zip(findings, found, strict=True):
        assert impact is not None
        assert impact.confidence is Confidence.CERTAIN
        assert impact.request_id == truth[str(finding.period.connection.client)]["id"]
        assert str(impact.client) == said[impact.request_id]["client"]
        assert impact.server == Endpoint("127.0.0.1", 15001)
        assert (impact.method, impact.path, impact.status) == ("GET", "/after/0.25", 503)
        assert impact.request.time <= finding.period.wake.first.ref.time
        assert abs(impact.request.time - said[impact.request_id]["sent_ns"]) < 1_000_000
        assert impact.waited is not None
        assert 0 < impact.waited < 5_000_000


def test_an_identifier_decides(tmp_path: Path) -> None:
    """The same x-request-id links, even if the proxy rewrote the path and another request fits better in time."""
    impact = one(tmp_path, f"""
        60.000 C2 {request("/api/orders/17", "one")}
        60.001 C3 {request("/orders/17", "two")}
        60.002 C {request("/orders/17", "one")}
        60.003 S RST
        60.004 S3 "HTTP/1.1 503 Unavailable\\r\\n\\r\\n"
        60.009 S2 "HTTP/1.1 503 Unavailable\\r\\n\\r\\n"
    """)  # fmt: skip
    assert impact is not None
    assert (impact.client.port, impact.path, impact.confidence) == (41490, "/api/orders/17", Confidence.CERTAIN)
    assert (impact.before, impact.after, impact.waited) == (2_000_000, 6_000_000, 9_000_000)


def test_a_retry_that_succeeded_is_told(tmp_path: Path) -> None:
    """With the same identifier, what the user got is told even if it was no failure."""
    impact = one(tmp_path, f"""
        60.000 C2 {request(name="one")}
        60.002 C {request(name="one")}
        60.003 S RST
        60.200 S2 "HTTP/1.1 200 OK\\r\\n\\r\\n"
    """)  # fmt: skip
    assert impact is not None
    assert (impact.status, impact.after) == (200, 197_000_000)


def test_the_same_path_and_a_failure_at_once(tmp_path: Path) -> None:
    """Without identifiers: the only request for the same, which failed at once, is likely."""
    impact = one(tmp_path, f"""
        60.000 C2 {request()}
        60.0005 C3 {request("/else")}
        60.002 C {request()}
        60.003 S RST
        60.004 S2 "HTTP/1.1 503 Unavailable\\r\\n\\r\\n"
        60.005 S3 "HTTP/1.1 200 OK\\r\\n\\r\\n"
    """)  # fmt: skip
    assert impact is not None
    assert (impact.client.port, impact.status, impact.confidence) == (41490, 503, Confidence.LIKELY)
    assert not impact.same_id


def test_two_that_fit_are_only_possible(tmp_path: Path) -> None:
    """Two requests for the same that both failed at once: the nearest, and no more than possible."""
    impact = one(tmp_path, f"""
        60.000 C2 {request()}
        60.001 C3 {request()}
        60.002 C {request()}
        60.003 S RST
        60.004 S2 "HTTP/1.1 503 Unavailable\\r\\n\\r\\n"
        60.005 S3 "HTTP/1.1 503 Unavailable\\r\\n\\r\\n"
    """)  # fmt: skip
    assert impact is not None
    assert (impact.client.port, impact.confidence) == (41500, Confidence.POSSIBLE)
    assert "1 more would fit as well" in " ".join(impact.reasons)


def test_a_close_is_a_failure(tmp_path: Path) -> None:
    """A user's connection that is closed without a response is what became of the request."""
    impact = one(tmp_path, f"""
        60.000 C2 {request()}
        60.002 C {request()}
        60.003 S RST
        60.004 S2 FIN
    """)  # fmt: skip
    assert impact is not None
    assert impact.status is None
    assert impact.response is not None
    assert impact.confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    "talk",
    [
        f'60.000 C2 {request()}\n60.002 C {request()}\n60.003 S RST\n60.004 S2 "HTTP/1.1 200 OK\\r\\n\\r\\n"',
        f'59.000 C2 {request()}\n60.002 C {request()}\n60.003 S RST\n60.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"',
        f'60.000 C2 {request()}\n60.002 C {request()}\n60.003 S RST\n66.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"',
        f'60.000 C2 {request(name="x")}\n60.002 C {request(name="y")}\n60.003 S RST\n60.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"',
        f'60.000 C2 {request(method="PUT")}\n60.002 C {request()}\n60.003 S RST\n60.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"',
        f"60.002 C {request()}\n60.003 S RST",
    ],
    ids=["200", "too early", "too late", "another identifier", "another method", "nothing"],
)
def test_what_is_not_linked(talk: str, tmp_path: Path) -> None:
    """A request that succeeded, came too early, failed too late, carries another identifier or asks otherwise is none."""
    assert one(tmp_path, talk) is None


def test_a_request_elsewhere_is_none(tmp_path: Path) -> None:
    """The host's other requests to the same service are its own, not a user's, even if they fail."""
    head = HEAD.replace("C2 is 127.0.0.1:41490", "C2 is 10.1.0.1:41490").replace(
        "S2 is 127.0.0.1:15001", "S2 is 198.51.100.80:80"
    )
    talk = f'60.000 C2 {request()}\n60.002 C {request()}\n60.003 S RST\n60.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"'
    assert one(tmp_path, talk, head) is None


def test_a_gateway_has_its_users_outside(tmp_path: Path) -> None:
    """A request that came to the host from outside is a user's as well."""
    head = HEAD.replace("C2 is 127.0.0.1:41490", "C2 is 192.0.2.7:41490").replace("S2 is 127.0.0.1:15001", "S2 is 10.1.0.1:8080")
    talk = f'60.000 C2 {request()}\n60.002 C {request()}\n60.003 S RST\n60.004 S2 "HTTP/1.1 502 No\\r\\n\\r\\n"'
    impact = one(tmp_path, talk, head)
    assert impact is not None
    assert (str(impact.client), impact.status) == ("192.0.2.7:41490", 502)


def test_one_request_is_behind_one(tmp_path: Path) -> None:
    """Two lost requests and one user's request without identifiers: it is only possible for each of them."""
    head = "C4 is 10.1.0.1:37500\nS4 is 198.51.100.80:80" + HEAD
    found = linked(tmp_path, f"""
        2.000 C4 SYN
        2.001 S4 SYN ACK
        2.002 C4 ACK
        2.003 C4 80 bytes "GET /before HTTP/1.1"
        2.005 S4 200 bytes "HTTP/1.1 200 OK"
        2.006 C4 ACK
        60.000 C2 {request()}
        60.002 C {request()}
        60.003 S RST
        60.0035 C4 {request()}
        60.0036 S4 RST
        60.004 S2 "HTTP/1.1 503 No\\r\\n\\r\\n"
    """, head)  # fmt: skip
    assert [i and i.confidence for i in found] == [Confidence.POSSIBLE, Confidence.POSSIBLE]


def test_standard_input_cannot_be_read_again() -> None:
    """It is said, not waited for."""
    findings = pcapdiag.analyze(CAPTURES / "full-chain.client.pcapng").findings
    with pytest.raises(pcapdiag.CaptureError, match="reading again"):
        impacts(["-"], findings)
    assert impacts(["-"], []) == ()
