"""Where the captures lie. Without numpy, so that the runner stays small (see ``measure.py``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workloads import WORKLOADS, Workload

DATA: Final = Path(__file__).resolve().parent / ".data"


def folder(scale: float) -> Path:
    """Where the captures of a scale lie."""
    return DATA if scale == 1 else DATA / f"scale-{scale:g}"


def capture_path(workload: Workload, scale: float, suffix: str = "pcap") -> Path:
    """The file of a workload in one format, or its facts (suffix ``json``)."""
    return folder(scale) / f"{workload.name}.{suffix}"


def is_missing(workload: Workload, scale: float) -> bool:
    """Whether some file of the workload is not there."""
    return not all(capture_path(workload, scale, suffix).exists() for suffix in (*workload.suffixes, "json"))


def named(names: list[str]) -> list[Workload]:
    """The workloads of these names, all of them if there are none."""
    return [w for w in WORKLOADS if not names or w.name in names]
