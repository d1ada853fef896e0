"""Envoy's text format, read backwards: from a format string to the fields of a line.

Nothing in a line says where a value ends: Envoy escapes neither quotes nor spaces, and a client chooses its path and user agent.
So a line is taken apart in two ways. The first ends each value at the first place where the format could go on, in one pass of a
regular expression that never goes back (atomic groups, so that no line takes long). Where that does not fit, every place is
tried for every value, with the narrow ones (numbers, addresses, the request id) as landmarks, and a bound on the trials.
"""

from __future__ import annotations

import re
from operator import itemgetter

from pcapdiag.correlate.operators import OPERATOR, Operator, operator
from pcapdiag.correlate.strftime import Clock

#: Trials for one line. Of real lines that need any, none was seen to need a thousand.
_TRIALS = 20_000


class TextFormat:
    """Lines written by the format string ``text``. Raises ValueError if it is none, or holds nothing that can be used; ``whole``
    False: it is a part of one, and need not."""

    def __init__(self, text: str, name: str = "Envoy's custom text", *, whole: bool = True) -> None:
        self.name = name
        self._literals, self._operators = _taken_apart(text)
        if whole:
            _sufficient({op.field for op in self._operators})
        self.fields = tuple(op.field for op in self._operators)
        self.clock = next((op.clock for op in self._operators if op.clock), Clock(""))
        kept = [(field, i) for i, field in enumerate(self.fields) if field is not None]
        self._names = [field for field, _ in kept]
        # nearly every line of a log only needs this much, so it is worth not looping over fields that are written once
        once = len(kept) > 1 and len(set(self._names)) == len(kept)
        self._once = itemgetter(*(i for _, i in kept)) if once else None
        self._shapes = [re.compile(op.shape, re.ASCII) for op in self._operators]
        parts = [re.escape(self._literals[0])]
        for op, literal in zip(self._operators, self._literals[1:], strict=True):
            lazy = f"({op.shape}?)" if op.shape.endswith("]*") or op.shape == ".*" else f"({op.shape})"
            parts.append(f"(?>{lazy}{re.escape(literal)})" if literal else lazy.replace("*?)", "*)"))
        self._quick = re.compile("".join(parts), re.ASCII)

    def values(self, text: str) -> dict[str, str] | None:
        """The text of each field that is written; None if the line is not of this format."""
        found = self._quick.fullmatch(text)
        values = found.groups() if found else self._tried(text)
        if values is None:
            return None
        if self._once is not None:
            return dict(zip(self._names, self._once(values), strict=True))
        out: dict[str, str] = {}
        for field, value in zip(self.fields, values, strict=True):
            if field is not None and out.get(field, "-") in ("-", ""):
                out[field] = value
        return out

    def _tried(self, text: str) -> list[str] | None:
        if not text.startswith(self._literals[0]) or not text.endswith(self._literals[-1]):
            return None
        last, left, dead = len(self._operators) - 1, _TRIALS, set[tuple[int, int]]()
        # one entry for each value so far: where it began, and where it ends now
        path: list[tuple[int, int]] = [(len(self._literals[0]), -1)]
        while path and left:
            left -= 1
            i = len(path) - 1
            start, end = path.pop()
            literal = self._literals[i + 1]
            if i == last:
                end = len(text) - len(literal) if end < 0 else -1
            else:
                end = text.find(literal, start if end < 0 else end + 1)
            if end < start or (i, start) in dead:
                dead.add((i, start))
                continue
            path.append((start, end))
            if self._shapes[i].fullmatch(text, start, end):
                if i == last:
                    return [text[a:b] for a, b in path]
                path.append((end + len(literal), -1))
        return None


def _taken_apart(text: str) -> tuple[list[str], list[Operator]]:
    """Literals and operators in turn, beginning and ending with a literal."""
    text = text.rstrip("\r\n").removesuffix("\\n")  # as it stands in YAML and on command lines
    text = text.replace('\\"', '"')
    literals, operators, at = [""], list[Operator](), 0
    while at < len(text):
        if text.startswith("%%", at):
            literals[-1] += "%"
            at += 2
        elif found := OPERATOR.match(text, at):
            operators.append(operator(found))
            literals.append("")
            at = found.end()
        elif text[at] == "%":
            raise ValueError(f"not an Envoy format: no command operator at {text[at : at + 20]!r}")
        else:
            literals[-1] += text[at]
            at += 1
    return literals, operators


def _sufficient(fields: set[str | None]) -> None:
    """Raises ValueError if lines of these fields cannot be used."""
    if "start" not in fields:
        raise ValueError("not an Envoy format with times: %START_TIME% is missing")
    if not fields & {"code", "flags"}:
        raise ValueError("the format has neither %RESPONSE_CODE% nor %RESPONSE_FLAGS%: failures cannot be told")
