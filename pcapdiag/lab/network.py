"""Namespaces in a row, joined by veth pairs, with a middlebox that forgets.

    client ── middle ── server

The middle translates the service's address to the server's (nftables DNAT) and forgets an idle connection after some seconds
(`nf_conntrack_tcp_timeout_established`). With `nf_conntrack_tcp_loose=0` the next segment belongs to no flow, is not
translated, and so reaches the middle's own stack, which has no such socket: RST. What else it may do instead is `Forgets`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType

from pcapdiag.lab.types import Failed

#: RFC 5737 and RFC 3849 addresses: never a real host.
SERVICE, SERVICE6 = "198.51.100.80", "2001:db8:80::80"
#: Ports of the service, and the server's behind each. Nothing listens on the last.
PORTS = {80: 8080, 443: 8443, 81: 8081}
#: conntrack's established timeout: 3 s of silence survive, 6 s do not.
TIMEOUT_S = 4


class Forgets(StrEnum):
    """What the middle does with a segment of a connection it has forgotten."""

    RESET = "reset"
    DROP = "drop"
    PROHIBIT = "prohibit"


_FILTER = {
    Forgets.RESET: "",
    Forgets.DROP: "chain forgotten { type filter hook prerouting priority 0 ; ct state invalid drop ; }",
    Forgets.PROHIBIT: "chain forgotten { type filter hook input priority 0 ; "
    "ct state invalid reject with icmpx type admin-prohibited ; }",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Network:
    """A network that is up. ``spaces`` is node -> namespace. Link k, from the left, is 10.k.0.0/24 and fd00:k::/64: 1 is its left
    end, 2 its right; a wire has no addresses. A node's interface is called after the next node that has: ``to-middle``. The
    service's address leads to ``front``, by default the last node."""

    nodes: tuple[str, ...]
    wires: tuple[str, ...]
    spaces: dict[str, str]
    ipv6: bool
    front: str = ""

    @property
    def service(self) -> str:
        """The address that clients know."""
        return SERVICE6 if self.ipv6 else SERVICE

    @property
    def hosts(self) -> tuple[str, ...]:
        """The nodes that have addresses."""
        return tuple(node for node in self.nodes if node not in self.wires)

    def address(self, node: str, *, left: bool = False) -> str:
        """Of ``node``, on its right link, or on its left one."""
        at = self.hosts.index(node)
        link, end = (at, 2) if left else (at + 1, 1)
        return f"fd00:{link}::{end}" if self.ipv6 else f"10.{link}.0.{end}"

    @property
    def behind(self) -> str:
        """The server's own address and port for port 80 of the service."""
        address = self.address(self.front or self.hosts[-1], left=True)
        return f"[{address}]:{PORTS[80]}" if self.ipv6 else f"{address}:{PORTS[80]}"

    def inside(self, node: str, *command: str) -> tuple[str, ...]:
        """The command that runs ``command`` in a node."""
        return ("ip", "netns", "exec", self.spaces[node], *command)

    def run(self, node: str, *command: str, text: str | None = None) -> str:
        """Run a short command in a node, ``text`` on its input; gives what it prints. Raises Failed if it fails."""
        return _run(*self.inside(node, *command), text=text)

    def filter(self, node: str, forgets: Forgets) -> None:
        """From now on the node treats so what it does not know."""
        self.rules(node, "inet forgotten", _FILTER[forgets])

    def rules(self, node: str, table: str, chains: str) -> None:
        """Put nftables ``chains`` into a table of a node, in place of what was there."""
        self.run(node, "nft", "-f", "-", text=f"table {table}\ndelete table {table}\ntable {table} {{\n{chains}\n}}\n")


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text or "", text=True, capture_output=True, timeout=20, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextlib.contextmanager
def network(
    nodes: Sequence[str] = ("client", "middle", "server"),
    *,
    wires: Sequence[str] = (),
    timeout_s: int | None = TIMEOUT_S,
    forgets: Forgets = Forgets.RESET,
    ipv6: bool = False,
    masquerade: Sequence[str] = (),
    front: str = "",
) -> Iterator[Network]:
    """A network that is removed at the end, whatever happens; also on Ctrl-C and SIGTERM.

    ``nodes`` from left to right: the first is the client, the last the server, one is called ``middle``. ``wires`` are those
    among them through which frames pass by a program of ours (see `pcapdiag.lab.relay`). ``timeout_s`` None: nothing is
    forgotten. ``masquerade`` are nodes that hide what is left of them behind their own address. ``front`` is the node that the
    service's address leads to, such as a gateway before the server; by default the server.
    """
    mark = f"pcapdiag-{os.getpid()}-{secrets.token_hex(2)}"
    net = Network(tuple(nodes), tuple(wires), {node: f"{mark}-{node}" for node in nodes}, ipv6, front)
    with terminated_as_interrupted():
        try:
            _build(net)
            _middle(net, timeout_s)
            net.filter("middle", forgets)
            for node in masquerade:
                right = f"to-{net.hosts[net.hosts.index(node) + 1]}"
                hide = f'type nat hook postrouting priority 100 ; oifname "{right}" masquerade ;'
                net.rules(node, "inet hide", f"chain out {{ {hide} }}")
            yield net
        finally:
            for name in net.spaces.values():  # the links go with their namespaces
                subprocess.run(("ip", "netns", "delete", name), stderr=subprocess.DEVNULL, check=False)


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _build(net: Network) -> None:
    for node, name in net.spaces.items():
        _run("ip", "netns", "add", name)
        off = "1" if node in net.wires or not net.ipv6 else "0"
        net.run(node, "sysctl", "-qw", "net.ipv4.ip_forward=1", f"net.ipv6.conf.default.disable_ipv6={off}",
                "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0")  # fmt: skip
        _run("ip", "-n", name, "link", "set", "lo", "up")
    for k, (left, right) in enumerate(itertools.pairwise(net.nodes), 1):
        ends = (left, _name(net, left, right)), (right, _name(net, right, left))
        _run("ip", "-n", net.spaces[left], "link", "add", ends[0][1], "type", "veth", "peer", "name", ends[1][1],
             "netns", net.spaces[right])  # fmt: skip
        for end, (node, interface) in enumerate(ends, 1):
            _run("ip", "-n", net.spaces[node], "link", "set", interface, "address", f"02:00:00:00:0{k}:0{end}", "up")
    for left, right in itertools.pairwise(net.hosts):
        for node, interface, is_left in ((left, f"to-{right}", True), (right, f"to-{left}", False)):
            length = "64" if net.ipv6 else "24"
            address = net.address(node, left=not is_left)
            _run("ip", "-n", net.spaces[node], "address", "add", f"{address}/{length}", "dev", interface)
    for at, node in enumerate(net.hosts):  # routes lead to the middle from either side, and on from it by the links
        middle = net.hosts.index("middle")
        if at < middle:
            _route(net, node, net.address(net.hosts[at + 1], left=True))
        elif at > middle:
            _route(net, node, net.address(net.hosts[at - 1]))


def _name(net: Network, node: str, neighbour: str) -> str:
    """A wire's interfaces are called after what is next to it; a host's after the next host."""
    if node in net.wires or neighbour not in net.wires:
        return f"to-{neighbour}"
    step = net.nodes.index(neighbour) - net.nodes.index(node)
    at = net.nodes.index(neighbour)
    while net.nodes[at] in net.wires:
        at += step
    return f"to-{net.nodes[at]}"


def _route(net: Network, node: str, via: str) -> None:
    _run("ip", "-n", net.spaces[node], "route", "add", "default", "via", via)


def _middle(net: Network, timeout_s: int | None) -> None:
    middle, server = "middle", net.address(net.front or net.hosts[-1], left=True)
    _run("ip", "-n", net.spaces[middle], "address", "add", f"{net.service}/{128 if net.ipv6 else 32}", "dev", "lo")
    family = "ip6" if net.ipv6 else "ip"
    target = f"[{server}]" if net.ipv6 else server
    rules = "".join(f"{family} daddr {net.service} tcp dport {port} dnat to {target}:{to} ; " for port, to in PORTS.items())
    net.rules(middle, f"{family} nat", f"chain service {{ type nat hook prerouting priority -100 ; {rules} }}")
    established = [] if timeout_s is None else [f"net.netfilter.nf_conntrack_tcp_timeout_established={timeout_s}"]
    net.run(middle, "sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_loose=0", *established)
