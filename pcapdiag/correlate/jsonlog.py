"""JSON access logs: Istio's and Envoy Gateway's by the names of their keys, others by the json_format they were written with."""

from __future__ import annotations

import json
from typing import Any

from pcapdiag.correlate.moments import Moment, moment
from pcapdiag.correlate.operators import OPERATOR
from pcapdiag.correlate.pattern import TextFormat
from pcapdiag.correlate.strftime import Clock

#: Keys of Istio's JSON (telemetry_logging.go), then those that Envoy Gateway's differ in: the names of headers.
KEYS = {
    "start_time": "start", "method": "method", "path": "path", "protocol": "protocol", "response_code": "code",
    "response_flags": "flags", "response_code_details": "details", "connection_termination_details": "termination",
    "upstream_transport_failure_reason": "transport_failure", "duration": "duration", "x_forwarded_for": "forwarded_for",
    "user_agent": "user_agent", "request_id": "request_id", "authority": "authority", "upstream_host": "upstream",
    "upstream_cluster": "cluster", "upstream_local_address": "local", "downstream_local_address": "listener",
    "downstream_remote_address": "downstream", "downstream_direct_remote_address": "direct", "route_name": "route",
    ":method": "method", ":path": "path", "x-envoy-origin-path": "path", "x-envoy-original-path": "path",
    ":authority": "authority", "x-request-id": "request_id", "x-forwarded-for": "forwarded_for", "user-agent": "user_agent",
}  # fmt: skip


class AnyTime:
    """Reads START_TIME without knowing how it was asked for."""

    @staticmethod
    def read(text: str) -> Moment | None:
        """ISO 8601, or seconds since the epoch."""
        return moment(text)


class KnownJson:
    """Objects with the keys that Istio and Envoy Gateway write."""

    name = "Istio JSON"
    clock = AnyTime()

    def values(self, text: str) -> dict[str, str] | None:
        """The text of each field that is written; None if the line is no object of an access log. Raises ValueError for what is
        no object at all."""
        found = loaded(text)
        if "start_time" not in found or not ("response_code" in found or "response_flags" in found):
            return None
        out: dict[str, str] = {}
        for key, value in found.items():
            field = KEYS.get(key)
            if field is not None and out.get(field, "-") in ("-", ""):
                out[field] = worded(value)
        return out


class CustomJson:
    """Objects written by a json_format: ``text`` is that format, an object of format strings, which may be nested.

    Raises ValueError if it is none.
    """

    name = "Envoy's custom JSON"

    def __init__(self, text: str) -> None:
        parts = [(path, str(value)) for path, value in _leaves(loaded(text)) if OPERATOR.search(str(value))]
        # each value is a small text format; together they have what a line must have, which TextFormat checks
        whole = TextFormat("\n".join(value for _, value in parts), self.name)
        self.clock: Clock = whole.clock
        self._parts = [(path, TextFormat(value, self.name, whole=False)) for path, value in parts]

    def values(self, text: str) -> dict[str, str] | None:
        """As `KnownJson.values`."""
        found = dict(_leaves(loaded(text)))
        out: dict[str, str] = {}
        for path, form in self._parts:
            value = form.values(worded(found.get(path)))
            for field, part in (value or {}).items():
                if out.get(field, "-") in ("-", ""):
                    out[field] = part
        return out if "start" in out and ("code" in out or "flags" in out) else None


def loaded(text: str) -> dict[str, Any]:
    """The object that ``text`` is. Raises ValueError."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("JSON of very many levels") from None
    except ValueError:
        raise ValueError("no JSON, though it begins like an object") from None
    if not isinstance(found, dict):
        raise ValueError("JSON that is no object")
    return found


def worded(value: object) -> str:
    """A value as text: typed JSON has numbers, and null where text has "-"."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)


def _leaves(found: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    out: list[tuple[tuple[str, ...], Any]] = []
    for key, value in found.items():
        out += _leaves(value, (*path, key)) if isinstance(value, dict) else [((*path, key), value)]
    return out
