"""What access logs, socket tables and connection tracking tell, as plain frozen data. Times are ns since the Unix epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint


class Side(StrEnum):
    """Whose log or table it is, seen from the service that failed."""

    CLIENT = "client"
    SERVER = "server"


class Source(NamedTuple):
    """One text that was read, of ``lines`` lines. ``skipped`` of them are known and hold nothing of what was looked for (headers,
    empty lines, other protocols); of ``unread`` nothing could be made, and the first of these is line ``first_unread``, for the
    reason ``why``. Each other line is one request, socket or entry. ``side`` is None if nobody said whose it is; ``notes`` are
    sentences about how it was read that its reader must know. ``damage`` is why it was not read to its end, None if it was."""

    name: str
    side: Side | None
    format: str
    lines: int
    skipped: int
    unread: int
    first_unread: int | None
    why: str | None
    notes: tuple[str, ...] = ()
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as a proxy logged it: line ``line`` of its log.

    ``start`` is when the request came, cut to ``resolution`` ns; ``duration`` in ns from there to its end, None where it is not
    logged. ``code`` is the response code, 0 where none was sent. ``flags`` are Envoy's response flags, short. ``upstream`` is
    where it was sent (UPSTREAM_HOST), ``local`` the proxy's own end of that connection (UPSTREAM_LOCAL_ADDRESS). ``downstream``
    is who sent the request: DOWNSTREAM_DIRECT_REMOTE_ADDRESS where it is logged, else DOWNSTREAM_REMOTE_ADDRESS, which XFF and
    the PROXY protocol rewrite. ``listener`` is where it came in, before any redirection (DOWNSTREAM_LOCAL_ADDRESS). Of an address
    that is no pair of an IP address and a TCP port (internal listeners, pipes, names) the endpoint is None, and ``odd`` holds its
    text by field name.
    """

    line: int
    start: int
    resolution: int
    duration: int | None
    method: str | None
    path: str | None
    protocol: str | None
    code: int | None
    flags: tuple[str, ...]
    details: str | None
    termination: str | None
    transport_failure: str | None
    request_id: str | None
    authority: str | None
    forwarded_for: str | None
    user_agent: str | None
    cluster: str | None
    route: str | None
    upstream: Endpoint | None
    local: Endpoint | None
    downstream: Endpoint | None
    listener: Endpoint | None
    odd: dict[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """When it ended, as far as that is known."""
        return self.start + (self.duration or 0)


class Witness(NamedTuple):
    """A request that was answered: when it came, and where it was sent."""

    start: int
    upstream: Endpoint | None


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One log: its failed requests (see `failed`), when its first and last request began, and how many there were.

    ``present`` maps each request id that was asked for to the lines it was met on; one that was not met is not in it. ``dropped``
    counts the failed requests, and lines of ids asked for, that were more than are kept. ``identified`` requests have an id.
    ``witnesses`` are some that did not fail, by id: where they were sent arrived, so their ids show what a next hop keeps of ids.
    """

    source: Source
    requests: int
    failed: tuple[Logged, ...]
    span: tuple[int, int] | None
    present: dict[str, tuple[Logged, ...]]
    dropped: int = 0
    identified: int = 0
    witnesses: dict[str, Witness] = field(default_factory=dict)


class Timer(NamedTuple):
    """What `ss -o` shows of a socket: ``name`` is on, keepalive, timewait, persist, delack or unknown; ``left`` in ns;
    ``retries`` are retransmissions, or probes of a keepalive timer."""

    name: str
    left: int
    retries: int


class Process(NamedTuple):
    """Who holds a socket."""

    name: str
    pid: int
    fd: int


@dataclass(frozen=True, slots=True)
class Socket:
    """One TCP socket of a snapshot. ``state`` is None where the output leaves it out. ``queued`` are the bytes in its receive and
    send queue, None where they are left out. ``timer`` None: it had none, provided that the snapshot shows timers. A wildcard
    address is ``0.0.0.0`` or ``::``, a wildcard port 0. ``info`` holds what `ss -i` and `-e` tell, by their own keys
    (``lastrcv``, ``rto``, ``ino``, ``uid``), words without a value with an empty one."""

    line: int
    state: str | None
    local: Endpoint
    peer: Endpoint
    queued: tuple[int, int] | None
    timer: Timer | None
    processes: tuple[Process, ...]
    info: dict[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One run of ss. ``time`` is None where nothing says when. ``timers`` is whether it shows timers: None if that cannot be told
    (no socket of it has one, and nothing says how ss was called)."""

    time: int | None
    host: str | None
    timers: bool | None
    sockets: tuple[Socket, ...]


@dataclass(frozen=True, slots=True)
class SocketTable:
    """All snapshots of one file, in its order."""

    source: Source
    snapshots: tuple[Snapshot, ...]


class Event(StrEnum):
    """What `conntrack -E` says happened."""

    NEW = "NEW"
    UPDATE = "UPDATE"
    DESTROY = "DESTROY"


@dataclass(frozen=True, slots=True)
class Tracked:
    """One entry of connection tracking, listed (``event`` None) or as an event. ``original`` and ``reply`` are (source,
    destination) as the two directions have them: NAT is where they are no mirror images. ``left`` in ns until it is forgotten,
    None where that is not told. ``time`` is None where nothing says when."""

    line: int
    time: int | None
    event: Event | None
    state: str | None
    left: int | None
    original: tuple[Endpoint, Endpoint]
    reply: tuple[Endpoint, Endpoint]
    assured: bool
    unreplied: bool


@dataclass(frozen=True, slots=True)
class Tracking:
    """All TCP entries of one file, in its order; ``listed`` are the times at which the table was listed, and ``whole`` those of
    them of which it is known that an entry that is not among them was gone."""

    source: Source
    entries: tuple[Tracked, ...]
    listed: tuple[int, ...]
    whole: tuple[int, ...] = ()
