"""pcapdiag finds requests that were sent on idle TCP connections and answered by RST, and proves each one.

>>> import pcapdiag
>>> analysis = pcapdiag.analyze("podA.pcap")      # doctest: +SKIP
>>> analysis.findings.frame()                      # doctest: +SKIP
"""

from __future__ import annotations

from pcapdiag.analyze import analyze
from pcapdiag.capture import CaptureError
from pcapdiag.results import Analysis
from pcapdiag.version import VERSION as __version__

__all__ = ["Analysis", "CaptureError", "__version__", "analyze"]
