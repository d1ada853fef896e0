"""The clock that stamps the records went back inside the gap, or before the answer.

What it detects
    While the connection was idle, a record (of any connection) carries a time at least 1 ms before the record in front of it:
    times before and after that cannot be subtracted. Or what came back carries a time at least 1 ms before what it answers, so
    that how soon it came is not known. For the whole capture it counts records earlier than the one before
    them, and records without a time of their own (pcapng simple packets), which take that of the record before.

How to tell it apart
    A few records swapped by microseconds are no clock that went back: several receive queues do that, and no verdict minds. A
    step of the clock moves all that follows. In Wireshark, View > Time Display Format > "Seconds since previous captured
    packet" shows a negative value at the step. `capinfos -o FILE` says whether the records are in order of time.

Why it happens
    NTP or chrony stepped the clock, a virtual machine was paused, restored or moved, somebody set the time by hand. Or files
    of hosts with different clocks were put one behind the other instead of being merged.

What to do
    Let the clock be slewed instead of stepped (`chronyc tracking` shows the offset; `makestep` in chrony.conf permits steps),
    and capture again. tcpdump takes a network card's own clock with `-j adapter_unsynced`, which no NTP steps
    (`tcpdump -J -i eth0` lists what there is). Do not sort a file whose clock stepped (`reordercap`): it would mix what came
    before with what came after. Merge files of several hosts with `mergecap`, after their clocks were compared.

Blind spots
    How far the clock went back is known only from below: between two records it may have run on for a while. A step forward
    cannot be told from a pause: it lengthens a gap, and nothing shows it.

References
    https://www.tcpdump.org/manpages/pcap-tstamp.7.html; RFC 5905 section 11.3 (when NTP steps the clock);
    https://chrony-project.org/doc/4.5/chrony.conf.html (makestep); https://www.wireshark.org/docs/man-pages/capinfos.html.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.signals import SWAPPED
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit


def check(period: IdlePeriod) -> Doubt | None:
    """Likely at most where the gap, or the time to the answer, was measured by a clock that stepped."""
    said = []
    if period.clock_back > 0:
        by = _milliseconds(period.clock_back)
        said.append(f"the record clock went back by {by} inside the gap: the gap may have been longer by that much or more")
    before = 0 if period.answer is None else period.wake.first.ref.time - period.answer.first.ref.time
    if before > SWAPPED:
        by = _milliseconds(before)
        said.append(
            f"what came back carries a time {by} before the {noun(period)}: the record clock went back between them, and how "
            "soon it came is not known"
        )
    return Doubt(RULE.code, "; ".join(said), Confidence.LIKELY) if said else None


def _milliseconds(ns: int) -> str:
    return f"{ns / 1_000_000:,.3f}".rstrip("0").rstrip(".") + " ms"


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Records that are out of order of time, and those without a time."""
    back = sum(file.clock_back for file in facts.files)
    farthest = max((file.clock_back_most for file in facts.files), default=0)
    untimed = sum(file.untimed for file in facts.files)
    return (
        *limit(RULE.code, back, f"records earlier than the one before, by up to {format_duration(farthest)}"),
        *limit(RULE.code, untimed, "simple packets without a time: they take that of the record before"),
    )


SHOWS = (
    Example(
        "NTP set the clock back by ten seconds while the connection was idle",
        OPENED
        + "200.000  C2 SYN               # another connection, by the clock before\n"
        + "190.000  C2 again             # and after it was set back\n"
        + "350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "The clock was set back by a second between the request and its RST",
        OPENED + "350.100  C  80 bytes\n349.100  S  RST\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "Two records swapped by 40 microseconds: several receive queues",
        OPENED + "200.000040  C2 SYN\n200.000  C3 SYN\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "The clock went back before the idle period began",
        "100.000  C2 SYN\n" + OPENED + "350.100  C  80 bytes\n350.120  S  RST\n",
    ),
)

RULE = Caveat("CAP906", "clock-went-back", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
