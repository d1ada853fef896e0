"""Services whose idle timers are known, as captures: what a path does that forgets by a given rule, packet by packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pcapdiag
from pcapdiag.engine.types import Waiting
from pcapdiag.inference.types import Bracket, Cause, Clock, Counterfactual, Fit, Setting
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcap
from tests.report.factory import SERVER, view

S = 1_000_000_000
HELLO = "{0:.3f} C SYN\n{1:.3f} S SYN ACK\n{2:.3f} C ACK\n{3:.3f} C 120 bytes\n{4:.3f} S 900 bytes\n{5:.3f} C ACK\n"
OPENING = (0, 0.02, 0.021, 0.022, 0.045, 0.046)
#: What forgets: by which clock it counts, what it does with what comes too late.
RESETS, DROPS = "S RST", None

Timer = Callable[[int, float], bool]
"""Whether an idle time (of one connection, by number) is too long for the path."""


@dataclass(frozen=True)
class Way:
    """A path that forgets a connection whose idle time is ``too_long``; ``payload``: only payload ends an idle time."""

    too_long: Timer
    payload: bool = False
    late: str | None = RESETS


def fixed(seconds: float) -> Timer:
    """One timer for all."""
    return lambda _connection, idle: idle > seconds


def talk(path: Way, number: int, pauses: Iterable[float], keepalive: float | None, begin: float = 0.0) -> str:
    """One connection: a request after each pause until one is lost, with probes of the client in between."""
    text = HELLO.format(*(begin + at for at in OPENING))
    idle_since = begin + OPENING[-1]
    for pause in pauses:
        refreshed = idle_since
        wake = idle_since + pause
        while keepalive and refreshed + keepalive < wake:
            probe = refreshed + keepalive
            if path.too_long(number, probe - (idle_since if path.payload else refreshed)):
                return text + _lost(path, probe, "probe")
            text += f"{probe:.3f} C probe\n{probe + 0.01:.3f} S ACK\n"
            refreshed = round(probe + 0.01, 3)
        if path.too_long(number, wake - (idle_since if path.payload else refreshed)):
            return text + _lost(path, wake, "80 bytes")
        text += f"{wake:.3f} C 80 bytes\n{wake + 0.01:.3f} S 900 bytes\n{wake + 0.011:.3f} C ACK\n"
        idle_since = round(wake + 0.011, 3)
    return text


def _lost(path: Way, at: float, what: str) -> str:
    if path.late is not None:
        return f"{at:.3f} C {what}\n{at + 0.01:.3f} {path.late}\n"
    again = "probe" if what == "probe" else "again"
    later = "".join(f"{at + after:.3f} C {again}\n" for after in ((1.0, 2.0, 3.0) if what == "probe" else (0.2, 0.6, 1.4)))
    return f"{at:.3f} C {what}\n{later}{at + 20:.3f} C RST ACK\n"


def analysed(
    directory: Path, way: Way, connections: Sequence[Sequence[float]], keepalive: float | None = None
) -> pcapdiag.Analysis:
    """The analysis of connections that begin a little apart."""
    return captured(directory, [talk(way, n, pauses, keepalive, n * 0.137) for n, pauses in enumerate(connections)])


def captured(directory: Path, talks: Sequence[str]) -> pcapdiag.Analysis:
    """The analysis of conversations that go on side by side, of four clients with one server."""
    sides = [conversation(text, client=(f"10.0.1.{1 + n % 4}", 50_000 + n), client_isn=n * 7919) for n, text in enumerate(talks)]
    (directory / "x.pcap").write_bytes(pcap(merge(*sides)))
    return pcapdiag.analyze(directory / "x.pcap")


def the_cause(analysis: pcapdiag.Analysis) -> Cause | None:
    """What lies behind the losses of the one service, None if it lost nothing."""
    causes = analysis.report.causes
    assert len(causes) <= 1
    return causes[0] if causes else None


def cause(**other: object) -> Cause:
    """A cause by hand: a timeout between 349.98 and 350.064 s, and the keepalive that follows."""
    seen = view()
    facts: dict[str, object] = {
        "service": SERVER, "view": seen, "symptoms": {}, "estimate": (), "pairs": (), "deaths": (), "families": (),
        "bracket": Bracket(Clock.SEGMENT, Fit.CONSISTENT, seen.longest_survived, seen.shortest_failed, 349_980_000_000),
        "setting": Setting(90, 20, 4), "wide": False, "narrow": None, "client_idle": None,
        "counterfactual": Counterfactual(90 * S, 3, 0, 0, {}, 40.0), "at_risk": Waiting(0, ()),
    }  # fmt: skip
    return Cause(**{**facts, **other})  # type: ignore[arg-type]
