"""A cure before it is filled in: its texts with ``$names`` in them, which `pcapdiag.advice.filling.values` knows."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import NamedTuple

from pcapdiag.advice.filling import is_address, values
from pcapdiag.advice.types import Cure, Effect, Place, Snippet, Target


class Draft(NamedTuple):
    """A text to paste before it is filled in. ``bare`` stands in its place where the service has no name but an address."""

    language: str
    name: str
    text: str
    bare: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A cure for any service. It is none where a time of less than ``least`` s is needed, because it cannot be set so short."""

    id: str
    place: Place
    effect: Effect
    title: str
    applies: str
    limits: str
    check: str
    drafts: tuple[Draft, ...]
    least: int = 1

    def suits(self, target: Target) -> bool:
        """Is everything known that the texts are filled with, and can it be set so?"""
        if self.effect is Effect.KEEPALIVE:
            return target.setting is not None and target.setting.time >= self.least
        if self.effect is Effect.PING:
            return target.ping is not None and target.ping >= self.least
        return self.effect is not Effect.IDLE or (target.client_idle is not None and target.client_idle >= self.least)

    def cure(self, target: Target) -> Cure:
        """The cure for this service. Raises ValueError if its host is no host name."""
        known = values(target)
        bare = is_address(known["host"])

        def filled(text: str) -> str:
            return Template(text).substitute(known)

        snippets = tuple(
            Snippet(draft.language, filled(draft.name), filled(draft.bare if bare and draft.bare else draft.text))
            for draft in self.drafts
        )
        title, applies, limits, check = map(filled, (self.title, self.applies, self.limits, self.check))
        return Cure(self.id, self.place, self.effect, title, applies, limits, check, snippets)


#: Said first of what names the service to Istio, where no name is known.
INVENTED = "${unnamed}"
_VERIFIED = "then take a capture and run `pcapdiag verify AFTER.pcap --keepalive ${time}s`."
#: How to see a keepalive that the client's side sends, and one that the server's side sends.
CLIENT_CHECK = (
    "On the client (in its pod) `ss -tno dst $endpoint` shows `timer:(keepalive,...)` of at most ${time}s on every idle "
    "connection; " + _VERIFIED
)
#: The same where a proxy takes over what the application sends: both have a socket with that peer.
PROXY_CHECK = (
    "Look at Envoy's sockets only: an application whose connections are redirected to a sidecar has its own with the same peer, "
    "which end in the sidecar and have no timer. Envoy's go to the endpoint's address, which for a Service of Kubernetes is a "
    "pod's. On the client (in its sidecar's container) `ss -tnpo dst $endpoint` shows `timer:(keepalive,...)` of at most "
    '${time}s on every idle connection of `users:(("envoy",...))`; ' + _VERIFIED
)
SERVER_CHECK = (
    "On the gateway (in its pod) `ss -tno 'sport = :$port'` shows `timer:(keepalive,...)` of at most ${time}s on every idle "
    "connection; " + _VERIFIED
)
#: How to see that idle connections are given up in time.
IDLE_CHECK = (
    "On the client `ss -tn dst $endpoint` lists no connection that was without a request for more than $idle s; in a capture "
    "taken afterwards the client sends FIN first, and `pcapdiag analyze AFTER.pcap` finds nothing lost."
)
PROXY_IDLE_CHECK = (
    "Look at Envoy's sockets only: an application whose connections are redirected to a sidecar has its own with the same peer, "
    "which end in the sidecar. On the client (in its sidecar's container) `ss -tnp dst $endpoint` lists no connection of "
    '`users:(("envoy",...))` that was without a request for more than $idle s; in a capture taken afterwards Envoy sends FIN '
    "first, and `pcapdiag analyze AFTER.pcap` finds nothing lost."
)
#: How to see that an application asks something on idle connections.
PING_CHECK = (
    "A capture shows small payload both ways about every $ping s on idle connections: `pcapdiag analyze AFTER.pcap` finds no "
    "silence longer than that."
)
#: What no TCP keepalive does.
NO_PAYLOAD = "A TCP keepalive does not refresh a timer that counts payload, as layer-7 proxies and servers have."
