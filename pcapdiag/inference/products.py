"""Known products whose timeout lies in a bracket."""

from __future__ import annotations

from collections.abc import Mapping

from pcapdiag.inference.types import Bracket, Family, Symptom


def families(bracket: Bracket, symptoms: Mapping[Symptom, int]) -> tuple[Family, ...]:  # noqa: ARG001
    """None are known yet."""
    return ()
