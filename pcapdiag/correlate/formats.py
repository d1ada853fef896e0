"""The formats of access logs that are recognised by themselves, and what else stands in the same files."""

from __future__ import annotations

import re
from typing import Protocol

from pcapdiag.correlate.jsonlog import CustomJson, KnownJson, loaded
from pcapdiag.correlate.moments import Moment
from pcapdiag.correlate.pattern import TextFormat


class Reader(Protocol):
    """How times of a format are read."""

    def read(self, text: str) -> Moment | None:
        """The moment, None if it is none."""


class Format(Protocol):
    """One format of access logs."""

    @property
    def name(self) -> str:
        """What to call it in a report."""

    @property
    def clock(self) -> Reader:
        """How its START_TIME is read."""

    def values(self, text: str) -> dict[str, str] | None:
        """The text of each field of a line, None if the line is of another format."""


# Written once: what Envoy's default (access_log/usage.rst) and all of Istio's (telemetry_logging.go) have in common.
_BEGIN = '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
_MIDDLE = (
    '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
)
_END = (
    " %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME%"
)
_MIXER, _REASON = '"%DYNAMIC_METADATA(istio.mixer:status)%" ', '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" '
_DETAILS = "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
DEFAULT = _BEGIN + _MIDDLE
ISTIO = f"{_BEGIN}{_DETAILS}{_REASON}{_MIDDLE}{_END} %ROUTE_NAME%"
#: Istio 1.3 to 1.8, with the mixer's status in place of the details; the route's name came in between; 1.0 to 1.2.
OLDER = tuple(
    f"{_BEGIN}{_MIXER}{more}" for more in (f"{_REASON}{_MIDDLE}{_END} %ROUTE_NAME%", f"{_REASON}{_MIDDLE}{_END}", _MIDDLE + _END)
)

_NAMED = {"envoy": DEFAULT, "istio": ISTIO}
_START = re.compile(r'\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\] "')
#: How far into a line a request may begin: in front stand what kubectl, stern and runtimes write.
_PREFIX = 400
_FRONT = re.compile(
    r"(?:\[(?:pod|container)/[^\]\s]+\] |[\w./-]+ +\| "
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) (?:(?:stdout|stderr) [FP] )?)+",
    re.ASCII,
)
#: Envoy's own log, and Istio's agent's, which share the container's output.
_OTHER = re.compile(
    r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\[|\d{4}-\d\d-\d\dT[\d:.]+Z?\t(?:debug|info|warn|error|fatal)\t", re.ASCII
)


class Automatic:
    """Lines of any known format, each by itself; ``met`` are the names of those that were met, in order."""

    def __init__(self) -> None:
        self.met: dict[str, None] = {}
        named = ((ISTIO, "Istio text"), *((old, "Istio text, before 1.9") for old in OLDER), (DEFAULT, "Envoy text"))
        self._texts: list[Format] = [TextFormat(text, name) for text, name in named]
        self._json = KnownJson()

    def read(self, line: str) -> tuple[Format, dict[str, str]] | None:
        """The format and the fields of a line; None if it belongs to another log. Raises ValueError saying what is wrong."""
        found = _START.search(line, 0, _PREFIX + 40)
        if found and '"' not in line[: found.start()]:
            return self._text(line[found.start() :])
        at = line.find("{", 0, _PREFIX)
        if at == 0 or (at > 0 and line[at - 1] in " \t" and '"' not in line[:at]):
            return self._object(line[at:])
        if foreign(line):
            return None
        raise ValueError("not a line of an access log that is known; --log-format takes Envoy's format string")

    def _text(self, line: str) -> tuple[Format, dict[str, str]]:
        for i, form in enumerate(self._texts):
            values = form.values(line)
            if values is not None:
                if i:  # the next line is likely of the same format
                    self._texts.insert(0, self._texts.pop(i))
                self.met.setdefault(form.name)
                return form, values
        raise ValueError("begins like an access log and goes on otherwise")

    def _object(self, text: str, inside: bool = False) -> tuple[Format, dict[str, str]] | None:
        values = self._json.values(text)
        if values is not None:
            self.met.setdefault(self._json.name)
            return self._json, values
        # Docker's json-file and collectors wrap the line that the proxy wrote
        wrapped = loaded(text)
        line = next((wrapped[key] for key in ("log", "message") if isinstance(wrapped.get(key), str)), None)
        if line is None or inside:
            return None
        line = line.rstrip("\r\n")
        if line.startswith("{"):
            return self._object(line, inside=True)
        found = _START.match(line)
        return self._text(line) if found else None


class Given:
    """Lines of one format, named (envoy, istio) or written out. Raises ValueError if it is neither."""

    def __init__(self, text: str) -> None:
        self._form: Format
        if text.lower() in ("json", "istio-json"):
            self._form = KnownJson()
        elif text.lstrip().startswith("{"):
            self._form = CustomJson(text)
        elif text.lower() in _NAMED:
            self._form = TextFormat(_NAMED[text.lower()], f"{text.capitalize()} text")
        else:
            self._form = TextFormat(text)
        self.met = {self._form.name: None}

    def read(self, line: str) -> tuple[Format, dict[str, str]] | None:
        """As `Automatic.read`."""
        values = self._values(line)
        if values is None and (front := _FRONT.match(line)):
            values = self._values(line[front.end() :])
        if values is not None:
            return self._form, values
        if foreign(line):
            return None
        raise ValueError("not of the format that was given")

    def _values(self, line: str) -> dict[str, str] | None:
        try:
            return self._form.values(line)
        except ValueError:  # no JSON
            return None


def foreign(line: str) -> bool:
    """Is it a line of the proxy's own log or its agent's?"""
    front = _FRONT.match(line)
    return _OTHER.match(line) is not None or (front is not None and _OTHER.match(line, front.end()) is not None)
