"""From steps to one row per segment: direction, flags, payload and time, as captured beside the client.

A step is a fixed sequence of parts, each with a number of segments. The parts are laid out with ``repeat``,
then each part fills in its own rows. Rows are in the order of connections here; ``columns.py`` puts them in
order of time.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from conversations import CLOSE, FAILURE, HANDSHAKE, MS, US, Connections, Ints, S, Steps
from workloads import SERVICES

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1

P_HANDSHAKE, P_PROBE, P_REQUEST, P_REQUEST_ACK, P_RESPONSE, P_REPEAT, P_RESET, P_CLOSE = range(8)
PARTS: Final = 8

DELAYED_ACK_NS: Final = 40 * MS
SEGMENT_PACE_NS: Final = 20 * US
TURNAROUND_NS: Final = 15 * US
"""From a segment's arrival to the client stack's pure ACK."""
REPEAT_AFTER_NS: Final = 250 * MS
REPEAT_SHARE: Final = 0.002
"""Responses whose last segment is sent again because its ACK was lost."""
INITIAL_WINDOW: Final = 10
OFFSETS: Final = 2**22
"""Payload starts in the first 4 MiB of its region of the byte pool."""

Script: TypeAlias = tuple[tuple[int, int, int, int], ...]
# One row per segment: direction, flags, round trips after the gap, microseconds after that.
HANDSHAKE_SCRIPT: Final[Script] = ((CLIENT, SYN, 0, 0), (SERVER, SYN | ACK, 1, 0), (CLIENT, ACK, 1, 15))
CLOSE_SCRIPTS: Final[tuple[Script, ...]] = (
    ((CLIENT, FIN | ACK, 0, 0), (SERVER, FIN | ACK, 1, 0), (CLIENT, ACK, 1, 15)),
    ((SERVER, FIN | ACK, 0, 0), (CLIENT, ACK, 0, 15), (CLIENT, FIN | ACK, 0, 200), (SERVER, ACK, 1, 200)),
    ((CLIENT, RST | ACK, 0, 0),),
)
CLOSE_SHARES: Final = (0.6, 0.398, 0.002)


class Segments:
    """Columns over all segments.

    ``at``: ns since the end of the step before. ``payload``: bytes. ``behind``: how far the sequence number
    lies behind the sender's next one (probes, repeats). ``offset``: the payload's place in its region of the
    pool.
    """

    def __init__(self, conns: Connections, steps: Steps, rng: np.random.Generator) -> None:
        """Lay out the rows of all steps and fill them."""
        n = steps.connection.size
        self._steps = steps
        self._rtt = conns.rtt[steps.connection]
        self._mss = conns.mss[steps.connection]
        self._responses = -(-steps.response // self._mss)
        self._requests = -(-steps.request // self._mss)
        self._keepalive = np.array([s.keepalive_s for s in SERVICES])[conns.service[steps.connection]] * S
        self._close_kind = rng.choice(len(CLOSE_SCRIPTS), n, p=CLOSE_SHARES)
        self._place = rng.integers(0, OFFSETS, n)

        counts = self._counts(rng)
        rows = int(counts.sum())
        run = np.repeat(np.arange(counts.size, dtype=np.int32), counts)
        self._nth = (np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)).astype(np.int32)
        self._part = (run % PARTS).astype(np.int8)
        self.step: Ints = run // PARTS
        self.at: Ints = np.zeros(rows, np.int64)
        self.direction: Ints = np.zeros(rows, np.int8)
        self.flags: Ints = np.full(rows, ACK, np.uint8)
        self.payload: Ints = np.zeros(rows, np.int32)
        self.behind: Ints = np.zeros(rows, np.int32)
        self.offset: Ints = np.zeros(rows, np.int32)
        self._fill()

    def _counts(self, rng: np.random.Generator) -> Ints:
        """How many segments each part of each step has, flat."""
        steps = self._steps
        asks = (steps.kind != HANDSHAKE) & (steps.kind != CLOSE)
        answered = asks & (steps.kind != FAILURE)
        # A stack acknowledges every second segment at once, a single one late, unless data carries the ACK.
        request_ack = answered & ((self._requests > 1) | (steps.service > DELAYED_ACK_NS + 5 * MS))
        odd_ack = (self._responses % 2 == 1) & (steps.next_gap > DELAYED_ACK_NS + MS)
        repeat = answered & (steps.next_gap > S) & (rng.random(steps.gap.size) < REPEAT_SHARE)
        probes = np.where(self._keepalive > 0, (steps.gap - self._rtt) // np.maximum(self._keepalive, 1), 0)
        close_length = np.array([len(script) for script in CLOSE_SCRIPTS])[self._close_kind]
        counts = np.zeros((steps.gap.size, PARTS), np.int32)
        counts[:, P_HANDSHAKE] = len(HANDSHAKE_SCRIPT) * (steps.kind == HANDSHAKE)
        counts[:, P_PROBE] = 2 * np.maximum(probes, 0)
        counts[:, P_REQUEST] = np.where(asks, self._requests, 0)
        counts[:, P_REQUEST_ACK] = request_ack
        counts[:, P_RESPONSE] = np.where(answered, self._responses + self._responses // 2 + odd_ack, 0)
        counts[:, P_REPEAT] = 2 * repeat
        counts[:, P_RESET] = steps.kind == FAILURE
        counts[:, P_CLOSE] = np.where(steps.kind == CLOSE, close_length, 0)
        return counts.ravel()

    def _fill(self) -> None:
        """Fill in the columns, one part after the other, in the order of the part numbers."""
        parts = (
            self._handshake,
            self._probe,
            self._request,
            self._request_ack,
            self._response,
            self._repeat,
            self._reset,
            self._close,
        )
        for part, fill in enumerate(parts):
            rows = np.flatnonzero(self._part == part)
            fill(rows, self.step[rows], self._nth[rows].astype(np.int64))

    def step_end(self) -> Ints:
        """How long each step lasts from the end of the one before, ns. Late ACKs reach into the next gap."""
        steps = self._steps
        every = np.arange(steps.kind.size)
        end = self._segment_time(every, self._responses - 1) + TURNAROUND_NS
        return np.where(steps.kind == HANDSHAKE, steps.gap + self._rtt + TURNAROUND_NS, end)

    def _request_arrival(self, step: Ints) -> Ints:
        """When a segment that the server sends at once on the whole request is captured, ns into the step."""
        return self._steps.gap[step] + self._requests[step] * SEGMENT_PACE_NS + self._rtt[step]

    def _segment_time(self, step: Ints, segment: Ints) -> Ints:
        """When the n-th response segment is captured: paced, with a round trip after every ten."""
        rounds = segment // INITIAL_WINDOW * self._rtt[step]
        return self._request_arrival(step) + self._steps.service[step] + segment * SEGMENT_PACE_NS + rounds

    def _script(self, rows: Ints, step: Ints, nth: Ints, script: Script) -> None:
        table = np.array(script)[nth]
        self.direction[rows] = table[:, 0]
        self.flags[rows] = table[:, 1]
        self.at[rows] = self._steps.gap[step] + table[:, 2] * self._rtt[step] + table[:, 3] * US

    def _handshake(self, rows: Ints, step: Ints, nth: Ints) -> None:
        self._script(rows, step, nth, HANDSHAKE_SCRIPT)

    def _close(self, rows: Ints, step: Ints, nth: Ints) -> None:
        for kind, script in enumerate(CLOSE_SCRIPTS):
            of_kind = self._close_kind[step] == kind
            self._script(rows[of_kind], step[of_kind], nth[of_kind], script)

    def _probe(self, rows: Ints, step: Ints, nth: Ints) -> None:
        """Keepalive probes of the client (even rows), each with its answer (odd rows)."""
        answer = nth % 2
        self.direction[rows] = answer
        self.behind[rows] = 1 - answer
        self.at[rows] = (nth // 2 + 1) * self._keepalive[step] + answer * self._rtt[step]

    def _request(self, rows: Ints, step: Ints, nth: Ints) -> None:
        self.payload[rows] = np.minimum(self._mss[step], self._steps.request[step] - nth * self._mss[step])
        self.offset[rows] = self._place[step] + nth * self._mss[step]
        self.flags[rows] = np.where(nth == self._requests[step] - 1, PSH | ACK, ACK)
        self.at[rows] = self._steps.gap[step] + nth * SEGMENT_PACE_NS

    def _request_ack(self, rows: Ints, step: Ints, nth: Ints) -> None:
        self.direction[rows] = SERVER
        self.at[rows] = self._request_arrival(step) + np.where(self._requests[step] == 1, DELAYED_ACK_NS, 0)

    def _response(self, rows: Ints, step: Ints, nth: Ints) -> None:
        """Two segments, an ACK, two segments, an ACK ... and a delayed ACK for a last odd one."""
        segment = nth - nth // 3  # of an ACK: how many segments it acknowledges
        size = self._responses[step]
        is_ack = (nth % 3 == 2) | (segment == size)
        left = self._steps.response[step] - segment * self._mss[step]
        delay = np.where(nth % 3 == 2, TURNAROUND_NS, DELAYED_ACK_NS)
        self.direction[rows] = np.where(is_ack, CLIENT, SERVER)
        self.payload[rows] = np.where(is_ack, 0, np.minimum(self._mss[step], left))
        self.offset[rows] = self._place[step] + segment * self._mss[step]
        self.flags[rows] = np.where(~is_ack & (segment == size - 1), PSH | ACK, ACK)
        ack_time = self._segment_time(step, segment - 1) + delay
        self.at[rows] = np.where(is_ack, ack_time, self._segment_time(step, segment))

    def _repeat(self, rows: Ints, step: Ints, nth: Ints) -> None:
        """The last response segment once more, and the client's ACK to it."""
        last = self._responses[step] - 1
        size = np.where(nth == 0, self._steps.response[step] - last * self._mss[step], 0)
        self.direction[rows] = np.where(nth == 0, SERVER, CLIENT)
        self.flags[rows] = np.where(nth == 0, PSH | ACK, ACK)
        self.payload[rows] = size
        self.behind[rows] = size
        self.offset[rows] = self._place[step] + last * self._mss[step]
        self.at[rows] = self._segment_time(step, last) + REPEAT_AFTER_NS + nth * TURNAROUND_NS

    def _reset(self, rows: Ints, step: Ints, nth: Ints) -> None:
        self.direction[rows] = SERVER
        self.flags[rows] = RST
        self.at[rows] = self._request_arrival(step)
