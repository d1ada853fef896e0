"""The compiled core: bytes in, idle periods out."""

from pcapdiag.engine.core import Engine
from pcapdiag.engine.objects import EDGES

__all__ = ["EDGES", "Engine"]
