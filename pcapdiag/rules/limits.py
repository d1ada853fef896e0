"""What the CAP9xx rules say of a whole capture: a number and what was counted."""

from __future__ import annotations

from pcapdiag.rules.types import Limit


def limit(code: str, count: int, text: str) -> tuple[Limit, ...]:
    """One Limit, or none where nothing was counted."""
    return (Limit(code, text, count),) if count > 0 else ()
