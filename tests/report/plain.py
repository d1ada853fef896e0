"""What a person reads in a report, whatever its format, as one line of text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_INLINE = frozenset(("b", "code", "span", "a", "i"))


class _Reader(HTMLParser):
    """Collects the text of a page, its drawings included; elements that are not within a line set words apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Elements that are not shown are not read."""
        self._unread += tag == "style"
        self._apart(tag)

    def handle_endtag(self, tag: str) -> None:
        """Where an element ends, a word does, unless it is within a line."""
        self._unread -= tag == "style"
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._unread:
            self.parts.append(data)

    def _apart(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")


def plain(name: str, text: str) -> str:
    """The text of a report in the format of that name, on one line."""
    if name == "html":
        reader = _Reader()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    elif name == "markdown":
        text = html.unescape(text.replace("`", "").replace("**", ""))
    else:
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(text.split())
