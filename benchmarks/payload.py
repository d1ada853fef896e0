"""The pool of bytes that payloads are taken from. It is opaque: neither valid TLS nor valid HTTP."""

from __future__ import annotations

from typing import Final

import numpy as np
from segments import OFFSETS
from workloads import SEED

REGION: Final = OFFSETS + 2**19
"""Bytes of one region: where payloads begin, and room for the longest response after that."""


def make_pool(seed: int = SEED) -> bytes:
    """Two regions: random bytes, as encrypted traffic looks, and lines of JSON, which compress well."""
    rng = np.random.default_rng([seed, 1])
    lines: list[bytes] = []
    size = 0
    while size < REGION:
        number, when, state = (int(v) for v in rng.integers(0, (10**9, 10**9, 7)))
        line = b'{"id":"%08x","at":%d,"state":"%s","amount":%d.%02d,"owner":"user-%d"},\n' % (
            number,
            10**9 + when,
            (b"new", b"open", b"paid", b"sent", b"held", b"back", b"done")[state],
            number % 997,
            when % 100,
            number % 4093,
        )
        lines.append(line)
        size += len(line)
    return rng.bytes(REGION) + b"".join(lines)[:REGION]
