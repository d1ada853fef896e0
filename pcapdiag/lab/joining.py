"""From the lines of both endpoints to what was said: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pcapdiag.lab.plan import Talk
from pcapdiag.lab.types import Said

Line = dict[str, Any]


def joined(talks: Sequence[Talk], client: Iterable[Line], server: Iterable[Line]) -> tuple[list[Said], list[str]]:
    """Everything said, in order of time, and what did not go as its plan says."""
    client, server = list(client), list(server)
    saw = {line["id"]: line["peer"] for line in server if "id" in line}
    said, wrong = [], []
    sent = {line["id"]: line for line in client if "id" in line}
    for line in sent.values():
        told = {key: value for key, value in line.items() if key != "met"}
        said.append(Said(**told, by="client", server_saw=saw.get(line["id"])))
        if not line["met"]:
            wrong.append(f"{line['kind']} {line['id']}: {line['result']}")
    thens = {f"/{step.then.do}/{step.then.at:g}": step.then for talk in talks for step in talk.steps}
    for line in (line for line in server if "of" in line):
        of = sent[line["of"]]
        then = thens[f"/{line['do']}/{line['at']:g}"]
        met = line["result"] in then.result.split("|")
        if not met:
            wrong.append(f"{line['kind']} after {line['of']}: {line['result']}")
        said.append(
            Said(
                f"{line['of']}.server", of["connection"], "server", line["kind"], of["client"], of["server"], line["peer"],
                line["sent_ns"], line["gap_ns"], line["length"], line["result"], then.rule if met else None,
            )
        )  # fmt: skip
    done = {(s.connection, s.by) for s in said}
    wrong += [f"client {number} said nothing" for number in range(len(talks)) if (number, "client") not in done]
    return sorted(said, key=lambda s: s.sent_ns), wrong


def reset_by(lines: Iterable[Line], said: Iterable[Said]) -> list[Said]:
    """What a proxy in the middle noted of the connections that it reset, in the server's name: IDLE104."""
    ends = {s.client: s for s in said}
    return [
        Said(
            f"{ends[line['client']].id}.middle", ends[line["client"]].connection, "server", "rst", line["client"],
            ends[line["client"]].server, line["server_saw"], line["sent_ns"], line["gap_ns"], 0, "sent", "IDLE104",
        )
        for line in lines
    ]  # fmt: skip
