"""Opens what users have: files, compressed files, standard input, rings of files. Delivers bytes; the engine
reads them."""

from .errors import CaptureError, DamagedStream, NotCapture
from .inputs import expand
from .preview import Preview, is_stream, preview
from .source import Source, open_source
from .timeline import Timelines, order

__all__ = [
    "CaptureError",
    "DamagedStream",
    "NotCapture",
    "Preview",
    "Source",
    "Timelines",
    "expand",
    "is_stream",
    "open_source",
    "order",
    "preview",
]
