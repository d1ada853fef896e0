"""Text from files of every kind: lines, whatever they are packed in, cut in, or made of."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.capture.errors import CaptureError, DamagedStream
from pcapdiag.capture.text import LONGEST_LINE, text_lines
from tests.capture.capture_files import PACK
from tests.end_to_end.shipped import RESET

TEXT = "first\nsecond, with ä and \u2028 and \x85\r\n\nlast without newline"
LINES = ["first\n", "second, with ä and \u2028 and \x85\r\n", "\n", "last without newline"]


def read(path: Path, data: bytes) -> list[str]:
    """The lines of a file that holds ``data``."""
    path.write_bytes(data)
    return list(text_lines(str(path)))


@pytest.mark.parametrize("kind", [None, *PACK])
def test_lines_of_every_kind_of_file(kind: str | None, tmp_path: Path) -> None:
    """Plain or compressed, by what the file holds and not by its name; lines end at newlines alone."""
    data = TEXT.encode()
    assert read(tmp_path / "x.pcap", data if kind is None else PACK[kind](data)) == LINES


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_encodings_are_known_by_their_marks(mark: bytes, tmp_path: Path) -> None:
    """UTF-16 as PowerShell writes it; the mark is no part of the text."""
    encoding = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}[mark]
    assert read(tmp_path / "x", mark + TEXT.encode(encoding)) == LINES


def test_bytes_that_are_no_text_stay_visible(tmp_path: Path) -> None:
    """And stay different from each other."""
    assert read(tmp_path / "x", b"a\xff\xfeb\n") == ["a\\xff\\xfeb\n"]


def test_a_line_without_end_is_bounded(tmp_path: Path) -> None:
    """Its beginning is delivered; what follows it is not lost."""
    first, second = read(tmp_path / "x", b"x" * (LONGEST_LINE * 3) + b"\nnext\n")
    assert len(first) == LONGEST_LINE + 1
    assert second == "next\n"


@pytest.mark.parametrize("kind", PACK)
def test_everything_before_a_damage_is_delivered(kind: str, tmp_path: Path) -> None:
    """Then the damage is said."""
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](TEXT.encode())[:-3])
    found: list[str] = []
    with pytest.raises(DamagedStream):
        found.extend(line for line in text_lines(str(path)))
    whole: list[str] = []
    lines = text_lines(str(path))
    with pytest.raises(DamagedStream):
        while True:
            whole.append(next(lines))
    assert "".join(LINES).startswith("".join(whole))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """A capture, a directory, nothing at all."""
    for path, why in (
        (RESET, "a capture, where text was expected"),
        (tmp_path, "a directory"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(CaptureError, match=why):
            list(text_lines(str(path)))


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    """Nor is it an error: nothing was logged."""
    assert read(tmp_path / "x", b"") == []


@settings(max_examples=40)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), min_size=1).filter(
        lambda t: not t.startswith(("BZh", "PK"))
    )
)
def test_nothing_is_lost(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """The lines together are the text."""
    found = read(tmp_path_factory.mktemp("text") / "x", text.encode())
    assert "".join(found) == text
    assert all("\n" not in line[:-1] for line in found)
