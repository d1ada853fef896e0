"""The examples of a page in Markdown, run and compared, or written anew: ``python -m tests.end_to_end.readme --write``.

In a block marked ``console`` each line ``$ pcapdiag ...`` is run at the repository's root, with 80 columns; what follows
is what it prints, stdout and stderr. A line ``...`` there stands for any number of lines. Other commands are not run.
"""

from __future__ import annotations

import difflib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.end_to_end.command import PCAPDIAG, environment
from tests.end_to_end.shipped import ROOT

README = ROOT / "README.md"
LEFT_OUT = "..."
_PROMPT, _OURS = "$ ", "$ pcapdiag"
_BLOCK = re.compile(r"(?m)^(?P<open>```(?P<kind>\w+)\n)(?P<body>.*?)(?P<close>^```$)", re.DOTALL)

Runner = Callable[[str], list[str]]


def run(command: str) -> list[str]:
    """The lines that ``pcapdiag ...`` prints, without blanks at their ends."""
    program, *arguments = shlex.split(command, comments=True)
    assert program == "pcapdiag"
    done = subprocess.run([*PCAPDIAG, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL, cwd=ROOT, env=environment(), timeout=60)  # fmt: skip
    return [line.rstrip() for line in done.stdout.splitlines()]


def blocks(text: str, kind: str) -> Iterator[str]:
    """The content of each block marked ``kind``."""
    return (match["body"] for match in _BLOCK.finditer(text) if match["kind"] == kind)


def examples(body: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with its prompt, and the lines that stand below it."""
    command: str | None = None
    below: list[str] = []
    for line in body.splitlines():
        if line.startswith(_PROMPT):
            if command is not None:
                yield command, below
            command, below = line, []
        elif command is not None:
            below.append(line.rstrip())
    if command is not None:
        yield command, below


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Is ``shown`` what was ``printed``, but for what is left out?"""
    pattern = "".join(r"(?:.*\n)*?" if line == LEFT_OUT else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


def renewed(shown: list[str], printed: list[str]) -> list[str]:
    """What to show now: all that was ``printed``, or as much of its two ends as ``shown`` had of them."""
    if agrees(shown, printed):
        return shown
    if shown.count(LEFT_OUT) != 1:
        return printed
    head = shown.index(LEFT_OUT)
    tail = len(shown) - head - 1
    if head + tail >= len(printed):
        return printed
    return [*printed[:head], LEFT_OUT, *printed[len(printed) - tail :]]


def differences(text: str, runner: Runner = run) -> list[str]:
    """A diff for each example of ``text`` that shows what the program does not print."""
    found = []
    for body in blocks(text, "console"):
        for command, shown in examples(body):
            if command.startswith(_OURS) and not agrees(shown, printed := runner(command.removeprefix(_PROMPT))):
                diff = difflib.unified_diff(shown, printed, f"{command} (shown)", f"{command} (printed)", lineterm="")
                found.append("\n".join(diff))
    return found


def rewritten(text: str, runner: Runner = run) -> str:
    """``text`` with the outputs of its examples as the program prints them."""

    def block(match: re.Match[str]) -> str:
        if match["kind"] != "console":
            return match[0]
        lines: list[str] = []
        for command, shown in examples(match["body"]):
            ours = command.startswith(_OURS)
            lines += [command, *(renewed(shown, runner(command.removeprefix(_PROMPT))) if ours else shown)]
        return match["open"] + "".join(line + "\n" for line in lines) + match["close"]

    return _BLOCK.sub(block, text)


def program(text: str) -> str:
    """The Python blocks of ``text``, top to bottom, as one program."""
    return "\n".join(blocks(text, "python"))


def main(arguments: list[str]) -> int:
    """Compare the examples of the pages (README.md if none is named), or with ``--write`` put them right."""
    write = "--write" in arguments
    wrong = 0
    for page in [Path(a) for a in arguments if a != "--write"] or [README]:
        text = page.read_text(encoding="utf-8")
        if write and (now := rewritten(text)) != text:
            page.write_text(now, encoding="utf-8")
            sys.stdout.write(f"{page}: written anew\n")
        elif not write:
            for difference in differences(text):
                wrong += 1
                sys.stdout.write(difference + "\n")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
