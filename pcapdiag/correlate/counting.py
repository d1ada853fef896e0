"""Lines of a text that may hold anything, each with a fate: something, skipped, or unread with the first reason kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pcapdiag.correlate.types import Side, Source

#: Characters of a line that are looked at. Envoy bounds all headers of a request to 60 KiB, and a log line repeats some of them.
LONGEST = 1 << 17
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Tally:
    """Counts the lines it hands out. The law: lines are those that became something, and skipped, and unread."""

    def __init__(self) -> None:
        self.lines = self.skipped = self.unread = 0
        self._first: int | None = None
        self._why: str | None = None
        self._notes: dict[str, None] = {}
        self._ends = False  # lines of this text end with a newline, so that one that does not was cut off
        self._cut = False

    def each(self, lines: Iterable[str | bytes]) -> Iterator[tuple[int, str]]:
        """Number (from 1) and text of each line, without what ends or colours it. Empty and endless lines are counted here."""
        for line in lines:
            self.lines += 1
            if len(line) > LONGEST:
                self.bad(f"a line of more than {LONGEST} characters")
                continue
            # bytes that are no UTF-8 stay visible, and stay different from each other
            text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
            self._cut = self._ends and not text.endswith("\n")
            self._ends = self._ends or text.endswith("\n")
            text = text.rstrip("\r\n").removeprefix("\ufeff" if self.lines == 1 else "")
            text = _COLOUR.sub("", text) if "\x1b" in text else text
            if text.strip():
                yield self.lines, text
            else:
                self.skipped += 1

    def skip(self) -> None:
        """The line is known, and holds nothing of what is looked for."""
        self.skipped += 1

    def bad(self, why: str) -> None:
        """Nothing can be made of this line."""
        self.unread += 1
        if self._first is None:
            self._first, self._why = self.lines, f"{why} (the line breaks off)" if self._cut else why

    def note(self, sentence: str) -> None:
        """How something was read, said once."""
        self._notes.setdefault(sentence)

    def source(self, name: str, side: Side | None, form: str) -> Source:
        """What to say of the text when all of it was read."""
        return Source(name, side, form, self.lines, self.skipped, self.unread, self._first, self._why, tuple(self._notes))
