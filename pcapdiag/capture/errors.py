"""What can go wrong between a name and its bytes. Damage *inside* a capture is data, and the engine's
business."""

from __future__ import annotations


class CaptureError(Exception):
    """``path`` cannot be read as a capture at all, and nothing of it was delivered. ``reason`` is for
    people."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{'standard input' if path == '-' else path}: {reason}")
        self.path = path
        self.reason = reason


class NotCapture(CaptureError):
    """It could be read, and is something else. Only this may be skipped where a directory is searched: if
    what could not be looked into (permission, a missing library) were skipped, silence would look like
    completeness."""


class DamagedStream(Exception):
    """The rest of ``path`` cannot be read or decompressed; everything before was delivered.

    ``offset`` is the number of (decompressed) bytes delivered, ``reason`` is for people.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(f"{'standard input' if path == '-' else path}: {reason}")
        self.path = path
        self.offset = offset
        self.reason = reason
