"""What is wrong with a conversation, and where."""

from __future__ import annotations

from typing import NamedTuple

_SHOWN = 100  # characters of a line


class ConversationError(ValueError):
    """A line that cannot be understood: its number (from 1), its text, and what would be right."""

    def __init__(self, line: int, text: str, right: str) -> None:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        super().__init__(f"line {line}: `{shown}`: {right}")
        self.line, self.text, self.right = line, text, right


class Place(NamedTuple):
    """One line of the text: its number, and the line without what stands around it."""

    line: int
    text: str

    def wrong(self, right: str) -> ConversationError:
        """The error to raise about this line."""
        return ConversationError(self.line, self.text, right)
