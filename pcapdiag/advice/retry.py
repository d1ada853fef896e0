"""What helps where nothing prevents the loss: the request is sent again on another connection."""

from __future__ import annotations

from pcapdiag.advice.recipe import INVENTED, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_ISTIO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: retry-$object
spec:
  hosts:
  - "$mesh"$invented
  http:
  - name: idempotent
    match:
    - method:
        regex: GET|HEAD|OPTIONS|PUT|DELETE
    route:
    - destination:
        host: "$mesh"$invented
        port:
          number: $port
    retries:
      attempts: 2
      retryOn: reset,connect-failure,refused-stream
  - name: others
    route:
    - destination:
        host: "$mesh"$invented
        port:
          number: $port
"""
_ENVOY = """\
retry_policy:
  retry_on: reset,connect-failure,refused-stream
  num_retries: 2
"""
_ONLY = (
    "Only for requests that may be carried out twice: one that was reset may have been carried out before. It cures no loss, it "
    "hides it; each costs a new connection. It sees only plain HTTP: not what the client itself encrypts. "
)
_SILENT = "Where the path drops in silence there is no reset, and a retry comes only after a timeout for each try is set."
_CHECK = (
    "The proxy's access log shows response 200 where it showed 503 UC; upstream_rq_retry_success in its statistics counts them."
)

RECIPES = (
    Recipe("istio-retry", Place.RETRY, Effect.RETRY, "Istio: retries for idempotent requests, in a VirtualService",
           "The client runs in an Istio mesh and speaks HTTP to its sidecar. A service outside the mesh needs a ServiceEntry "
           "with protocol HTTP as well (see istio-destinationrule).",
           INVENTED + _ONLY + _SILENT, _CHECK, (Draft("yaml", "VirtualService", _ISTIO),)),
    Recipe("envoy-retry", Place.RETRY, Effect.RETRY, "Envoy: retry_policy of a route",
           "The client is behind an Envoy that is configured by hand.",
           _ONLY + "Put it on routes that match the methods. " + _SILENT, _CHECK,
           (Draft("yaml", "in the route to $host", _ENVOY),)),
)  # fmt: skip
