"""Cures in the kernel's defaults, for applications that ask for keepalive but not for a time, or not even that."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_SYSCTL = """\
sysctl -w net.ipv4.tcp_keepalive_time=$time net.ipv4.tcp_keepalive_intvl=$interval net.ipv4.tcp_keepalive_probes=$probes
"""
_FILE = """\
net.ipv4.tcp_keepalive_time = $time
net.ipv4.tcp_keepalive_intvl = $interval
net.ipv4.tcp_keepalive_probes = $probes
"""
_POD = """\
spec:
  template:
    spec:
      securityContext:
        sysctls:
        - name: net.ipv4.tcp_keepalive_time
          value: "$time"
        - name: net.ipv4.tcp_keepalive_intvl
          value: "$interval"
        - name: net.ipv4.tcp_keepalive_probes
          value: "$probes"
"""
_DONTDIE = """\
export DD_TCP_KEEPALIVE_TIME=$time
export DD_TCP_KEEPALIVE_INTVL=$interval
export DD_TCP_KEEPALIVE_PROBES=$probes
export LD_PRELOAD=/usr/lib/libdontdie.so
"""
_ONLY_ASKED = (
    "They apply only to sockets that ask for keepalive (SO_KEEPALIVE) and set no time of their own: by themselves they turn "
    "nothing on. "
)

RECIPES = (
    Recipe(
        id="sysctl",
        place=Place.KERNEL,
        effect=Effect.KEEPALIVE,
        title="Linux: sysctls for all sockets that ask for keepalive",
        applies="The client asks for keepalive but cannot say when. They hold for IPv6 as well. Connections that are open "
        "already wait for the timer that runs: reconnect them.",
        limits=_ONLY_ASKED
        + "They are set per network namespace: in a container, set them there and not on the host. "
        + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(
            Draft("sh", "now", _SYSCTL),
            Draft("ini", "and after a reboot: /etc/sysctl.d/90-keepalive.conf", _FILE),
        ),
    ),
    Recipe(
        id="pod-sysctls",
        place=Place.KERNEL,
        effect=Effect.KEEPALIVE,
        title="Kubernetes: the same sysctls in a pod's securityContext",
        applies="The client runs in a pod that does not use the host's network.",
        limits=_ONLY_ASKED
        + "Kubernetes counts all three as safe since 1.29, on Linux 4.5 or newer. Before that it counts none of them so, and the "
        "kubelet must allow them (--allowed-unsafe-sysctls), or the pod does not start. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("yaml", "part of a Deployment", _POD),),
    ),
    Recipe(
        id="libdontdie",
        place=Place.KERNEL,
        effect=Effect.KEEPALIVE,
        title="libdontdie: keepalive for a program that never asks for it",
        applies="The program cannot be changed: the library is loaded before it (LD_PRELOAD) and sets the options on its "
        "sockets. According to its README it works with Java.",
        limits="Works only where the program calls the C library for its sockets: not with one that is linked statically, as Go "
        "programs often are. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("sh", "in the program's environment (github.com/flonatel/libdontdie)", _DONTDIE),),
    ),
)
