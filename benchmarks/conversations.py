"""From a workload's parameters to columns: connections, and the steps (handshake, exchanges, end) of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from workloads import CAPTURE_EPOCH_S, CLIENTS, FAILURE_SHARE, IPV6_SHARE, SERVICES, LogNormal, Workload

Ints: TypeAlias = NDArray[np.integer[Any]]
Bools: TypeAlias = NDArray[np.bool_]

US: Final = 1_000
MS: Final = 1_000_000
S: Final = 1_000_000_000

HANDSHAKE, EXCHANGE, FAILURE, CLOSE = range(4)
CLIENT_FIN_FIRST, SERVER_FIN_FIRST, CLIENT_ABORTS = range(3)

FIRST_PORT: Final = 32768
PORTS: Final = 28232  # Linux net.ipv4.ip_local_port_range: 32768 to 60999
MAX_RESPONSE: Final = 256 * 1024
HANDSHAKE_PAUSE_NS: Final = 150 * US


@dataclass(slots=True)
class Connections:
    """One row per connection. Pairs are (client, server). Times in ns, ``start`` since the epoch."""

    start: Ints
    client: Ints
    service: Ints
    port: Ints
    ipv6: Bools
    rtt: Ints
    isn: Ints
    ts_offset: Ints
    opened: Bools
    fails: Bools
    closes: Bools

    @property
    def mss(self) -> Ints:
        """Payload bytes of a full segment with timestamps on a 1500-byte link."""
        return np.where(self.ipv6, 1428, 1448)


@dataclass(slots=True)
class Steps:
    """One row per step of a connection, in the order of connections and time.

    ``gap``: ns since the end of the step before. ``next_gap``: the gap of the step after it, a day if there
    is none. ``request`` and ``response``: payload bytes. ``service``: ns the server works.
    """

    connection: Ints
    kind: Ints
    gap: Ints
    next_gap: Ints
    request: Ints
    response: Ints
    service: Ints


def draw(rng: np.random.Generator, law: LogNormal, n: int, unit: float = 1.0) -> Ints:
    """``n`` whole numbers of a log-normal law, times ``unit``, at least 1."""
    values = rng.lognormal(np.log(law.median), law.sigma, n) * unit
    return np.maximum(values, 1).astype(np.int64)


def make_connections(workload: Workload, rng: np.random.Generator) -> Connections:
    """The connections of a workload, in the order of their starts."""
    n = workload.connections
    fails = np.zeros(n, bool)
    fails[rng.choice(n, max(1, round(n * FAILURE_SHARE)), replace=False)] = True
    start = (rng.random(n) * workload.starts_s * S).astype(np.int64)
    # A failure needs its timeout's time before the capture ends.
    start[fails] //= 10
    # Some clients are proxies with many connections. No client gets so many that it would run out of ports.
    client_weight = rng.lognormal(0, 0.7, CLIENTS)
    client = rng.choice(CLIENTS, n, p=client_weight / client_weight.sum())
    weight = np.array([s.weight for s in SERVICES])
    service = rng.choice(len(SERVICES), n, p=weight / weight.sum())
    # The longest timeouts do not fit into every capture, and a keepalive prevents the failure.
    longest = max(workload.starts_s * 2 / 3, 180)
    can_fail = [i for i, s in enumerate(SERVICES) if s.keepalive_s == 0 and s.timeout_s <= longest]
    service[fails] = rng.choice(can_fail, int(fails.sum()))

    by_start = np.argsort(start, kind="stable")
    start, client, service, fails = start[by_start], client[by_start], service[by_start], fails[by_start]
    return Connections(
        start=start + CAPTURE_EPOCH_S * S,
        client=client,
        service=service,
        port=_ephemeral_ports(client, rng),
        ipv6=rng.random(n) < IPV6_SHARE,
        rtt=np.maximum(draw(rng, workload.rtt_ms, n, MS), 100 * US),
        isn=rng.integers(0, 2**32, (n, 2), dtype=np.int64),
        ts_offset=rng.integers(0, 2**32, (n, 2), dtype=np.int64),
        opened=rng.random(n) < workload.opened,
        fails=fails,
        closes=(rng.random(n) < workload.closed) & ~fails,
    )


def _ephemeral_ports(client: Ints, rng: np.random.Generator) -> Ints:
    """Source ports as Linux hands them out: from a random start per client, every second, then the others."""
    order = np.argsort(client, kind="stable")
    per_client = np.bincount(client, minlength=CLIENTS)
    nth = np.empty(client.size, np.int64)
    nth[order] = np.arange(client.size) - np.repeat(np.cumsum(per_client) - per_client, per_client)
    first = rng.integers(0, PORTS, CLIENTS)[client]
    return FIRST_PORT + (first + 2 * nth + 2 * nth // PORTS) % PORTS


def make_steps(workload: Workload, conns: Connections, rng: np.random.Generator) -> Steps:
    """The steps of all connections. A connection that fails has fewer exchanges, so that it fails in time."""
    n = workload.connections
    exchanges = 1 + rng.negative_binomial(2, 2 / (1 + workload.exchanges), n)
    exchanges = np.where(conns.fails, exchanges // 3 + 1, exchanges)
    count = exchanges + conns.opened + conns.fails + conns.closes
    last = np.cumsum(count) - 1
    first = last - count + 1

    connection = np.repeat(np.arange(n), count)
    total = connection.size
    kind = np.full(total, EXCHANGE, np.int8)
    kind[first[conns.opened]] = HANDSHAKE
    kind[last[conns.fails]] = FAILURE
    kind[last[conns.closes]] = CLOSE

    gap = _think_times(workload, total, rng)
    timeout = np.array([s.timeout_s for s in SERVICES])[conns.service] * S
    limit = (timeout * 0.97).astype(np.int64)[connection]
    # Whoever would have waited longer comes back somewhat earlier: no heap of equal silences at the limit.
    gap = np.where(gap < limit, gap, (limit * (0.5 + 0.5 * rng.random(total))).astype(np.int64))
    late = rng.exponential(0.15, n) + 0.005
    gap[last[conns.fails]] = (timeout * (1 + late)).astype(np.int64)[conns.fails]
    gap[first] = 0
    gap[first[conns.opened] + 1] = HANDSHAKE_PAUSE_NS

    next_gap = np.full(total, 86_400 * S, np.int64)
    next_gap[:-1] = gap[1:]
    next_gap[last] = 86_400 * S
    return Steps(
        connection=connection,
        kind=kind,
        gap=gap,
        next_gap=next_gap,
        request=draw(rng, workload.request, total),
        response=np.minimum(draw(rng, workload.response, total), MAX_RESPONSE),
        service=np.maximum(draw(rng, workload.service_ms, total, MS), 50 * US),
    )


def _think_times(workload: Workload, n: int, rng: np.random.Generator) -> Ints:
    """``n`` think times in ns, at least 1 ms, from the workload's mixture."""
    weights = np.array([w for w, _ in workload.think])
    which = rng.choice(weights.size, n, p=weights / weights.sum())
    median = np.array([law.median for _, law in workload.think])[which]
    sigma = np.array([law.sigma for _, law in workload.think])[which]
    seconds = median * np.exp(sigma * rng.standard_normal(n))
    nanoseconds: Ints = np.maximum(seconds * S, MS).astype(np.int64)
    return nanoseconds
