"""pcapdiag finds requests that were sent on idle TCP connections and answered by RST, and proves each one.

>>> import pcapdiag
>>> analysis = pcapdiag.analyze("podA.pcap")      # doctest: +SKIP
>>> analysis.findings.frame()                      # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pcapdiag.analyze import analyze
from pcapdiag.capture import CaptureError
from pcapdiag.results import Analysis
from pcapdiag.version import VERSION as __version__

if TYPE_CHECKING:
    from pcapdiag.comparison import compare
    from pcapdiag.verification import verify
    from pcapdiag.why import explain

__all__ = ["Analysis", "CaptureError", "__version__", "analyze", "compare", "explain", "verify"]

#: What only some need does not make every start slower: each of these names, and the module that holds it. No module has the name
#: of its function, which would stand in its place once it is imported.
_LATER = {"compare": "pcapdiag.comparison", "explain": "pcapdiag.why", "verify": "pcapdiag.verification"}


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found
