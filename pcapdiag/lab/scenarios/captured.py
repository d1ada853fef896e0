"""The same failure, captured as people capture it: tagged, tunnelled, encrypted, anywhere on the path, in all forms of file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcapdiag.lab.plan import Talk, requests, staggered
from pcapdiag.lab.stage import Stage
from pcapdiag.lab.types import Expected, Said, Scenario, expect
from pcapdiag.lab.wires import run_wire

#: What a lost request looks like to its client.
_RESET = {"lost_after": 4, "result": "ECONNRESET", "rule": "IDLE101", "retry": True}
#: The first 96 bytes: what tcpdump kept before version 4.0, and what many who fear for privacy or disk space still ask for.
_SNAP = 96
VLAN, VNI = 100, 42


def plan(**talk: object) -> tuple[Talk, ...]:
    """Five connections with silences of 1.5 to 7 s; those longer than the timeout lose their request."""
    waits = ((1.5, 2.5, 1.5), (6,), (3, 6.5), (7,), (0.5, 2, 3))
    return staggered(*(requests(*row, **{**_RESET, **talk}) for row in waits))  # type: ignore[arg-type]  # by their names


def vlan(stage: Stage) -> None:
    """Between client and middle lies a trunk; what is captured there is tagged."""
    stage.network("client", "tagging", "untagging", "middle", "server", wires=("tagging", "untagging"))
    run_wire(stage, "tagging", "--tag", f"right:{VLAN}")
    run_wire(stage, "untagging", "--tag", f"left:{VLAN}")
    stage.serve()
    stage.capture("tagging", "to-untagging")
    stage.talk(*plan())


def vxlan(stage: Stage) -> None:
    """Client and middle talk through a tunnel; what is captured below it is UDP, and inside the tunnel it is not."""
    net = stage.network()
    for node, interface, here, there in (("client", "to-middle", 1, 2), ("middle", "to-client", 2, 1)):
        inner = net.address("client") if node == "client" else net.address("middle", left=True)
        for words in (
            f"address flush dev {interface}",
            f"address add 192.0.2.{here}/24 dev {interface}",
            f"link add overlay type vxlan id {VNI} local 192.0.2.{here} remote 192.0.2.{there} dstport 4789 dev {interface}",
            f"address add {inner}/24 dev overlay",
            "link set overlay up",
        ):
            net.run(node, "ip", *words.split())
    net.run("client", "ip", "route", "replace", "default", "via", net.address("middle", left=True))
    stage.serve()
    stage.capture("client", "to-middle", label="underlay")
    stage.capture("client", "overlay", label="overlay")
    stage.talk(*plan())


def tls(stage: Stage) -> None:
    """All is encrypted but the server's name in the client's first message."""
    stage.network()
    stage.serve(tls=True)
    stage.capture()
    # CPython's ssl module calls a reset while it reads the end of the stream: then the RST shows as EOF
    stage.talk(*plan(port=443, name="orders.shop.example", result="ECONNRESET|EOF"))


def formats(stage: Stage) -> None:
    """One interface, captured at the same time in the forms that captures have."""
    stage.network()
    stage.serve()
    stage.capture("client", "to-middle", "-s", str(_SNAP), label=f"snap{_SNAP}")
    stage.capture("client", "to-middle", "--time-stamp-precision=nano", label="nanoseconds")
    stage.capture("client", "to-middle", label="dumpcap", suffix=".pcapng", program="dumpcap")
    stage.capture("client", "to-middle", "-b", "duration:3", label="ring", suffix=".pcapng", program="dumpcap")
    stage.talk(*plan())


def points(stage: Stage) -> None:
    """Every point of the path at the same time; behind the middle, nothing of what was lost is to be seen."""
    stage.network("client", "gateway", "middle", "server", masquerade=("gateway",))
    stage.serve()
    stage.capture("client", "to-gateway", label="client")
    stage.capture("gateway", "any", "-y", "LINUX_SLL", label="gateway-any-sll")
    stage.capture("gateway", "any", "-y", "LINUX_SLL2", label="gateway-any-sll2")
    stage.capture("middle", "to-gateway", label="middle-near", expects=translated)
    stage.capture("middle", "any", "-s", str(_SNAP), label="middle-any", expects=translated)
    stage.capture("middle", "to-server", label="middle-far", expects=nothing)
    stage.capture("server", "to-middle", label="server", expects=nothing)
    stage.talk(*plan(), snapshots=(3.9,))


def nothing(_: Iterable[Said]) -> Iterable[Expected]:
    """Behind what forgets: no finding."""
    return ()


def translated(said: Iterable[Said]) -> Iterator[Expected]:
    """Behind what hides the client: by the address the server knew it by before, for the lost request never came there."""
    said = tuple(said)
    known = {s.client: s.server_saw for s in said if s.server_saw}
    return (expect(s)._replace(client=known[s.client]) for s in said if s.rule)


SCENARIOS = (
    Scenario("vlan", "Reset after idle on a trunk, every frame with an 802.1Q tag.", vlan),
    Scenario("vxlan", "Reset after idle inside a VXLAN tunnel, captured below it and inside.", vxlan),
    Scenario("tls", "Reset after idle of encrypted requests, with the server's name in the client's first message.", tls,
             needs=("openssl",)),
    Scenario("capture-formats", "Reset after idle in 96 bytes, in nanoseconds, in pcapng, and across a ring of files.", formats,
             needs=("dumpcap",)),
    Scenario("capture-points", "Reset after idle at every point of the path at once, before and after two translations.", points),
)  # fmt: skip
