"""The data about products: whole, consistent, each statement with its source or marked as having none."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.knowledge.data import rows
from pcapdiag.knowledge.keepalives import KeepaliveDefault, keepalive_defaults, stacks_probing_after
from pcapdiag.knowledge.timeouts import AtExpiry, NextPacket, Timeout, Verified, near, timeouts

Entry = Timeout | KeepaliveDefault
ENTRIES: tuple[Entry, ...] = (*timeouts(), *keepalive_defaults())

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
each_timeout = pytest.mark.parametrize("entry", timeouts(), ids=lambda entry: entry.id)


def named(wanted: str) -> Timeout:
    """The timeout of that id."""
    (found,) = (t for t in timeouts() if t.id == wanted)
    return found


def test_ids_are_unique() -> None:
    """Each table names every entry once, in lower case, with hyphens."""
    for table in (timeouts(), keepalive_defaults()):
        ids = [entry.id for entry in table]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


@each
def test_what_is_told_has_a_source(entry: Entry) -> None:
    """An entry names where it is from, or is marked as unverified altogether; what is unverified in it are its fields, and known."""
    assert bool(entry.sources) or entry.verified is Verified.UNVERIFIED
    assert set(entry.unverified) <= {field.name for field in fields(entry)}
    assert all(getattr(entry, name) is not None for name in entry.unverified)
    assert len(set(entry.unverified)) == len(entry.unverified)


@each
def test_text_is_plain(entry: Entry) -> None:
    """Notes are sentences; no text has line breaks, doubled spaces, or backticks without their partner."""
    texts = [value for field in fields(entry) if isinstance(value := getattr(entry, field.name), str)] + list(entry.sources)
    for text in texts:
        assert text == " ".join(text.split()) != ""
        assert text.isprintable()
        assert text.count("`") % 2 == 0
    assert entry.note is None or (
        entry.note.endswith(".") and (entry.note[0].isupper() or entry.note[0].isdigit() or entry.note[0] == "`")
    )


@pytest.mark.parametrize(
    ("file", "table", "kind"), [("timeouts.toml", "timeout", Timeout), ("keepalives.toml", "keepalive", KeepaliveDefault)]
)
def test_no_field_is_misspelt(file: str, table: str, kind: type[Entry]) -> None:
    """Whatever stands in a file is a field of its type: nothing is left out in reading it."""
    known = {field.name for field in fields(kind)}
    for row in rows(file, table):
        assert row.keys() <= known, row["id"]


@each_timeout
def test_the_default_lies_in_its_range(entry: Timeout) -> None:
    """A default is longer than 0, and one that it can be set to."""
    assert entry.seconds is None or entry.seconds > 0
    if entry.range is not None:
        least, most = entry.range
        assert 0 <= least < most
        assert entry.seconds is not None
        assert least <= entry.seconds <= most


@each_timeout
def test_what_happens_fits_together(entry: Timeout) -> None:
    """A timer that probes do not restart belongs to what has the connection itself, which does not forget it in silence."""
    if entry.refreshes is False and entry.idle:
        assert entry.at_expiry is not AtExpiry.SILENT
        assert entry.next_packet in (None, NextPacket.RST)


def test_facts_stand_as_they_were_found() -> None:
    """Some of them, as their vendors state them."""
    nlb = named("aws-nlb-tcp")
    assert (nlb.seconds, nlb.range, nlb.at_expiry, nlb.next_packet) == (350, (60, 6000), AtExpiry.SILENT, NextPacket.RST)
    assert nlb.refreshes is True
    assert not nlb.unverified
    azure = named("azure-lb")
    assert (azure.seconds, azure.next_packet) == (240, NextPacket.DROP)
    assert named("azure-lb-tcp-reset").at_expiry is AtExpiry.RST_BOTH
    assert named("linux-ipvs").seconds == 900
    assert named("aws-clb").refreshes is False
    assert named("haproxy-client-server").seconds is None


def test_confirmed_is_what_a_source_says() -> None:
    """Not what is unknown, not what is marked, and nothing of an entry without a source."""
    nlb = named("aws-nlb-tcp")
    assert nlb.confirmed("next_packet")
    assert not replace(nlb, unverified=("next_packet",)).confirmed("next_packet")
    assert not replace(nlb, next_packet=None).confirmed("next_packet")
    assert not replace(nlb, verified=Verified.UNVERIFIED).confirmed("seconds")


@given(st.floats(min_value=0.5, max_value=1e6), st.floats(min_value=0, max_value=0.5))
def test_near_finds_all_that_are_and_no_others(seconds: float, tolerance: float) -> None:
    """What is found differs by no more than was asked, nearest first, and nothing is missing."""
    found = near(seconds, tolerance)
    off = [abs(t.seconds - seconds) for t in found if t.seconds is not None]
    assert off == sorted(off)
    assert len(off) == len(found)
    assert {t.id for t in found} == {
        t.id for t in timeouts() if t.seconds is not None and abs(t.seconds - seconds) <= tolerance * seconds
    }


def test_near_takes_some_of_them() -> None:
    """Only those that it is given."""
    assert [t.id for t in near(350, among=[named("aws-alb"), named("oci-nlb-tcp")])] == ["oci-nlb-tcp"]


def stacks(seconds: float) -> list[str]:
    """The ids of those that probe after so long."""
    return [d.id for d in stacks_probing_after(seconds)]


def test_stacks_are_told_by_when_they_probe() -> None:
    """A first probe a little after its time is known by it; what must be asked to probe comes last; what is between is nobody's."""
    assert stacks(15.2) == ["go-net"]
    assert stacks(30) == ["go-http-transport", "traefik-backend"]
    assert stacks(300.2) == ["redis-server"]
    assert stacks(7300) == ["mysql-connector-j", "linux", "windows"]
    assert stacks(20) == stacks(0) == []


@given(st.floats(min_value=0, max_value=1e5))
def test_only_what_is_confirmed_is_named(seconds: float) -> None:
    """No stack is named whose time no documentation or source of its own confirms, nor one whose probes TCP does not see."""
    for default in stacks_probing_after(seconds):
        assert default.tcp
        assert default.confirmed("time")
        assert default.verified not in (Verified.SECONDARY, Verified.UNVERIFIED)
