"""Compressed bytes in, decompressed bytes out, across frames, and everything there is before a damage.

A decompressor that meets damage raises, and takes with it what it had decoded in that call. With a file this
is repaired: the frame is decoded again from its start, its last chunk byte by byte, and what had not been
delivered is kept. What cannot be read twice (a pipe) is decoded in small steps instead, and loses at most one
step.
"""

from __future__ import annotations

from collections.abc import Callable

from .decoders import MAX_WINDOW, Decoder, codec
from .magic import ENOUGH, Compression, may_start_frame, starts_frame

_CHUNK = 1 << 16


class Unpacker:
    """Decompresses one file of any number of frames: ``feed`` (or ``end``) it when ``hungry``, else ``take``.

    ``damage`` is None, or for people what made it end. ``trailing``: bytes that are neither a frame nor zeros
    follow the last frame; they are ignored, as gzip ignores them. ``reread(offset, size)`` gives compressed
    bytes again, None where that is impossible. Raises ImportError if the library for ``kind`` is missing.
    """

    def __init__(self, kind: Compression, reread: Callable[[int, int], bytes] | None) -> None:
        self._codec = codec(kind)
        self._reread = reread
        self._decoder: Decoder | None = None
        self._rest = b""  # between frames: bytes not yet known to be padding, a frame or garbage
        self._input = b""  # in a frame: bytes not yet given to the decoder
        self._fed = 0  # compressed bytes fed, so far
        self._frame_at = self._input_at = 0  # where in them the frame and the decoder's last input begin
        self._frame_out = 0  # bytes delivered of this frame
        self._full = False  # the decoder filled what it was given: it may hold more without needing input
        self.damage: str | None = None
        self.ended = False
        self.trailing = False

    @property
    def hungry(self) -> bool:
        """Whether nothing can be taken before more is fed."""
        if self.ended or self._input or self._full:
            return False
        return self._decoder is None or self._decoder.needs_input

    def feed(self, data: bytes) -> None:
        """Goes on with ``data``."""
        self._fed += len(data)
        if self._decoder is None:
            self._rest += data
            self._between()
        else:
            self._give(data)

    def end(self) -> None:
        """Says that nothing follows what was fed."""
        self.ended = True
        if self._decoder is not None or (self._rest and may_start_frame(self._codec.kind, self._rest)):
            self.damage = f"the {self._codec.kind} data breaks off: cut, or still being written"
        else:
            self.trailing = bool(self._rest)

    def take(self, most: int) -> bytes:
        """At most ``most`` decompressed bytes; more only at a damage, which ends it. May be empty."""
        decoder = self._decoder
        if decoder is None or self.ended:
            return b""
        data, self._input = self._input, b""
        try:
            out = decoder.decompress(data, most)
            ended = decoder.eof
        except self._codec.errors as error:
            self.ended, self._full = True, False
            self.damage = self._reason(error)
            return self._salvage()
        self._full = len(out) >= most
        self._frame_out += len(out)
        if ended:
            self._rest = decoder.unused_data or b""
            self._decoder, self._full = None, False
            self._between()
        return out

    def _give(self, data: bytes) -> None:
        self._input, self._input_at = data, self._fed - len(data)

    def _between(self) -> None:
        """Begins the next frame if there is one. Zeros between frames are padding (of xz, tapes, devices)."""
        self._rest = self._rest.lstrip(b"\0")
        if starts_frame(self._codec.kind, self._rest):
            data, self._rest = self._rest, b""
            self._decoder, self._frame_out = self._codec.new(), 0
            self._frame_at = self._fed - len(data)
            self._give(data)
        elif len(self._rest) >= ENOUGH:
            self.ended = self.trailing = True

    def _salvage(self) -> bytes:
        """What the decoder had decoded when it failed, and took with it."""
        if self._reread is None:
            return b""
        decoder, skip, saved = self._codec.new(), self._frame_out, bytearray()
        at = self._frame_at
        same_damage: tuple[type[Exception], ...] = (*self._codec.errors, OSError)
        try:
            while at < self._fed:
                step = min(_CHUNK, self._input_at - at) if at < self._input_at else 1
                data = self._reread(at, step)
                if not data:
                    break
                at += len(data)
                full = True
                while full or not (decoder.needs_input or decoder.eof):
                    out = decoder.decompress(data, _CHUNK)
                    data, full = b"", len(out) >= _CHUNK
                    saved += out[skip:]
                    skip = max(0, skip - len(out))
        except same_damage:
            pass
        return bytes(saved)

    def _reason(self, error: Exception) -> str:
        kind = self._codec.kind
        if kind in ("zstd", "xz") and "memory" in str(error).lower():
            cure = "zstd -d --long=31" if kind == "zstd" else "xz -d"
            return f"its {kind} window is larger than {MAX_WINDOW >> 20} MiB: unpack it first with {cure}"
        return f"the {kind} data is damaged after byte {self._input_at} of the file ({error})"
