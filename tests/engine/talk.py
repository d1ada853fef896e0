"""Short words for tests that are conversations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.forge.conversation import START, conversation
from tests.forge.files import pcapng
from tests.forge.traffic import beacon
from tests.reference.run import Facts, Result

Reader = Callable[..., Result]
CLIENT, SERVER = ("10.0.0.1", 50000), ("10.0.0.2", 443)
SECOND = 1_000_000_000

OPENED = """
    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  120 bytes
    0.045  S  900 bytes
    0.046  C  ACK
"""


def ns(seconds: str | float) -> int:
    """Seconds as people write them, in nanoseconds."""
    return int(Decimal(str(seconds)) * SECOND)


def heard(engine: Reader, text: str, min_idle: float = 1, begins: float | None = None, **options: Any) -> Result:
    """What an engine says of one conversation; `begins` puts another packet first, at that second."""
    packets = conversation(text, **options)
    if begins is not None:
        packets.insert(0, beacon(START + ns(begins)))
    return engine([pcapng(packets)], ns(min_idle))


def periods(engine: Reader, text: str, **options: Any) -> list[Facts]:
    """The idle periods of one conversation, in order, without those that survived."""
    every = sorted(heard(engine, text, **options).periods, key=lambda p: p["first"])
    return [p for p in every if p["outcome"] != "survived"]


def survivors(engine: Reader, text: str, **options: Any) -> list[Facts]:
    """The idle periods of one conversation that survived, in order."""
    every = sorted(heard(engine, text, **options).periods, key=lambda p: p["first"])
    return [p for p in every if p["outcome"] == "survived"]


def only(engine: Reader, text: str, **options: Any) -> Facts:
    """The only idle period that did not survive."""
    (period,) = periods(engine, text, **options)
    return period


def says(period: Facts, **facts: Any) -> None:
    """Check some facts of an idle period; gaps and silences are given in seconds."""
    for name, value in facts.items():
        expected = ns(value) if name == "gap" or name.startswith("silence") else value
        assert period[name] == expected, f"{name}: {period[name]!r}, expected {expected!r}"
