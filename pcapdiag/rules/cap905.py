"""The capture ended while an answer was still possible.

What it detects
    Nothing came back to a wake, and the reason may be that the capture ended (or that the connection had to be forgotten) too
    soon: the sender had not given up. For the whole capture it counts the idle periods whose outcome stayed undecided, and
    compressed files with something behind their end that was not read.

How to tell it apart
    A sender that gave up shows it: its own RST, or a new connection from the same port. Then the silence is complete, and
    this rule says nothing. A capture that was damaged in the middle ends there too: the damage is named with its byte offset.

Why it happens
    tcpdump was stopped as soon as the error was in the log. It was killed with its last packets still in its buffer. A ring
    of files turned over. Or pcapdiag was allowed fewer connections (`--max-connections`) than the capture held at once.

What to do
    Go on capturing after the error has shown: Linux repeats a request for about 15 minutes (`net.ipv4.tcp_retries2` = 15),
    and a RST may answer a late transmission. `timeout 3600 tcpdump -U -i any -s 256 -w FILE.pcap 'tcp port 443'` ends by
    itself after an hour and writes each packet at once, so that nothing is lost with it. Give pcapdiag the later files of the
    ring as well. Stop tcpdump with Ctrl-C or SIGTERM, never with SIGKILL.

Blind spots
    How long an answer may take is not known. The later the end, the less likely one is; "likely" is all that a silence
    without its end is worth, and "possible" if it was not even long enough to be decided.

References
    RFC 6298 (retransmission timer); RFC 9293 section 3.8.3 (when a stack gives up);
    https://docs.kernel.org/networking/ip-sysctl.html (tcp_retries2); https://www.tcpdump.org/manpages/tcpdump.1.html (-U).
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod, Outcome
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit

_MOST = {Outcome.UNANSWERED: Confidence.LIKELY, Outcome.UNDECIDED: Confidence.POSSIBLE}


def check(period: IdlePeriod) -> Doubt | None:
    """Likely at most for a silence without its end, possible for one that was not decided."""
    most = _MOST.get(period.outcome)
    if most is None or not period.cut_short:
        return None
    left = period.ended.time - period.wake.last_sent.time
    when = f"{format_duration(left)} after" if left > 0 else "with"
    ended = f"the capture ended, or the connection was forgotten, {when} the {noun(period)}'s last transmission"
    text = f"{ended}: an answer may still have come"
    return Doubt(RULE.code, text, most)


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Idle periods without an outcome, and what lies behind the end of compressed files."""
    undecided = sum(totals.outcomes.get(Outcome.UNDECIDED, 0) for totals in facts.totals)
    return (
        *limit(RULE.code, undecided, "idle periods undecided: traffic was missed, or too little was seen after the wake to tell"),
        *limit(RULE.code, facts.trailing, "compressed files with something behind their end, which was not read"),
    )


SHOWS = (
    Example(
        "Four transmissions, and the capture ends",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.700  C  again\n351.500  C  again\n",
    ),
    Example(
        "The same, and another connection shows for how long the capture went on",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.700  C  again\n351.500  C  again\n410.000  C2 SYN\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "The client gave up: its own RST",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.700  C  again\n351.500  C  again\n360.000  C  RST ACK\n",
    ),
    Example(
        "A late RST, to the fourth transmission: the capture lasted long enough",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.700  C  again\n351.500  C  again\n351.520  S  RST\n",
    ),
)

RULE = Caveat("CAP905", "capture-ended-first", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
