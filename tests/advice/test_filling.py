"""What the texts are filled with is checked first: nothing that is no host, no keepalive, gets into configuration."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.advice.filling import MOST_TIME, checked, is_address, keepalive, parse_host, parse_setting, values
from pcapdiag.advice.types import Target
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Setting
from tests.advice.cases import SERVICE, SETTING, addresses, names, settings_drawn, target, targets


@given(names)
def test_a_name_stays_what_it_is(name: str) -> None:
    """A host name is taken as it is written, in lower case and without the root's dot."""
    assert parse_host(name) == parse_host(name.upper()) == parse_host(f"{name}.") == name
    assert not is_address(name)


@given(addresses)
def test_an_address_is_a_host(address: str) -> None:
    """An IP address is taken for itself."""
    assert parse_host(address) == address
    assert is_address(address)


@pytest.mark.parametrize(
    "text",
    ["", ".", "a b", "a\nb", "x\n", 'a"b', "a'b", "$(id)", "`id`", "a;b", "a/b", "a:443", "[::1]", "*.example.com", "a..b", "-a.com",
     "a-.com", "a_b.com", "é.com", "a.com\u202e", "1.2.3", "1.2.3.4.5", "999.1.1.1", "fe80::1%eth0", "a" * 64 + ".com", "a." * 130 + "com",
     "{host}", "${IFS}", "\x1b[2J"],
)  # fmt: skip
def test_hostile_hosts_are_refused(text: str) -> None:
    """Whatever is neither a plain name nor an address is refused with an example, and never gets into a text."""
    with pytest.raises(ValueError, match="is no host name"):
        parse_host(text)
    with pytest.raises(ValueError, match="is no host name"):
        values(Target(SERVICE, text, SETTING, 50))


@given(st.text())
def test_any_host_is_plain_or_refused(text: str) -> None:
    """What is taken holds only letters, digits, hyphens, dots and colons."""
    try:
        taken = parse_host(text)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9.:-]+", taken)


@given(settings_drawn)
def test_a_keepalive_is_read_as_it_is_written(setting: Setting) -> None:
    """The short form of a keepalive is read back as the same."""
    assert parse_setting(keepalive(setting)) == setting


@pytest.mark.parametrize(
    ("text", "setting"),
    [("60s", (60, 15, 4)), ("60", (60, 15, 4)), ("2m:30s", (120, 30, 4)), ("1h:1m:10", (3600, 60, 10)), ("1s", (1, 1, 4))],
)
def test_what_is_left_out(text: str, setting: tuple[int, int, int]) -> None:
    """Without an interval it is a quarter of the time, without a number of probes it is four."""
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["", "x", "60s:", "60s:15s:4:1", "60s:15s:x", "60s:15s:4.5", "1.5s", "500ms", ":15s", "-5"])
def test_no_keepalive(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ValueError, match=r"is no keepalive \(write it like 60s"):
        parse_setting(text)


@pytest.mark.parametrize(
    "setting", [(0, 15, 4), (MOST_TIME + 1, 15, 4), (60, 0, 4), (60, MOST_TIME + 1, 4), (60, 15, 0), (60, 15, 128)]
)
def test_what_linux_does_not_take(setting: tuple[int, int, int]) -> None:
    """Nothing is advised that setsockopt would refuse (see the test against the kernel)."""
    with pytest.raises(ValueError, match="is no keepalive that Linux takes"):
        checked(Setting(*setting))


@given(targets)
def test_names_of_objects(of: Target) -> None:
    """What is made of a host to name objects is a DNS label with room for a prefix, and tells ports apart."""
    known = values(of)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?", known["object"])
    assert known["object"].endswith(f"-{of.service.port}")
    assert parse_host(known["mesh"]) == known["mesh"]
    assert not is_address(known["mesh"])


def test_an_address_in_a_url() -> None:
    """An IPv6 address stands in brackets before a port."""
    assert values(target(None, Endpoint("2001:db8::1", 5432)))["authority"] == "[2001:db8::1]:5432"
