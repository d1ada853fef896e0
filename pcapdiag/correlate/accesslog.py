"""Access logs of Envoy and Istio: the failed requests, the requests that were asked for, and a count of the rest."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from pcapdiag.correlate.addresses import endpoint
from pcapdiag.correlate.counting import Tally
from pcapdiag.correlate.flags import SHORT, lost
from pcapdiag.correlate.formats import Automatic, Given
from pcapdiag.correlate.moments import Moment
from pcapdiag.correlate.types import AccessLog, Logged, Side, Witness
from pcapdiag.engine.types import Endpoint

#: Failed requests that are kept, and lines of ids that were asked for: about 1 KB each. More are counted.
MOST = 100_000
#: Answered requests that are kept from the beginning of a log, and as many from its end.
WITNESSES = 500
_MS = 1_000_000
_ADDRESSES = ("upstream", "local", "downstream", "listener")
_DECIMAL = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)


def read_access_log(
    lines: Iterable[str | bytes],
    name: str,
    side: Side | None = None,
    *,
    format: str | None = None,
    wanted: frozenset[str] = frozenset(),
) -> AccessLog:
    """What the log ``name`` says. ``wanted`` are request ids whose lines are kept whether or not they failed.

    ``format`` is ``envoy``, ``istio``, ``json``, an Envoy format string, or a json_format; None: known formats are recognised,
    line by line. Raises ValueError if it is no format; whatever the lines are is counted, and never an error.
    """
    form = Given(format) if format is not None else Automatic()
    tally, gathered = Tally(), _Gathered(wanted)
    for number, text in tally.each(lines):
        try:
            found = form.read(text)
        except ValueError as error:
            tally.bad(str(error))
            continue
        if found is None:
            tally.skip()
            continue
        kind, values = found
        began = kind.clock.read(values.get("start", ""))
        if began is None or began.zone.startswith("?"):
            tally.bad(f"no time that can be read: {values.get('start', '')[:40]!r}")
            continue
        if not began.zone:
            tally.note("times without a zone were read as UTC")
        gathered.add(number, began, values)
    return gathered.log(tally, name, side, ", ".join(form.met) or "no known format")


class _Gathered:
    """What is kept of the requests."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self._requests = self._dropped = self._kept = self._identified = 0
        self._failed: list[Logged] = []
        self._present: dict[str, list[Logged]] = {}
        self._span: tuple[int, int] | None = None
        self._first: list[tuple[int, dict[str, str]]] = []
        self._last: deque[tuple[int, dict[str, str]]] = deque(maxlen=WITNESSES)

    def add(self, number: int, began: Moment, values: dict[str, str]) -> None:
        """One request."""
        self._requests += 1
        self._identified += values.get("request_id", "") not in ("", "-")
        first, last = self._span or (began.ns, began.ns)
        self._span = min(first, began.ns), max(last, began.ns)
        bad, asked = _failed(values), values.get("request_id") in self._wanted
        if not bad and values.get("request_id", "") not in ("", "-"):
            (self._first if len(self._first) < WITNESSES else self._last).append((began.ns, values))
        if not (bad or asked):
            return
        if self._kept >= MOST:
            self._dropped += 1
            return
        self._kept += 1
        line = _logged(number, began, values)
        if bad:
            self._failed.append(line)
        if asked:
            self._present.setdefault(values["request_id"], []).append(line)

    def log(self, tally: Tally, name: str, side: Side | None, form: str) -> AccessLog:
        """All of it."""
        present = {name: tuple(lines) for name, lines in self._present.items()}
        source = tally.source(name, side, form)
        return AccessLog(
            source, self._requests, tuple(self._failed), self._span, present, self._dropped, self._identified, self._witnesses()
        )  # fmt: skip

    def _witnesses(self) -> dict[str, Witness]:
        """Those whose id stands on one line alone, of those that are kept, and on none that failed."""
        met: dict[str, list[Witness]] = {}
        for start, values in (*self._first, *self._last):
            sent = endpoint(_or_none(values.get("upstream")) or _or_none(values.get("upstream remote")) or "")
            met.setdefault(values["request_id"], []).append(Witness(start, sent))
        failed = {line.request_id for line in self._failed}
        return {name: found[0] for name, found in met.items() if len(found) == 1 and name not in failed}


def _failed(values: dict[str, str]) -> bool:
    http = values.get("method", "-") not in ("-", "") or values.get("protocol", "-") not in ("-", "")
    return _lost(values.get("code", ""), values.get("flags", ""), values.get("details", ""), http)


@lru_cache(maxsize=1024)
def _lost(code: str, flags: str, details: str, http: bool) -> bool:
    """The verdict by the texts it rests on, of which a log has few."""
    return lost(_code(code), _flags(flags), _or_none(details), http=http)


def _logged(number: int, began: Moment, values: dict[str, str]) -> Logged:
    text = {name: _or_none(value) for name, value in values.items()}
    text["downstream"] = text.get("direct") or text.get("downstream")
    text["upstream"] = text.get("upstream") or text.get("upstream remote")
    ends: dict[str, Endpoint | None] = {name: endpoint(text.get(name) or "") for name in _ADDRESSES}
    odd = {name: told for name in _ADDRESSES if ends[name] is None and (told := text.get(name))}
    return Logged(
        line=number,
        start=began.ns,
        resolution=began.resolution,
        duration=_milliseconds(text.get("duration")),
        method=text.get("method"),
        path=text.get("path"),
        protocol=text.get("protocol"),
        code=_code(values.get("code", "")),
        flags=_flags(values.get("flags", "")),
        details=text.get("details"),
        termination=text.get("termination"),
        transport_failure=text.get("transport_failure"),
        request_id=text.get("request_id"),
        authority=text.get("authority"),
        forwarded_for=text.get("forwarded_for"),
        user_agent=text.get("user_agent"),
        cluster=text.get("cluster"),
        route=text.get("route"),
        upstream=ends["upstream"],
        local=ends["local"],
        downstream=ends["downstream"],
        listener=ends["listener"],
        odd=odd,
    )


def _or_none(text: str | None) -> str | None:
    return None if text is None or text in ("-", "") else text


def _code(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _flags(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(SHORT.get(part, part) for part in parts if part not in ("", "-"))


def _milliseconds(text: str | None) -> int | None:
    found = _DECIMAL.fullmatch(text or "")
    if found is None:
        return None
    return int(float(found[0]) * _MS) if found[1] else int(found[0]) * _MS
