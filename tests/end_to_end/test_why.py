"""``pcapdiag why`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcapdiag.conversation import forge
from pcapdiag.report.text import cell_len
from tests.end_to_end.command import pcapdiag as run
from tests.end_to_end.shipped import RESET


def test_the_story_of_one_connection() -> None:
    """Who is client, the packets, the idle period, the verdict with its reasons, and what every other rule would need."""
    done = run("why", str(RESET), "--frame", "98")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "10.1.0.1:40258 -> 198.51.100.80:80  tcp.stream 2"
    assert lines[1] == "10.1.0.1:40258 is the client: it sent the SYN."
    assert "then 6.001 s without a packet" in done.stdout
    assert "IDLE101     reset-after-idle, certain" in done.stdout
    assert "    not         IDLE102, which would need: Nothing of the peer came, or an ICMP" in done.stdout
    assert "    not         IDLE105, IDLE106, which would need: A keepalive probe was sent" in done.stdout
    for code in [f"IDLE10{n}" for n in range(2, 10)] + ["CTX201", "CTX202"]:
        assert done.stdout.count(code) == 1
    assert max(map(cell_len, lines)) <= 80
    assert run("why", str(RESET), "--stream", "2").stdout == done.stdout


def test_json_holds_the_same() -> None:
    """The same connection as data: steps, periods, findings and readings."""
    done = run("why", str(RESET), "--frame", "98", "--format", "json")
    told = json.loads(done.stdout)
    asked = told["incarnations"][told["asked"]]
    assert [s["record"]["frame"] for s in asked["steps"]] == [17, 18, 19, 20, 21, 22, 23, 97, 98]
    assert asked["periods"][0]["finding"]["rule"] == "IDLE101"
    assert sum(r["leads"] for r in asked["periods"][0]["readings"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--frame", "999"), "there is no frame 999: the capture has 150"),
        (("--frame", "1"), "frame 1 holds no TCP segment"),
        (("--stream", "99"), "there is no tcp.stream 99"),
        ((), "either --frame N or --stream N"),
        (("--frame", "1", "--stream", "1"), "either --frame N or --stream N"),
    ],
)
def test_what_cannot_be_explained(arguments: tuple[str, ...], said: str) -> None:
    """One line says what is wrong, and the exit code is 2."""
    done = run("why", str(RESET), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


def test_a_damaged_capture_is_explained_as_far_as_it_goes(tmp_path: Path) -> None:
    """Everything before the damage is told, the damage is named, and the exit code says so."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RESET.read_bytes()[:-10])
    done = run("why", str(path), "--frame", "97")
    assert done.returncode == 3
    assert "IDLE101" in done.stdout
    assert "damaged at byte" in done.stderr


def test_captured_text_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    """A request line full of escapes is shown as text."""
    path = tmp_path / "hostile.pcapng"
    talk = '0 C SYN\n0.02 S SYN ACK\n0.021 C ACK\n60 C "GET /\\x1b[2J\\x9b HTTP/1.1\\r\\n\\r\\n"\n60.02 S RST\n'
    path.write_bytes(forge(talk)[0])
    done = run("why", str(path), "--frame", "4")
    assert "GET /" in done.stdout
    assert not any((c < " " and c != "\n") or "\x7f" <= c <= "\x9f" for c in done.stdout)
