"""From arguments to files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.capture import CaptureError, expand
from pcapdiag.capture.inputs import natural
from tests.capture.capture_files import PACK, pcap, pcapng


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have them: a ring, compressed and misnamed captures, other files, folders."""
    for number in (1, 2, 10):
        (tmp_path / f"ring{number}.pcap").write_bytes(pcap([number]))
    (tmp_path / "packed").write_bytes(PACK["gzip"](pcapng([5])))
    (tmp_path / "notes.txt").write_text("capture of the incident\n")
    (tmp_path / "empty.pcap").touch()
    (tmp_path / "archive.pcap.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "deep.pcap").write_bytes(pcap())
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


def names(paths: list[str]) -> list[str]:
    """The basenames."""
    return [os.path.basename(path) for path in paths]


def test_directory(folder: Path) -> None:
    """A directory gives the captures in it, known by their bytes, in natural order, not those below."""
    assert names(expand([str(folder)])) == ["packed", "ring1.pcap", "ring2.pcap", "ring10.pcap"]


def test_pattern(folder: Path) -> None:
    """A pattern that the shell left alone is expanded, in natural order; a directory it matches is
    searched."""
    assert names(expand([str(folder / "ring*")])) == ["ring1.pcap", "ring2.pcap", "ring10.pcap"]
    assert names(expand([str(folder / "in*")])) == ["deep.pcap"]
    assert names(expand([str(folder / "**" / "d*.pcap")])) == ["deep.pcap"]
    assert names(expand([str(folder / "e[lm]pty.pcap")])) == ["empty.pcap"]


def test_name_with_brackets(folder: Path) -> None:
    """A file whose name is a pattern is that file."""
    odd = folder / "ring[1].pcap"
    odd.write_bytes(pcap())
    assert expand([str(odd)]) == [str(odd)]


def test_order_of_arguments(folder: Path) -> None:
    """Arguments keep their order, and are not looked at."""
    given_order = [str(folder / "ring10.pcap"), "-", str(folder / "notes.txt"), str(folder / "fifo")]
    assert expand(given_order) == given_order


def test_duplicates(folder: Path) -> None:
    """A file named twice, also through a link, is given once, as it was named first."""
    link = folder / "link.pcap"
    link.symlink_to(folder / "ring2.pcap")
    arguments = ["-", str(link), str(folder / "ring2.pcap"), str(folder / "inside" / ".." / "ring*"), "-"]
    assert names(expand(arguments)) == ["-", "link.pcap", "ring1.pcap", "ring10.pcap"]


def test_errors(folder: Path) -> None:
    """What does not exist, a pattern without match and a directory without captures are errors."""
    with pytest.raises(CaptureError, match="no such file"):
        expand([str(folder / "missing.pcap")])
    with pytest.raises(CaptureError, match="no file matches"):
        expand([str(folder / "missing*.pcap")])
    (folder / "gone.pcap").symlink_to(folder / "missing.pcap")
    with pytest.raises(CaptureError, match="a link to nothing"):
        expand([str(folder / "gone.pcap")])
    (folder / "inside" / "deep.pcap").write_text("text")
    with pytest.raises(CaptureError, match="a directory without captures"):
        expand([str(folder / "inside")])


def test_unreadable_file_in_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be looked into is not passed over: it may be the one that matters."""
    real = os.open

    def guarded(path: str, *rest: int) -> int:
        if str(path).endswith("ring2.pcap"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", guarded)
    with pytest.raises(CaptureError, match=r"ring2\.pcap: permission denied"):
        expand([str(folder)])


@given(st.lists(st.text("ab01289._-", max_size=8)))
def test_natural_is_an_order(texts: list[str]) -> None:
    """Any names can be sorted, numbers in them by value."""
    assert sorted(sorted(texts), key=natural) == sorted(sorted(texts, reverse=True), key=natural)
    assert natural("a2") < natural("a10") < natural("b1")
