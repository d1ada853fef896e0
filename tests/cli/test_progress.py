"""The progress bar: only for people, only when it takes long, harmless, and gone when the report comes."""

from __future__ import annotations

import sys
from io import StringIO
from typing import NamedTuple

import pytest

from pcapdiag.cli.progress import Bar, progress_bar


class Step(NamedTuple):
    """How far the reading has come."""

    name: str
    consumed: int
    size: int | None
    records: int


class Tty(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """A terminal on stderr."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Tty())
    assert isinstance(sys.stderr, Tty)
    return sys.stderr


def test_no_bar_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal on stderr there is no bar."""
    monkeypatch.setattr(sys, "stderr", StringIO())
    with progress_bar(True) as bar:
        assert bar is None


def test_no_bar_where_none_is_wanted(stderr: Tty) -> None:
    """--no-progress is obeyed."""
    with progress_bar(False) as bar:
        assert bar is None


def test_short_work_shows_no_bar(stderr: Tty) -> None:
    """Within the first second nothing is printed, and rich's bar is not even imported."""
    with progress_bar(True) as bar:
        assert bar is not None
        bar(Step("a.pcap", 1, 2, 3))
    assert stderr.getvalue() == ""


def test_long_work_shows_how_far_it_is(stderr: Tty) -> None:
    """The bar shows the file, the part that is read, records, rate and time left."""
    bar = Bar(color=False, delay=0)
    for i in range(1, 6):
        bar(Step("podA.pcap.gz", i * 100_000_000, 1_000_000_000, i * 1_000_000))
    bar.close()
    last = stderr.getvalue().split("\x1b[2K")[-2]
    for text in ("podA.pcap.gz", " 50%", "5.0 M records", "MB/s" if "MB/s" in last else "GB/s", ":"):
        assert text in last


@pytest.mark.parametrize("size", [None, 0])
def test_an_unknown_size_is_no_trouble(size: int | None, stderr: Tty) -> None:
    """Where the size is not known, the bar only shows that something happens."""
    bar = Bar(delay=0)
    bar(Step("-", 5, size, 1))
    bar(Step("-", 6, size, 1))
    bar.close()
    assert "records" in stderr.getvalue()


def test_file_names_in_the_bar_are_harmless(stderr: Tty) -> None:
    """A file name is neither markup nor an escape sequence."""
    bar = Bar(color=False, delay=0)
    bar(Step("[red]x\x1b[31m\u202e", 1, 2, 1))
    bar.close()
    assert "[red]x\\x1b[31m\\u202e" in stderr.getvalue()
    assert "\x1b[31m" not in stderr.getvalue()


def test_the_bar_goes_away(stderr: Tty) -> None:
    """At the end the bar is erased and the cursor is back, so that the report stands alone."""
    with progress_bar(True) as bar:
        assert bar is not None
        bar._delay = 0
        bar(Step("a.pcap", 1, 2, 3))
    assert stderr.getvalue().endswith("\x1b[1A\x1b[2K")
    assert "\x1b[?25h" in stderr.getvalue()
