"""Known idle timeouts as Markdown: what stands in ``docs/timeouts.md``."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.knowledge.keepalives import KeepaliveDefault, keepalive_defaults
from pcapdiag.knowledge.timeouts import Timeout, Verified
from pcapdiag.report.markdown_text import code, table
from pcapdiag.report.timeouts import (
    DOUBT,
    LEGEND,
    NEAR,
    Listing,
    at_expiry,
    default,
    listing,
    next_packet,
    probes,
    span,
    told,
)

_HEAD = ("default", "product", "at expiry", "next packet", "probes restart it", "range")


def list_markdown(found: Listing) -> str:
    """The whole page: a table, and below it every entry in full."""
    if found.near is None:
        parts = ["# Idle timeouts of known products", "Shortest default first. `pcapdiag timeouts` prints this list."]
    else:
        asked = format_duration(found.near)
        parts = [
            f"# Idle timeouts near {asked}",
            f"Defaults within {NEAR * 100:.0f} %, nearest first, then what may be set to it.",
        ]
    entries = (*found.entries, *found.settable)
    parts += [LEGEND, table(_HEAD, map(_row, entries)), *(text for t in entries for text in _entry(t, "##"))]
    return "\n\n".join(parts) + "\n"


def page_markdown() -> str:
    """What is known altogether: the timeouts, and who keeps connections alive without being asked."""
    text = (
        "When they send the first TCP keepalive probe, how often they repeat it, and after how many without answer they give up, "
        "unless told otherwise; in s. Where it is not on by itself, these are the values once it is switched on. A frame of the "
        "application's own protocol is payload: it restarts every timer."
    )
    head = ("stack", "on by itself", "first probe after", "repeated every", "given up after", "note")
    rows = table(head, map(_keepalive, keepalive_defaults()))
    own = "`pcapdiag timeouts` prints this list; this page is made from `pcapdiag/knowledge/` by `make gold`."
    timeouts = list_markdown(listing()).replace("`pcapdiag timeouts` prints this list.", own, 1)
    return "\n\n".join([timeouts.rstrip(), "# Keepalive by default", text, rows]) + "\n"


def _keepalive(d: KeepaliveDefault) -> tuple[str, ...]:
    def cell(field: str, text: str) -> str:
        return text + DOUBT if text and not d.confirmed(field) else text

    on = "" if d.enabled is None else "yes" if d.enabled else "no"
    numbers = [cell(field, "" if value is None else str(value)) for field, value in d.numbers]
    note = "" if d.tcp else "A frame of its own protocol, no probe of TCP. "
    return _plain(d.stack), cell("enabled", on), *numbers, (note + _plain(d.note or "")).strip()


def entry_markdown(t: Timeout) -> str:
    """One entry in full."""
    return "\n\n".join(_entry(t, "#")) + "\n"


def _row(t: Timeout) -> tuple[str, ...]:
    restarts = probes(t).replace("probes do not restart it", "no").replace("probes restart it", "yes")
    remark = "" if t.idle else " (no timer of idle connections)"
    remark += " (no source)" if t.verified is Verified.UNVERIFIED else ""
    return default(t), f"[{_plain(t.name)}](#{t.id}){remark}", at_expiry(t), next_packet(t), restarts, span(t)


def _entry(t: Timeout, level: str) -> Iterator[str]:
    yield f"{level} {t.id}"
    yield _plain(t.name)
    rows = [f"- {label}: {_plain(text)}" for label, text in told(t)]
    rows += [f"- command: {code(t.fix)}"] if t.fix else []
    rows += [f"- source: {f'<{source}>' if source.startswith('http') else _plain(source)}" for source in t.sources]
    yield "\n".join(rows)


def _plain(text: str) -> str:
    """Our own words. What is between backticks stays as it is; a name with an underscore at its edge is none of ours."""
    return text.replace("|", "\\|").replace("<", "&lt;")
