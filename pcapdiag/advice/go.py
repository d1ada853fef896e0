"""Cures in the application: Go, with net/http and with gRPC."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, PING_CHECK, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_HTTP = """\
dialer := &net.Dialer{
	Timeout: 30 * time.Second,
	KeepAliveConfig: net.KeepAliveConfig{
		Enable:   true,
		Idle:     $time * time.Second,
		Interval: $interval * time.Second,
		Count:    $probes,
	},
}
transport := http.DefaultTransport.(*http.Transport).Clone()
transport.DialContext = dialer.DialContext
client := &http.Client{Transport: transport}
"""
_GRPC_CLIENT = """\
probing := grpc.WithKeepaliveParams(keepalive.ClientParameters{
	Time:                $ping * time.Second,
	Timeout:             20 * time.Second,
	PermitWithoutStream: true,
})
// then: grpc.NewClient("$authority", probing, ...)
"""
_GRPC_SERVER = """\
server := grpc.NewServer(
	grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
		MinTime:             $half * time.Second,
		PermitWithoutStream: true,
	}),
)
"""

RECIPES = (
    Recipe(
        id="go",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="Go: KeepAliveConfig of net.Dialer",
        applies="The client is written in Go and dials itself. Needs Go 1.23.",
        limits="Go probes by itself, after 15 s with net.Dialer and after 30 s with http.DefaultTransport: where no probe was "
        "seen, the connections are made otherwise, or KeepAlive is negative, which turns it off. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("go", "where the client is made (imports net, net/http, time)", _HTTP),),
    ),
    Recipe(
        id="grpc-go",
        place=Place.APPLICATION,
        effect=Effect.PING,
        least=10,
        title="gRPC-Go: keepalive parameters of the client, and the server's policy",
        applies="Client and server speak gRPC. The probes are HTTP/2 PINGs, which timers that count payload see as well.",
        limits="Change the server first: unless told otherwise it allows one PING in 5 min, none without a call, and closes the "
        "connection of a client that sends more with GOAWAY ENHANCE_YOUR_CALM. gRPC-Go takes no Time below 10 s. A proxy "
        "between them answers PINGs itself and sends none on.",
        check=PING_CHECK,
        drafts=(
            Draft("go", "server (imports time, google.golang.org/grpc and its package keepalive)", _GRPC_SERVER),
            Draft("go", "client (imports the same)", _GRPC_CLIENT),
        ),
    ),
)
