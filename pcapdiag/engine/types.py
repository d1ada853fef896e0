"""The engine's doorway types: what it saw, as plain frozen data.

Times are integer nanoseconds since the Unix epoch, UTC, as the capture says them; gaps are integer nanoseconds.
Words are those of ``docs/semantics.md``. Nothing here judges: a rule does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Endpoint(NamedTuple):
    """One end of a connection: a textual IP address (RFC 5952 for IPv6) and a TCP port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class RolesFrom(StrEnum):
    """How client and server were told apart, strongest first."""

    SYN = "syn"
    SYN_ACK = "syn-ack"
    KNOWN_SERVER = "known-server"
    PORT = "port"
    FIRST_PAYLOAD = "first-payload"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How an idle period ended."""

    SURVIVED = "survived"
    RESET = "reset"
    UNANSWERED = "unanswered"
    CLOSED = "closed"
    RESET_IN_SILENCE = "reset-in-silence"
    UNREACHABLE = "unreachable"
    UNDECIDED = "undecided"


class WakeKind(StrEnum):
    """What ended the idle period, as a segment."""

    PAYLOAD = "payload"
    PROBE = "probe"
    FIN = "fin"
    RST = "rst"
    SYN = "syn"


class Fin(StrEnum):
    """Whether the peer had sent a FIN that the waking side had processed."""

    SEEN = "seen"
    INFERRED = "inferred"
    EXCLUDED = "excluded"
    UNSEEN = "unseen"


class Bound(StrEnum):
    """How a measured gap relates to the true one."""

    EXACT = "exact"
    LOWER = "lower"  # the connection was first seen at its wake: the true gap is at least this
    UPPER = "upper"  # traffic was missed inside: the true gap is at most this


class AnswerKind(StrEnum):
    """What came back first."""

    RST = "rst"
    ACK = "ack"
    ICMP = "icmp"


class RecordRef(NamedTuple):
    """One record of a capture: index of its file in ``Capture.files``, 1-based frame number there, time in ns."""

    file: int
    frame: int
    time: int

    @property
    def place(self) -> tuple[int, int, int]:
        """What records are ordered by: their time, and at the same time where they stand."""
        return self.time, self.file, self.frame


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What one recorded TCP segment said, for the judges.

    ``seq`` and ``ack`` are the raw 32-bit numbers. ``length`` is the payload in bytes by the IP header.
    ``timestamps`` is whether the timestamps option is present (None: options were cut off).
    ``head`` is the record's first bytes as captured (bounded), from its link layer on.
    """

    ref: RecordRef
    seq: int
    ack: int
    flags: int
    window: int
    length: int
    ttl: int
    ip_id: int | None
    dont_fragment: bool | None
    timestamps: bool | None
    via: int
    link_type: int
    head: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wake:
    """What ended an idle period: one or more segments of one side.

    ``length`` counts payload bytes of all its segments, retransmissions excluded; ``payload`` is the beginning of
    the first one as far as it was captured. Times are ns. ``own_fin`` is the waking side's own FIN after it.
    """

    kind: WakeKind
    first: SegmentFacts
    payload: bytes = field(repr=False)
    length: int
    segments: int
    retransmissions: int
    last_sent: RecordRef
    own_fin: RecordRef | None
    heartbeat: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The first segment of the other side that acknowledges the wake or resets it, or an ICMP error quoting it.

    ``delay`` is ns after the wake's first segment (0 when records were swapped). ``count`` is how many RSTs came
    within the settling time; of several the first whose number is the wake's ACK is ``first``. ``acknowledges`` is whether it
    acknowledges the wake's first byte. ``acknowledged`` is the time of an earlier pure ACK of the wake, when a RST came
    instead of a response. ``went_on`` is a segment that the RST's side sent after it as if nothing had happened: payload,
    or an ACK of the wake.
    """

    kind: AnswerKind
    first: SegmentFacts
    delay: int
    count: int
    acknowledges: bool
    acknowledged: int | None
    icmp_type: int | None
    icmp_code: int | None
    went_on: RecordRef | None = None


@dataclass(frozen=True, slots=True)
class PeerFacts:
    """The last segment before the wake of the side that was to answer it (None: none was captured), and what was learned of
    that side: what a RST is compared with. If the wake itself is a RST, they are of the side in whose name it was sent.

    ``round_trip`` is the least time in ns seen from the capture point to the peer and back (None: never seen).
    ``timestamps`` is whether the peer's earlier segments carried the option. ``dont_fragment`` is whether they had DF set
    (None: IPv6, unknown, or both were seen).
    """

    ttl: int | None
    ip_id: int | None
    dont_fragment: bool | None
    via: int | None
    window: int | None
    timestamps: bool | None
    round_trip: int | None


class Extreme(NamedTuple):
    """One silence that stands out: its length in ns, whether it is only a lower bound, and the record that ended it."""

    length: int
    lower_bound: bool
    before: RecordRef | None
    ended: RecordRef


class Probing(NamedTuple):
    """How one side of a connection sent keepalive probes.

    ``answered`` of its ``probes`` were acknowledged. ``after`` is the least time in ns to a probe that repeats no unanswered one
    from that side's own last probe, or the last segment other than a probe that came to it, whichever is later: the keepalive
    time, as far as it shows. ``every`` is the least time in ns from an unanswered probe to its repetition: the interval. Both are
    whole milliseconds, None where none was seen.
    """

    probes: int = 0
    answered: int = 0
    after: int | None = None
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One incarnation of a 4-tuple.

    ``id`` is unique at one capture point, ``point`` is that point's index. ``stream`` is Wireshark's ``tcp.stream`` in
    file ``file`` (where it was first seen), None where it cannot be known. ``packets`` and ``payload`` are (from
    client, from server): packets with copies, payload in bytes by sequence numbers. ``handshake`` is whether SYN and
    SYN-ACK were both captured. ``history`` is in which order each side first sent what, in Zeek's letters: S SYN, H SYN-ACK,
    A pure ACK, D payload, F FIN, R RST, T payload again; upper case from the client, lower case from the server.
    ``survived`` counts its survived silences, ``longest_survived`` is the longest of them. ``probing`` is how each side probed
    (client, server).
    """

    point: int
    id: int
    client: Endpoint
    server: Endpoint
    roles_from: RolesFrom
    file: int
    stream: int | None
    first: RecordRef
    last: RecordRef
    handshake: bool
    packets: tuple[int, int]
    payload: tuple[int, int]
    retransmissions: tuple[int, int]
    copies: int
    probes: tuple[int, int]
    idle_periods: int
    fin: tuple[bool, bool]
    rst: tuple[bool, bool]
    history: str = ""
    survived: int = 0
    longest_survived: Extreme | None = None
    probing: tuple[Probing, Probing] = (Probing(), Probing())


@dataclass(frozen=True, slots=True)
class IdlePeriod:
    """One idle period and how it ended; or, if ``idle`` is False, what was reset without being idle before: payload or a SYN.
    Such a one is counted nowhere among the idle periods. Of its wake no bytes are kept, ``retransmissions`` says only whether
    it was sent again, and ``gap`` is from the last segment of the side that reset it to the wake (0 if there was none).

    ``gap`` is from the last payload before it to the wake; ``bound`` says whether that is exact, a lower or an upper
    bound. ``silence`` is the stretch without any segment that the wake ended. ``silence_answered`` is from the last
    answered segment to the last one sent before the answer, and ``silence_first`` from there to the first that went
    unanswered: a failure by timeout happened at an idle time in (silence_first, silence_answered] if probes lie
    between, else at most silence_first. ``sender`` is "client" or "server": who sent the wake; ``last_speaker`` who
    sent the last payload before it, None where none was captured. ``probes`` counts keepalive probes inside, (from
    client, from server). ``missed`` names what breaks the continuity of sequence numbers: bytes missed from the
    waking side and from the peer by the wake's own numbers (0, 0 when continuous).

    ``last_by`` is who sent ``last_before`` (None: nobody was captured). ``fin_acknowledged`` is whether the wake's ACK number
    covers the peer's FIN: it had arrived before the wake was sent. ``heard`` is the first segment of the peer that came after a
    retransmission of the wake, or at least 1 s after it, without acknowledging it: it lives. If there is none such, it is the
    peer's last payload after the wake, which may have been under way before the wake arrived. ``cut_short`` says that the
    capture ended, or the connection was forgotten, while an answer was still possible. ``clock_back`` is ns by which the record
    clock stepped back inside the gap (0: it did not, or by less than 1 ms).
    """

    connection: Connection
    file: int
    stream: int | None
    outcome: Outcome
    sender: str
    last_speaker: str | None
    start: RecordRef | None
    gap: int
    bound: Bound
    silence: int
    silence_first: int
    silence_answered: int
    last_before: RecordRef | None
    probes: tuple[int, int]
    fin: Fin
    peer_fin: RecordRef | None
    missed: tuple[int, int]
    hole: bool
    wake: Wake
    answer: Answer | None
    peer: PeerFacts
    ended: RecordRef
    idle: bool = True
    last_by: str | None = None
    fin_acknowledged: bool = False
    heard: RecordRef | None = None
    cut_short: bool = False
    clock_back: int = 0

    @property
    def kind(self) -> str:
        """Request, push, late-answer, or the name of what was sent if it was no payload."""
        if self.wake.kind is not WakeKind.PAYLOAD:
            return str(self.wake.kind)
        if self.sender == "client":
            return "request"
        return "push" if self.last_speaker != "client" else "late-answer"


class Closings(NamedTuple):
    """Idle periods that one side ended with a FIN, alone or behind a last word: how many, and the shortest and the longest
    of them, by their gap. Those in which traffic was missed are left out. The shortest is one that is known exactly, None if none
    is: a lower bound tells nothing of it."""

    periods: int = 0
    shortest: Extreme | None = None
    longest: Extreme | None = None


class Keepalive(NamedTuple):
    """Connections of one service on which the same side probed alike. ``after`` and ``every`` are as in `Probing`, rounded to two
    significant digits; ``probes`` of them all, ``answered`` of these were acknowledged."""

    side: str
    after: int | None
    every: int | None
    connections: int
    probes: int
    answered: int


@dataclass(frozen=True, slots=True)
class Service:
    """What was seen of one server address and port.

    ``outcomes`` counts idle periods by outcome. ``survived`` counts survived silences; ``histogram`` the same in
    buckets: bucket i holds lengths in [EDGES[i], EDGES[i+1]) ns (see ``pcapdiag.engine.EDGES``).
    ``longest_survived`` is exact. ``probes`` is (from clients, from servers), ``probed`` connections with a probe.
    ``resets_without_idle`` counts RSTs to payload with no idle before, ``refused`` RSTs to a SYN.
    ``longest_probed`` is the longest idle period that survived with keepalive probes in it, by its gap: silence it was not.
    ``closings`` are the idle periods that ended with a FIN of (clients, the server); ``closed_histogram`` counts those of them
    whose length is known exactly, in the same buckets. ``keepalives`` says how the connections were probed, commonest first; of a
    service that is probed in more than 32 ways on connections that were forgotten, the times of the others are not known.
    ``silent_at_end`` is the sum in ns of how long its open connections had been silent when the capture ended, of those still
    tracked.
    """

    endpoint: Endpoint
    connections: int
    idle_periods: int
    outcomes: dict[Outcome, int]
    survived: int
    histogram: tuple[int, ...] = field(repr=False)
    longest_survived: Extreme | None
    probes: tuple[int, int]
    probed: int
    resets_without_idle: int = 0
    refused: int = 0
    longest_probed: Extreme | None = None
    closings: tuple[Closings, Closings] = (Closings(), Closings())
    keepalives: tuple[Keepalive, ...] = ()
    silent_at_end: int = 0
    closed_histogram: tuple[tuple[int, ...], tuple[int, ...]] = field(default=((), ()), repr=False)


class Pair(NamedTuple):
    """What one client address saw of one service: ``survived`` counts survived silences."""

    client: str
    server: Endpoint
    survived: int
    longest_survived: Extreme | None


class Waiting(NamedTuple):
    """Open connections of one service that were silent at the end of the capture for at least a given time, or without payload
    where that was asked for: how many, and the most silent ones, each with how long in ns, longest first."""

    connections: int
    longest: tuple[tuple[Connection, int], ...]


class Damage(NamedTuple):
    """Where a capture stops making sense. ``offset`` is in bytes of the decompressed file, ``frame`` the last whole one."""

    offset: int
    frame: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file held. Every record has a fate: records == segments + sum(skipped.values()).

    ``longest_pause`` is the longest stretch in ns between two records. ``clock_back`` counts records before the time
    of the one before, ``clock_back_most`` is the farthest step in ns. ``truncated`` records were cut by the snap
    length; ``untimed`` are simple packet blocks, which have no time. ``reported_drops`` is None where nothing is said.
    """

    records: int
    segments: int
    skipped: dict[str, int]
    first_time: int | None
    last_time: int | None
    longest_pause: int
    clock_back: int
    clock_back_most: int
    format: str
    link_types: tuple[str, ...]
    interfaces: int
    snap_length: int | None
    truncated: int
    untimed: int
    reported_drops: int | None
    damage: Damage | None

    @classmethod
    def nothing(cls) -> FileFacts:
        """Of a file that could not be read at all."""
        return cls(0, 0, {}, None, None, 0, 0, 0, "unknown", (), 0, None, 0, 0, None, None)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over one timeline: what was tracked and what limits it.

    ``outcomes`` counts every ended idle period; ``still_idle`` connections idle for at least ``min_idle`` at the
    end. ``evicted`` connections were forgotten because of ``max_connections``. ``resets_without_idle`` counts RSTs to
    payload with no idle before, ``refused`` RSTs to a SYN: of each kind the first `CONTEXT_KEPT` are handed out.
    """

    connections: int
    evicted_closed: int
    evicted_open: int
    copies: int
    retransmissions: int
    probes: int
    strays: int
    syn_seen: int
    one_sided: int
    outcomes: dict[Outcome, int]
    still_idle: int
    longest_survived: Extreme | None
    resets_without_idle: int = 0
    refused: int = 0


class Seen(StrEnum):
    """What a segment was taken for, in the order of the tests of ``docs/semantics.md``."""

    PAYLOAD = "payload"
    PROBE = "probe"
    ACK = "ack"
    RETRANSMISSION = "retransmission"
    COPY = "copy"
    SYN = "syn"
    FIN = "fin"
    RST = "rst"
    STRAY = "stray"
    ICMP = "icmp"  # no segment of the connection, but an ICMP error that quotes one


class Traced(NamedTuple):
    """One segment and what it was taken for. ``connection`` is the id of its incarnation, ``source`` who sent it; ``seq`` and
    ``ack`` are the raw numbers. Of an ICMP error the numbers are those it quotes, and ``icmp`` is its type and code. ``original``
    is the packet's length on the wire; ``record`` its bytes as captured, empty unless the engine was asked for them, and the
    payload begins at ``payload_at`` in them, whether it was captured or not."""

    connection: int
    ref: RecordRef
    stream: int | None
    source: Endpoint
    target: Endpoint
    seq: int
    ack: int
    flags: int
    window: int
    length: int
    ttl: int
    ip_id: int | None
    via: int
    seen: Seen
    icmp: tuple[int, int] | None
    link_type: int = 1
    original: int = 0
    payload_at: int = 0
    record: bytes = b""
