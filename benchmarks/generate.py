"""Generates the benchmark captures into benchmarks/.data/, each with a .json of what it holds.

    python benchmarks/generate.py                     # all that are missing, about 12 GB
    python benchmarks/generate.py --scale 0.01 few2k  # a small one, into benchmarks/.data/scale-0.01/

The same numpy version and seed give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
from columns import make_capture
from files import write_capture, write_gz
from paths import capture_path, folder, is_missing, named
from workloads import SEED, WORKLOADS, Workload

SCALED_FROM: Final = 1000
"""Workloads with fewer records than this are the same at every scale."""


def scaled(workload: Workload, scale: float) -> Workload:
    """The workload with its records and connections times ``scale``; its times stay as they are."""
    if scale == 1 or workload.records < SCALED_FROM:
        return workload
    return replace(
        workload,
        records=max(100, round(workload.records * scale)),
        connections=max(10, round(workload.connections * scale)),
    )


def generate(workload: Workload, scale: float, seed: int = SEED) -> None:
    """Write a workload's plain files."""
    began = time.monotonic()
    small = scaled(workload, scale)
    capture = make_capture(small, seed)
    folder(scale).mkdir(parents=True, exist_ok=True)
    write_capture(capture, folder(scale) / workload.name, small)
    made_with = {"workload": workload.name, "scale": scale, "seed": seed, "numpy": np.__version__}
    facts = json.dumps({**made_with, **capture.facts()}, indent=2)
    capture_path(workload, scale, "json").write_text(facts + "\n")
    print(f"{workload.name}: {len(capture):,} records in {time.monotonic() - began:.0f} s", file=sys.stderr)


def generate_all(workloads: list[Workload], scale: float, seed: int = SEED) -> None:
    """Write the given workloads; the gz twins at the end, two at a time."""
    for workload in workloads:
        generate(workload, scale, seed)
    plain = [capture_path(w, scale) for w in workloads if "pcap.gz" in w.suffixes]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_gz, plain))


def main() -> None:
    """Parse, generate."""
    names = [w.name for w in WORKLOADS]
    parser = argparse.ArgumentParser(description="Generates the benchmark captures.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)} (default: all)"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of records and connections (default 1)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}")
    parser.add_argument("--force", action="store_true", help="write them again even if they are there")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    wanted = [w for w in named(options.names) if options.force or is_missing(w, options.scale)]
    generate_all(wanted, options.scale, options.seed)


if __name__ == "__main__":
    main()
