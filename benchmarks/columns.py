"""From segments to the columns of a capture: time order, and sequence, ACK and timestamp numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from conversations import MS, Connections, Ints, Steps, make_connections, make_steps
from segments import CLIENT, FIN, RST, SYN, Segments
from workloads import SEED, Workload

MASK = 2**32 - 1


@dataclass(slots=True)
class Capture:
    """One row per packet record, in time order.

    ``time``: ns since the epoch. ``payload``: bytes on the wire. ``offset``: where its bytes begin in the
    pool's region. ``ip_id``: the IPv4 identification, counted per connection.
    """

    conns: Connections
    time: Ints
    connection: Ints
    direction: Ints
    flags: Ints
    seq: Ints
    ack: Ints
    ts_value: Ints
    ts_echo: Ints
    payload: Ints
    offset: Ints
    ip_id: Ints

    def __len__(self) -> int:
        """How many records."""
        return int(self.time.size)

    def facts(self) -> dict[str, Any]:
        """What is in it, as was intended: a reader's counts can be compared with these."""
        connections = np.unique(self.connection)
        resets = self.connection[self.flags == RST]
        return {
            "records": len(self),
            "connections": int(connections.size),
            "bare_resets_after_idle": int(resets.size),
            "seconds": round(float(self.time[-1] - self.time[0]) / 1e9, 3),
            "ipv6_records": int(self.conns.ipv6[self.connection].sum()),
            "median_records_between_two_of_a_connection": _median_distance(self.connection),
            "median_live_connections": _median_live(self.connection),
        }


def make_capture(workload: Workload, seed: int = SEED) -> Capture:
    """The capture of a workload: the same for the same numpy and seed."""
    rng = np.random.default_rng([seed, *workload.name.encode()])
    conns = make_connections(workload, rng)
    steps = make_steps(workload, conns, rng)
    return _number(conns, steps, Segments(conns, steps, rng), workload.records)


def _number(conns: Connections, steps: Steps, segments: Segments, limit: int) -> Capture:
    """Put the segments in order of time, cut after ``limit``, and compute the numbers in their headers."""
    connection = steps.connection[segments.step]
    first = np.searchsorted(connection, np.arange(conns.start.size))
    time = _step_start(conns, steps, segments)[segments.step] + segments.at
    order = np.argsort(time, kind="stable")[:limit]

    advance = np.where(segments.behind == 0, segments.payload, 0) + (segments.flags & (SYN | FIN) != 0)
    client = segments.direction == CLIENT
    sent = np.empty((2, client.size), np.int64)
    for side, mine in enumerate((client, ~client)):
        before = np.cumsum(np.where(mine, advance, 0)) - np.where(mine, advance, 0)
        sent[side] = before - before[first][connection] + conns.isn[connection, side]
    seq = np.where(client, sent[0], sent[1]) - segments.behind
    ack = np.where(client, sent[1], sent[0])
    # A first SYN acknowledges nothing, and a bare RST says nothing either.
    ack[(segments.flags == SYN) | (segments.flags == RST)] = 0

    clock = time // MS + conns.ts_offset[connection, segments.direction]
    peer = _last_of_peer(client, first[connection])
    # Where the peer was not captured yet, it last spoke at some time before: its clock of now will do.
    echo = np.where(peer >= 0, clock[peer], time // MS + conns.ts_offset[connection, 1 - segments.direction])
    echo[segments.flags == SYN] = 0
    ip_id = np.arange(client.size) - first[connection] + 7919 * connection
    ip_id[segments.flags == RST] = 0
    return Capture(
        conns=conns,
        time=time[order],
        connection=connection[order].astype(np.int32),
        direction=segments.direction[order],
        flags=segments.flags[order],
        seq=(seq[order] & MASK).astype(np.uint32),
        ack=(ack[order] & MASK).astype(np.uint32),
        ts_value=(clock[order] & MASK).astype(np.uint32),
        ts_echo=(echo[order] & MASK).astype(np.uint32),
        payload=segments.payload[order],
        offset=segments.offset[order],
        ip_id=(ip_id[order] & 0xFFFF).astype(np.uint16),
    )


def _step_start(conns: Connections, steps: Steps, segments: Segments) -> Ints:
    """When the step before each step ended, ns since the epoch."""
    length = segments.step_end()
    before = np.cumsum(length) - length
    first = np.searchsorted(steps.connection, np.arange(conns.start.size))
    return before - before[first][steps.connection] + conns.start[steps.connection]


def _last_of_peer(client: Ints, first: Ints) -> Ints:
    """The row of the last segment of the other side before each row, -1 where there is none yet."""
    rows = np.arange(client.size)
    last = np.where(
        client,
        np.maximum.accumulate(np.where(client, -1, rows)),
        np.maximum.accumulate(np.where(client, rows, -1)),
    )
    return np.where(last >= first, last, -1)


def _median_distance(connection: Ints) -> float:
    """How many records of others lie between two records of a connection: what a processor's cache feels."""
    order = np.argsort(connection, kind="stable")
    same = connection[order][1:] == connection[order][:-1]
    between = np.diff(order)[same] - 1
    return float(np.median(between)) if between.size else 0.0


def _median_live(connection: Ints) -> int:
    """How many connections lie between their first and last record, at the median record."""
    n = connection.size
    _, first = np.unique(connection, return_index=True)
    _, last = np.unique(connection[::-1], return_index=True)
    change = np.bincount(first, minlength=n) - np.bincount(n - 1 - last, minlength=n)
    return int(np.median(np.cumsum(change)))
