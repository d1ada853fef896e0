"""The texts for Istio are valid by its published schemas, for any service."""

from __future__ import annotations

from typing import Any

import yaml
from cloudcoil.models.istio.networking import v1, v1alpha3
from hypothesis import given

from pcapdiag.advice.filling import values
from pcapdiag.advice.types import Target
from pcapdiag.engine.types import Endpoint
from tests.advice.cases import every, snippet, snippets, target, targets

KINDS: dict[tuple[str, str], Any] = {
    ("networking.istio.io/v1", "DestinationRule"): v1.DestinationRule,
    ("networking.istio.io/v1", "ServiceEntry"): v1.ServiceEntry,
    ("networking.istio.io/v1", "VirtualService"): v1.VirtualService,
    ("networking.istio.io/v1alpha3", "EnvoyFilter"): v1alpha3.EnvoyFilter,
}


def loaded(text: str) -> Any:
    """The YAML of a text."""
    return yaml.load(text, yaml.CSafeLoader)


def objects(of: Target) -> list[Any]:
    """Every object of Istio among the texts."""
    found = [loaded(one.text) for _, one in snippets(of, "yaml")]
    return [made for made in found if isinstance(made, dict) and "apiVersion" in made]


@given(targets)
def test_by_the_schemas(of: Target) -> None:
    """Each object is taken by the model made of Istio's own definition, which knows every field of it, and gives it back unchanged."""
    made = objects(of)
    assert {(one["apiVersion"], one["kind"]) for one in made} == set(KINDS)
    for one in made:
        model = KINDS[one["apiVersion"], one["kind"]].model_validate(one)
        assert model.model_dump(by_alias=True, exclude_none=True, mode="json") == one


@given(targets)
def test_what_they_hold(of: Target) -> None:
    """They name the host, or stand for the address, and hold the port and the values that are advised."""
    assert of.setting
    rule, entry = (loaded(snippet(of, "istio-destinationrule", number)) for number in (0, 1))
    keepalive = rule["spec"]["trafficPolicy"]["connectionPool"]["tcp"]["tcpKeepalive"]
    time, interval, probes = of.setting
    assert keepalive == {"time": f"{time}s", "interval": f"{interval}s", "probes": probes}
    assert loaded(snippet(of, "istio-meshconfig")) == {"meshConfig": {"tcpKeepalive": keepalive}}
    assert entry["spec"]["hosts"] == [rule["spec"]["host"]]
    assert entry["spec"]["ports"][0]["number"] == of.service.port
    if of.host == of.service.address:
        assert entry["spec"]["addresses"] == [of.host]
        assert entry["spec"]["endpoints"] == [{"address": of.host}]
        assert entry["spec"]["resolution"] == "STATIC"
    else:
        assert rule["spec"]["host"] == of.host
        assert entry["spec"]["resolution"] == "DNS"
    patch = loaded(snippet(of, "istio-envoyfilter"))["spec"]["configPatches"][0]
    assert patch["match"]["listener"]["portNumber"] == of.service.port
    options = {(one["level"], one["name"]): one["int_value"] for one in patch["patch"]["value"]["socket_options"]}
    assert options == {(1, 9): 1, (6, 4): time, (6, 5): interval, (6, 6): probes}
    assert {one["state"] for one in patch["patch"]["value"]["socket_options"]} == {"STATE_PREBIND"}


def test_a_schema_that_would_not_know_it() -> None:
    """A field that Istio does not have is not given back: the test above would notice."""
    wrong = loaded(snippet(target(), "istio-destinationrule"))
    wrong["spec"]["trafficPolicy"]["connectionPool"]["tcp"]["tcpKeepAlive"] = {"time": "60s"}
    assert v1.DestinationRule.model_validate(wrong).model_dump(by_alias=True, exclude_none=True, mode="json") != wrong


def test_the_protocol_of_a_port() -> None:
    """Ports 80 and 443 are taken for HTTP and TLS, any other for TCP; so is any where only an address is known, which HTTP does
    not go by."""
    for port, protocol in ((80, "HTTP"), (443, "TLS"), (5432, "TCP")):
        entry = loaded(snippet(target(service=Endpoint("10.0.0.1", port)), "istio-destinationrule", 1))
        assert entry["spec"]["ports"][0]["protocol"] == protocol
        bare = loaded(snippet(target(None, Endpoint("10.0.0.1", port)), "istio-destinationrule", 1))
        assert bare["spec"]["ports"][0]["protocol"] == "TCP"


@given(targets)
def test_an_invented_name(of: Target) -> None:
    """Where only an address is known, each line with the name that Istio gets for it says that it is invented, and so do the limits;
    where a name is known nothing does."""
    named = of.host != of.service.address
    mesh, found = f'"{values(of)["mesh"]}"', []
    for cure in every(of).values():
        lines = [line for one in cure.snippets for line in one.text.splitlines() if mesh in line and one.language == "yaml"]
        assert all(("# invented: put the name that clients use" in line) is not named for line in lines), cure.id
        assert ("--host NAME" in cure.limits) is (bool(lines) and not named), cure.id
        found += [cure.id] * bool(lines)
    assert found == ["istio-destinationrule", "istio-idle", "istio-retry"]


@given(targets)
def test_all_yaml(of: Target) -> None:
    """Every YAML text parses, in every cure, and a pod's sysctls are strings."""
    for _, one in snippets(of, "yaml"):
        assert loaded(one.text)
    pod = loaded(every(of)["pod-sysctls"].snippets[0].text)
    sysctls = pod["spec"]["template"]["spec"]["securityContext"]["sysctls"]
    assert of.setting
    assert [one["value"] for one in sysctls] == [str(value) for value in of.setting]
