"""Targets and causes by hand, and what is drawn of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pcapdiag.advice.catalogue import CATALOGUE, filled
from pcapdiag.advice.filling import MOST_PROBES, MOST_TIME
from pcapdiag.advice.types import Cure, Snippet, Target
from pcapdiag.engine.types import Endpoint, Extreme, Outcome, RecordRef, Service, Waiting
from pcapdiag.inference.types import (
    Bracket,
    Cause,
    Clock,
    Counterfactual,
    FailedSilence,
    Family,
    Fit,
    Helpless,
    Pattern,
    ServiceView,
    Setting,
    Symptom,
)
from pcapdiag.knowledge.timeouts import AtExpiry, Kind, NextPacket, Timeout, Verified

S = 1_000_000_000
SERVICE = Endpoint("10.0.0.1", 443)
SETTING = Setting(60, 15, 4)

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
names = st.builds(".".join, st.lists(labels, min_size=1, max_size=5).map(lambda made: [*made, "com"]))
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
settings_drawn = st.builds(Setting, st.integers(1, MOST_TIME), st.integers(1, MOST_TIME), st.integers(1, MOST_PROBES))
#: With times that every cure can be set to.
targets = st.builds(
    lambda address, port, name, setting, idle: Target(Endpoint(address, port), name or address, setting, idle),
    addresses, st.integers(1, 65535), st.none() | names, settings_drawn.filter(lambda setting: setting.time >= 30),
    st.integers(30, 86_400),
)  # fmt: skip


def target(
    host: str | None = "api.example.com", service: Endpoint = SERVICE, setting: Setting = SETTING, idle: int = 50
) -> Target:
    """A service with everything known."""
    return Target(service, host or service.address, setting, idle)


def every(of: Target) -> dict[str, Cure]:
    """All cures for it, by id."""
    return {cure.id: cure for cure in filled(CATALOGUE, of).cures}


def snippet(of: Target, name: str, number: int = 0) -> str:
    """One text of one cure."""
    return every(of)[name].snippets[number].text


def snippets(of: Target, language: str) -> list[tuple[str, Snippet]]:
    """All texts in one language, with the ids of their cures."""
    return [(cure.id, one) for cure in every(of).values() for one in cure.snippets if one.language == language]


def at(frame: int) -> RecordRef:
    """A record."""
    return RecordRef(0, frame, frame * S)


def failed(seconds: int, frame: int = 97, lower_bound: bool = False) -> FailedSilence:
    """A silence that failed."""
    return FailedSilence(seconds * S, seconds * S, lower_bound, at(frame))


def survived(seconds: int, frame: int = 91) -> Extreme:
    """A silence that survived."""
    return Extreme(seconds * S, False, at(frame - 1), at(frame))


def counterfactual(kept: int = 4, **other: Any) -> Counterfactual:
    """What a keepalive of a minute would have done."""
    return Counterfactual(60 * S, kept, 0, 0, {}, 120.4)._replace(**other)


def helpless(**counts: int) -> dict[Helpless, int]:
    """Losses that no keepalive helps, by reason."""
    return {Helpless[name]: count for name, count in counts.items()}


def product(name: str = "acme-lb", **other: Any) -> Timeout:
    """A known product with a timeout of 350 s and a command that raises it."""
    made = Timeout(
        id=name, vendor="Acme", product="Balancer", kind=Kind.LOAD_BALANCER, seconds=350, range=(60, 6000),
        at_expiry=AtExpiry.SILENT, next_packet=NextPacket.RST, refreshes=True, verified=Verified.DOC, unverified=(),
        setting="attribute idle", fix="acme set --idle=N --name NAME", note=None, sources=(),
    )  # fmt: skip
    return replace(made, **other)


def family(*products: Timeout, agrees: bool | None = True) -> Family:
    """Products with one timeout."""
    return Family(350, products or (product(),), agrees)


def cause(**other: Any) -> Cause:
    """A service that lost four connections to a timer of 240 to 350 s."""
    service = Service(SERVICE, 9, 20, dict.fromkeys(Outcome, 0), 16, (), survived(240), (0, 0), 0)
    view = ServiceView(service, 4, survived(240), failed(350), 4, 4, False, Pattern.TIMER, "all that failed were longer")
    bracket = Bracket(Clock.SEGMENT, Fit.CONSISTENT, survived(240), failed(350), 240 * S)
    made = Cause(
        SERVICE, view, {Symptom.RESET: 4}, bracket, (), (), (), (family(),), SETTING, False, None, 200, counterfactual(),
        Waiting(0, ()),
    )  # fmt: skip
    return replace(made, **other)


def bracketed(low: Extreme | None, high: FailedSilence | None, **other: Any) -> Bracket:
    """A bracket with these ends."""
    return replace(
        Bracket(Clock.SEGMENT, Fit.CONSISTENT if low and high else Fit.OPEN, low, high, low.length if low else 0), **other
    )
