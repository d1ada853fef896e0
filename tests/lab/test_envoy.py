"""The lab's Envoys: their bootstraps, what they log, and what three accounts of one request come to."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pcapdiag.lab import envoy
from pcapdiag.lab.accesslog import ISTIO_FORMAT, Logged, logged
from pcapdiag.lab.chain import said_on
from pcapdiag.lab.cures import CURES, FAILURES, NONE, Outcome, page, table, unlike
from tests.programs import REASON

MS = 1_000_000
#: Lines that Envoy 1.40 wrote in a run of full-chain: a request that succeeded, and one that was lost.
GOOD = (
    '[2026-11-25T04:48:05.859Z] "GET /after/0.25 HTTP/1.1" 200 - via_upstream - "-" 0 3 253 253 "-" "shop/2.4" '
    '"fe92f054-cadd-43ad-9fd0-ade6e06d6bb3" "shop.example" "198.51.100.80:80" outbound|80||shop.prod.svc.cluster.local '
    "10.1.0.1:44360 127.0.0.1:15001 127.0.0.1:39868 - default\n",
    '{"came":"1795582085859305000","id":"fe92f054-cadd-43ad-9fd0-ade6e06d6bb3","length":147,"read_us":253254,"wrote_us":51}\n',
)
LOST = (
    '[2026-11-25T04:48:11.861Z] "GET /after/0.25 HTTP/1.1" 503 UC upstream_reset_before_response_started{connection_termination} '
    '- "-" 0 95 0 - "-" "shop/2.4" "9b6ee721-b70e-4aec-8915-865190846960" "shop.example" "198.51.100.80:80" '
    "outbound|80||shop.prod.svc.cluster.local 10.1.0.1:44360 127.0.0.1:15001 127.0.0.1:39868 - default\n",
    '{"came":"1795582091861527000","id":"9b6ee721-b70e-4aec-8915-865190846960","length":147,"read_us":null,"wrote_us":63}\n',
)


def configs(folder: Path) -> dict[str, envoy.Config]:
    """Every kind of bootstrap that the lab makes."""
    logs = folder / "log", folder / "clocks"
    return {
        "sidecar": envoy.sidecar("198.51.100.80:80", *logs),
        "sidecar with keepalive": envoy.sidecar("198.51.100.80:80", *logs, keepalive_s=2),
        "sidecar with idle timeout": envoy.sidecar("198.51.100.80:80", *logs, idle_timeout_s=2.5, port=15002),
        "gateway": envoy.gateway("10.3.0.2:8000", *logs),
        "gateway with keepalive": envoy.gateway("10.3.0.2:8000", *logs, keepalive_s=2),
        "gateway with idle timeout": envoy.gateway("10.3.0.2:8000", *logs, idle_timeout_s=4, port=8443),
    }


@pytest.mark.skipif(envoy.binary() is None, reason=f"{REASON} envoy")
@pytest.mark.parametrize("name", configs(Path()))
def test_envoy_accepts_every_configuration(name: str, tmp_path: Path) -> None:
    """Envoy itself, asked to validate, has nothing against any of them."""
    command = envoy.command(configs(tmp_path)[name], tmp_path / "config.json", validate=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stdout


def listener(config: envoy.Config) -> dict[str, Any]:
    """Its only one."""
    (one,) = config["static_resources"]["listeners"]
    return dict(one)


def cluster(config: envoy.Config) -> dict[str, Any]:
    """Its only one."""
    (one,) = config["static_resources"]["clusters"]
    return dict(one)


def test_a_keepalive_is_where_it_was_asked_for_and_nowhere_else(tmp_path: Path) -> None:
    """The sidecar's is the upstream cluster's, the gateway's the listening socket's before bind; without, there is neither."""
    told = configs(tmp_path)
    assert cluster(told["sidecar with keepalive"])["upstream_connection_options"] == {
        "tcp_keepalive": {"keepalive_time": 2, "keepalive_interval": 1, "keepalive_probes": 3}
    }
    options = listener(told["gateway with keepalive"])["socket_options"]
    assert [(o["level"], o["name"], o["int_value"]) for o in options] == [(1, 9, 1), (6, 4, 2), (6, 5, 1), (6, 6, 3)]
    assert {o["state"] for o in options} == {"STATE_PREBIND"}
    for name, config in told.items():
        text = json.dumps(config)
        assert ("tcp_keepalive" in text) == (name == "sidecar with keepalive")
        assert ("socket_options" in text) == (name == "gateway with keepalive")


def test_a_reset_is_not_retried_by_the_sidecar(tmp_path: Path) -> None:
    """As in Istio: otherwise the sidecar would hide the failure, and send what may have been carried out a second time."""
    (chain,) = listener(configs(tmp_path)["sidecar"])["filter_chains"]
    (host,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    retried = host["routes"][0]["route"]["retry_policy"]["retry_on"].split(",")
    assert "connect-failure" in retried
    assert not [condition for condition in retried if condition in ("5xx", "gateway-error") or "reset" in condition]


def test_the_access_log_is_as_istio_writes_it() -> None:
    """Every field of Istio's format stands in Envoy's line, in quotes where it stands in quotes."""
    fields, written = (re.findall(r'"[^"]*"|\[[^]]*\]|\S+', text) for text in (ISTIO_FORMAT, GOOD[0]))
    assert len(fields) == len(written) == 22
    assert [field[0] in '["' for field in fields] == [value[0] in '["' for value in written]


def test_a_lost_request_is_read_from_both_logs() -> None:
    """4-tuple, flags and details are from Istio's line, the times to the microsecond from the other."""
    good, lost = logged(GOOD[0] + LOST[0], GOOD[1] + LOST[1])
    assert (lost.status, lost.flags) == (503, "UC")
    assert lost.details == "upstream_reset_before_response_started{connection_termination}"
    assert (lost.local, lost.upstream, lost.remote) == ("10.1.0.1:44360", "198.51.100.80:80", "127.0.0.1:39868")
    assert (lost.wrote_ns, lost.read_ns, lost.length) == (1795582091861590000, None, 147)
    assert good.read_ns == 1795582086112559000
    assert lost.start.isoformat() == "2026-11-25T04:48:11.861000+00:00"


@pytest.mark.parametrize(
    ("log", "clocks", "message"),
    [
        (GOOD[0], "", "1 requests in the access log, 0 in the log of clocks"),
        (GOOD[0], LOST[1], "not the request 9b6ee721"),
        (GOOD[0].replace(" default", ""), GOOD[1], "not Istio's format"),
    ],
)
def test_logs_that_do_not_agree_are_refused(log: str, clocks: str, message: str) -> None:
    """A log cut short, of another request, or of another format is an error, not a wrong truth."""
    with pytest.raises(ValueError, match=message):
        logged(log, clocks)


@pytest.fixture
def good() -> Logged:
    """A request that succeeded."""
    return logged(*GOOD)[0]


@pytest.fixture
def lost() -> Logged:
    """The next on the same connection, 5.749 s later: lost."""
    return logged(*LOST)[0]


def note(line: Logged, result: str) -> dict[str, str]:
    """The application's account."""
    return {"id": line.id, "result": result}


def test_three_accounts_of_a_lost_request_come_to_one(good: Logged, lost: Logged) -> None:
    """503 for the application, UC for the sidecar, nothing for the gateway: lost to a reset after the pause on that connection."""
    arrived = replace(good, remote="10.1.0.1:44360")
    said, wrong = said_on([note(good, "200"), note(lost, "503")], [lost, good], [arrived])
    assert wrong == []
    assert [(s.result, s.rule, s.server_saw, s.connection) for s in said] == [
        ("200", None, "10.1.0.1:44360", 0),
        ("503 UC", "IDLE101", None, 0),
    ]
    assert [s.gap_ns for s in said] == [None, 5749031000]
    assert (said[1].client, said[1].server) == ("10.1.0.1:44360", "198.51.100.80:80")


def test_accounts_that_contradict_are_named(good: Logged, lost: Logged) -> None:
    """A gateway that has a line for a lost request, or none for another; a status that differs; a request that one never saw."""
    _, wrong = said_on([note(good, "503"), note(lost, "503"), {"id": "never", "result": "200"}], [good, lost], [lost])
    assert wrong == [
        "never is not in the sidecar's log",
        f"{good.id} is 200 for the sidecar, 503 for the application",
        f"{good.id} is 200, and the gateway has no line for it",
        f"{lost.id} is 503, and the gateway has a line for it",
    ]


def test_another_failure_is_not_taken_for_this_one(good: Logged, lost: Logged) -> None:
    """A refused connection, or a reset on a connection's first request, has no rule, and is said to be something else."""
    refused = replace(lost, id="refused", flags="UF", local=None)
    first = replace(lost, id="first", local="10.1.0.1:50000")
    notes = [note(one, str(one.status)) for one in (good, refused, first)]
    said, wrong = said_on(notes, [good, refused, first], [good])
    assert [s.rule for s in said] == [None, None]
    assert wrong[0] == "refused had no upstream connection: 503 UF"
    assert wrong[1].startswith("first failed otherwise: 503 UC")


def outcomes() -> list[Outcome]:
    """As of a run in which half is lost where a cure does not help."""
    failed = Counter({"503": 6, "EOF": 1})
    return [
        Outcome(failure.name, sidecar, cure.name, 14, Counter() if cure in failure.cured_by else failed)
        for failure in FAILURES
        for sidecar in (False, True)
        for cure in CURES
    ]


def test_the_table_of_cures_has_every_pair_once() -> None:
    """A row for each cure, a column for each failure; the cell says how many failed, and how."""
    rows = [row.strip("| ").split(" | ") for row in table(outcomes(), sidecar=True)]
    assert rows[0] == ["cure", *(failure.name for failure in FAILURES)]
    assert [row[0] for row in rows[2:]] == [cure.name for cure in CURES]
    for row, cure in zip(rows[2:], CURES, strict=True):
        assert row[1:] == ["**0** of 14" if cure in f.cured_by else "**7** of 14 (6 503, 1 EOF)" for f in FAILURES]
    (only,) = table([Outcome("a", False, "b", 3, Counter({"timeout": 2}))], sidecar=False)[2:]
    assert only == "| b | **2** of 3 (timeout) |"


def test_a_run_that_does_not_bear_the_page_out_is_named() -> None:
    """A cure that left a failure, and a failure that did not happen without a cure, but not a sidecar that needs none."""
    good = outcomes()
    assert list(unlike(good)) == []
    cured = next(o for o in good if o.failure == "late answer lost" and o.cure == CURES[1].name and o.sidecar)
    bad = replace(cured, failed=Counter({"timeout": 1}))
    assert list(unlike([bad])) == [f"late answer lost, cure {bad.cure}, the sidecar's connections: 1 of 14 failed"]
    calm = [replace(o, failed=Counter()) for o in good if o.cure == NONE.name and o.failure == "request after FIN"]
    assert list(unlike(calm)) == ["request after FIN, cure none, the application's own connections: 0 of 14 failed"]


def test_the_page_of_cures_says_how_it_was_made() -> None:
    """It names kernel, date and command, and explains every failure of its columns."""
    text = page(outcomes(), "Linux 6.18", "2026-11-25")
    assert "`python -m pcapdiag.lab.cures docs/cures.md`: Linux 6.18, 2026-11-25" in text
    for failure in FAILURES:
        assert f"* **{failure.name}**: {failure.how}." in text
