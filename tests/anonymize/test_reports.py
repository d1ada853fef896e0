"""Whole reports: nothing of the captures' own names is in any format, and everything else is as it was."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from io import StringIO
from ipaddress import ip_address
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.anonymize import Addresses, anonymized
from pcapdiag.engine.types import Endpoint, Seen
from pcapdiag.report.formats import FORMATS, renderer
from pcapdiag.report.model import Report
from pcapdiag.report.pcapng import evidence
from pcapdiag.report.telling import MOST, headers
from pcapdiag.rules.types import Sent
from tests.end_to_end.shipped import CAPTURES, GATEWAY, RESET
from tests.report import samples
from tests.report.test_pcapng import again, conversation, detailed, made

KEY = b"k" * 32
FILES = sorted(CAPTURES.glob("*.pcap*"))
each = pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
#: What is the same everywhere tells nothing, and stays.
EVERYWHERE = {"127.0.0.1", "::1"}


def rendered(report: Report, name: str) -> str:
    """The report in one format."""
    out = StringIO()
    renderer(name, **({"every": True} if name in ("terminal", "html") else {})).render(report, out)
    return out.getvalue()


def secrets(report: Report) -> tuple[set[str], set[bytes]]:
    """Everything in a report that names somebody: as text, and as bytes of packets."""
    ends = {e for f in report.all_findings for p in (f.period, *f.twins) for e in (p.connection.client, p.connection.server)}
    ends |= {v.endpoint for v in report.services}
    addresses = {e.address for e in ends} - EVERYWHERE
    texts = set(addresses) | {file.name for file in report.files}
    texts |= {re.sub(r"[.:]+", "-", end.address) for end in ends if end.address in addresses}  # as cures name objects
    texts |= {f.sent.label for f in report.all_findings if f.sent.label and f.sent.label.startswith(("GET", "POST"))}
    raw = {ip_address(address).packed for address in addresses}
    for excerpt in report.excerpts:
        for step in (*excerpt.steps, *(excerpt.successor.steps if excerpt.successor else ())):
            segment = step.segment
            if segment.link_type == 1:
                macs = {segment.record[:6], segment.record[6:12]} - {bytes(6)}
                raw |= macs
                texts |= {mac.hex(":") for mac in macs}
            payload = segment.record[headers(segment) + MOST :]
            if segment.seen is not Seen.ICMP and len(payload) >= 8:
                raw |= {payload[at : at + 8] for at in range(0, len(payload) - 8, 8)} - {bytes(8)}
    return texts, raw


def holds(text: str, secret: str) -> bool:
    """Does the text name it? 10.1.0.1 is not in 10.1.0.100."""
    return re.search(rf"(?<![\w.:]){re.escape(secret)}(?![\w]|\.\d)", text) is not None


@each
def test_nothing_of_the_captures_is_left(path: Path) -> None:
    """No address, MAC address, file name, request line or payload, in no format and not in the evidence, as text or as bytes."""
    report = detailed(path)
    texts, raw = secrets(report)
    hidden = anonymized(report, KEY)
    packets = evidence(hidden, command="pcapdiag", payload=True).data
    for name in FORMATS:
        told = rendered(hidden, name)
        assert [secret for secret in texts if holds(told, secret)] == []
        assert not [secret for secret in raw if len(secret) >= 6 and secret.hex() in told]
        assert not [word for word in ("orders", "Host:", "localhost") if word in told]
    assert [secret for secret in raw if secret in packets] == []
    assert not [secret for secret in texts if secret.encode() in packets]


@each
def test_the_diagnosis_is_the_same(path: Path, tmp_path: Path) -> None:
    """Rules, gaps, confidence, senders and numbers are those of the report, and of the anonymised evidence read again."""

    def facts(found: Report) -> list[tuple[object, ...]]:
        return sorted(((f.rule, f.period.wake.first.ref.time, f.period.gap, f.confidence, f.proved, f.severity,
                        f.origin and f.origin.sender, f.period.connection.client.port, f.period.connection.server.port)
                       for f in found.all_findings), key=str)  # fmt: skip

    report = detailed(path)
    hidden = anonymized(report, KEY)
    assert facts(hidden) == facts(report)
    assert facts(again(made(hidden), tmp_path)) == facts(report)


def test_each_row_of_a_table_says_so() -> None:
    """CSV has no place for a sentence: a column says it of every row."""
    plain = detailed(RESET)
    for report, said in ((anonymized(plain, KEY), "true"), (plain, "false")):
        rows = list(csv.DictReader(StringIO(rendered(report, "csv"), newline="")))
        assert [row["anonymized"] for row in rows] == [said] * len(report.findings)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
def test_every_format_says_so(name: str) -> None:
    """Who reads an anonymised report knows it."""
    plain = detailed(RESET)
    sign = '"anonymized":{"dropped":0}' if name.startswith("json") else "AddressesandMACaddressesarereplaced"
    assert sign in "".join(rendered(anonymized(plain, KEY), name).split())
    assert sign not in "".join(rendered(plain, name).split())


def test_every_part_speaks_of_the_same_addresses(tmp_path: Path) -> None:
    """An address has one replacement in the report, in its sentences and in the packets; the key alone decides which."""
    report = detailed(GATEWAY)
    hidden, addresses = anonymized(report, KEY), Addresses(KEY)
    for one, other in zip(report.findings, hidden.findings, strict=True):
        for before, after in ((one.period, other.period), *zip(one.twins, other.twins, strict=True)):
            server = before.connection.server
            assert after.connection.server == Endpoint(addresses.text(server.address), server.port)
    shown = again(made(hidden), tmp_path)
    assert [f.period.connection.client for f in shown.findings] == [f.period.connection.client for f in hidden.findings]
    assert anonymized(report, KEY) == hidden
    assert anonymized(report, b"other" * 8) != hidden


def test_macs_in_sentences_are_those_of_the_packets() -> None:
    """What is said of the device that brought the RST names the address that the evidence shows."""
    report = detailed(RESET)
    hidden = anonymized(report, KEY)
    macs = [s.values.split(",")[0] for f in hidden.findings if f.origin for s in f.origin.signals if s.name == "source MAC"]
    assert len(macs) == 4
    data = made(hidden).data
    assert all(bytes.fromhex(mac.replace(":", "")) in data for mac in macs)


def test_every_field_of_every_kind_is_walked() -> None:
    """A report with one of everything is anonymised without a type that is unknown; no address of it is left."""
    report = samples.everything()
    hidden = anonymized(report, KEY)
    texts = {e.address for f in report.all_findings for e in (f.period.connection.client, f.period.connection.server)}
    texts |= {file.name for file in report.files}
    for name in FORMATS:
        told = rendered(hidden, name)
        assert [secret for secret in texts if holds(told, secret)] == []


def test_nothing_of_a_cause_or_a_cure_names_anybody() -> None:
    """Clients, connections at risk, the service's own name and address are replaced; what is known of products stays."""
    report = samples.everything()
    hidden = anonymized(report, KEY)
    secret = {pair.client for cause in report.causes for pair in cause.pairs} | {"orders.example.com", "orders-example-com"}
    secret |= {c.client.address for cause in report.causes for c, _ in cause.at_risk.longest}
    secret |= {cause.service.address for cause in report.causes}
    for name in FORMATS:
        told = rendered(hidden, name)
        assert [one for one in secret if holds(told, one)] == []
    for before, after in zip(report.causes, hidden.causes, strict=True):
        assert (after.families, after.setting, after.counterfactual) == (before.families, before.setting, before.counterfactual)
        assert after.service in {advice.target.service for advice in hidden.advice if advice.cures}
        assert after.service == next(v.endpoint for v in hidden.services if v.endpoint.port == before.service.port)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_names_are_gone(text: str) -> None:
    """Whatever a file name or label holds, it is not there any more."""
    report = samples.hostile(text)
    hidden = anonymized(report, KEY)
    assert {file.name for file in hidden.files} <= {f"capture-{n}.pcap{ng}" for n in range(1, 9) for ng in ("", "ng")}
    assert not [f for f in hidden.all_findings if text in (f.sent.label or "")]


def test_reasons_do_not_repeat_the_label() -> None:
    """A sentence that says what was sent says it without its sender's words."""
    base = samples.report().findings[0]
    label = "GET /orders/joe HTTP/1.1"
    told = replace(base, sent=Sent(80, label, "http", None), reasons=(f"what was sent: {label}, 80 bytes",))
    (hidden,) = anonymized(samples.report(findings=(told,)), KEY).findings
    assert hidden.reasons == ("what was sent: GET (hidden), 80 bytes",)


def test_file_names_in_comparisons_are_replaced(tmp_path: Path) -> None:
    """A finding compared with a frame of another file names that file by its number."""
    report = samples.report()
    first = replace(report.findings[0], compared=(f"a longer silence survived (frame 9 of {report.files[0].name})",))
    (hidden, *_) = anonymized(replace(report, findings=(first,)), KEY).findings
    assert hidden.compared == ("a longer silence survived (frame 9 of capture-1.pcap)",)


def test_a_word_that_is_a_file_name_stays_a_word(tmp_path: Path) -> None:
    """A capture called "server" does not rename the servers."""
    path = tmp_path / "server"
    path.write_bytes(RESET.read_bytes())
    hidden = anonymized(pcapdiag.analyze(path).report, KEY)
    assert {f.period.sender for f in hidden.findings} == {"client"}
    assert {f.period.last_speaker for f in hidden.findings} == {"server"}


def test_packets_that_cannot_be_rewritten_are_said(tmp_path: Path) -> None:
    """They are left out of the excerpts, counted, and every report says how many."""
    report = detailed(*conversation(tmp_path, TALK))
    (excerpt,) = report.excerpts
    first = excerpt.steps[2]
    broken = replace(first, segment=first.segment._replace(record=first.segment.record[:30]))
    report = replace(report, excerpts=(replace(excerpt, steps=(*excerpt.steps[:2], broken, *excerpt.steps[3:])),))
    hidden = anonymized(report, KEY)
    assert hidden.anonymized
    assert hidden.anonymized.dropped == 1
    assert len(hidden.excerpts[0].steps) == len(excerpt.steps) - 1
    assert hidden.excerpts[0].steps[2].omitted == excerpt.steps[3].omitted + 1
    assert "1 packet left out" in rendered(hidden, "terminal")


TALK = """
    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  120 bytes
    0.045  S  900 bytes
  350.100  C  80 bytes
  350.120  S  RST
"""
