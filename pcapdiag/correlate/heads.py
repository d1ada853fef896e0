"""What the head of an HTTP/1.x message says of it, from as many of its bytes as were captured.

Captured bytes are hostile: any give a result, and nothing is made of what is not there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_REQUEST = re.compile(
    rb"(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PROPFIND|REPORT) ([\x21-\xff]{1,4096})( HTTP/1\.[01]\r?\n)?"
)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r\n]")
#: What Envoy, Istio and most that forward requests call the identifier that they hand on unchanged.
_ID = re.compile(rb"\r?\nx-request-id:[ \t]*([\x21-\x7e]{1,128})[ \t]*\r?\n", re.I)


class Head(NamedTuple):
    """Of a request its method and path, of a response its status; and the x-request-id. None is what is not there, or cut off."""

    method: str | None = None
    path: str | None = None
    status: int | None = None
    request_id: str | None = None


def head(payload: bytes) -> Head:
    """The head with which these bytes begin; of anything else, nothing."""
    request, status = _REQUEST.match(payload), _STATUS.match(payload)
    if request is None and status is None:
        return Head()
    lines, end, _ = payload.partition(b"\r\n\r\n")
    found = _ID.search(lines + end[:2])
    name = None if found is None else found[1].decode("latin-1")
    if request is None:
        return Head(status=int(status[1]) if status else None, request_id=name)
    path = request[2].decode("latin-1") if request[3] else None  # cut off: another path may begin so
    return Head(request[1].decode("latin-1"), path, None, name)
