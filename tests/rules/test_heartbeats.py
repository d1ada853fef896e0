"""What is a heartbeat and what is a request: content goes before cadence, and cadence decides only where content is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pcapdiag.report.headline import headline
from pcapdiag.report.model import Group, group_of
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.heartbeats import is_heartbeat
from pcapdiag.rules.messages import recognise
from pcapdiag.rules.payload import describe
from pcapdiag.rules.types import Purpose
from tests.report.factory import finding, period
from tests.rules.analysed import analysed

PINGS = {
    "HTTP/2 PING": "hex 0000080600000000000102030405060708",
    "WebSocket ping": "hex 898037fa213d",
    "WebSocket pong, unasked": "hex 8a00",
    "MySQL COM_PING": "hex 010000000e",
    "MySQL SELECT 1": "hex 0900000003 53454c4543542031",
    "Redis PING": r'"*1\r\n$4\r\nPING\r\n"',
    "PING": r'"PING\r\n"',
    "PostgreSQL SELECT 1": "hex 510000000d 53454c454354203100",
    "PostgreSQL empty query": "hex 510000000500",
    "PostgreSQL Sync": "hex 5300000004",
    "MQTT PINGREQ": "hex c000",
    "AMQP heartbeat": "hex 08000000000000ce",
    "TLS heartbeat": "hex 1803030003 010000",
}
REQUESTS = {
    "HTTP/1": r'"GET /a HTTP/1.1\r\n\r\n"',
    "HTTP/2": "hex 0000030105 00000001 828684",
    "Redis GET": r'"*2\r\n$3\r\nGET\r\n$7\r\nuser:17\r\n"',
    "Redis, inline": r'"GET user:17\r\n"',
    "memcached": r'"get user:17\r\n"',
    "PostgreSQL": "hex 5100000010 53454c4543542078207979 00",
    "PostgreSQL, prepared": "hex 420000000c 00733100000000 00 450000000900 00000000 5300000004",
    "MySQL": "hex 0900000003 53454c4543542078",
}
#: A ping of ours or a request of theirs: the bytes do not tell.
UNKNOWN = "hex 00010203"


def talk(message: str, before: int) -> str:
    """A message every 20 s, answered ``before`` times, and then reset."""
    said = "".join(f"{n}0 C {message}\n{n}0.02 S 200 bytes\n{n}0.06 C ACK\n" for n in range(2, 2 + 2 * before, 2))
    n = 2 + 2 * before
    return OPENED + said + f"{n}0 C {message}\n{n}0.02 S RST\n"


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("ping", PINGS.values(), ids=PINGS)
def test_a_ping_is_a_heartbeat_at_once(ping: str, before: int, tmp_path: Path) -> None:
    """What its bytes show to be a ping is a heartbeat when it is first sent, and however often."""
    report = analysed(tmp_path, talk(ping, before))
    assert [f.rule for f in report.heartbeats] == ["IDLE101"]
    assert report.findings == ()
    assert headline(report) == "1 heartbeat on an idle connection was lost, and nothing else was seen to be."


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_none_however_often_it_comes(request_: str, tmp_path: Path) -> None:
    """A small request that comes again and again, as regularly as a ping does, is a request."""
    report = analysed(tmp_path, talk(request_, 3))
    assert [f.rule for f in report.findings] == ["IDLE101"]
    assert report.heartbeats == ()


def test_of_what_tells_nothing_the_rhythm_decides(tmp_path: Path) -> None:
    """Bytes of an unknown protocol are a request, unless their like came before as heartbeats do."""
    assert [f.rule for f in analysed(tmp_path, talk(UNKNOWN, 0)).findings] == ["IDLE101"]
    first = period()
    wake = replace(first.wake, payload=b"\0\1\2\3", length=4)
    for beat in (False, True):
        p = replace(first, wake=replace(wake, heartbeat=beat))
        assert is_heartbeat(p, describe(p)) is beat


def test_one_place_decides() -> None:
    """The report's groups follow the rules' judgement, and no label."""
    for purpose, group in ((Purpose.PING, Group.HEARTBEATS), (Purpose.MESSAGE, Group.FINDINGS), (None, Group.FINDINGS)):
        f = finding(period())
        assert group_of(replace(f, sent=replace(f.sent, label="PING", purpose=purpose))) is group


@pytest.mark.parametrize(
    ("payload", "length"),
    [
        (b"*1\r\n$4\r\nPING\r\n*1\r\n$6\r\nDBSIZE\r\n", None),
        (b"*1\r\n$4\r\nPING\r\n", 300),
        (b"\x01\0\0\0\x0e", 90),
        (b"S\0\0\0\x04", 90),
    ],
)
def test_a_ping_is_the_whole_message(payload: bytes, length: int | None) -> None:
    """If more was sent than the ping, something else was said too, captured or not."""
    assert recognise(payload, length or len(payload)).purpose is not Purpose.PING


def test_no_value_is_named() -> None:
    """Of statements and commands the first word is told: what they ask for may be private."""
    for payload in (b"Q\0\0\0\x18SELECT secret FROM a\0"[:24], b"\x0e\0\0\0\x03SELECT secret", b"GET secret\r\n", b"*2\r\n$3\r\nGET\r\n$6\r\nsecret\r\n"):
        assert "secret" not in (recognise(payload, len(payload)).label or "")
