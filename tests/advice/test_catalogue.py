"""The catalogue: every cure says all that it must, and those for a cause are the ones that help."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given

from pcapdiag.advice.catalogue import CATALOGUE, advise, filled, for_setting
from pcapdiag.advice.choosing import PLACES, chosen
from pcapdiag.advice.notes import notes
from pcapdiag.advice.types import Advice, Effect, Place, Target
from pcapdiag.inference.types import Cause, Clock, Deaths, Fit, Setting, Step, Symptom
from pcapdiag.knowledge.timeouts import Kind, Timeout, Verified, timeouts
from tests.advice.cases import (
    SERVICE,
    SETTING,
    S,
    at,
    bracketed,
    cause,
    counterfactual,
    every,
    failed,
    family,
    helpless,
    product,
    survived,
    target,
    targets,
)


def ids(advice: Advice) -> list[str]:
    """Which cures."""
    return [cure.id for cure in advice.cures]


def effects(advice: Advice) -> list[Effect]:
    """Which effects, in the order in which they first stand."""
    return list(dict.fromkeys(cure.effect for cure in advice.cures))


def test_ids_are_unique_and_short() -> None:
    """Each cure has an id of its own, in lower case, that can be typed."""
    names = [recipe.id for recipe in CATALOGUE]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+){0,2}", name) and len(name) <= 24 for name in names)
    assert not set(names) & set(PLACES)


@given(targets)
def test_every_cure_is_whole(of: Target) -> None:
    """For any service, each cure has all its texts, nothing is left to be filled in, and each ends with one newline."""
    cures = every(of)
    assert list(cures) == [recipe.id for recipe in CATALOGUE]
    for cure in cures.values():
        for text in (cure.title, cure.applies, cure.limits, cure.check):
            assert text
            assert "$" not in text
            assert "  " not in text
        assert cure.applies.endswith(".")
        assert cure.limits.endswith(".")
        assert cure.snippets
        for one in cure.snippets:
            assert "$" not in one.text
            assert one.text.endswith("\n")
            assert not one.text.endswith("\n\n")
            assert "`" not in one.text


@given(targets)
def test_a_keepalive_s_time_stands_in_it(of: Target) -> None:
    """Each keepalive that sets a time sets the one that is advised, and each pool the idle timeout."""
    assert of.setting
    for cure in every(of).values():
        text = "".join(one.text for one in cure.snippets)
        if cure.effect in (Effect.KEEPALIVE, Effect.PING) and cure.id not in ("jdbc", "nginx-upstream"):
            assert re.search(rf"(?<![0-9]){of.setting.time}(000)?(?![0-9])", text), cure.id
        if cure.effect is Effect.IDLE:
            assert re.search(rf"(?<![0-9]){of.client_idle}(000)?(?![0-9])", text), cure.id


def test_limits_are_told() -> None:
    """Each TCP keepalive says that timers which count payload are not refreshed; each sysctl, that it turns nothing on."""
    for cure in every(target()).values():
        if cure.effect is Effect.KEEPALIVE:
            assert "A TCP keepalive does not refresh a timer that counts payload" in cure.limits, cure.id
        if "sysctls" in cure.title:
            assert "SO_KEEPALIVE" in cure.limits
        if cure.effect is Effect.RETRY:
            assert "carried out twice" in cure.limits


def test_unknown_values_leave_cures_out() -> None:
    """Without a setting there is no keepalive, without an idle timeout no pool: never a text with a hole."""
    assert Effect.KEEPALIVE not in effects(filled(CATALOGUE, target()._replace(setting=None)))
    assert Effect.IDLE not in effects(filled(CATALOGUE, target()._replace(client_idle=None)))
    assert Effect.PING not in effects(filled(CATALOGUE, target()._replace(setting=None, client_idle=None)))


def test_what_cannot_be_set_so_short() -> None:
    """What takes no time as short as is needed is no cure: it is left out, and not filled with a longer one."""
    short = every(target(setting=Setting(9, 2, 4), idle=29))
    assert set(every(target())) - set(short) == {"grpc-go", "hikari", "hikari-idle"}
    assert "grpc-go" in every(target(setting=Setting(10, 2, 4)))


def test_an_idle_timeout_where_none_is_known() -> None:
    """Where the cause knows no idle timeout for pools, that of the keepalive is short enough."""
    assert advise(cause(client_idle=None)).target.client_idle == SETTING.time
    assert advise(cause(client_idle=200)).target.client_idle == 200


def test_the_order_of_places() -> None:
    """Where a keepalive cures all: application, sidecar, gateway, kernel, then the path, the pool, and a retry at last."""
    places = [cure.place for cure in advise(cause()).cures]
    assert list(dict.fromkeys(places)) == [
        Place.APPLICATION, Place.SIDECAR, Place.GATEWAY, Place.KERNEL, Place.PATH, Place.POOL, Place.RETRY,
    ]  # fmt: skip


def test_what_helps_most_comes_first() -> None:
    """Where most losses came of a FIN, the client's pool stands first; where none of them is a timer's, no keepalive at all."""
    mixed = advise(cause(counterfactual=counterfactual(2, helpless=helpless(FIN=5))))
    assert effects(mixed) == [Effect.IDLE, Effect.KEEPALIVE, Effect.PING, Effect.TIMEOUT, Effect.RETRY]
    fins = advise(cause(setting=None, counterfactual=counterfactual(0, helpless=helpless(FIN=5))))
    assert effects(fins) == [Effect.IDLE, Effect.RETRY]


def test_a_timer_that_counts_payload() -> None:
    """Where probes do not refresh the timer, payload does: pings of applications are offered, after the pool's timeout, and asked
    for as soon as that runs out."""
    payload = advise(cause(setting=None, client_idle=45, counterfactual=counterfactual(0, helpless=helpless(PAYLOAD_TIMER=5))))
    assert effects(payload) == [Effect.IDLE, Effect.PING, Effect.RETRY]
    texts = {cure.id: "".join(one.text for one in cure.snippets) for cure in payload.cures if cure.effect is Effect.PING}
    assert list(texts) == ["grpc-go", "hikari"]
    assert "Time:                45 * time.Second" in texts["grpc-go"]
    assert texts["hikari"] == "keepaliveTime=45000\n"
    (note,) = notes(cause(counterfactual=counterfactual(0, helpless=helpless(PAYLOAD_TIMER=5))), None)
    assert "asks something on them" in note


@pytest.mark.parametrize(
    "advice",
    [
        advise(cause(client_idle=60)),
        advise(cause(setting=None, counterfactual=counterfactual(0, helpless=helpless(PAYLOAD_TIMER=5)))),
        advise(cause(setting=None, counterfactual=counterfactual(0, helpless=helpless(FIN=5)))),
        for_setting(target(idle=60)),
    ],
)
def test_one_setting_of_a_pool(advice: Advice) -> None:
    """HikariCP's keepaliveTime must be less than its maxLifetime: one of the two is handed out, and each says so."""
    (one,) = (cure for cure in advice.cures if cure.id in ("hikari", "hikari-idle"))
    assert "not both" in one.limits


def test_silences_that_do_not_matter() -> None:
    """Where longer silences failed no more often than short ones, nothing is advised that changes how long one may be."""
    flat = cause(setting=None, client_idle=None, bracket=bracketed(survived(400), failed(350), fit=Fit.CROSSING),
                 counterfactual=counterfactual(0, time=0, perhaps=4))  # fmt: skip
    assert effects(advise(flat)) == [Effect.RETRY]
    steps = (Step(0, 0.1, 0.0, 0.2, 1, 10), Step(300 * S, 0.9, 0.8, 1.0, 9, 10))
    assert Effect.TIMEOUT in effects(advise(replace(flat, estimate=steps, setting=SETTING)))


def test_nothing_helps_an_abort() -> None:
    """Where the endpoint gave up every connection, no setting of the network is advised."""
    aborted = cause(setting=None, client_idle=None, counterfactual=counterfactual(0, helpless=helpless(ABORTED=3)))
    assert advise(aborted).cures == ()
    event = cause(setting=None, client_idle=None, counterfactual=counterfactual(0, helpless=helpless(EVENT=3)))
    assert effects(advise(event)) == [Effect.RETRY]


def test_aborts_by_a_timer() -> None:
    """Where connections end by RST after the same time, a keepalive helps if a box sent them, a client that is quicker if the
    endpoint did: both are offered, and that is said."""
    died = (Deaths(Symptom.RESET_AT_EXPIRY, 3, 4 * S, 4 * S, (at(70), at(80)), regular=True),)
    aborted = cause(client_idle=3, deaths=died, counterfactual=counterfactual(0, perhaps=3))
    assert {Effect.KEEPALIVE, Effect.IDLE} <= set(effects(advise(aborted)))
    assert "If a box on the path sent it, a keepalive holds them" in notes(aborted, SETTING)[0]


def test_no_pool_is_set_where_no_second_is_safe() -> None:
    """A server that closes within a second is raised, or the request retried: no idle timeout is handed out to race it."""
    raced = cause(setting=None, client_idle=0, counterfactual=counterfactual(0, helpless=helpless(FIN=3)))
    assert effects(advise(raced)) == [Effect.RETRY]


def test_a_keepalive_that_is_asked_for() -> None:
    """A setting that the user names goes before the cause's own, and is given even where it would not have helped."""
    asked = advise(cause(), setting=Setting(30, 5, 3))
    assert asked.target.setting == (30, 5, 3)
    fins = cause(setting=None, counterfactual=counterfactual(0, helpless=helpless(FIN=5)))
    assert Effect.KEEPALIVE in effects(advise(fins, setting=SETTING))


def test_the_host() -> None:
    """The host is the name that is given, else the service's address; no name is made up."""
    assert advise(cause()).target.host == SERVICE.address
    assert advise(cause(), "api.example.com").target.host == "api.example.com"
    with pytest.raises(ValueError, match="is no host name"):
        advise(cause(), "a b")


def raised(of: Cause) -> dict[str, str]:
    """The cures of single products on the path, with their texts."""
    found = {cure.id: cure for cure in advise(of).cures if cure.id.startswith("raise-")}
    return {name: "".join(one.text for one in cure.snippets) for name, cure in found.items()}


def test_products_on_the_path() -> None:
    """A known product that agrees is raised beyond what failed, within its range, and only called a candidate."""
    assert raised(cause()) == {"raise-acme-lb": "acme set --idle=3600 --name NAME\n"}
    (cure,) = (cure for cure in advise(cause()).cures if cure.id == "raise-acme-lb")
    assert "If this is on the path, which the capture does not tell" in cure.applies
    low = cause(families=(family(product(range=(10, 900))),))
    assert raised(low) == {"raise-acme-lb": "acme set --idle=900 --name NAME\n"}
    long = cause(bracket=bracketed(survived(3000), failed(3700)))
    assert raised(long) == {"raise-acme-lb": "acme set --idle=6000 --name NAME\n"}


@pytest.mark.parametrize("agrees", [False, None])
def test_products_that_do_not_agree(agrees: bool | None) -> None:
    """A product that behaves otherwise, or of which nothing is known, is not offered as a cure."""
    assert raised(cause(families=(family(agrees=agrees),))) == {}


@pytest.mark.parametrize(
    "other",
    [{"range": (10, 350)}, {"setting": None, "fix": None}, {"verified": Verified.UNVERIFIED}, {"unverified": ("setting", "fix")}],
)  # fmt: skip
def test_products_that_cannot_be_raised(other: dict[str, object]) -> None:
    """Nor is one that cannot be raised beyond what failed, or of which nobody sure says how."""
    assert raised(cause(families=(family(product(**other)),))) == {}


def test_a_product_without_a_command() -> None:
    """Where only the setting's name is known it is said, with its value, and nothing pretends to be pasted."""
    of = cause(families=(family(product(fix=None, kind=Kind.FIREWALL, note="Costs $5.")),))
    (cure,) = (cure for cure in advise(of).cures if cure.id == "raise-acme-lb")
    assert cure.snippets == ()
    assert "Set it to 3600 s: attribute idle." in cure.applies
    assert cure.limits.endswith("Costs $5.")


@pytest.mark.parametrize("known", [one for one in timeouts() if one.seconds], ids=lambda one: one.id)
def test_every_known_product(known: Timeout) -> None:
    """Whatever product of the table agrees, its cure is whole, or there is none; a client's pool is none."""
    assert known.seconds
    of = cause(bracket=bracketed(survived(known.seconds - 1), failed(known.seconds)), families=(family(known),))
    found = [cure for cure in advise(of).cures if cure.id == f"raise-{known.id}"]
    assert len(found) <= (known.kind is not Kind.CLIENT and bool(known.setting or known.fix))
    for cure in found:
        assert known.vendor in cure.title
        assert re.search(r"Set it to \d+ s: |\.$", cure.applies)
        assert not re.search(r"\bN\b", "".join(one.text for one in cure.snippets))


def test_whose_socket() -> None:
    """Beside a sidecar the application's own sockets have the same peer: how to check a proxy says which ones to look at."""
    for name, cure in every(target()).items():
        assert ("users:((" in cure.check) is (name in ("istio-destinationrule", "istio-meshconfig", "envoy-cluster",
                                                       "istio-idle", "envoy-idle")), name  # fmt: skip


def test_connection_tracking_counts_segments() -> None:
    """A timer that counts payload is not that of connection tracking."""
    assert "conntrack" in ids(advise(cause()))
    assert "conntrack" not in ids(advise(cause(bracket=bracketed(survived(240), failed(350), clock=Clock.PAYLOAD))))


KNOWN = [(recipe.id, recipe.place) for recipe in CATALOGUE]


@pytest.mark.parametrize(
    ("wish", "meant"),
    [
        ("go", {"go", "go-idle"}),
        ("GRPC", {"grpc-go"}),
        ("istio-retry", {"istio-retry"}),
        ("kernel", {"sysctl", "pod-sysctls", "libdontdie"}),
        ("nginx, haproxy-server", {"nginx", "nginx-upstream", "haproxy-server"}),
    ],
)
def test_choosing(wish: str, meant: set[str]) -> None:
    """A wish is an id, the beginning of ids, or a place; several stand with commas between."""
    assert chosen([wish], KNOWN) == meant


@pytest.mark.parametrize("wish", ["cobol", "", "istio-", "g"])
def test_no_such_cure(wish: str) -> None:
    """A wish that means nothing is refused, naming what there is; a place without a cure here is none."""
    with pytest.raises(ValueError, match="is no cure .known are application, .*, envoy-retry"):
        chosen([wish], KNOWN)
    assert chosen(["path"], [("go", Place.APPLICATION)]) == frozenset()
