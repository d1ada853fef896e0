"""Make the captures of this folder with real TCP stacks: `sudo python3 reset-after-idle.make.py --force`.

    client ── middle ── server              middle: DNAT 198.51.100.80:80 to server:8080; forgets after 4 s
    client ── gateway ── middle ── server   gateway: masquerade, forgets nothing

The middle forgets an idle connection and tells nobody. With `nf_conntrack_tcp_loose=0` the next segment
belongs to no flow, is not translated, and so reaches the middle's own stack, which has no such socket: RST.
The truth beside each capture is what client and server noted themselves; no packet was looked at for it.
All traffic stays in network namespaces named after this process, removed at the end, also on Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import errno
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

VIP, VIP_PORT, SERVER_PORT = "198.51.100.80", 80, 8080  # RFC 5737 address: never a real host
TIMEOUT_S = 4  # conntrack's established timeout: 3 s of silence survive, 6 s do not
BOUND_S = 60  # every process ends by itself after this, whatever happens to the maker; a run takes 15 s
# One row per keep-alive connection: seconds to wait before its second, third, ... request.
PLANS = ((1, 1, 1, 1), (3, 3), (6,), (8, 1), (1, 3, 6, 1), (3, 8), (0.5, 0.5, 0.5))
THREE, FOUR = ("client", "middle", "server"), ("client", "gateway", "middle", "server")
# scenario -> nodes from left to right, the client's keepalive in seconds, capture file -> (node, interface)
SCENARIOS: dict[str, tuple[tuple[str, ...], int, dict[str, tuple[str, str]]]] = {
    "reset-after-idle": (THREE, 0, {
        "reset-after-idle.pcap": ("client", "to-middle"),
        "reset-after-idle.middle-any.pcap": ("middle", "any")}),
    "reset-across-nat": (FOUR, 0, {"reset-across-nat.gateway-any.pcap": ("gateway", "any")}),
    "keepalive-survives": (THREE, 2, {"keepalive-survives.pcap": ("client", "to-middle")}),
}  # fmt: skip
GET = "GET /api/orders/{} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: shop/2.4\r\nX-Request-Id: {}\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\nServer: shop\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"


# The endpoints: each runs in its own namespace and prints what it saw, one JSON object per line.
async def serve() -> None:
    async def shop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = "{}:{}".format(*writer.get_extra_info("peername"))
        with contextlib.suppress(asyncio.IncompleteReadError):  # the client closed
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().split():
                print(json.dumps({"id": head[-1], "peer": peer}), flush=True)
                body = json.dumps({"order": head[1].rsplit("/", 1)[1], "state": "packed"}) + "\n"
                writer.write(OK.format(len(body), body).encode())
        writer.close()

    await (await asyncio.start_server(shop, port=SERVER_PORT)).serve_forever()


async def user(number: int, plan: tuple[float, ...], keepalive_s: int) -> None:
    """A request, a wait, a request, ...; after an error the same request at once on a new connection."""
    await asyncio.sleep(number * 0.07)  # so that incidents do not fall on one instant
    idents, waits = (f"{number:02x}{attempt:02x}" for attempt in itertools.count()), [0.0, *plan]
    while waits:
        reader, writer = await asyncio.open_connection(VIP, VIP_PORT)
        sock, received_ns, result = writer.get_extra_info("socket"), 0, "200"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bool(keepalive_s))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive_s or 7200)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        client = "{}:{}".format(*sock.getsockname())
        while waits and result == "200":
            await asyncio.sleep(waits.pop(0))
            ident, sent_ns = next(idents), time.time_ns()
            gap_ns = sent_ns - received_ns if received_ns else None
            try:
                writer.write(GET.format(17 + number, ident).encode())
                await asyncio.wait_for(reader.readuntil(b"}\n"), 10)  # the body is one line
                received_ns = time.time_ns()
            except OSError as error:
                result = errno.errorcode.get(error.errno or 0, type(error).__name__)
                waits.insert(0, 0.0)
            rule = "IDLE101" if gap_ns and result == "ECONNRESET" else None
            seen = {"id": ident, "client": client, "sent_ns": sent_ns, "gap_ns": gap_ns, "result": result}
            print(json.dumps(seen | {"rule": rule}), flush=True)
        writer.close()


async def users(keepalive_s: int) -> None:
    await asyncio.gather(*(user(number, plan, keepalive_s) for number, plan in enumerate(PLANS)))


@contextlib.contextmanager
def network(nodes: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield node -> namespace. Link k, from the left, is 10.k.0.0/24: .1 is its left end, .2 its right."""
    space = {node: f"pcapdiag-{os.getpid()}-{node}" for node in nodes}

    def run(command: str) -> None:
        subprocess.run(command.split(), check=True, timeout=20, stdin=subprocess.DEVNULL)

    def nat(node: str, hook: str, rule: str) -> None:
        chain = f"add chain ip nat {hook} {{ type nat hook {hook} priority 0 ; }}"
        run(f"ip netns exec {space[node]} nft add table ip nat ; {chain} ; add rule ip nat {hook} {rule}")

    try:
        for name in space.values():
            run(f"ip netns add {name}")
            run(f"ip netns exec {name} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.default.disable_ipv6=1")
        for k, (left, right) in enumerate(itertools.pairwise(nodes), 1):
            run(f"ip -n {space[left]} link add to-{right} type veth peer name to-{left} netns {space[right]}")
            for here, there, host in ((left, right, 1), (right, left, 2)):
                run(f"ip -n {space[here]} address add 10.{k}.0.{host}/24 dev to-{there}")
                run(f"ip -n {space[here]} link set to-{there} address 02:00:00:00:0{k}:0{host} up")
            node, via = (right, 1) if right == "server" else (left, 2)  # default routes lead to the middle
            run(f"ip -n {space[node]} route add default via 10.{k}.0.{via}")
        run(f"ip -n {space['middle']} address add {VIP}/32 dev to-server")
        service, target = f"ip daddr {VIP} tcp dport {VIP_PORT}", f"10.{len(nodes) - 1}.0.2:{SERVER_PORT}"
        nat("middle", "prerouting", f"{service} dnat to {target}")
        for setting in ("loose=0", f"timeout_established={TIMEOUT_S}"):
            run(f"ip netns exec {space['middle']} sysctl -qw net.netfilter.nf_conntrack_tcp_{setting}")
        if "gateway" in space:
            nat("gateway", "postrouting", "oifname to-middle masquerade")
        yield space
    finally:
        for name in space.values():  # the links go with their namespaces
            subprocess.run(("ip", "netns", "delete", name), stderr=subprocess.DEVNULL, check=False)


def make(name: str, folder: Path) -> dict[str, object]:
    """Run one scenario, leave its captures in `folder`, return the truth."""
    nodes, keepalive_s, points = SCENARIOS[name]
    with contextlib.ExitStack() as stack:  # unwinds captures before server, whose FINs are not in the story
        space = stack.enter_context(network(nodes))

        def start(node: str, out: str, *command: str) -> subprocess.Popen[bytes]:
            stdout, log = (stack.enter_context((folder / file).open("wb")) for file in (out, f"{out}.log"))
            bounded = ("ip", "netns", "exec", space[node], "timeout", str(BOUND_S), *command)
            process = subprocess.Popen(bounded, stdin=subprocess.DEVNULL, stdout=stdout, stderr=log)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            return process

        start("server", "server", sys.executable, __file__, "--part", "server")
        for file, (node, interface) in points.items():
            start(node, file, "tcpdump", "-n", "-U", "-i", interface, "-w", "-")
        time.sleep(1.5)  # for tcpdump and server to be there
        client = start("client", "client", sys.executable, __file__, "--part", "client", str(keepalive_s))
        if client.wait(BOUND_S):
            raise SystemExit((folder / "client.log").read_text())
        time.sleep(1.5)  # for the last FINs, and for tcpdump to read its ring
    for log in (folder / f"{file}.log" for file in points):
        if "\n0 packets dropped by kernel" not in log.read_text():
            raise SystemExit(f"{log.stem}: {log.read_text()}")
    requests, served = ([*map(json.loads, (folder / part).open())] for part in ("client", "server"))
    peers = {line["id"]: line["peer"] for line in served}
    for request in requests:
        request |= {"server": f"{VIP}:{VIP_PORT}", "server_saw": peers.get(request["id"])}
        lost = not keepalive_s and (request["gap_ns"] or 0) > TIMEOUT_S * 10**9
        if (request["rule"], request["server_saw"] is None) != ("IDLE101" if lost else None, lost):
            raise SystemExit(f"{name}: not what this is for: {request}")
    return {
        "captures": {file: {"node": node, "interface": at} for file, (node, at) in points.items()},
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "kernel": "Linux " + os.uname().release.split("-")[0],
        "path": nodes,
        "server_behind_nat": f"10.{len(nodes) - 1}.0.2:{SERVER_PORT}",
        "conntrack_timeout_s": TIMEOUT_S,
        "client_keepalive_s": keepalive_s or None,
        "requests": sorted(requests, key=lambda request: request["sent_ns"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    wanted = parser.parse_args()
    if missing := [tool for tool in ("ip", "nft", "sysctl", "tcpdump", "timeout") if not shutil.which(tool)]:
        raise SystemExit(f"missing: {missing} (iproute2, nftables, procps, tcpdump, coreutils)")
    if os.geteuid() != 0:
        raise SystemExit("needs root: it makes network namespaces")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    for name, (_, _, points) in SCENARIOS.items():
        files = [wanted.into / file for file in (*points, f"{name}.truth.json")]
        if not wanted.force and (there := [str(file) for file in files if file.exists()]):
            raise SystemExit(f"exists: {', '.join(there)} (--force replaces)")
        with tempfile.TemporaryDirectory() as tmp:
            Path(tmp, files[-1].name).write_text(json.dumps(make(name, Path(tmp)), indent=1) + "\n")
            for file in files:
                print(shutil.copyfile(Path(tmp, file.name), file))


if __name__ == "__main__":
    if sys.argv[1:] == ["--part", "server"]:
        asyncio.run(serve())
    elif sys.argv[1:3] == ["--part", "client"]:
        asyncio.run(users(int(sys.argv[3])))
    else:
        main()
