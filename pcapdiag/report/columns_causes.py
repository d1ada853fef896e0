"""What a table shows of a cause: one row a service that lost something, flat snake_case columns."""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.advice.types import Advice, Cure
from pcapdiag.inference.types import Cause, Helpless, ServiceView, Symptom
from pcapdiag.report.columns import COUNT, FLAG, GAP, SERVICES, TEXT, Column, via


def _symptom(symptom: Symptom) -> Column[Cause]:
    return Column(str(symptom).replace("-", "_"), COUNT, lambda c: c.symptoms.get(symptom, 0))


def _helpless(why: Helpless) -> Column[Cause]:
    name = "helpless_" + str(why).replace("-", "_")
    return Column(name, COUNT, lambda c: c.counterfactual and c.counterfactual.helpless.get(why, 0))


_BRACKET: tuple[Column[Cause], ...] = (
    Column("clock", TEXT, lambda c: c.bracket.clock),
    Column("fit", TEXT, lambda c: c.bracket.fit),
    Column("low", GAP, lambda c: c.bracket.low and c.bracket.low.length),
    Column("high", GAP, lambda c: c.bracket.high and c.bracket.high.length),
    Column("high_after", GAP, lambda c: c.bracket.high and c.bracket.high.after),
    Column("high_is_lower_bound", FLAG, lambda c: c.bracket.high and c.bracket.high.lower_bound),
    Column("floor", GAP, lambda c: c.bracket.floor),
    Column("rise", GAP, lambda c: c.bracket.rise and c.bracket.rise.length),
)
_KEEPALIVE: tuple[Column[Cause], ...] = (
    Column("keepalive_time", COUNT, lambda c: c.setting and c.setting.time),
    Column("keepalive_interval", COUNT, lambda c: c.setting and c.setting.interval),
    Column("keepalive_probes", COUNT, lambda c: c.setting and c.setting.probes),
    Column("client_idle", COUNT, lambda c: c.client_idle),
    Column("kept", COUNT, lambda c: c.counterfactual and c.counterfactual.kept),
    Column("perhaps", COUNT, lambda c: c.counterfactual and c.counterfactual.perhaps),
    Column("not_kept", COUNT, lambda c: c.counterfactual and c.counterfactual.not_kept),
)

#: A keepalive's and an idle timeout's seconds are counts: they are what is written into a setting.
CAUSES: tuple[Column[Cause], ...] = (
    Column("server", TEXT, lambda c: c.service.address),
    Column("server_port", COUNT, lambda c: c.service.port),
    *(_symptom(s) for s in Symptom),
    *_BRACKET,
    Column("wide", FLAG, lambda c: c.wide),
    Column("narrow", GAP, lambda c: c.narrow),
    *_KEEPALIVE,
    *(_helpless(why) for why in Helpless),
    Column("at_risk", COUNT, lambda c: c.at_risk.connections),
)

#: A cure, with the advice that it is part of.
CURES: tuple[Column[tuple[Advice, Cure]], ...] = (
    Column("server", TEXT, lambda c: c[0].target.service.address),
    Column("server_port", COUNT, lambda c: c[0].target.service.port),
    Column("place", TEXT, lambda c: c[1].place),
    Column("effect", TEXT, lambda c: c[1].effect),
    Column("id", TEXT, lambda c: c[1].id),
    Column("title", TEXT, lambda c: c[1].title),
    Column("applies", TEXT, lambda c: c[1].applies),
    Column("limits", TEXT, lambda c: c[1].limits),
    Column("check", TEXT, lambda c: c[1].check),
    Column("text", TEXT, lambda c: "\n".join(snippet.text for snippet in c[1].snippets)),
)


def service_columns(causes: Iterable[Cause]) -> tuple[Column[ServiceView], ...]:
    """The columns of a service, and where its timeout lies and what would keep its connections alive, if it lost any."""
    known = {cause.service: cause for cause in causes}

    def cause(view: ServiceView) -> Cause | None:
        return known.get(view.endpoint)

    return (*SERVICES, *via(cause, _BRACKET, "timeout_"), *via(cause, _KEEPALIVE))
