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


def watched(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """A terminal on stderr."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    tty = Tty()
    monkeypatch.setattr(sys, "stderr", tty)
    return tty


def test_no_bar_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal on stderr there is no bar."""
    monkeypatch.setattr(sys, "stderr", StringIO())
    with progress_bar(True) as bar:
        assert bar is None


def test_no_bar_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-progress is obeyed."""
    watched(monkeypatch)
    with progress_bar(False) as bar:
        assert bar is None


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the first second nothing is printed, and rich's bar is not even imported."""
    stderr = watched(monkeypatch)
    with progress_bar(True) as bar:
        assert bar is not None
        bar(Step("a.pcap", 1, 2, 3))
    assert stderr.getvalue() == ""


def test_long_work_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar shows the file, the part that is read, records, rate and time left."""
    stderr = watched(monkeypatch)
    bar = Bar(color=False, delay=0)
    for i in range(1, 6):
        bar(Step("podA.pcap.gz", i * 100_000_000, 1_000_000_000, i * 1_000_000))
    bar.close()
    last = stderr.getvalue().split("\x1b[2K")[-2]
    for text in ("podA.pcap.gz", " 50%", "5.0 M records", "MB/s" if "MB/s" in last else "GB/s", ":"):
        assert text in last


@pytest.mark.parametrize("size", [None, 0])
def test_an_unknown_size_is_no_trouble(size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the size is not known, the bar only shows that something happens."""
    stderr = watched(monkeypatch)
    bar = Bar(delay=0)
    bar(Step("-", 5, size, 1))
    bar(Step("-", 6, size, 1))
    bar.close()
    assert "records" in stderr.getvalue()


def test_file_names_in_the_bar_are_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name is neither markup nor an escape sequence."""
    stderr = watched(monkeypatch)
    bar = Bar(color=False, delay=0)
    bar(Step("[red]x\x1b[31m\u202e", 1, 2, 1))
    bar.close()
    assert "[red]x\\x1b[31m\\u202e" in stderr.getvalue()
    assert "\x1b[31m" not in stderr.getvalue()


def test_the_bar_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end the bar is erased and the cursor is back, so that the report stands alone."""
    stderr = watched(monkeypatch)
    with progress_bar(True) as bar:
        assert bar is not None
        bar._delay = 0
        bar(Step("a.pcap", 1, 2, 3))
    assert stderr.getvalue().endswith("\x1b[1A\x1b[2K")
    assert "\x1b[?25h" in stderr.getvalue()
