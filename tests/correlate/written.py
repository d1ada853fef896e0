"""Access logs as Envoy writes them: from a request to a line, for the tests to read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from pcapdiag.correlate.addresses import endpoint
from pcapdiag.correlate.flags import FLAGS
from pcapdiag.correlate.operators import OPERATOR

#: Istio's json_format: the keys of telemetry_logging.go and the operators behind them.
ISTIO_JSON = {
    "start_time": "%START_TIME%", "route_name": "%ROUTE_NAME%", "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "protocol": "%PROTOCOL%", "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%", "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%", "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%", "duration": "%DURATION%", "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%", "user_agent": "%REQ(USER-AGENT)%", "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%", "upstream_host": "%UPSTREAM_HOST%", "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%", "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%", "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A request as Envoy knows it; "-" is what it does not know."""

    start_ms: int = 1_782_000_000_123
    duration: str = "250"
    method: str = "GET"
    path: str = "/orders/17"
    protocol: str = "HTTP/1.1"
    code: str = "503"
    flags: str = "UC"
    details: str = "upstream_reset_before_response_started{connection_termination}"
    termination: str = "-"
    failure: str = "-"
    forwarded_for: str = "-"
    user_agent: str = "shop/2.4"
    request_id: str = "366d6f0a-bc14-45ef-8d76-e6cd05b4de77"
    authority: str = "shop.example"
    upstream: str = "198.51.100.80:80"
    cluster: str = "outbound|80||shop.prod.svc.cluster.local"
    local: str = "10.1.0.1:37456"
    listener: str = "127.0.0.1:15001"
    downstream: str = "127.0.0.1:41506"
    route: str = "default"

    @property
    def operators(self) -> dict[str, str]:
        """What each operator writes."""
        seconds, ms = divmod(self.start_ms, 1000)
        at = datetime.fromtimestamp(seconds, UTC)
        return {
            "START_TIME": f"{at:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z",
            "START_TIME(%s%3f)": f"{seconds}{ms:03d}",
            "START_TIME(%s.%3f)": f"{seconds}.{ms:03d}",
            "START_TIME(%d/%b/%Y:%H:%M:%S.%3f %z)": f"{at:%d/%b/%Y:%H:%M:%S}.{ms:03d} +0000",
            "START_TIME(%a, %e %B %y %I:%M:%S %p %3f %Z)": f"{at:%a}, {at.day:2d} {at:%B %y %I:%M:%S %p} {ms:03d} UTC",
            "REQ(:METHOD)": self.method,
            "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)": self.path,
            "PROTOCOL": self.protocol,
            "RESPONSE_CODE": self.code,
            "RESPONSE_FLAGS": self.flags,
            "RESPONSE_FLAGS_LONG": ",".join(FLAGS[f].long if f in FLAGS else f for f in self.flags.split(",")),
            "RESPONSE_CODE_DETAILS": self.details,
            "CONNECTION_TERMINATION_DETAILS": self.termination,
            "UPSTREAM_TRANSPORT_FAILURE_REASON": self.failure,
            "DURATION": self.duration,
            "REQ(X-FORWARDED-FOR)": self.forwarded_for,
            "REQ(USER-AGENT)": self.user_agent,
            "REQ(X-REQUEST-ID)": self.request_id,
            "REQ(:AUTHORITY)": self.authority,
            "UPSTREAM_HOST": self.upstream,
            "UPSTREAM_CLUSTER": self.cluster,
            "UPSTREAM_CLUSTER_RAW": self.cluster,
            "UPSTREAM_LOCAL_ADDRESS": self.local,
            "DOWNSTREAM_LOCAL_ADDRESS": self.listener,
            "DOWNSTREAM_REMOTE_ADDRESS": self.downstream,
            "ROUTE_NAME": self.route,
            "BYTES_RECEIVED": "0",
            "BYTES_SENT": "95",
            "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)": "-",
            "REQUESTED_SERVER_NAME": "-",
            "DYNAMIC_METADATA(istio.mixer:status)": "-",
        }

    def text(self, form: str) -> str:
        """As a line of that format."""
        told = self.operators
        return OPERATOR.sub(lambda m: told[m[1] + (f"({m[2]})" if m[2] is not None else "")], form).replace("%%", "%")

    def json(self, form: dict[str, str] = ISTIO_JSON, *, typed: bool = False) -> str:
        """As an object of that format: typed, numbers are numbers, and what is not known is null."""
        texts = {key: self.text(value) for key, value in form.items()}
        if not typed:
            return json.dumps(texts)
        numbers = {"response_code", "duration", "bytes_received", "bytes_sent"}
        return json.dumps({k: None if v == "-" else int(v) if k in numbers else v for k, v in texts.items()})

    @property
    def logged(self) -> dict[str, object]:
        """What Istio's formats tell of it, by the fields of `Logged`."""

        def known(text: str) -> str | None:
            return None if text == "-" else text

        return {
            "start": self.start_ms * 1_000_000, "duration": None if self.duration == "-" else int(self.duration) * 1_000_000,
            "method": known(self.method), "path": known(self.path), "protocol": known(self.protocol), "code": int(self.code),
            "flags": () if self.flags == "-" else tuple(self.flags.split(",")), "details": known(self.details),
            "transport_failure": known(self.failure), "request_id": known(self.request_id), "authority": known(self.authority),
            "forwarded_for": known(self.forwarded_for), "user_agent": known(self.user_agent), "cluster": known(self.cluster),
            "route": known(self.route), "upstream": endpoint(self.upstream), "local": endpoint(self.local),
            "downstream": endpoint(self.downstream), "listener": endpoint(self.listener),
        }  # fmt: skip
