"""What a comparison says, in the words that every renderer shares."""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.correlate.clocks import Clock
from pcapdiag.correlate.comparison import Passage, Place, Presence, Where
from pcapdiag.durations import format_duration
from pcapdiag.report.comparison import ComparedIncident, ComparedPoint, Comparison
from pcapdiag.report.model import Report
from pcapdiag.report.words import count
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.signals import the_rst
from pcapdiag.rules.types import Sender

#: Further sentences of the headline; of more, the rest is counted.
_GROUPS = 4


def headline(comparison: Comparison) -> list[str]:
    """The answer first: where the RSTs were made and the requests lost, the commonest first."""
    incidents, labels = comparison.incidents, [point.label for point in comparison.points]
    if not incidents:
        return [f"Nothing was seen to be lost on an idle connection, at any of the {len(labels)} points."]
    if not comparison.in_common:
        return [f"No connection in common: {count(len(incidents), 'incident')}, of which no other point shows the connection."]
    groups: dict[object, list[ComparedIncident]] = {}
    for incident in incidents:
        known = incident.verdict.where is not Where.UNKNOWN
        alike = (incident.sentence, _kind(incident), _endpoint(incident)) if known else None
        groups.setdefault(alike, []).append(incident)
    order = sorted(groups, key=lambda alike: (alike is None, -len(groups[alike])))
    out = [_sentence(groups[alike], len(incidents), labels) for alike in order[:_GROUPS]]
    rest = sum(len(groups[alike]) for alike in order[_GROUPS:])
    return out + ([f"{count(rest, 'more incident')} elsewhere: see below."] if rest else [])


def _sentence(group: Sequence[ComparedIncident], of: int, labels: Sequence[str]) -> str:
    """Where it happened in these incidents, which are alike, and what shows it."""
    one, n = group[0], len(group)
    many, verdict = n > 1, one.verdict
    if verdict.where is Where.UNKNOWN or verdict.near is None:
        what = "incidents" if of > 1 else "incident"
        return f"Of {n:,} of {of:,} {what} it is not known where: the reasons stand beside {'each' if many else 'it'}."
    near = labels[verdict.places[verdict.near].point]
    rst, asked = the_rst(one.finding.period) is not None, _kind(one) != "RST"
    things = f"{n:,} of {of:,} {'RSTs' if rst else _plural(_kind(one), True)}"
    sent, was = _plural(_kind(one), many), "were" if many else "was"
    they, rsts = ("they", "RSTs") if many else ("it", "RST")
    if verdict.where is Where.BEYOND or verdict.far is None:
        if not rst:
            return f"{things} {'are' if many else 'is'} lost beyond {near}: {they} reached it."
        reached = f"the {sent} reached it, and the {rsts} left there" if asked else f"it shows the {rsts}, as do those before it"
        return f"{things} came from beyond {near}{_endpoint(one)}: {reached}."
    far = verdict.places[verdict.far]
    within = labels[far.point] == near
    at = f"within {near}" if within else f"between {near} and {labels[far.point]}"
    ways = "came in and never went on" if within else "left the one and never reached the other"
    if not rst:
        if far.answer.presence is Presence.PRESENT:
            return f"{things} {was} answered, and the answer lost {at}: the one lacks it, the other shows it."
        return f"{things} {was} lost {at}: {they} {ways}."
    if not asked:
        return f"{things} {was} made {at}: the one shows {'them' if many else they}, the other does not."
    if far.request.presence is Presence.PRESENT:
        return f"{things} {was} made {at}: the {sent} reached the other, and the {rsts} did not come from there."
    if far.request.presence is Presence.UNKNOWN:
        return f"{things} {was} made {at}: the {rsts} did not come from the other."
    return f"{things} {was} made {at}: the {sent} {ways}."


def _kind(incident: ComparedIncident) -> str:
    return noun(incident.finding.period)


def _plural(kind: str, many: bool) -> str:
    return kind if not many else f"{kind}es" if kind.endswith("sh") else f"{kind}s"


def _endpoint(incident: ComparedIncident) -> str:
    """Whom the last point's own signals show to have sent the RST, if it comes from beyond."""
    origin, beyond = incident.finding.origin, incident.verdict.where is Where.BEYOND
    if not beyond or origin is None or origin.sender not in (Sender.STRANGER, Sender.ABORTED):
        return ""
    return f", from an {origin.sender}"


def second_capture(incident: ComparedIncident, labels: Sequence[str], reports: Sequence[Report]) -> str:
    """What the captures show together of who sent the RST, as a signal says it."""
    v, kind = incident.verdict, _kind(incident)
    if v.near is None:
        return "not known"
    near, asked = v.places[v.near], kind != "RST"
    here = labels[near.point]
    if v.far is None:
        reached = f"the {kind} reached {here}{_frame(near.request, near, reports)}, and " if asked else ""
        left = "the RST left there" if asked else f"the RST passed {here}"
        return f"{reached}{left}{_frame(near.answer, near, reports)}"
    far = v.places[v.far]
    within = far.point == near.point
    there = f"the other side of {here}" if within else labels[far.point]
    if far.request.presence is Presence.PRESENT:
        return f"the {kind} reached {there}{_frame(far.request, far, reports)}, and no RST came from there"
    if not asked or far.request.presence is Presence.UNKNOWN:
        return f"the RST is in {here}{_frame(near.answer, near, reports)} and not in {there}"
    if within:
        return f"the {kind} came to {here}{_frame(near.request, near, reports)} and never went on to {far.server}"
    return f"the {kind} left {here}{_frame(near.request, near, reports)} and never reached {there}"


def _frame(passage: Passage, place: Place, reports: Sequence[Report]) -> str:
    """Where it stands: the file is named if the point has several."""
    if passage.ref is None:
        return ""
    files = reports[place.point].files
    return f" in frame {passage.ref.frame}" + (f" of {files[passage.ref.file].name}" if len(files) > 1 else "")


def passed(incident: ComparedIncident, place: Place, reports: Sequence[Report]) -> str:
    """What a place shows: ``request in frame 151, RST in frame 152``, ``no request, no RST``."""
    rst = the_rst(incident.finding.period) is not None
    told = [_passed(_kind(incident), place.request, place, reports)] if _kind(incident) != "RST" else []
    told.append(_passed("RST" if rst else "answer", place.answer, place, reports))
    return ", ".join(told)


def _passed(what: str, passage: Passage, place: Place, reports: Sequence[Report]) -> str:
    if passage.presence is Presence.PRESENT:
        return what + _frame(passage, place, reports)
    return f"no {what}" if passage.presence is Presence.ABSENT else f"{what} unknown"


def conclusion(incident: ComparedIncident, labels: Sequence[str]) -> str:
    """The verdict in a few words."""
    v = incident.verdict
    if v.where is Where.UNKNOWN or v.near is None:
        return "not known where"
    near = labels[v.places[v.near].point]
    what = "made" if the_rst(incident.finding.period) is not None else "lost"
    if v.far is None:
        return f"{what} beyond {near}{_endpoint(incident)}"
    far = labels[v.places[v.far].point]
    return f"{what} within {near}" if near == far else f"{what} between {near} and {far}"


def clock(point: ComparedPoint, first: bool) -> str:
    """How its clock differs from the first point's."""
    found = point.clock
    if first:
        return "the clock that the others are compared with"
    if found is None:
        return "clock not comparable: no packets in common"
    if found.told is not None:
        return f"clock {ahead(found.told)}, as was said"
    span = point.report.span
    moment = found.at(span[0] if span else found.above[0][0])
    told = f"clock {ahead(moment.ahead)}, to within {format_duration(moment.uncertainty)}"
    if found.slack:
        told += "; the clocks do not run evenly"
    return f"{told}, by {_packets(found)}"


def _packets(found: Clock) -> str:
    return f"{found.outward:,} packets out and {found.homeward:,} back"


def ahead(ns: int) -> str:
    """By how much a clock is ahead, in words."""
    return "ahead by 0 s" if ns == 0 else f"{'ahead' if ns > 0 else 'behind'} by {format_duration(abs(ns))}"
