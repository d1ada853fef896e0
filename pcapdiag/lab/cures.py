"""Each cure against each failure, on real stacks: how many requests fail without it, and with it.

    python -m pcapdiag.lab.cures docs/cures.md

One run for each failure. In it eight applications do the same at the same time, over the same path: four with connections of
their own and four behind a sidecar, without a cure and with each of three. Needs what the lab needs, and Envoy; takes a minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcapdiag.lab.envoy import SIDECAR_PORT
from pcapdiag.lab.mesh import Burst, put_up, start_application, start_gateway, start_sidecar
from pcapdiag.lab.network import PORTS, TIMEOUT_S, Forgets
from pcapdiag.lab.requirements import missing
from pcapdiag.lab.stage import Stage

KEEPALIVE_S = 2
CLIENT_IDLE_S = 2.5
#: The service's ports: one leads to a gateway as it is, the other to one that sends keepalive probes. Neither speaks TLS.
AS_IS, PROBED = 80, 443


@dataclass(frozen=True, slots=True)
class Cure:
    """One setting. ``client`` are the application's options, which are the sidecar's too; ``port`` is the service's."""

    name: str
    client: dict[str, float]
    port: int = AS_IS


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to lose requests. ``cured_by`` are the cures that must leave none of them, while all others must leave some, where
    the client does not look at its connections. ``network`` and ``gateway`` are settings of both, ``options`` the application's.
    """

    name: str
    how: str
    cured_by: tuple[Cure, ...]
    bursts: tuple[Burst, ...]
    network: dict[str, Any]
    gateway: dict[str, Any]
    options: dict[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one application saw: of so many ``requests`` these failed, by what it got instead of an answer. A repeated request is
    not counted again."""

    failure: str
    sidecar: bool
    cure: str
    requests: int
    failed: Counter[str]


NONE = Cure("none", {})
CLIENT = Cure(f"keepalive of {KEEPALIVE_S} s on the client's connections", {"keepalive": KEEPALIVE_S})
GATEWAY = Cure(f"keepalive of {KEEPALIVE_S} s on the gateway's listener", {}, PROBED)
SHORTER = Cure(f"idle timeout of {CLIENT_IDLE_S:g} s in the client's pool", {"idle_timeout": CLIENT_IDLE_S})
CURES = (NONE, CLIENT, GATEWAY, SHORTER)

# Pauses of about 2, 3, 6 and 8 s: two within the 4 s, two beyond.
_PAUSES: tuple[Burst, ...] = ((0, 4, 0.1), (2, 2, 0.1), (8, 4, 0.1), (11.5, 4, 0.1))
FAILURES = (
    Failure("reset after idle", f"the path forgets after {TIMEOUT_S} s, and resets what comes then", (CLIENT, GATEWAY, SHORTER),
            _PAUSES, {}, {}, {}),
    Failure("silence after idle", f"the path forgets after {TIMEOUT_S} s, and drops what comes then", (CLIENT, GATEWAY, SHORTER),
            _PAUSES, {"forgets": Forgets.DROP}, {}, {"patience": 2}),
    Failure("request after FIN", f"the path forgets nothing; the gateway closes what was idle for {TIMEOUT_S} s", (SHORTER,),
            _PAUSES, {"timeout_s": None}, {"idle_timeout_s": TIMEOUT_S}, {}),
    Failure("late answer lost", f"the path forgets after {TIMEOUT_S} s; the server works 6 s on a third of the requests",
            (CLIENT, GATEWAY), ((0, 4, 0.1), (1, 4, 6), (10, 4, 0.1)), {}, {}, {"attempts": 1}),
)  # fmt: skip


def tried(failure: Failure, folder: Path) -> list[Outcome]:
    """Let it happen once, to all eight applications; ``folder`` must be empty. Raises `pcapdiag.lab.types.Failed`."""
    with Stage("cures", folder) as stage:
        upstream = put_up(stage, **failure.network)
        start_gateway(stage, upstream, port=PORTS[AS_IS], **failure.gateway)
        start_gateway(stage, upstream, port=PORTS[PROBED], keepalive_s=KEEPALIVE_S, **failure.gateway)
        running = []
        for number, cure in enumerate(CURES):
            service, port = f"{stage.net.service}:{cure.port}", SIDECAR_PORT + number
            start_sidecar(stage, service, port=port, **{f"{name}_s": value for name, value in cure.client.items()})
            running += [(cure, False, service, cure.client), (cure, True, f"127.0.0.1:{port}", {})]
        begun = [(cure, sidecar, start_application(stage, to, failure.bursts, **failure.options, **options))
                 for cure, sidecar, to, options in running]  # fmt: skip
        for _, _, application in begun:
            application.process.finish()
        return [_outcome(failure, sidecar, cure, application.notes()) for cure, sidecar, application in begun]


def _outcome(failure: Failure, sidecar: bool, cure: Cure, notes: Iterable[dict[str, Any]]) -> Outcome:
    first = [note["result"] for note in notes if note["attempt"] == 1]
    return Outcome(failure.name, sidecar, cure.name, len(first), Counter(result for result in first if result != "200"))


def unlike(outcomes: Iterable[Outcome]) -> Iterable[str]:
    """A sentence for each outcome that the page would not bear out."""
    cured = {(failure.name, cure.name) for failure in FAILURES for cure in failure.cured_by}
    for one in outcomes:
        bad = one.failed.total() > 0
        # a sidecar notices some failures itself, so that its pool may do without a cure
        wrong = bad if (one.failure, one.cure) in cured else not bad and not one.sidecar
        if wrong:
            who = "the sidecar's" if one.sidecar else "the application's own"
            yield f"{one.failure}, cure {one.cure}, {who} connections: {one.failed.total()} of {one.requests} failed"


def table(outcomes: Sequence[Outcome], *, sidecar: bool) -> list[str]:
    """A Markdown table of the failed requests: a row for each cure, a column for each failure."""
    cells = {(o.failure, o.cure): _cell(o) for o in outcomes if o.sidecar == sidecar}
    failures, cures = (list(dict.fromkeys(key[at] for key in cells)) for at in (0, 1))
    rows = [["cure", *failures], ["---"] * (len(failures) + 1)]
    rows += [[cure, *(cells[failure, cure] for failure in failures)] for cure in cures]
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(outcome: Outcome) -> str:
    kinds = sorted(outcome.failed.items())
    told = kinds[0][0] if len(kinds) == 1 else ", ".join(f"{count} {result}" for result, count in kinds)
    return f"**{outcome.failed.total()}** of {outcome.requests}" + f" ({told})" * bool(told)


def page(outcomes: Sequence[Outcome], kernel: str, made: str) -> str:
    """docs/cures.md."""
    return "\n".join([
        "# Which cure cures what",
        "",
        f"Measured on real stacks by `python -m pcapdiag.lab.cures docs/cures.md`: {kernel}, {made}. Each cell is one",
        "application: how many of its requests failed, and what it got instead. The first row is the failure without a cure.",
        "The applications of a column ran at the same time, over the same path: client, a middle, a gateway (Envoy), server. A",
        "request sent again after it had failed is not counted again.",
        "",
        *(f"* **{failure.name}**: {failure.how}." for failure in FAILURES),
        "",
        "## An application with connections of its own",
        "",
        "It does not look at a connection before it uses it, so it takes no notice of a FIN.",
        "",
        *table(outcomes, sidecar=False),
        "",
        "## An application behind a sidecar",
        "",
        "The client is the sidecar (Envoy). It watches its pool, and drops a connection when the FIN comes. A request that",
        "crosses the FIN in flight would still be lost; that moment is too short to be met here.",
        "",
        *table(outcomes, sidecar=True),
        "",
        "## What it says",
        "",
        "* A keepalive shorter than the path's timeout cures what the path forgets, on either end, also while a server works.",
        "  It cures nothing where the other end closes: a server that waits for requests does not count probes.",
        "* A client that gives up its idle connections first cures what comes of idleness, FIN included. It cannot help a",
        "  request that waits for its answer.",
        "",
    ])  # fmt: skip


def main() -> None:
    """Try all, and write the page to the file that is named."""
    lacking = missing(("envoy",))
    if len(sys.argv) != 2 or lacking:
        sys.exit("\n".join(lacking) or "usage: python -m pcapdiag.lab.cures FILE")
    outcomes = []
    for failure in FAILURES:
        with tempfile.TemporaryDirectory(prefix="pcapdiag-lab-") as folder:
            outcomes += tried(failure, Path(folder))
    if wrong := list(unlike(outcomes)):
        sys.exit("\n".join(wrong))
    kernel = "Linux " + os.uname().release.split("-")[0]
    Path(sys.argv[1]).write_text(page(outcomes, kernel, time.strftime("%Y-%m-%d", time.gmtime())))


if __name__ == "__main__":
    main()
