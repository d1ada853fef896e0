"""Envoy's response flags, and when a request counts as failed.

Names and meanings follow Envoy's documentation of RESPONSE_FLAGS (access_log/usage.rst); the words are our own.
"""

from __future__ import annotations

from typing import NamedTuple

from pcapdiag.correlate.types import Logged


class Flag(NamedTuple):
    """One response flag: ``short`` and ``long`` as Envoy writes it, and what it says. ``connection``: that a connection or stream
    failed, which is what a forgotten connection looks like to a proxy."""

    short: str
    long: str
    says: str
    connection: bool = False


FLAGS = {
    flag.short: flag
    for flag in (
        Flag("UC", "UpstreamConnectionTermination", "the connection to the upstream ended before the response", True),
        Flag("UF", "UpstreamConnectionFailure", "no connection to the upstream came about", True),
        Flag("UR", "UpstreamRemoteReset", "the upstream reset the stream (HTTP/2's reset, not TCP's)", True),
        Flag("LR", "LocalReset", "the proxy itself reset the stream to the upstream", True),
        Flag("URX", "UpstreamRetryLimitExceeded", "it failed again when it was retried, or connecting was tried too often", True),
        Flag("DC", "DownstreamConnectionTermination", "the connection to the client ended first", True),
        Flag("DR", "DownstreamRemoteReset", "the client reset the stream (HTTP/2's reset, not TCP's)", True),
        Flag("UT", "UpstreamRequestTimeout", "the upstream did not answer within the route's timeout"),
        Flag("SI", "StreamIdleTimeout", "nothing moved on the stream for the proxy's own idle timeout"),
        Flag("DT", "DurationTimeout", "the request or connection lasted longer than it may"),
        Flag("UMSDR", "UpstreamMaxStreamDurationReached", "the stream to the upstream lasted longer than it may"),
        Flag("UH", "NoHealthyUpstream", "no healthy host was left in the cluster"),
        Flag("UO", "UpstreamOverflow", "a circuit breaker was open"),
        Flag("NR", "NoRouteFound", "no route, or no filter chain, matched"),
        Flag("NC", "NoClusterFound", "the route's cluster does not exist"),
        Flag("LH", "FailedLocalHealthCheck", "the proxy's own health check failed"),
        Flag("DI", "DelayInjected", "a delay was injected on purpose"),
        Flag("FI", "FaultInjected", "an error was injected on purpose"),
        Flag("RL", "RateLimited", "a rate limit refused it"),
        Flag("RLSE", "RateLimitServiceError", "the rate limit service failed"),
        Flag("UAEX", "UnauthorizedExternalService", "external authorization denied it"),
        Flag("IH", "InvalidEnvoyRequestHeaders", "a header was refused by strict checks"),
        Flag("DPE", "DownstreamProtocolError", "the client broke the protocol"),
        Flag("UPE", "UpstreamProtocolError", "the upstream broke the protocol"),
        Flag("RFCF", "ResponseFromCacheFilter", "the response came from the cache"),
        Flag("NFCF", "NoFilterConfigFound", "a filter had no configuration in time"),
        Flag("OM", "OverloadManagerTerminated", "the overload manager ended it"),
        Flag("DF", "DnsResolutionFailed", "the upstream's name did not resolve"),
        Flag("DO", "DropOverload", "it was dropped by the drop_overloads policy"),
        Flag("UDO", "UnconditionalDropOverload", "drop_overloads drops everything"),
    )
}  # fmt: skip
#: What RESPONSE_FLAGS_LONG writes, as RESPONSE_FLAGS would.
SHORT = {flag.long: flag.short for flag in FLAGS.values()}
#: Beginnings of RESPONSE_CODE_DETAILS that say that a connection ended or a stream was reset: Envoy may change them.
_DETAILS = ("upstream_reset_before_response_started", "upstream_reset_after_response_started", "downstream_remote_disconnect")


def meaning(flags: tuple[str, ...]) -> str:
    """The flags for people; one that Envoy got since is given as it is."""
    return "; ".join(f"{flag}: {FLAGS[flag].says}" if flag in FLAGS else flag for flag in flags)


def failed(line: Logged) -> bool:
    """Did the request fail in a way that a lost connection may be the cause of?

    It has a flag that says so, or a code of 500 and above, or none (0). A proxied TCP connection has neither method nor code, and
    is not failed for that alone.
    """
    return lost(line.code, line.flags, line.details, http=line.method is not None or line.protocol is not None)


def answered(line: Logged) -> bool:
    """Is it the upstream's own answer? Then no RST took its place. Envoy answers for a lost connection with 502 to 504 alone."""
    if line.details is not None:
        return line.details == "via_upstream"
    return not line.flags and bool(line.code) and line.code not in (502, 503, 504)


def lost(code: int | None, flags: tuple[str, ...], details: str | None, *, http: bool) -> bool:
    """The same, from the fields it rests on."""
    if any(FLAGS[flag].connection for flag in flags if flag in FLAGS):
        return True
    if code is not None and (code >= 500 or (code == 0 and (http or bool(flags)))):
        return True
    return details is not None and details.startswith(_DETAILS)
