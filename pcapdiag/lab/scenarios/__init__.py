"""Every scenario. A new one is a function in the file of its theme, and a line in that file's tuple."""

from __future__ import annotations

from pcapdiag.lab.scenarios import captured, closings, full_chain, keepalives, lookalikes, resets, silences
from pcapdiag.lab.types import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *resets.SCENARIOS,
    *keepalives.SCENARIOS,
    *silences.SCENARIOS,
    *closings.SCENARIOS,
    *lookalikes.SCENARIOS,
    *captured.SCENARIOS,
    *full_chain.SCENARIOS,
)


def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises KeyError."""
    return {s.name: s for s in SCENARIOS}[name]
