"""Connection tracking of findings: the entry before something was sent, and that it was gone then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pcapdiag.correlate.incidents import Incident, Pair
from pcapdiag.correlate.joined import Key, TrackedSeen
from pcapdiag.correlate.types import Event, Tracked, Tracking
from pcapdiag.engine.types import Endpoint

_S = 1_000_000_000
#: For each finding: when its connection began (None: not captured), and its last segment before the silence (None: not captured).
Silences = dict[Key, tuple[int | None, int | None]]


def join_tracking(trackings: Sequence[Tracking], found: Iterable[Incident], silences: Silences) -> tuple[TrackedSeen, ...]:
    """What each file says of each incident; nothing where it never had its connection."""
    made: list[TrackedSeen] = []
    listed = list(found)
    for number, tracking in enumerate(trackings):
        entries: defaultdict[Pair, list[Tracked]] = defaultdict(list)
        for entry in tracking.entries:
            entries[entry.original].append(entry)
            far = entry.reply[1], entry.reply[0]
            if far != entry.original:
                entries[far].append(entry)
        for incident in listed:
            mine = [entry for leg in incident.legs for entry in entries.get(leg, ())]
            seen = _seen(incident, number, mine, tracking.whole, *silences.get(incident.key, (None, None)))
            if seen is not None:
                made.append(seen)
    return tuple(made)


def _seen(
    incident: Incident, number: int, entries: Sequence[Tracked], whole: Sequence[int], begun: int | None, quiet: int | None
) -> TrackedSeen | None:
    sent = incident.wake
    dated = [(e.time, e) for e in entries if e.time is not None and e.time <= sent and (begun is None or e.time >= begun)]
    ended = [e for _, e in dated if e.event is Event.DESTROY]
    alive = [(time, e) for time, e in dated if e.event is not Event.DESTROY]
    last, before = max(alive, key=lambda each: each[0], default=(None, None))
    # One that came after it says that the entry was there again.
    least = max((time for time in (quiet, last) if time is not None), default=0)
    destroyed = next((e for e in ended if (e.time or 0) >= least), None)
    known = last is not None or destroyed is not None
    since = max(time for time in (last, quiet) if time is not None) if last is not None else quiet
    gone = next((t for t in whole if since is not None and since < t <= sent), None) if known else None
    expires = None
    if before is not None and last is not None and before.left is not None and quiet is not None and last >= quiet:
        runs_out = last + before.left + _S  # what is left is told in whole seconds, cut
        expires = runs_out if runs_out <= sent else None
    if not known and not entries:
        return None
    entry = before or destroyed or entries[0]
    return TrackedSeen(incident.key, number, before, expires, gone, destroyed, _other_side(entry, incident.legs))


def _other_side(entry: Tracked, legs: Sequence[Pair]) -> tuple[Endpoint, Endpoint] | None:
    """The connection as it is called beyond the translation."""
    near, far = entry.original, (entry.reply[1], entry.reply[0])
    return None if near == far else far if near in legs else near
