"""What the lab's Envoys write about each request, and how it is read again. Pure.

Each writes two logs. One is Istio's, in its text format, as a person would have it. Its START_TIME is cut to milliseconds and
says when the application's request came in; so the other has the proxy's own clock for the upstream connection, to the
microsecond.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Istio 1.9 and newer: ``EnvoyTextLogFormat`` in ``pilot/pkg/model/telemetry_logging.go``.
ISTIO_FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
#: The other log, JSON: Envoy's names of the moments are DS and US for downstream and upstream, RX and TX, BEG and END.
CLOCKS = {
    "id": "%REQ(X-REQUEST-ID)%",
    "came": "%START_TIME(%s%9f)%",
    "wrote_us": "%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%",
    "read_us": "%COMMON_DURATION(DS_RX_BEG:US_RX_END:us)%",
    "length": "%UPSTREAM_WIRE_BYTES_SENT%",
}
# Its fields by Istio's own names, those of its JSON format; ``request`` is three of them.
_NAMES = (
    "start_time", "request", "response_code", "response_flags", "response_code_details", "connection_termination_details",
    "upstream_transport_failure_reason", "bytes_received", "bytes_sent", "duration", "upstream_service_time", "x_forwarded_for",
    "user_agent", "request_id", "authority", "upstream_host", "upstream_cluster", "upstream_local_address",
    "downstream_local_address", "downstream_remote_address", "requested_server_name", "route_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as a proxy logged it.

    ``local``, ``upstream``: both ends of the upstream connection as the proxy sees them ("ADDR:PORT"), None if it had none;
    ``remote``: who sent it the request. ``wrote_ns``, ``read_ns``: when its first byte went upstream and when the last byte came
    from there, ns since the Unix epoch, None if that never happened. ``length`` is what went upstream, in bytes.
    """

    id: str
    status: int
    flags: str
    details: str
    local: str | None
    upstream: str | None
    remote: str
    start: datetime
    wrote_ns: int | None
    read_ns: int | None
    length: int


def logged(log: str, clocks: str) -> list[Logged]:
    """The requests in both logs of a proxy, in the order in which they ended. Raises ValueError if the logs do not agree."""
    lines, times = log.splitlines(), [json.loads(line) for line in clocks.splitlines()]
    if len(lines) != len(times):
        raise ValueError(f"{len(lines)} requests in the access log, {len(times)} in the log of clocks")
    return [_logged(shlex.split(line), clock) for line, clock in zip(lines, times, strict=True)]


def _logged(fields: list[str], clock: dict[str, Any]) -> Logged:
    field = dict(zip(_NAMES, fields, strict=False))
    if len(fields) != len(_NAMES) or field["request_id"] != clock["id"]:
        raise ValueError(f"not Istio's format, or not the request {clock['id']}: {fields}")
    came = int(clock["came"])

    def at(after_us: int | None) -> int | None:
        return None if after_us is None else came + after_us * 1000

    return Logged(
        id=field["request_id"],
        status=int(field["response_code"]),
        flags=field["response_flags"],
        details=field["response_code_details"],
        local=_or_none(field["upstream_local_address"]),
        upstream=_or_none(field["upstream_host"]),
        remote=field["downstream_remote_address"],
        start=datetime.fromisoformat(field["start_time"].strip("[]")),
        wrote_ns=at(clock["wrote_us"]),
        read_ns=at(clock["read_us"]),
        length=int(clock["length"]),
    )


def _or_none(text: str) -> str | None:
    return None if text == "-" else text
