"""Socket tables: what ss printed, once or again and again, with dates between or without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pcapdiag.correlate.counting import Tally
from pcapdiag.correlate.socket_rows import NoRow, Row, more, row
from pcapdiag.correlate.stamps import Stamp, known, stamp
from pcapdiag.correlate.types import Side, Snapshot, Socket, SocketTable

#: In the first line of every snapshot, unless -H left it out.
_HEADER = "Local Address:Port"
#: States that always have a timer, which -o would have shown.
_TIMED = frozenset(("TIME-WAIT", "SYN-SENT", "SYN-RECV", "LAST-ACK"))


def read_sockets(lines: Iterable[str | bytes], name: str, side: Side | None = None) -> SocketTable:
    """What the file ``name`` says. Whatever the lines are is counted, and never an error."""
    tally, reading = Tally(), _Reading()
    for number, text in tally.each(lines):
        if _HEADER in text and "users:(" not in text:
            reading.header()
            tally.skip()
            continue
        try:
            found = row(text)
        except ValueError as error:
            wrong: ValueError | None = error
            if isinstance(error, NoRow):
                when = stamp(text)
                if when is not None:
                    reading.stamp(when, known(when.time, tally))
                wrong = None if when is not None else reading.follows(text, error)
            if wrong is None:
                tally.skip()
            else:
                tally.bad(str(wrong))
                reading.broken()
            continue
        if found is None or reading.other:
            tally.skip()
            reading.broken()
        else:
            reading.row(number, found)
    return SocketTable(tally.source(name, side, "ss"), reading.snapshots())


@dataclass(slots=True)
class _Part:
    """A snapshot as it is being read."""

    time: int | None = None
    host: str | None = None
    options: frozenset[str] | None = None
    begun: bool = False
    rows: list[tuple[int, Row]] = field(default_factory=list)

    @property
    def timers(self) -> bool | None:
        """Whether it shows timers."""
        if any(row.timer for _, row in self.rows):
            return True
        if any(row.state in _TIMED for _, row in self.rows):
            return False
        return None if self.options is None else bool(self.options & {"o", "options"})

    def frozen(self, time: int | None) -> Snapshot:
        """As it leaves the room."""
        sockets = (Socket(line, r.state, r.local, r.peer, r.queued, r.timer, r.processes, r.info) for line, r in self.rows)
        return Snapshot(time, self.host, self.timers, tuple(sockets))


class _Reading:
    """Where one snapshot ends and the next begins."""

    def __init__(self) -> None:
        self._parts = [_Part()]
        self._last: Row | None = None  # whose lines may follow
        self._orphans = False  # lines may follow of a socket that is not kept

    @property
    def other(self) -> bool:
        """Was only another protocol asked for? Such rows look like TCP's."""
        options = self._parts[-1].options
        return options is not None and bool(options & set("udwSM")) and not options & set("ta")

    def header(self) -> None:
        """The line of column names: a new snapshot, unless only its date was there yet."""
        self._next()
        self._parts[-1].begun = True

    def stamp(self, said: Stamp, time: int | None) -> None:
        """A date or a command: what follows is a new snapshot."""
        part = self._next()
        part.time = time if said.time is not None else part.time
        part.host = said.host or part.host
        part.options = said.options if said.command is not None else part.options

    def row(self, number: int, found: Row) -> None:
        """A socket."""
        part = self._parts[-1]
        part.begun = True
        part.rows.append((number, found))
        self._last = found

    def follows(self, text: str, otherwise: ValueError) -> ValueError | None:
        """More about the last socket, in a line of its own; what is wrong with it if it is not, or cannot be read."""
        below = text[0] in " \t" or text.startswith(("timer:(", "users:(("))
        if not below or (self._last is None and not self._orphans):
            return otherwise
        try:
            if self._last is not None:
                more(text, self._last)
        except ValueError as error:
            return error
        return None

    def broken(self) -> None:
        """Lines that follow belong to no socket that is kept."""
        self._last, self._orphans = None, True

    def snapshots(self) -> tuple[Snapshot, ...]:
        """All of them. Where dates follow what they date, as in ``ss; date``, the first has none and the last is empty."""
        parts = self._parts
        times = [part.time for part in parts]
        if len(parts) > 2 and not parts[-1].begun and times[0] is None and None not in times[1:]:
            times = [*times[1:], None]
        return tuple(part.frozen(time) for part, time in zip(parts, times, strict=True) if part.begun)

    def _next(self) -> _Part:
        self._last, self._orphans = None, False
        if self._parts[-1].begun:
            self._parts.append(_Part())
        return self._parts[-1]
