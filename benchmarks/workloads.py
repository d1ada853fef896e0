"""What the benchmark captures hold: services, clients, and the parameters of each workload.

Everything here is data. The numbers are choices, made so that a workload has the shape of real
request/response traffic; each one that matters for speed is explained beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SEED: Final = 20251123
CLIENTS: Final = 400
IPV6_SHARE: Final = 0.05
FAILURE_SHARE: Final = 1 / 500
"""Connections whose last request comes after the service's idle timeout and is answered by a bare RST."""
CAPTURE_EPOCH_S: Final = 1_760_000_000
FULL_SNAPLEN: Final = 262_144


@dataclass(frozen=True, slots=True)
class Service:
    """One server address and port.

    ``timeout_s``: idle timeout of the path before it; silences of surviving connections stay below it.
    ``keepalive_s``: the client's keepalive interval, 0 for none. ``encrypted``: payload is random bytes, not
    text. ``hops``: routers between capture and server, for the TTL. ``weight``: share of connections.
    """

    port: int
    timeout_s: int
    keepalive_s: int
    encrypted: bool
    hops: int
    weight: float


SERVICES: Final = (
    Service(443, 350, 0, True, 6, 5.0),
    Service(443, 350, 0, True, 6, 3.0),
    Service(8443, 60, 0, True, 3, 1.0),
    Service(8080, 900, 0, False, 2, 2.0),
    Service(80, 60, 0, False, 5, 2.0),
    Service(9200, 240, 0, False, 2, 1.0),
    Service(3306, 350, 0, False, 2, 0.7),
    Service(5432, 350, 60, False, 2, 1.0),
    Service(6379, 240, 15, False, 1, 1.0),
    Service(50051, 180, 0, True, 3, 1.0),
    Service(9092, 600, 0, False, 2, 0.8),
    Service(15672, 180, 0, False, 4, 0.5),
)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal distribution by its median (unit of the user) and the sigma of its logarithm."""

    median: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Workload:
    """Parameters of one workload.

    ``records`` is an upper limit: the capture is cut there, in time order. ``starts_s``: connections begin,
    or are first seen, uniformly within so many seconds. ``exchanges``: mean requests per connection.
    ``think``: (weight, distribution of seconds before a request). ``rtt_ms`` and ``service_ms``: network
    round trip, and the server's own time. ``request`` and ``response``: bytes. ``opened``: share of
    connections whose handshake is in the capture. ``closed``: share that ends with FIN (a few by a RST of the
    client).
    ``nanoseconds``: time resolution of the files. ``twins``: further formats of the same packets.
    """

    name: str
    records: int
    connections: int
    starts_s: float
    exchanges: float
    think: tuple[tuple[float, LogNormal], ...]
    rtt_ms: LogNormal
    service_ms: LogNormal
    request: LogNormal
    response: LogNormal
    opened: float
    closed: float
    snaplen: int = FULL_SNAPLEN
    nanoseconds: bool = False
    twins: tuple[str, ...] = ()

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name endings of this workload: the plain pcap first, then its twins."""
        return ("pcap", *self.twins)


WORKLOADS: Final = (
    # Internet clients: with 13 k records/s and round trips of tens of ms, about a thousand records of other
    # connections lie between two of the same one. Small responses keep bursts, kind to a cache, rare.
    Workload(
        name="random500k",
        records=10_000_000,
        connections=500_000,
        starts_s=420,
        exchanges=3.85,
        think=((0.3, LogNormal(0.3, 1.2)), (0.3, LogNormal(10, 1.0)), (0.4, LogNormal(90, 0.8))),
        rtt_ms=LogNormal(60, 0.6),
        service_ms=LogNormal(80, 0.9),
        request=LogNormal(420, 0.6),
        response=LogNormal(700, 0.9),
        opened=0.6,
        closed=0.5,
        snaplen=96,
        twins=("pcapng",),
    ),
    # A data centre's front: short connections, some requests each.
    Workload(
        name="medium200k",
        records=3_000_000,
        connections=200_000,
        starts_s=600,
        exchanges=2.35,
        think=((0.5, LogNormal(0.05, 1.5)), (0.35, LogNormal(5, 1.2)), (0.15, LogNormal(70, 0.9))),
        rtt_ms=LogNormal(0.8, 0.8),
        service_ms=LogNormal(8, 1.3),
        request=LogNormal(450, 0.7),
        response=LogNormal(1100, 1.1),
        opened=0.9,
        closed=0.7,
        twins=("pcapng", "pcap.gz"),
    ),
    # Connection pools: few connections, most of them older than the capture, all live until its end.
    Workload(
        name="few2k",
        records=3_000_000,
        connections=2_000,
        starts_s=60,
        exchanges=176.0,
        think=((0.5, LogNormal(0.4, 1.5)), (0.35, LogNormal(8, 1.2)), (0.15, LogNormal(50, 0.9))),
        rtt_ms=LogNormal(0.5, 0.5),
        service_ms=LogNormal(6, 1.3),
        request=LogNormal(500, 0.7),
        response=LogNormal(3000, 1.2),
        opened=0.4,
        closed=0.1,
        nanoseconds=True,
        twins=("pcapng", "pcap.gz"),
    ),
    # For the time of a whole command on a small file; not a measure of speed per record.
    Workload(
        name="tiny100",
        records=100,
        connections=8,
        starts_s=30,
        exchanges=2.4,
        think=((0.7, LogNormal(0.2, 1.0)), (0.3, LogNormal(15, 0.5))),
        rtt_ms=LogNormal(1, 0.5),
        service_ms=LogNormal(8, 1.0),
        request=LogNormal(450, 0.5),
        response=LogNormal(900, 0.8),
        opened=0.8,
        closed=0.2,
    ),
)
