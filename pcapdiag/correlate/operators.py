"""Envoy's command operators: which field of a request each one writes, and what its text may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pcapdiag.correlate.strftime import Clock

#: As Envoy's own parser reads one: a name, an argument in parentheses, a length to cut it to.
OPERATOR = re.compile(r"%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%")

_NUMBER, _WORD, _ANY = r"\d*|-", r'[^\s"]*', ".*"
# Names of the mesh's own making: no client puts quotes into them, and so none can move what stands behind its own words.
_NAME = r'[^"]*'
#: Field and shape by the operator's name.
_BY_NAME = {
    "START_TIME": ("start", ""),
    "START_TIME_LOCAL": ("start", ""),
    "PROTOCOL": ("protocol", _WORD),
    "RESPONSE_CODE": ("code", r"\d{0,3}|-"),
    "RESPONSE_FLAGS": ("flags", r"[A-Za-z,]*|-"),
    "RESPONSE_FLAGS_LONG": ("flags", r"[A-Za-z,]*|-"),
    "RESPONSE_CODE_DETAILS": ("details", _ANY),
    "CONNECTION_TERMINATION_DETAILS": ("termination", _ANY),
    "UPSTREAM_TRANSPORT_FAILURE_REASON": ("transport_failure", _ANY),
    "DURATION": ("duration", _NUMBER),
    "UPSTREAM_HOST": ("upstream", _WORD),
    "UPSTREAM_REMOTE_ADDRESS": ("upstream remote", _WORD),
    "UPSTREAM_LOCAL_ADDRESS": ("local", _WORD),
    "UPSTREAM_CLUSTER": ("cluster", _NAME),
    "UPSTREAM_CLUSTER_RAW": ("cluster", _NAME),
    "DOWNSTREAM_REMOTE_ADDRESS": ("downstream", _WORD),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": ("direct", _WORD),
    "DOWNSTREAM_LOCAL_ADDRESS": ("listener", _WORD),
    "ROUTE_NAME": ("route", _NAME),
    "REQUESTED_SERVER_NAME": (None, _WORD),
    "PATH": ("path", _ANY),
    "BYTES_RECEIVED": (None, _NUMBER),
    "BYTES_SENT": (None, _NUMBER),
    "REQUEST_DURATION": (None, _NUMBER),
    "RESPONSE_DURATION": (None, _NUMBER),
    "RESPONSE_TX_DURATION": (None, _NUMBER),
    "UPSTREAM_REQUEST_ATTEMPT_COUNT": (None, _NUMBER),
    "CONNECTION_ID": (None, _NUMBER),
}
#: The same for request headers, by the last name of REQ's argument: the one that is there when the others are not.
_BY_HEADER = {
    ":METHOD": ("method", _WORD),
    ":PATH": ("path", _ANY),
    ":AUTHORITY": ("authority", _WORD),
    "HOST": ("authority", _WORD),
    "X-REQUEST-ID": ("request_id", _WORD),
    "X-FORWARDED-FOR": ("forwarded_for", _ANY),
    "USER-AGENT": ("user_agent", _ANY),
}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: the field it writes (None: one that is not kept), the shape of its text, and how its times are read."""

    field: str | None
    shape: str
    clock: Clock | None = None


def operator(found: re.Match[str]) -> Operator:
    """The operator that `OPERATOR` found. Raises ValueError for a time that cannot be read backwards."""
    name, argument, length = found[1], found[2] or "", found[3]
    if name in ("START_TIME", "START_TIME_LOCAL"):
        clock = Clock(argument)
        return Operator("start", clock.pattern, clock)
    field, shape = _BY_NAME.get(name, (None, _ANY))
    if name == "REQ":
        field, shape = _BY_HEADER.get(argument.rpartition("?")[2].upper(), (None, _ANY))
    elif name == "RESP" and argument.upper() == "X-ENVOY-UPSTREAM-SERVICE-TIME":
        shape = _NUMBER
    elif name == "UPSTREAM_HOST" and argument:
        field = None
    # an address cut to a length may be another address
    return Operator(None if length and shape == _WORD and field not in ("method", "protocol") else field, shape)
