"""What the lab says of a run: what the endpoints noted, what a capture of it has to show, and the whole truth file.

Times are ns since the Unix epoch by the endpoints' own clock, gaps are ns. Addresses are ``ADDR:PORT``, ``[ADDR]:PORT`` for
IPv6, as the client sees them. Nothing here was read from a capture.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pcapdiag.lab.stage import Stage


class Failed(RuntimeError):
    """A scenario that could not be set up, or did not become what it is for; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that an endpoint sent, or that its kernel sent for it, and what became of it by its own account.

    ``id`` is unique in a run: the X-Request-Id of a request; of something the server did, that of the request before it with
    ``.server`` behind. ``kind`` is request, ping, push, late-answer, farewell, probe, rst or syn. ``sent_ns`` is the clock just
    before the write, ``gap_ns`` the time since that endpoint's last payload either way (None: there was none). ``result`` is
    ``200``, ``sent``, a name of errno, ``timeout``, ``unacknowledged``, ``EOF``, or what a proxy answered (``503 UC``).
    ``server_saw`` is the client's address at the server, None if it never arrived there. ``rule`` is the code of the rule that
    has to find it, None if nothing was lost.
    """

    id: str
    connection: int
    by: str
    kind: str
    client: str
    server: str
    server_saw: str | None
    sent_ns: int
    gap_ns: int | None
    length: int
    result: str
    rule: str | None


class Expected(NamedTuple):
    """One finding that a capture has to give. ``lower`` says that the capture began inside the gap, which is then only a lower
    bound; a ``gap_ns`` of None is not compared."""

    id: str
    rule: str
    client: str
    server: str
    sent_ns: int
    gap_ns: int | None
    lower: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """One capture of a run: where and how it was made. ``files`` are its files in order of time, if it is a ring of several.
    ``expected`` are the findings it has to give, None: one for everything said that has a rule."""

    node: str
    interface: str
    made_with: str
    files: tuple[str, ...] = ()
    expected: tuple[Expected, ...] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """One run. ``captures`` is by file name, of a ring the first one's. ``files`` are what else a person would have: kind
    (``ss``, ``conntrack``, ``sidecar``, ``gateway``) and file name."""

    scenario: str
    made: str
    kernel: str
    path: tuple[str, ...]
    captures: dict[str, Captured]
    server_behind_nat: str
    conntrack_timeout_s: int | None
    client_keepalive_s: int | None
    said: tuple[Said, ...]
    files: dict[str, str] = field(default_factory=dict)

    def expected(self, capture: str) -> tuple[Expected, ...]:
        """The findings that ``capture`` has to give, in order of time."""
        told = self.captures[capture].expected
        found = told if told is not None else tuple(map(expect, (s for s in self.said if s.rule)))
        return tuple(sorted(found, key=lambda e: e.sent_ns))

    def to_json(self) -> dict[str, Any]:
        """As in ``NAME.truth.json``: what was said stands under ``requests``."""
        told = asdict(self)
        told["captures"] = {
            name: {key: value for key, value in (asdict(c) | {"expected": _rows(c.expected)}).items() if value not in (None, ())}
            for name, c in self.captures.items()
        }
        told["requests"] = told.pop("said")
        return told

    def text(self) -> str:
        """The file: a line for each thing that was said or is expected, so that a person can read it and a diff is short."""
        told = self.to_json()
        requests = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in told.pop("requests"))
        captures = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in told.pop("captures").items())
        rest = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in told.items())
        return f'{{\n{rest},\n "captures": {{\n{captures}\n }},\n "requests": [\n{requests}\n ]\n}}\n'

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Truth:
        """What `to_json` gave. Raises KeyError or TypeError if it is something else."""
        told = dict(told)
        captures = {}
        for name, row in told.pop("captures").items():
            expected = tuple(Expected(**e) for e in row["expected"]) if "expected" in row else None
            captures[name] = Captured(**{**row, "files": tuple(row.get("files", ())), "expected": expected})
        said = tuple(Said(**row) for row in told.pop("requests"))
        return cls(**{**told, "path": tuple(told["path"])}, captures=captures, said=said)


def _rows(expected: tuple[Expected, ...] | None) -> list[dict[str, Any]] | None:
    return None if expected is None else [e._asdict() for e in expected]


def expect(said: Said) -> Expected:
    """The finding for what was said, as it shows where the client's own addresses are seen."""
    idle = said.rule is not None and said.rule.startswith("IDLE")
    return Expected(said.id, said.rule or "", said.client, said.server, said.sent_ns, said.gap_ns if idle else None)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation that the lab can make. ``run`` sets it up on the stage and lets it happen; ``seconds`` bounds how long that
    takes; ``needs`` are programs besides those that every scenario needs. ``cure`` is the scenario that shows the same with the
    failure cured."""

    name: str
    summary: str
    run: Callable[[Stage], None]
    seconds: int = 30
    needs: tuple[str, ...] = ()
    cure: str | None = None
