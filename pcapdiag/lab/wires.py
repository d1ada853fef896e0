"""A relay between two nodes of a stage: what a scenario calls to have a longer cable, or a trunk."""

from __future__ import annotations

from pcapdiag.lab.processes import Process
from pcapdiag.lab.stage import Stage


def run_wire(stage: Stage, node: str, *options: str) -> Process:
    """Join both sides of the wire ``node`` (one of the network's ``wires``), and wait until frames pass.

    ``options`` are those of `pcapdiag.lab.relay`: ``--delay 20ms``, ``--tag right:100``. Raises Failed if it does not start.
    """
    at = stage.net.nodes.index(node)
    left, right = (f"to-{stage.net.nodes[neighbour]}" for neighbour in (at - 1, at + 1))
    process = stage.start_python(node, "relay", left, right, *options)
    process.until(lambda: "relaying" in process.out.read_text(), "relaying")
    return process
