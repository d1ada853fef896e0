"""Known idle timeouts in words: which are asked for, and what is said of each, wherever it is shown.

What no source confirms carries a mark, everywhere.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import NamedTuple

from pcapdiag.durations import format_duration
from pcapdiag.knowledge.timeouts import AtExpiry, NextPacket, Timeout, Verified, near, timeouts
from pcapdiag.report.facts import Json

#: How far from what is asked for a default may be to be near it.
NEAR = 0.1
#: Stands behind what no source confirms.
DOUBT = "?"
_S = 1_000_000_000

AT_EXPIRY = {
    AtExpiry.SILENT: "silent",
    AtExpiry.FIN: "FIN",
    AtExpiry.RST_BOTH: "RST to both",
}
NEXT_PACKET = {
    NextPacket.RST: "RST",
    NextPacket.DROP: "dropped",
    NextPacket.REHASH: "RST by another host",
    NextPacket.RECREATE: "taken up again",
}
VERIFIED = {
    Verified.DOC: "the vendor's documentation",
    Verified.SOURCE: "the product's source or shipped configuration",
    Verified.API_DOC: "the vendor's API reference",
    Verified.SECONDARY: "what others of repute write",
    Verified.UNVERIFIED: "no source: none of this is confirmed",
}
#: What the words of a list mean.
LEGEND = (
    f"{DOUBT} marks what no source confirms. At expiry: silent, the connection is forgotten and nobody is told; or FIN or RST is "
    "sent. The next packet then is answered by RST, by the box or by another host that knows no such connection; or it is "
    "dropped; or the connection is taken up again, and nobody notices. Probes are TCP keepalive probes. With a default of none "
    "it never expires."
)


class Listing(NamedTuple):
    """Entries to show. If those near a time in ns are asked for, they are nearest first, and ``settable`` are those that may be
    set to it; else they are shortest first."""

    near: int | None
    entries: tuple[Timeout, ...]
    settable: tuple[Timeout, ...] = ()


def listing(wanted: int | None = None, product: str = "") -> Listing:
    """The entries near ``wanted`` ns (None: all) whose id, vendor, product or kind holds every word of ``product``."""
    told = product.lower().split()
    named = [t for t in timeouts() if all(word in f"{t.id} {t.name} {t.kind}".lower() for word in told)]
    if wanted is None:
        return Listing(None, tuple(sorted(named, key=_by_default)))
    found = near(wanted / _S, NEAR, named)
    settable = [t for t in named if t not in found and t.range is not None and t.range[0] * _S <= wanted <= t.range[1] * _S]
    return Listing(wanted, found, tuple(sorted(settable, key=_by_default)))


def entry(wanted: str) -> Timeout:
    """The entry of that id. Raises ValueError naming the nearest."""
    name = wanted.lower().replace("_", "-")
    for t in timeouts():
        if t.id == name:
            return t
    from difflib import get_close_matches  # only for those who mistype

    (nearest,) = get_close_matches(name, [t.id for t in timeouts()], n=1, cutoff=0)
    raise ValueError(f"there is no entry {wanted!r}; the nearest is {nearest} (pcapdiag timeouts lists them)")


def default(t: Timeout) -> str:
    """Its default, in s as tables of timeouts have it."""
    return marked(t, "seconds", "none" if t.seconds is None else f"{t.seconds} s")


def at_expiry(t: Timeout) -> str:
    """What happens when it runs out; nothing where that is not known."""
    return marked(t, "at_expiry", AT_EXPIRY[t.at_expiry]) if t.at_expiry else ""


def next_packet(t: Timeout) -> str:
    """What the next packet meets; nothing where that is not known."""
    return marked(t, "next_packet", NEXT_PACKET[t.next_packet]) if t.next_packet else ""


def behaviour(t: Timeout) -> str:
    """Both in a line: ``silent, then RST``."""
    return ", then ".join(part for part in (at_expiry(t), next_packet(t)) if part) or "what happens is not known"


def probes(t: Timeout) -> str:
    """Whether keepalive probes restart it; nothing where that is not known."""
    if t.refreshes is None:
        return ""
    return marked(t, "refreshes", "probes restart it" if t.refreshes else "probes do not restart it")


def span(t: Timeout) -> str:
    """What it can be set to: ``60 to 6000 s``; nothing where that is not known."""
    return marked(t, "range", f"{t.range[0]} to {t.range[1]} s") if t.range else ""


def marked(t: Timeout, field: str, text: str) -> str:
    """``text``, with the mark if no source confirms this field."""
    return text + DOUBT if t.verified is Verified.UNVERIFIED or field in t.unverified else text


def told(t: Timeout) -> list[tuple[str, str]]:
    """Everything about it but its name, its sources and the command that changes it: labels and what is said of each."""
    hours = f" ({format_duration(t.seconds * _S)})" if t.seconds is not None and t.seconds >= 3600 else ""
    return [
        (label, text)
        for label, text in (
            ("kind", str(t.kind) if t.idle else f"{t.kind}; no timer of idle connections"),
            ("default", default(t) + hours),
            ("range", span(t)),
            ("at expiry", at_expiry(t) or "not known"),
            ("next packet", next_packet(t) or "not known"),
            ("probes", probes(t).removeprefix("probes ") or "not known"),
            ("setting", marked(t, "setting", t.setting) if t.setting else ""),
            ("note", t.note or ""),
            ("rests on", VERIFIED[t.verified]),
        )
        if text
    ]


def document(t: Timeout) -> Json:
    """An entry as plain data."""
    return asdict(t)


def documents(found: Listing) -> list[Json]:
    """A list as plain data; if what is near a time was asked for, with why each is in it."""
    if found.near is None:
        return [document(t) for t in found.entries]
    why = [("default", found.entries), ("range", found.settable)]
    return [{**document(t), "near": reason} for reason, entries in why for t in entries]


def _by_default(t: Timeout) -> tuple[bool, int, str]:
    return t.seconds is None, t.seconds or 0, t.id
