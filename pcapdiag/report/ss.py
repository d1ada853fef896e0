"""What a survey of socket tables says in words, for every renderer."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.correlate.keepalive import Connection, Group, Keepalive, Survey
from pcapdiag.durations import format_duration

#: Longer than nearly every idle timeout there is; the kernel's own first probe comes after two hours.
_LATE = 30 * 60 * 1_000_000_000


def answer(survey: Survey) -> str:
    """The answer, in one sentence."""
    total = survey.connections
    none, on, unknown = (survey.count(k) for k in (Keepalive.NONE, Keepalive.ON, Keepalive.UNKNOWN))
    if not total:
        asked = " that was asked for" if survey.excluded else ""
        within = f", but for {len(survey.loopback)} within the host" if survey.loopback else ""
        return f"No established connection was seen{asked}{within}."
    if unknown == total and not survey.timers:
        return f"Whether {counted(total)} had keepalive cannot be told: no timer is shown. Run ss with -o, as in ss -tnope."
    if none:
        return f"{none} of {total} established connections had no keepalive timer."
    if on == total:
        return f"{counted(total).capitalize() if total == 1 else f'All {total} connections'} had a keepalive timer."
    return f"No established connection was without keepalive: {on} had it, of {unknown} it cannot be told."


def counted(number: int) -> str:
    """So many connections."""
    return "one connection" if number == 1 else f"{number} connections"


def where(group: Group) -> str:
    """Whom they connect."""
    return f"{'to' if group.outgoing else 'at'} {group.service}"


def state(group: Group) -> str:
    """How many of a group have what."""
    left = format_duration(max((c.left or 0) for c in group.connections))
    says = {
        Keepalive.NONE: "without keepalive",
        Keepalive.ON: f"with keepalive (next probe within {left})",
        Keepalive.UNKNOWN: "of which it cannot be told",
    }
    told = [(group.count(kind), text) for kind, text in says.items() if group.count(kind)]
    every = "all " if len(told) == 1 and told[0][0] > 1 else ""
    return every + ", ".join(f"{number} {text}" for number, text in told)


def seen(connection: Connection) -> str:
    """What is known of one connection, beside its ends."""
    told = []
    if connection.keepalive is Keepalive.ON:
        told.append(f"probes in {format_duration(connection.left or 0)}")
    elif connection.keepalive is Keepalive.UNKNOWN:
        told.append("cannot be told")
    if connection.unanswered:
        told.append(f"{connection.unanswered} probes unanswered")
    if connection.idle is not None:
        told.append(f"idle {format_duration(connection.idle)}")
    if connection.age is not None and connection.age != connection.idle:
        told.append(f"at least {format_duration(connection.age)} old")
    if connection.seen > 1:
        told.append(f"in {connection.seen} snapshots")
    return ", ".join(told)


def notes(survey: Survey) -> Iterator[str]:
    """What must be known beside the numbers."""
    groups = survey.groups
    if any(c.keepalive is Keepalive.UNKNOWN for g in groups for c in g.connections):
        if survey.timers:
            yield "Where it cannot be told, data was on its way, or no timer is shown: ss shows one timer of a socket."
        elif survey.connections:
            yield "Without -o, ss shows no timers."
    if waiting := survey.others.get("CLOSE-WAIT"):
        yield (
            f"{waiting} in CLOSE-WAIT: the peer has closed and the process has not. A request on such a connection may be "
            "answered by RST, and no keepalive helps."
        )
    late = sum((c.left or 0) >= _LATE for g in groups for c in g.connections)
    if late:
        yield (
            f"Of {counted(late)} the first probe comes late, after half an hour or more (the kernel's default is 2 h): "
            "shorter idle timeouts are over by then."
        )
    if survey.connections and not survey.processes:
        yield "No processes are shown: ss shows them with -p, and those of other users to root."
    if survey.count(Keepalive.NONE):
        yield (
            "A connection without keepalive that falls silent is forgotten by every middlebox whose idle timeout is shorter than "
            "the silence."
        )


def apart(survey: Survey) -> str:
    """What is counted apart."""
    told = [f"{len(survey.loopback)} within the host"] if survey.loopback else []
    told += [f"{number} {name}" for name, number in survey.others.items()]
    told += [f"{survey.excluded} not asked for"] if survey.excluded else []
    return ", ".join(told)
