"""The whole story on the shipped full chain: each lost request is told from the user to the cure, with the evidence of every source."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import pcapdiag
from pcapdiag.anonymize import anonymized
from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.joined import How, Key
from pcapdiag.correlate.keepalive import Keepalive
from pcapdiag.report.formats import FORMATS
from tests.anonymize.test_reports import holds, rendered
from tests.end_to_end.command import analyze
from tests.end_to_end.command import pcapdiag as run
from tests.end_to_end.shipped import CAPTURES, SURVIVES
from tests.report.plain import plain

CHAIN = str(CAPTURES / "full-chain.")
SIDECAR, GATEWAY, SS, CONNTRACK = (CHAIN + name for name in ("sidecar.log", "gateway.log", "ss.txt", "conntrack.txt"))
TRUTH = json.loads(Path(CHAIN + "truth.json").read_text())
LOST = {said["id"]: said for said in TRUTH["requests"] if said["rule"]}
STEPS = ["user", "next-hop", "wire", "sockets", "path", "cause", "cure"]
BESIDE = ("--access-log", f"sidecar={SIDECAR}", "--access-log", f"gateway={GATEWAY}", "--ss", SS, "--conntrack", CONNTRACK)


@pytest.fixture(scope="module")
def told() -> pcapdiag.Analysis:
    """Everything together."""
    logs = [f"sidecar={SIDECAR}", f"gateway={GATEWAY}"]
    return pcapdiag.analyze(CHAIN + "client.pcapng", access_logs=logs, ss=SS, conntrack=CONNTRACK)


def test_every_lost_request_is_joined_with_its_finding(told: pcapdiag.Analysis) -> None:
    """Each 503 UC belongs, by both ends of its connection, to the finding of just that request; the gateway has none of them."""
    findings = {Key.of(f): f for f in told.findings}
    assert len(told.joins) == len(LOST) == 4
    for log, line in told.joins:
        assert (log.source.name, line.logged.flags, line.how) == (SIDECAR, ("UC",), How.UPSTREAM)
        assert line.finding is not None
        period = findings.pop(line.finding).period
        said = LOST[line.logged.request_id or ""]
        assert str(period.connection.client) == said["client"]
        assert abs(period.wake.first.ref.time - said["sent_ns"]) < 5_000_000
        assert [a.presence for a in line.arrived] == [Presence.ABSENT]
    assert not findings
    joins = told.report.joins
    assert joins is not None
    clock = joins.logs[0].offset
    assert clock is not None
    assert abs(clock.ahead) < 2_000_000


def test_every_socket_was_without_timer_and_every_entry_gone(told: pcapdiag.Analysis) -> None:
    """Of each finding: its client's socket without keepalive, the entry forgotten before, the user's own request by its id."""
    joins = told.report.joins
    assert joins is not None
    for finding in told.findings:
        key = Key.of(finding)
        socket, track, impact = joins.socket(key), joins.track(key), joins.impact(key)
        assert socket is not None
        assert (socket.keepalive, socket.client) == (Keepalive.NONE, True)
        assert socket.time is not None
        assert socket.time < finding.period.wake.first.ref.time
        assert track is not None
        assert track.gone is not None
        assert track.gone < finding.period.wake.first.ref.time
        assert impact is not None
        assert impact.same_id
        assert impact.status == 503


def test_the_story_has_every_step_and_its_evidence(told: pcapdiag.Analysis) -> None:
    """In the order in which it is found out, each step known, each with evidence from its own source; nothing is missing."""
    (story,) = told.story
    assert [step.id for step in story.steps] == STEPS
    assert story.complete
    assert not any(step.missing for step in story.steps)
    sources = {step.id: {proof.source for proof in step.evidence} for step in story.steps}
    assert sources["user"] == {SIDECAR, CHAIN + "client.pcapng"}
    assert sources["next-hop"] == {GATEWAY}
    assert sources["wire"] == {CHAIN + "client.pcapng"}
    assert (sources["sockets"], sources["path"]) == ({SS}, {CONNTRACK})
    assert "None of these 4 requests is in its log" in story.steps[1].sentence
    assert list(told.story.frame()["step"]) == STEPS
    frame = told.joins.frame()
    assert list(frame["request_id"]) == list(LOST)
    assert set(frame["keepalive"]) == {"none"}
    assert frame["forgotten"].all()


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_reports_for_people_tell_it(name: str) -> None:
    """Every sentence and piece of evidence of the JSON stands in the report."""
    story = json.loads(analyze(CHAIN + "client.pcapng", *BESIDE, "--format", "json").stdout)["joins"]["story"][0]
    done = analyze(CHAIN + "client.pcapng", *BESIDE, "--format", name, *([] if name == "markdown" else ["--all"]))
    assert (done.returncode, done.stderr) == (0, "")
    shown = plain(name, done.stdout.replace("&gt;", ">"))
    for step in story["steps"]:
        for text in (step["sentence"], *(proof["text"] for proof in step["evidence"])):
            assert " ".join(text.split()) in shown


def test_what_is_missing_comes_with_its_commands() -> None:
    """With the client's log alone the other steps say what would tell them, for this service and its timeout."""
    done = analyze(CHAIN + "client.pcapng", "--access-log", f"client={SIDECAR}", "--all")
    shown = done.stdout
    assert "Not known: no access log of the next hop was given." in shown
    assert "ss -tnoeip dst 198.51.100.80:80" in shown
    assert "conntrack -E -f ipv4 -p tcp --dport 80" in shown
    assert "tcpdump -i any -n -s 192" in shown
    assert "pcapdiag plan --timeout 6s --service 198.51.100.80:80" in " ".join(shown.split())


def test_without_more_than_a_capture_there_is_no_story() -> None:
    """Nothing is said of it where nothing was given."""
    done = analyze(CHAIN + "before-nat.pcap", "--format", "json")
    assert json.loads(done.stdout)["joins"] is None
    assert "whole story" not in analyze(CHAIN + "before-nat.pcap").stdout


def test_the_far_side_of_nat_joins_by_connection_tracking() -> None:
    """Behind the NAT nothing was lost: every failed line says that its connection is not there, or is healthy, and the sums close."""
    told = pcapdiag.analyze(CHAIN + "after-nat.pcap", access_logs=SIDECAR, conntrack=CONNTRACK)
    joins = told.report.joins
    assert joins is not None
    (log,) = joins.logs
    assert not log.joined
    assert sum(map(len, log.unjoined.values())) == len(log.lines) == 4


def test_with_keepalive_timers_are_seen_and_nothing_is_found(tmp_path: Path) -> None:
    """Connections that are kept alive have a timer in ss, and there is no incident to tell a story of."""
    client, server = next(
        (f"{c.client}", f"{c.server}") for c in pcapdiag.analyze(str(SURVIVES)).connections if c.probing[0].probes
    )
    path = tmp_path / "ss.txt"
    path.write_text(f"# 2026-11-23T20:27:20Z client: ss -tno\nESTAB 0 0 {client} {server} timer:(keepalive,1.200sec,0)\n")
    done = analyze(SURVIVES, "--ss", path, "--access-log", f"server={GATEWAY}")
    assert done.returncode == 0
    assert "Nothing was seen to be lost" in done.stdout
    assert f"to {server}: 1 with keepalive (next probe within 1.2 s)" in " ".join(done.stdout.split())
    assert "whole story" not in done.stdout


def test_compressed_and_shuffled_logs_say_the_same(tmp_path: Path, told: pcapdiag.Analysis) -> None:
    """A compressed log whose lines stand in another order joins alike."""
    lines = Path(SIDECAR).read_bytes().splitlines(keepends=True)
    path = tmp_path / "sidecar.log.gz"
    path.write_bytes(gzip.compress(b"".join(reversed(lines))))
    again = pcapdiag.analyze(CHAIN + "client.pcapng", access_logs=f"client={path}")
    found = {x.line.logged.request_id: x.line.finding for x in told.joins}
    assert {x.line.logged.request_id: x.line.finding for x in again.joins} == found


def test_what_cannot_be_read_is_said_and_the_rest_analysed(tmp_path: Path) -> None:
    """A missing file, a capture in place of a log, an unknown format, standard input twice: exit code 2; the capture is still
    analysed where it can be."""
    for extra in (("--ss", tmp_path / "none"), ("--access-log", CHAIN + "client.pcapng"), ("--conntrack", tmp_path)):
        done = analyze(CHAIN + "client.pcapng", *extra)
        assert done.returncode == 2
        assert "4 requests on idle connections" in done.stdout
        assert "not read" in done.stdout
        assert done.stderr.startswith("pcapdiag: ")
    assert analyze("-", "--ss", "-").returncode == 2
    assert "only once" in analyze(CHAIN + "client.pcapng", "--ss", "-", "--conntrack", "-").stderr
    assert "log-format" in analyze(CHAIN + "client.pcapng", "--log-format", "%START_TIME%").stderr
    assert analyze(CHAIN + "client.pcapng", "--access-log", SIDECAR, "--log-format", "%NOT").returncode == 2
    with pytest.raises(ValueError, match="only once"):
        pcapdiag.analyze(CHAIN + "client.pcapng", ss=["-", "-"])


def test_the_ticket_has_the_story(tmp_path: Path) -> None:
    """`pcapdiag ticket` takes the same options."""
    done = run("ticket", CHAIN + "client.pcapng", *BESIDE, "-o", tmp_path / "x.zip", "--anonymize")
    assert done.returncode == 0


def test_nothing_of_the_logs_is_left_when_anonymised(told: pcapdiag.Analysis) -> None:
    """Ids, paths, hosts, clusters, names of files and addresses are in no format; which requests arrived still is."""
    hidden = anonymized(told.report, b"k" * 32)
    secrets: set[Any] = {*LOST, "/after/0.25", "shop.example", "outbound", "full-chain", "10.1.0.1", "198.51.100.80", "10.2.0.2"}
    for name in FORMATS:
        text = rendered(hidden, name)
        assert [secret for secret in secrets if secret in text and (secret[0] != "1" or holds(text, secret))] == []
    (story,) = hidden.story
    assert "None of these 4 requests is in its log" in story.steps[1].sentence


def test_incidents_outside_the_time_of_the_log_are_said_to_be(tmp_path: Path) -> None:
    """A log that ends before the losses tells nothing of a retry: the story says that they are not in its time."""
    early = tmp_path / "early.log"
    early.write_text("".join(Path(SIDECAR).read_text().splitlines(keepends=True)[:8]))
    (story,) = pcapdiag.analyze(CHAIN + "client.pcapng", access_logs=f"client={early}").report.story
    assert "4 are not in the time of the log" in story.steps[0].sentence
    assert "retried" not in story.steps[0].sentence
