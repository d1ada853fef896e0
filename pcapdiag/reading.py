"""One capture point: its engine, its files, and the verdicts as they fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from pcapdiag.capture import DamagedStream, Source
from pcapdiag.engine import Engine
from pcapdiag.engine.types import FileFacts

#: One read: large enough that Python is not in the way, small enough to stay in the second-level cache.
READ = 1 << 18
#: How often, in seconds, progress is told and, on live input without packets, time is let pass.
TICK = 0.1
LIVE_TICK = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading has come: ``consumed`` of ``size`` bytes as stored, ``records`` of this file."""

    name: str
    consumed: int
    size: int | None
    records: int


def read(
    source: Source,
    engine: Engine,
    fed: Callable[[Engine], None],
    progress: Callable[[Progress], None] | None,
) -> tuple[FileFacts, str | None]:
    """Feed ``source`` to ``engine`` (whose file was begun); ``fed`` may look at the engine after each piece.

    Returns what the file held and, if its stream broke off, why.
    """
    buffer = memoryview(bytearray(READ))
    told = monotonic()
    error = None
    while True:
        if source.live and not source.wait(LIVE_TICK):
            engine.tick(int(LIVE_TICK * 1e9))
            fed(engine)
            continue
        try:
            n = source.readinto(buffer)
        except DamagedStream as damage:
            error = damage.reason
            break
        if n == 0:
            break
        engine.feed(buffer[:n])
        fed(engine)
        if progress is not None and (now := monotonic()) - told >= TICK:
            told = now
            progress(Progress(source.name, source.consumed, source.size, engine.records))
    facts = engine.end_file()
    fed(engine)
    return facts, error
