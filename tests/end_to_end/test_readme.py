"""README.md shows what the program really prints, and its Python runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pcapdiag.rules.catalogue import CATALOGUE
from tests.end_to_end import readme
from tests.end_to_end.command import environment
from tests.end_to_end.readme import README, differences, program, rewritten, run
from tests.end_to_end.shipped import RESET, ROOT

PAGE = """\
# A page
```console
$ pcapdiag one
first
second
$ pcapdiag two   # a remark
same
```
Text, and a block that is none of ours:
```console
$ make demo
whatever
```
```python
x = 1
```
```
$ pcapdiag three
```
```python
assert x == 1
```
"""
PRINTS = {"pcapdiag one": ["first", "2nd", "", "third"], "pcapdiag two   # a remark": ["same"]}


def prints(command: str) -> list[str]:
    """Stands in for the program."""
    return PRINTS[command]


def test_a_difference_is_found() -> None:
    """An example that does not show what is printed is a difference, told as a diff; one that does is none."""
    (difference,) = differences(PAGE, prints)
    assert "$ pcapdiag one" in difference
    assert "-second\n+2nd\n+\n+third" in difference


def test_a_page_is_put_right() -> None:
    """Written anew, the page shows what is printed, differs in nothing else, and is not changed a second time."""
    page = rewritten(PAGE, prints)
    assert page == PAGE.replace("first\nsecond\n", "first\n2nd\n\nthird\n")
    assert differences(page, prints) == []
    assert rewritten(page, prints) == page


@pytest.mark.parametrize(
    ("shown", "right", "written"),
    [
        ("first\n...\nthird", True, "first\n...\nthird"),
        ("...\nthird", True, "...\nthird"),
        ("first\n...", True, "first\n..."),
        ("first\n...\n2nd\n...\n", True, "first\n...\n2nd\n..."),
        ("first\n2nd\n...\n\nthird", True, "first\n2nd\n...\n\nthird"),
        ("second\n...\n", False, "first\n..."),
        ("old\n...\nolder", False, "first\n...\nthird"),
        ("old\n...\n2nd\n...", False, "first\n2nd\n\nthird"),
        ("", False, "first\n2nd\n\nthird"),
        ("1\n2\n3\n...\n4\n5", False, "first\n2nd\n\nthird"),
    ],
)
def test_lines_that_are_left_out(shown: str, right: bool, written: str) -> None:
    """A line of three dots stands for any number of lines, and stays where it is when the page is written anew."""
    page = "```console\n$ pcapdiag one\n" + shown.strip("\n") + "\n" * bool(shown) + "```\n"
    assert (differences(page, prints) == []) is right
    assert rewritten(page, prints) == f"```console\n$ pcapdiag one\n{written}\n```\n"


def test_the_program_is_what_runs() -> None:
    """A command is run at the repository's root, without colour, at 80 columns, with what it says on stderr."""
    lines = run(f"pcapdiag analyze captures/{RESET.name}")
    assert lines[0] == "4 requests on idle connections were answered by RST, with no FIN before."
    assert max(map(len, lines)) <= 80
    assert run("pcapdiag analyze 'no such.pcap'") == ["pcapdiag: no such.pcap: no such file or directory"]


def test_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is wrong and fails, puts it right with --write, and then agrees."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ pcapdiag analyze missing.pcap\nold\n```\n")
    assert readme.main([str(page)]) == 1
    assert "-old\n+pcapdiag: missing.pcap: no such file or directory" in capsys.readouterr().out
    assert readme.main(["--write", str(page)]) == 0
    assert readme.main([str(page)]) == 0
    assert "missing.pcap: no such file" in page.read_text()


def test_python_blocks() -> None:
    """The Python blocks are one program, top to bottom."""
    assert program(PAGE) == "x = 1\n\nassert x == 1\n"


def test_the_readme_shows_what_is_printed() -> None:
    """Every example in README.md is the program's real output; `make gold` writes them anew."""
    text = README.read_text(encoding="utf-8")
    assert "$ pcapdiag analyze" in text
    assert "\n".join(differences(text)) == ""


def test_the_readme_s_python_runs() -> None:
    """README.md's Python runs as it stands, and prints something."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program(README.read_text(encoding="utf-8"))], text=True,
                          capture_output=True, check=False, cwd=ROOT, env=environment(), timeout=60)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_readme_lists_the_rules() -> None:
    """README.md's table of rules has one line for each rule of the catalogue, in its order."""
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| \[(\w+)\]\(docs/rules/(\w+)\.md\) \| ([\w-]+) \| (\w+) \|", text)
    assert rows == [(rule.code, rule.code, rule.name, str(rule.severity)) for rule in CATALOGUE]
