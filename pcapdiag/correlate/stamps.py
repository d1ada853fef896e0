"""Lines that say when and how ss or conntrack was run: dates on a line of their own, prompts, watch, and both together."""

from __future__ import annotations

import re
from typing import NamedTuple

from pcapdiag.correlate.counting import Tally
from pcapdiag.correlate.moments import Moment, moment

_COMMAND = r"(?:sudo\s+)?(?:/[\w/.-]+/)?(?P<command>(?:ss|conntrack)(?:\s.*)?)"
_WATCH = re.compile(r"Every [\d.,]+s: (?P<command>.{0,2000}?)\s{2,}(?:(?P<host>\S{1,255}): )?(?P<time>\S.{0,60})")
_TOLD = re.compile(rf"#\s*(?P<time>\S.{{8,60}}?)\s+(?:(?P<host>[^\s:]{{1,255}}):\s+)?{_COMMAND}")
_PROMPT = re.compile(rf"(?:\[[^]]{{1,255}}\][$#]|[^\s$#]{{0,255}}[$#%>]|\+)\s+{_COMMAND}")
#: What people put around dates to find them again.
_FRAME = "#=-*+ \t"


class Stamp(NamedTuple):
    """What one such line says; each part may be missing."""

    time: Moment | None
    host: str | None
    command: str | None

    @property
    def options(self) -> frozenset[str] | None:
        """Short options as letters, long ones as words; None where the command is not told."""
        if self.command is None:
            return None
        found: set[str] = set()
        for word in self.command.split()[1:]:
            if word.startswith("--"):
                found.add(word[2:].partition("=")[0])
            elif word.startswith("-"):
                found.update(word[1:])
        return frozenset(found)


def stamp(line: str) -> Stamp | None:
    """What the line says of time, host and command; None if it is no such line."""
    text = line.strip()
    if len(text) > 4096:
        return None
    if found := _WATCH.fullmatch(text):
        return Stamp(moment(found["time"]), found["host"], found["command"])
    if (when := moment(text.strip(_FRAME))) is not None:
        return Stamp(when, None, None)
    if (found := _TOLD.fullmatch(text)) and (when := moment(found["time"])) is not None:
        return Stamp(when, found["host"], found["command"])
    if found := _PROMPT.fullmatch(text):
        return Stamp(None, None, found["command"])
    return None


def known(when: Moment | None, tally: Tally) -> int | None:
    """The time of a stamp in ns, None if it has none or its zone is not known; what must be known of it is noted."""
    if when is None:
        return None
    if when.zone.startswith("?"):
        tally.note(f"times in the zone {when.zone[1:]} were not used: its name is not one zone's alone")
        return None
    if not when.zone:
        tally.note("times without a zone were read as UTC")
    return when.ns
