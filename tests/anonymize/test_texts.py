"""Addresses in the middle of sentences, and labels."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.anonymize.addresses import Addresses
from pcapdiag.anonymize.texts import Texts, hidden

ADDRESSES = Addresses(b"k" * 16)
TEXTS = Texts(ADDRESSES)
V4, V6, MAC = "10.1.2.3", "2001:db8::7", "00:50:56:12:34:56"
NEW4, NEW6, NEWMAC = ADDRESSES.text(V4), ADDRESSES.text(V6), ADDRESSES.mac(bytes.fromhex(MAC.replace(":", ""))).hex(":")


@pytest.mark.parametrize("text", [
    "from {4}, in a row", "{4}:443", "host {4}.", "({4})", "{4} -> {4}:80", "[{6}]:443", "{6}.", "to {6}, then {4}", "::ffff:{4}",
    "{m}, to which the request was sent", "the request was sent to {m}: another device", "service [{6}]:8443",
    "{6}: gone", "to {6}; {m}.", "{4}: {4}:", "{6},{6}",
])  # fmt: skip
def test_addresses_are_found_wherever_they_stand(text: str) -> None:
    """Alone, with a port, at the end of a sentence, in brackets: everything else stays as it is."""
    before = text.replace("{4}", V4).replace("{6}", V6).replace("{m}", MAC)
    after = text.replace("::ffff:{4}", ADDRESSES.text(f"::ffff:{V4}")).replace("{4}", NEW4).replace("{6}", NEW6)
    assert TEXTS(before) == after.replace("{m}", NEWMAC)


@pytest.mark.parametrize("text", [
    "pcapdiag 0.1.0", "350.104 s", "at 2026-11-23T20:26:51.634Z: 4 failures", "1.2.3.4.5.6", "300.1.2.3", "10:20:30", "a::b::c",
    "IP ID 0, DF set: as Linux sends it: so: there", "version 1.2.3.4a", "999.999.999.999", "TLS 1.3 a.b.c",
])  # fmt: skip
def test_what_is_no_address_stays(text: str) -> None:
    """Versions, times, durations and numbers are left alone."""
    assert TEXTS(text) == text


def test_networks_in_filters() -> None:
    """What was asked for is said in the new addresses."""
    assert TEXTS("host 10.1.0.0/16") == f"host {ADDRESSES.network('10.1.0.0/16')}"
    assert TEXTS("host 2001:db8::/32") == f"host {ADDRESSES.network('2001:db8::/32')}"


@pytest.mark.parametrize(("label", "shown"), [
    ("GET /orders/17?name=joe HTTP/1.1", "GET (hidden)"), ("HTTP/1.1 404 No such joe", "HTTP/1.1 404"),
    ("TLS application data", "TLS application data"), ("TLS 1.3 record of an alert's size", "TLS 1.3 record of an alert's size"),
    ("Redis HGETALL", "Redis (hidden)"), ("Redis QUIT", "Redis QUIT"), ("SSH SSH-2.0-joes_box", "SSH (hidden)"),
    ("HTTP/2 PING ACK", "HTTP/2 PING ACK"), ("QUIT", "QUIT"), ("something new from joe", "(hidden)"), ("", "(hidden)"),
    ("TLS alert\nGET /joe", "(hidden)"), ("payload", "(hidden)"),
])  # fmt: skip
def test_labels_say_the_kind_alone(label: str, shown: str) -> None:
    """What a sender chose is hidden, and so is whatever a later version may put into a label."""
    assert hidden(label) == shown


def test_every_label_of_ours_is_known() -> None:
    """The names that messages are given here, not by their senders, are shown as they are."""
    from pcapdiag.rules import messages

    ours = [name for _, name in (*messages._QUITS, *messages._PINGS)]
    ours += [f"TLS {name}" for name in messages._TLS.values()]
    ours += ["HTTP/2 GOAWAY", "HTTP/2 PING", "HTTP/2 connection preface", "WebSocket close", "WebSocket ping", "SSH disconnect"]
    assert [hidden(name) for name in ours] == ours


@given(st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0, 2**32 - 1).map(IPv4Address))
def test_any_address_is_found(address: IPv4Address | IPv6Address) -> None:
    """However it is abbreviated (RFC 5952)."""
    new = ADDRESSES.text(str(address))
    assert TEXTS(f"{address}: [{address}]:80 ({address}).") == f"{new}: [{new}]:80 ({new})."
