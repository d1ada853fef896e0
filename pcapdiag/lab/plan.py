"""What a client is to do, and what must come of it: written by a scenario, carried out by the endpoints.

A request asks the server for what the server is to do: ``GET /push/6`` is answered at once, and 6 s later something is pushed.
So one server serves all scenarios, and the plan of the client is the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

#: What the client must see where a step says nothing else.
_USUAL = {"request": "200", "ping": "200", "watch": "nothing", "farewell": "EOF", "rst": "sent"}
#: What the server must note of what it did where a step says nothing else.
SERVER_USUAL = "sent"


@dataclass(frozen=True, slots=True)
class Then:
    """What the server does for a request: ``do`` after ``at`` seconds.

    ``answer``: answers only then. ``fail``: aborts (SO_LINGER 0, RST) instead. All others are answered at once. ``push``:
    payload, unasked. ``stream``: payload every 0.3 s for that long. ``close``: closes (FIN). ``linger``: aborts. ``repair``:
    forgets the connection without a word (closed under TCP_REPAIR). These happen only if nothing arrives before. ``abort``,
    ``unread``: when the next request arrives, waits that long, and closes: with SO_LINGER 0, or without having read it.
    ``mute``: never answers the next request.
    ``result`` is what the server must see of it, ``rule`` the rule that has to find it.
    """

    do: str = "answer"
    at: float = 0.0
    result: str = SERVER_USUAL
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a client does on a connection, ``wait`` seconds after the one before.

    ``do``: ``request``; ``ping``, a request of 5 bytes; ``watch``, which reads what comes during the wait and notices what its
    kernel does; ``farewell``, close_notify (TLS) and FIN; ``rst``, close with SO_LINGER 0. While it waits for another than
    ``watch``, a client does not look at its socket, as a pool does not. ``result`` is what it must see (several with ``|``),
    ``rule`` the rule that has to find it. ``timeout`` is how long it waits for an answer, in s. ``body`` is how many bytes more
    a request carries.
    """

    wait: float = 0.0
    then: Then = Then()
    do: str = "request"
    result: str = ""
    rule: str | None = None
    timeout: float = 10.0
    body: int = 0

    @property
    def results(self) -> tuple[str, ...]:
        """What the client may see."""
        return tuple((self.result or _USUAL[self.do]).split("|"))


@dataclass(frozen=True, slots=True)
class Talk:
    """One client with one connection at a time.

    ``start`` is when it connects, in s after the first. ``port`` is where to, at the service's address: 80; 443, with TLS; 81,
    where nothing listens. ``retry``: after a failed request the client connects again and repeats it. ``reuse``: from the same
    port. ``keepalive_s`` with ``interval_s`` and ``count`` are the client's socket options (None: off); ``name`` is the TLS
    server name.
    """

    steps: tuple[Step, ...]
    start: float = 0.0
    port: int = 80
    retry: bool = False
    reuse: bool = False
    keepalive_s: int | None = None
    interval_s: int = 1
    count: int = 3
    name: str = "shop.example"


def talk_from(told: dict[str, Any]) -> Talk:
    """A Talk from its ``asdict``."""
    steps = tuple(Step(**{**step, "then": Then(**step["then"])}) for step in told["steps"])
    return Talk(**{**told, "steps": steps})


def staggered(*talks: Talk, by: float = 0.07) -> tuple[Talk, ...]:
    """The same, each started a little after the one before, so that incidents do not fall on one instant."""
    return tuple(replace(talk, start=talk.start + number * by) for number, talk in enumerate(talks))


def requests(*waits: float, lost_after: float = 0.0, result: str = "", rule: str | None = None, **other: Any) -> Talk:
    """A connection with a request at once, and then one after each wait in s; a wait longer than ``lost_after`` loses its request
    to ``rule`` (0: none does)."""
    steps = [Step()]
    for wait in waits:
        lost = bool(lost_after) and wait > lost_after
        steps.append(Step(wait, result=result if lost else "", rule=rule if lost else None))
    return Talk(tuple(steps), **other)
