"""The commands that collect what the diagnosis needs, filled with the service and the timeout that is suspected. Pure text.

They come in the order in which the story is told: who saw the failure, who did not, what the wire shows, what the sockets and the
path knew.
"""

from __future__ import annotations

import math
import shlex
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint

S = 1_000_000_000
#: Bytes of each packet that are kept: a cooked header (20), a tunnel (50), IPv6 (40) and TCP with all options (60) are 170; the
#: rest shows how a request begins.
SNAP_LENGTH = 192
#: What a record takes in the file besides: its header in pcap, or the block's frame and padding in pcapng.
_OVERHEAD = 36
#: The ring holds the gap, the failure, and the time until somebody stops it.
RING_TIMES = 3
FILES = 12
#: A snapshot of sockets, at least so many in one timeout, so that one lies shortly before the failure.
SNAPSHOTS = 10


class Errand(NamedTuple):
    """One thing to collect: what for, where it is run, and the commands to paste."""

    id: str
    title: str
    why: str
    where: str
    commands: str


class Pod(NamedTuple):
    """A pod, for the commands wrapped for Kubernetes."""

    namespace: str
    name: str


def plan(timeout: int, service: Endpoint, *, rate: int = 1000, pod: Pod | None = None) -> tuple[Errand, ...]:
    """Everything, for a ``timeout`` in ns that is suspected on the way to ``service``; ``rate`` is how many packets a second the
    ring must bear. With a ``pod`` the commands are run in its network namespace."""
    return (
        access_log(pod),
        capture(timeout, service, rate=rate, pod=pod),
        sockets(timeout, service, pod=pod),
        tracking(timeout, service),
        far_side(timeout, service, rate=rate),
        joined(service),
    )


def access_log(pod: Pod | None = None) -> Errand:
    """What the user saw: the log of the client's sidecar and of the gateway before the server."""
    namespace, name = pod or Pod("NAMESPACE", "POD")
    return Errand(
        "access-log",
        "Access logs of the client's sidecar and of the server's gateway, in Istio's format",
        "Each failed line names both ends of its connection, and the request id that the gateway's log lacks. The first command "
        "turns the log on for the whole mesh, if it is not on.",
        "where kubectl is",
        f"kubectl apply -f - <<'END'\n{_TELEMETRY}END\n"
        f"kubectl logs -n {namespace} {name} -c istio-proxy --since=1h > sidecar.log\n{_GATEWAY_LOG}",
    )


def gateway_log() -> Errand:
    """The log of the next hop alone."""
    why = "It lacks the ids of requests that were lost before it."
    return Errand("gateway-log", "The access log of the next hop, here Istio's gateway", why, "where kubectl is", _GATEWAY_LOG)


def capture(timeout: int, service: Endpoint, *, rate: int = 1000, pod: Pod | None = None) -> Errand:
    """The packets, in a ring that outlasts the gap."""
    size = ring_file(timeout, rate)
    output = "/tmp/client.pcap" if pod else "client.pcap"
    command = _tcpdump(size, output, f"tcp port {service.port} and host {service.address}")
    why = (
        f"A ring of {FILES} files of {size} MB holds at least {RING_TIMES} times the timeout at {rate:,} packets a second; the "
        "gap must be in it whole. Stop it (Ctrl-C) after a failure."
    )
    return Errand("capture", "A capture on the client's side", why, _where(pod), _in_pod(command, pod, "client.pcap*"))


def sockets(timeout: int, service: Endpoint, *, pod: Pod | None = None) -> Errand:
    """Whether the sockets had a keepalive timer."""
    every = _every(timeout)
    address = f"[{service.address}]" if ":" in service.address else service.address
    loop = _loop(f"ss -tnoeip dst {address}:{service.port}", every)
    command = f"{loop} >> ss.txt" if pod is None else f"sh -c {shlex.quote(loop)} >> ss.txt"
    wrapped = command if pod is None else f"kubectl exec -n {pod.namespace} {pod.name} -c {_DEBUGGER} -- {command}"
    return Errand(
        "ss",
        "The client's sockets",
        f"Every {every} s: a socket without timer:(keepalive,…) sends no probe.",
        _where(pod),
        wrapped,
    )


def tracking(timeout: int, service: Endpoint) -> Errand:
    """Whether the path itself forgot."""
    family = "ipv6" if ":" in service.address else "ipv4"
    of = f"-f {family} -p tcp --dport {service.port}"
    every = _every(timeout)
    return Errand(
        "conntrack",
        "Connection tracking, where the path is a Linux machine (NAT, kube-proxy, firewall)",
        "It shows the entry before the gap, how long it had left, and when it was destroyed.",
        "on that machine, as root",
        f"conntrack -E {of} -o timestamp >> conntrack-events.txt &\n"
        f"{_loop(f'conntrack -L {of} -o extended', every)} >> conntrack.txt",
    )


def far_side(timeout: int, service: Endpoint, *, rate: int = 1000) -> Errand:
    """The packets at the other end, which prove what never arrived."""
    size = ring_file(timeout, rate)
    return Errand(
        "far-capture",
        "A capture on the server's side, at the same time",
        "What the client sent and the server never saw was lost between them; the RST that the server never sent was made there. "
        "Behind NAT or a load balancer the server's own port may be another one.",
        "on the server or its gateway, as root",
        _tcpdump(size, "server.pcap", f"tcp port {service.port}"),
    )


def joined(service: Endpoint) -> Errand:
    """What to do with all of it."""
    return Errand(
        "diagnosis",
        "The diagnosis",
        "Each may be missing; the report says what it would add.",
        "where pcapdiag is",
        f"pcapdiag analyze client.pcap* --service {service} \\\n"
        "    --access-log client=sidecar.log --access-log server=gateway.log --ss ss.txt \\\n"
        "    --conntrack conntrack.txt --conntrack conntrack-events.txt\n"
        "pcapdiag compare 'client.pcap*' 'server.pcap*'",
    )


def _every(timeout: int) -> int:
    """Seconds from one snapshot to the next."""
    return max(1, min(60, timeout // SNAPSHOTS // S))


def _loop(command: str, every: int) -> str:
    """A snapshot again and again, each below when, where and how it was taken: else nobody knows what it leaves out."""
    return f'while echo "# $(date -u +%FT%TZ) $(hostname): {command}"; do {command}; sleep {every}; done'


def ring_file(timeout: int, rate: int) -> int:
    """The size of one file of the ring, in millions of bytes as tcpdump's -C counts them: all but the one that is being written
    hold the ring's time."""
    need = RING_TIMES * timeout / S * rate * (SNAP_LENGTH + _OVERHEAD)
    return max(1, math.ceil(need / (FILES - 1) / 1_000_000))


_DEBUGGER = "pcapdiag"
_GATEWAY_LOG = "kubectl logs -n istio-system -l istio=ingressgateway --since=1h --tail=-1 > gateway.log"
_TELEMETRY = """\
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata:
  name: access-log
  namespace: istio-system
spec:
  accessLogging:
  - providers:
    - name: envoy
"""


def _tcpdump(size: int, output: str, expression: str) -> str:
    """A ring; the buffer is larger than by default, for bursts, and files can be made as root where tcpdump gives that up."""
    return f"tcpdump -i any -n -s {SNAP_LENGTH} -B 16384 -C {size} -W {FILES} -Z root -w {output} {shlex.quote(expression)}"


def _where(pod: Pod | None) -> str:
    return "where kubectl is" if pod else "on the client, as root"


def _in_pod(command: str, pod: Pod | None, files: str) -> str:
    """A command run in a debugging container of the pod, which shares its network namespace, and what brings the files home."""
    if pod is None:
        return command
    of = f"-n {pod.namespace} {pod.name}"
    return (
        f"kubectl debug {of} --image=nicolaka/netshoot --profile=netadmin --container={_DEBUGGER} -- sleep 86400\n"
        f"kubectl exec -it {of} -c {_DEBUGGER} -- {command}\n"
        f"kubectl exec {of} -c {_DEBUGGER} -- sh -c 'cd /tmp && tar c {files}' | tar x"
    )
