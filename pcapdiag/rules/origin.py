"""Who sent the RST: signals that do not depend on each other, put together by a table, not by a score.

A RST that takes its number from what it answers, with window 0 and no options, says that its sender holds no such
connection (*no state*). RST,ACK with a live window, and timestamps if they were negotiated, is a socket's (*aborted*). How far
away it was sent is told by its TTL or hop limit against that of the same side's last segment, if both were recorded the same
way, and by its latency against the connection's own least round trip.

=============  ================  ============  ====================  ============
form           nearer            as far        farther, or disputed  unknown
=============  ================  ============  ====================  ============
no state       NEARER            STRANGER      UNDETERMINED          UNDETERMINED
aborted        NEARER, if twice  ABORTED       UNDETERMINED          ABORTED
neither        NEARER            UNDETERMINED  UNDETERMINED          UNDETERMINED
=============  ================  ============  ====================  ============

* *Nearer*: a signal says so, and none says as far or farther. A latency as long as the round trip does not dispute a TTL that
  is nearer if the form is no state: a middlebox a hop before the server is as far away in time. A socket's form contradicts a
  TTL that is nearer, and routes change while nobody speaks: there TTL and latency both have to say so.
* *As far*: the TTL says so. The latency alone does not: it cannot tell an endpoint from the box in front of it.
* If the endpoint went on after the RST as if nothing had happened, it was not its own: NEARER, whatever else; but
  UNDETERMINED if it comes from as far and its number is of another segment, which the endpoint itself may have answered so.

Middleboxes that answer in the endpoint's place follow the RFC's form; they are called nearer, not forgers: an injector outside
the path would race with the endpoint's own answer (Weaver, Sommer, Paxson, Detecting Forged TCP Reset Packets, NDSS 2009).
"""

from __future__ import annotations

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules import marks, signals
from pcapdiag.rules.conditions import numbered
from pcapdiag.rules.signals import Distance
from pcapdiag.rules.types import Origin, Sender


def origin(period: IdlePeriod) -> Origin | None:
    """Who sent the RST that ended ``period``, None if none did. Signals that decide come first."""
    rst = signals.the_rst(period)
    if rst is None:
        return None
    form = signals.form(period, rst)
    answer = period.answer
    answers = form.points_to is Sender.STRANGER or (answer is not None and answer.acknowledges)
    ttl, by_ttl = signals.ttl(period, rst, form.points_to)
    latency, by_latency = signals.latency(period, rst, answers=answers) or (None, None)
    went_on = marks.went_on(period, rst)
    if went_on is not None and went_on.points_to is Sender.NEARER:
        sender = Sender.NEARER if by_ttl is not Distance.AS_FAR or numbered(period) else Sender.UNDETERMINED
    else:
        sender = _combined(form.points_to, by_ttl, by_latency)
    if sender is Sender.NEARER and form.points_to is Sender.STRANGER:
        form = form._replace(points_to=None)  # whoever is nearer holds no such connection either
    found = (
        went_on, form, ttl, latency,
        marks.timestamps(period, rst), marks.window(period, rst), marks.ip_id(period, rst), marks.source_mac(period, rst),
        marks.interface(period, rst), marks.direction(rst),
    )  # fmt: skip
    return Origin(sender, tuple(signal for signal in found if signal is not None))


def _combined(form: Sender | None, by_ttl: Distance | None, by_latency: Distance | None) -> Sender:
    """The table above; a distance is None where it is unknown."""
    stateless = form is Sender.STRANGER
    told = {by_ttl, by_latency} - {None}
    if by_ttl is Distance.NEARER and stateless:
        told.discard(Distance.AS_FAR)
    if told == {Distance.NEARER} and (form is not Sender.ABORTED or by_ttl is by_latency):
        return Sender.NEARER
    if Distance.NEARER in told or by_ttl is Distance.FARTHER or form is None:
        return Sender.UNDETERMINED
    if stateless and by_ttl is None:
        return Sender.UNDETERMINED
    return form
