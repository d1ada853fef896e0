"""The steps that sources tell: each yields sentences, evidence as (text, source), and errands for what no source tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pcapdiag.advice import plan
from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.joined import JoinedLog, Line, Why
from pcapdiag.correlate.keepalive import Keepalive
from pcapdiag.correlate.offsets import AGREE
from pcapdiag.correlate.types import Side
from pcapdiag.engine.types import Fin, WakeKind
from pcapdiag.report.filters import proof
from pcapdiag.report.headline import by_rule, told
from pcapdiag.report.joined import asked, clock, gap_range, how, impact_text, named, result, socket_text, track_text
from pcapdiag.report.ss import state
from pcapdiag.report.story_scene import Scene, Told
from pcapdiag.report.times import iso
from pcapdiag.report.words import answer, count, gap, sent
from pcapdiag.rules.types import Confidence, Finding


def user(scene: Scene) -> Told:
    """The failed requests of the client's log, or the user's own in the same capture."""
    near = [log for log in scene.joins.logs if log.source.side is not Side.SERVER]
    rows = [(log, line) for key in scene.keys for log, line in scene.joins.lines(key) if log in near]
    lacking = sum(not any(log in near for log, _ in scene.joins.lines(key)) for key in scene.keys)
    found = len(scene.findings)
    if rows:
        got = Counter(_got(line) for _, line in rows)
        codes = " and ".join(f"{n:,} x {text}" for text, n in got.most_common())
        yield f"{found - lacking:,} of {found:,} incidents are failed requests in the log: {codes}."
        if lacking:
            yield f"{lacking:,} {_have(lacking)} no failed line there that is surely theirs: {_lacking(scene, near)}."
        for log in near:
            if log.joined:
                yield clock(log.offset), log.source.name
        for log, line in rows:
            yield (
                (
                    f"line {line.logged.line}, {iso(line.logged.start, 3)}: {asked(line.logged)}{named(line.logged)}: "
                    f"{result(line.logged)}; {how(line)}"
                ),
                log.source.name,
            )
    impacts = [(f, impact) for f, key in zip(scene.findings, scene.keys, strict=True) if (impact := scene.joins.impact(key))]
    if impacts:
        distinct = {
            impact.request: impact for _, impact in sorted(impacts, key=lambda i: i[1].confidence is not Confidence.POSSIBLE)
        }
        guessed = sum(impact.confidence is Confidence.POSSIBLE for impact in distinct.values())
        sure = len(distinct) - guessed
        if sure:
            yield f"The capture itself shows {count(sure, 'request')} of users just before, and what came back."
        if guessed:
            yield f"Of {guessed:,}{' more' if sure else ''} in the capture it is only possible that they were users' requests."
        for finding, impact in impacts:
            yield impact_text(impact), scene.file(finding.period.wake.first.ref)
    if not rows and near:
        yield f"None of the incidents is surely a failed request in the log that was given: {_lacking(scene, near)}."
        yield from ((f"{log.requests:,} requests, {len(log.lines):,} of them failed", log.source.name) for log in near)
    if not rows and not impacts and not near:
        yield "Not known: no access log of the client's side was given."
        yield plan.access_log()


def _lacking(scene: Scene, near: Sequence[JoinedLog]) -> str:
    """Why incidents have no failed line: what is seen before what is guessed."""
    unsure = sum(len(log.unjoined.get(why, ())) for log in near for why in (Why.AMBIGUOUS, Why.CLOCK))
    bare = [
        f for f, key in zip(scene.findings, scene.keys, strict=True) if not any(log in near for log, _ in scene.joins.lines(key))
    ]
    outside = sum(not any(_covers(log, f.period.wake.first.ref.time) for log in near) for f in bare)
    told = [f"{count(unsure, 'failed line')} of it may be theirs, but cannot be told apart"] if unsure else []
    if outside:
        told.append(f"{outside:,} {'is' if outside == 1 else 'are'} not in the time of the log")
    return "; ".join(told) or "retried with success, or not sent through that proxy"


def _covers(log: JoinedLog, at: int) -> bool:
    """Has the log requests before and after?"""
    ahead = log.offset.ahead if log.offset is not None else 0
    return log.span is not None and log.span[0] + ahead - AGREE <= at <= log.span[1] + ahead + AGREE


def _got(line: Line) -> str:
    return result(line.logged).partition(" after ")[0]


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def next_hop(scene: Scene) -> Told:
    """Whether the next hop's log has these requests."""
    logs = scene.joins.logs
    rows = [(line, arrival) for key in scene.keys for _, line in scene.joins.lines(key) for arrival in line.arrived]
    if not rows:
        far = [log for log in logs if log.source.side is Side.SERVER]
        if far:
            yield "Not known: no failed request of the client's log, by whose id to look, belongs to an incident."
            yield from (_mentioned(log) for log in far)
        else:
            yield "Not known: no access log of the next hop was given."
            yield plan.gateway_log()
        return
    # one request may be looked for in several logs: what is counted are requests
    each = {id(line): line for line, _ in rows}.values()
    absent, present = (
        sum(any(arrival.presence is presence for arrival in line.arrived) for line in each)
        for presence in (Presence.ABSENT, Presence.PRESENT)
    )
    unknown = Counter(why for line in each for why in {a.why for a in line.arrived if a.presence is Presence.UNKNOWN})
    if absent == len(each) == 1:
        yield "This request is not in its log: lost before it."
    elif absent:
        which = "None" if absent == len(each) else f"{absent:,}"
        verb = "are not" if absent > 1 else "is not"
        yield f"{which} of these {len(each):,} requests {'is' if which == 'None' else verb} in its log: lost before it."
    if present == len(each) == 1:
        yield "This request, or a repetition with the same id, arrived there."
    elif present:
        yield f"{present:,} of these {len(each):,} requests, or repetitions with the same id, arrived there."
    for why, n in unknown.items():
        yield f"Of {n:,} it is not known: {why}."
    for line, arrival in rows:
        where = logs[arrival.log].source.name
        if arrival.presence is Presence.ABSENT:
            yield f"no line with x-request-id {line.logged.request_id}", where
        elif arrival.presence is Presence.PRESENT:
            at = ", ".join(map(str, arrival.lines))
            yield f"line {at} has x-request-id {line.logged.request_id}, answered {arrival.code}", where
        else:
            yield f"not known of line {line.logged.line}: {arrival.why}", where


def _mentioned(log: JoinedLog) -> tuple[str, str | None]:
    return f"{log.requests:,} requests, {len(log.lines):,} of them failed", log.source.name


def wire(scene: Scene) -> Told:
    """What was sent, what came back, and that nobody had closed."""
    idle = [f for f in scene.findings if f.period.idle]
    for code, found in by_rule(scene.findings).items():
        text = told(code, found)
        yield f"{text[0].upper()}{text[1:]} ({code})."
    if idle:
        yield f"The connections had been idle for {gap_range(idle)}."
    excluded = sum(f.period.fin is Fin.EXCLUDED for f in scene.findings)
    if excluded:
        of = "any of them" if excluded == len(scene.findings) else f"{excluded:,} of {len(scene.findings):,}"
        yield f"By sequence numbers no FIN had closed {of}."
    origins = Counter(str(f.origin.sender) for f in scene.findings if f.origin is not None)
    if origins:
        senders = [str(s) if n == len(scene.findings) else f"{s} ({n:,})" for s, n in origins.most_common()]
        yield f"The RST came from: {', '.join(senders)}."
    for finding in scene.findings:
        yield _frames(finding), scene.file(finding.period.wake.first.ref)


def _frames(finding: Finding) -> str:
    period = finding.period
    numbers = ", ".join(str(p.ref.frame) for p in proof(period))
    came = "" if period.wake.kind is WakeKind.RST else f", {answer(period)}"
    return (
        f"frames {numbers}: {period.connection.client} -> {period.connection.server} idle {gap(period)}, "
        f"then {period.sender} sent {sent(finding)}{came}; {finding.rule} {finding.confidence}"
    )


def sockets(scene: Scene) -> Told:
    """Whether the connections had keepalive timers."""
    joins = scene.joins
    if not joins.tables:
        yield "Not known: no output of ss was given."
        yield plan.sockets(scene.timeout, scene.service)
        return
    seen = [socket for key in scene.keys if (socket := joins.socket(key)) is not None]
    for kind, text in _KEEPALIVE:
        n = sum(socket.keepalive is kind and socket.client for socket in seen)
        if n:
            yield f"{n:,} of {len(scene.findings):,} lost connections {text}."
        n = sum(socket.keepalive is kind and not socket.client for socket in seen)
        if n:
            yield f"Of {n:,} only the server's socket was seen: it {text.partition(':')[0]}."
    if len(seen) < len(scene.findings):
        lacking = len(scene.findings) - len(seen)
        yield f"{lacking:,} {_have(lacking)} no socket in a snapshot before the loss."
    for socket in seen:
        yield f"{socket.local} -> {socket.peer}: {socket_text(socket)}", joins.tables[socket.table].name
    services = {leg.connection.server for f in scene.findings for leg in (f.period, *f.twins)}
    for group in joins.survey.groups if joins.survey is not None else ():
        if group.service in services:
            of = f" of process {group.process}" if group.process else ""
            where = "to" if group.outgoing else "at"
            yield f"all established sockets{of} {where} {group.service}: {state(group)}", _names(joins.tables)
    if not seen:
        yield "it has no socket of these connections before the loss", _names(joins.tables)


def _names(sources: Sequence[object]) -> str:
    return ", ".join(str(getattr(source, "name", source)) for source in sources)


_KEEPALIVE = (
    (Keepalive.NONE, "had no keepalive timer: nothing kept the path from forgetting them"),
    (Keepalive.ON, "had a keepalive timer"),
    (Keepalive.UNKNOWN, "may or may not have had one: their snapshots do not show it"),
)


def path(scene: Scene) -> Told:
    """Whether the path had forgotten them."""
    joins = scene.joins
    if not joins.trackings:
        several = len(scene.report.points) > 1
        more = "pcapdiag compare says between which captures it happened" if several else "the capture is of one point"
        yield f"Not known: no output of conntrack was given; {more}."
        yield plan.tracking(scene.timeout, scene.service)
        yield from () if several else (plan.far_side(scene.timeout, scene.service),)
        return
    seen = [(f, track) for f, key in zip(scene.findings, scene.keys, strict=True) if (track := joins.track(key)) is not None]
    gone = sum(track.forgotten for _, track in seen)
    if gone:
        of = f"{gone:,} of {count(len(scene.findings), 'connection')}"
        yield f"Connection tracking had forgotten {of} before something was sent, by its host's clock."
    if len(seen) > gone:
        yield f"Of {len(seen) - gone:,} it is not seen when the entry went."
    if len(seen) < len(scene.findings):
        yield f"Of {len(scene.findings) - len(seen):,} there is no entry."
    for finding, track in seen:
        at = finding.period.wake.first.ref.time
        yield f"{finding.period.connection.client}: {track_text(track, at)}", joins.trackings[track.table].name
    if not seen:
        yield "it has no entry of these connections", _names(joins.trackings)
