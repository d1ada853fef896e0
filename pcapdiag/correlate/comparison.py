"""What comparing capture points says of one incident, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint, RecordRef


class Presence(StrEnum):
    """Whether a packet passed a capture point."""

    PRESENT = "present"
    ABSENT = "absent"  # proved: the point would have recorded it
    UNKNOWN = "unknown"


class Passage(NamedTuple):
    """Whether one packet passed a point: the record that shows it (of that point's files), or why it is not known."""

    presence: Presence
    ref: RecordRef | None = None
    why: str = ""


class Where(StrEnum):
    """Where the RST was made, or what was sent was lost."""

    BETWEEN = "between"  # between two points
    BEYOND = "beyond"  # beyond the last point that saw both: there, or behind it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """A connection at one capture point, or one of its translations there.

    ``point`` is the index of the capture point, ``client`` and ``server`` are its ends as they are called there. ``stream`` is
    Wireshark's ``tcp.stream``. ``matched`` packets are the same as at the point whose finding it is, which is this one if
    ``own``. ``request`` is what was sent after the silence, ``answer`` what came back: the RST, or where none came, whatever
    acknowledged it. ``ahead`` and ``uncertainty`` say by how much, in ns, the clock here is ahead of that of the finding's point.
    ``ttl`` is that with which the sender's packets arrive, None if there are none.
    """

    point: int
    client: Endpoint
    server: Endpoint
    stream: int | None
    own: bool
    matched: int
    request: Passage
    answer: Passage
    ahead: int | None
    uncertainty: int | None
    ttl: int | None


class Reason(NamedTuple):
    """Why something is not known: the index of the capture point of which that is said (None: of all), and what, as half a
    sentence about it."""

    point: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all places say together. ``places`` are in order along the path, from who sent the request to whom it was sent to;
    ``ordered`` is whether that order is known. ``near`` is the last of them that shows it, ``far`` the first beyond, which would
    have shown it (indices, None where there is none). ``why`` says what is not known, and why."""

    where: Where
    places: tuple[Place, ...]
    ordered: bool
    near: int | None = None
    far: int | None = None
    why: tuple[Reason, ...] = ()
