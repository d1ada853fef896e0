"""Known products in a bracket: those that may be, ranked by what was seen, whatever the order in which they are known."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.inference.products import families
from pcapdiag.inference.silences import outlived
from pcapdiag.inference.types import Bracket, Clock, FailedSilence, Family, Fit, Symptom
from pcapdiag.knowledge.timeouts import Kind, NextPacket, Timeout, Verified, timeouts
from tests.report.factory import S, extreme, ref

RESET, SILENCE = {Symptom.RESET: 4}, {Symptom.SILENCE: 4}
RST_AT, FIN_AT = {Symptom.RESET_AT_EXPIRY: 4}, {Symptom.FIN_AT_EXPIRY: 4}
ORDER = {True: 0, None: 1, False: 2}


def failed(length: float, *, lower_bound: bool = False) -> FailedSilence:
    """A silence of so many s that failed."""
    return FailedSilence(int(length * S), int(length * S), lower_bound, ref(1))


def bracket(low: float | None, high: float | None, clock: Clock = Clock.SEGMENT, *, floor: float | None = None) -> Bracket:
    """A bracket in s; one with a ``floor`` crosses."""
    survived = None if low is None else extreme(int(low * S))
    fit = Fit.CROSSING if floor is not None else Fit.OPEN if low is None or high is None else Fit.CONSISTENT
    least = low if floor is None else floor
    return Bracket(clock, fit, survived, None if high is None else failed(high), int((least or 0) * S))


def ids(found: tuple[Family, ...], agrees: bool | None) -> set[str]:
    """The products of the families with that agreement."""
    return {t.id for family in found if family.agrees is agrees for t in family.products}


@st.composite
def brackets(draw: st.DrawFn) -> Bracket:
    """Brackets of every shape: open, closed, crossing, narrow and wide."""
    lengths = st.floats(min_value=1, max_value=500_000)
    low, high = draw(st.none() | lengths), draw(lengths)
    floor = None
    if low is not None and low > high:
        floor = draw(st.floats(min_value=0, max_value=high))
    return bracket(low, high, draw(st.sampled_from(Clock)), floor=floor)


symptoms = st.dictionaries(st.sampled_from(Symptom), st.integers(0, 3))
sides = st.sampled_from(["client", "server"])


@given(brackets(), symptoms, sides)
def test_every_family_lies_in_the_bracket(found: Bracket, met: dict[Symptom, int], side: str) -> None:
    """No timer longer than what failed, nor one that what survived has outlived by more than a timer's play."""
    assert found.high is not None
    for family in families(found, met, side):
        timer = failed(family.seconds)
        assert timer.length <= found.high.length
        survived = extreme(found.floor) if found.fit is Fit.CROSSING and found.floor else found.low
        assert found.fit is Fit.CROSSING or not outlived(timer, survived)
        assert found.floor * 100 <= timer.length * 105 or found.fit is not Fit.CROSSING


@given(brackets(), symptoms, sides)
def test_each_family_is_of_one_kind_and_in_its_place(found: Bracket, met: dict[Symptom, int], side: str) -> None:
    """Its products share the timeout and the behaviour, none stands in two; what agrees is first, what does not is last."""
    told = families(found, met, side)
    assert [ORDER[family.agrees] for family in told] == sorted(ORDER[family.agrees] for family in told)
    everything = [t.id for family in told for t in family.products]
    assert len(set(everything)) == len(everything)
    for family in told:
        assert family.products
        assert {t.seconds for t in family.products} == {family.seconds}
        assert len({(t.at_expiry, t.next_packet) for t in family.products}) == 1


@given(brackets(), symptoms, sides, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_known_means_nothing(
    found: Bracket, met: dict[Symptom, int], side: str, chance: random.Random
) -> None:
    """Shuffled data and shuffled counts give the same families in the same order."""
    shuffled, counts = list(timeouts()), list(met.items())
    chance.shuffle(shuffled)
    chance.shuffle(counts)
    assert families(found, dict(counts), side, shuffled) == families(found, met, side)


@given(brackets(), symptoms, sides)
def test_what_no_source_confirms_is_never_said_to_agree(found: Bracket, met: dict[Symptom, int], side: str) -> None:
    """Nor is it mixed with what is: entries without a source are families of their own."""
    for family in families(found, met, side):
        confirmed = {t.confirmed("seconds") for t in family.products}
        assert len(confirmed) == 1
        assert confirmed == {True} or family.agrees is None


@given(
    st.sampled_from([t for t in timeouts() if t.seconds and t.idle and t.kind is not Kind.CLIENT]),
    st.floats(1, 1.04),
    st.floats(1, 2),
)
def test_the_true_product_is_always_among_them(product: Timeout, below: float, above: float) -> None:
    """Whatever survived was shorter than its timer or hardly longer, and what failed was longer: it is a candidate."""
    assert product.seconds is not None
    told = families(bracket(product.seconds * below, product.seconds * above * 1.05), RESET)
    assert product.id in {t.id for family in told for t in family.products}


def test_a_reset_to_the_sender_near_350_s() -> None:
    """Those that answer what comes late by RST agree; what is not known may be; what drops, or says that it ends, does not."""
    told = families(bracket(300, 350.1), RESET)
    assert ids(told[:1], True) == {"aws-nlb-tcp", "aws-nat-gateway"}
    assert {"aws-gwlb", "aws-nlb-tls", "huawei-elb-tcp"} <= ids(told, None)
    assert ids(told, False) >= {"aws-network-firewall", "azure-firewall-ew", "f5-tcp"}


def test_silence_near_240_s() -> None:
    """What drops agrees; what answers by RST, or would have sent one by itself, does not."""
    told = families(bracket(200, 250), SILENCE)
    assert ids(told, True) == {"azure-lb"}
    assert ids(told, False) == {"azure-lb-tcp-reset", "azure-firewall-ns", "azure-nat-gateway"}


def test_a_reset_at_expiry() -> None:
    """Only what sends one by itself agrees."""
    told = families(bracket(200, 310), RST_AT)
    assert ids(told, True) == {"azure-lb-tcp-reset", "azure-firewall-ns", "f5-tcp"}
    assert {"azure-lb", "azure-nat-gateway"} <= ids(told, False)


def test_a_server_cannot_forget_in_silence() -> None:
    """A reset that nothing came before is not the work of what closes with a FIN, even where the FIN is only supposed."""
    told = families(bracket(2.7, 5.7), RESET)
    assert ids(told, False) == {"node-http", "uvicorn", "apache-httpd"}
    assert not ids(told, True) | ids(told, None)


def test_a_timer_that_counts_payload_is_no_layer_4_box() -> None:
    """What probes are known to restart did not forget a connection that answered them; what has connections itself may have."""
    told = families(bracket(59, 60.03, Clock.PAYLOAD), RESET)
    assert ids(told, False) == {"gcp-external-passthrough-nlb"}
    assert {"aws-alb", "nginx-upstream-keepalive"} <= ids(told, None)
    by_segment = families(bracket(59, 60.03), RESET)
    assert "gcp-external-passthrough-nlb" not in ids(by_segment, False)
    assert {"aws-alb", "nginx-upstream-keepalive"} <= ids(by_segment, False)


def test_whose_fin_it_was() -> None:
    """A client's pool is a candidate for the client's FIN alone, a server for the server's; a proxy has two sides."""
    of_server = families(bracket(50, 100, Clock.PAYLOAD), FIN_AT)
    of_client = families(bracket(50, 100, Clock.PAYLOAD), FIN_AT, "client")
    everything = [{t.id for family in told for t in family.products} for told in (of_server, of_client)]
    assert {"puma", "tomcat-embedded"} <= everything[0] - everything[1]
    assert {"go-http-transport", "dotnet-sockets-http"} == everything[1] - everything[0]
    assert "aws-alb" in everything[0] & everything[1]
    assert "go-http-transport" not in ids(families(bracket(50, 100), RESET, "client"), False)


def test_the_commonest_symptom_counts() -> None:
    """One that is seldom met changes nothing; of two that are met equally often, either may agree."""
    drop, rst = "azure-lb", "azure-nat-gateway"
    found = bracket(200, 250)
    assert ids(families(found, {Symptom.RESET: 1, Symptom.SILENCE: 5}), True) == {drop}
    assert ids(families(found, {Symptom.RESET: 5, Symptom.SILENCE: 5}), True) == {drop, rst}
    assert not ids(families(found, {Symptom.RESET: 0}), True)
    assert families(found, {}) != ()


def test_the_clock_decides_between_equals() -> None:
    """If probes restarted the timer that was seen, those come first whose timer they restart; and the other way round."""

    def first(clock: Clock) -> bool | None:
        told = [t for f in families(bracket(550, 650, clock), {}) for t in f.products]
        return told[0].refreshes

    assert first(Clock.SEGMENT) is True
    assert first(Clock.PAYLOAD) is False


def test_ends_that_are_not_known() -> None:
    """Without an upper end there are none; without a lower one, those much shorter than what failed are left out."""
    assert families(bracket(200, None), RESET) == ()
    assert families(Bracket(Clock.SEGMENT, Fit.OPEN, None, failed(350, lower_bound=True), 0), RESET) == ()
    told = families(bracket(None, 350.1), RESET)
    assert told[0].seconds == 350
    assert min(family.seconds for family in told) >= 35


def test_where_they_cross_the_shortest_failure_is_explained() -> None:
    """Longer silences survived, by another timer or path: what counts is what survived below everything that failed."""
    told = families(bracket(900, 350.1, floor=300), RESET)
    assert told == families(bracket(300, 350.1), RESET)


def test_what_is_no_idle_timer_is_no_candidate() -> None:
    """A timer of something else, or a number of a standard, is never named, whatever its number."""
    listed = {t.id for t in timeouts() if not t.idle}
    assert {"envoy-route-timeout", "rfc5382-minimum"} <= listed
    told = families(bracket(1, 100_000), RESET)
    assert not listed & {t.id for family in told for t in family.products}


def known(**others: dict[str, object]) -> tuple[Timeout, ...]:
    """Products made of the entry of a load balancer that answers by RST, by their ids."""
    (base,) = (t for t in timeouts() if t.id == "aws-nlb-tcp")
    return tuple(replace(base, id=name, **fields) for name, fields in others.items())  # type: ignore[arg-type]


def test_what_agreement_rests_on_must_be_confirmed() -> None:
    """An unverified field leaves agreement open, unless another field, that is confirmed, speaks against it."""
    among = known(
        sure={},
        supposed={"unverified": ("next_packet",)},
        nowhere={"verified": Verified.UNVERIFIED},
        other={"unverified": ("at_expiry",), "next_packet": NextPacket.DROP},
    )
    told = families(bracket(300, 351), RESET, among=among)
    assert [(family.products[0].id, family.agrees) for family in told] == [
        ("sure", True), ("supposed", None), ("nowhere", None), ("other", False),
    ]  # fmt: skip


def test_better_verified_first() -> None:
    """Of what agrees alike, the vendor's own word comes before another's; then what is nearer to an end of the bracket."""
    among = known(
        others={"verified": Verified.SECONDARY, "seconds": 349}, far={"seconds": 325}, near={"seconds": 348}, low={"seconds": 301}
    )
    told = families(bracket(300, 349), RESET, among=among)
    assert [family.seconds for family in told] == [348, 301, 325, 349]
