"""``pcapdiag analyze --plot``: a picture of its own beside the report, or a clear word why not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from tests.cli.conftest import Library

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(("name", "beginning"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
@pytest.mark.usefixtures("library")
def test_the_ending_says_which_kind(name: str, beginning: bytes, tmp_path: Path, capsys: Captured) -> None:
    """The picture appears beside the report, which goes where it always goes."""
    path = tmp_path / name
    assert main(["analyze", "a.pcap", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(beginning)
    assert capsys.readouterr().out.startswith("3 requests")


@pytest.mark.usefixtures("library")
def test_align_changes_the_picture(tmp_path: Path) -> None:
    """--align wake draws each connection from its wake."""
    for align in ("time", "wake"):
        assert main(["analyze", "a.pcap", "--plot", str(tmp_path / f"{align}.svg"), "--align", align]) == 0
    assert (tmp_path / "time.svg").read_bytes() != (tmp_path / "wake.svg").read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "png", "-", "a.png.txt"])
def test_what_is_no_picture_is_refused_before_reading(library: Library, name: str, capsys: Captured) -> None:
    """Another ending is bad usage, and names those there are."""
    assert main(["analyze", "a.pcap", "--plot", name]) == 2
    assert ".png, .svg, .pdf" in capsys.readouterr().err
    assert library.calls == []


def test_nothing_is_overwritten_unasked(library: Library, tmp_path: Path, capsys: Captured) -> None:
    """A file that is there stays, unless --force is given; the report's own file is never the picture's."""
    path = tmp_path / "a.png"
    path.write_text("mine")
    assert main(["analyze", "a.pcap", "--plot", str(path)]) == 2
    assert path.read_text() == "mine"
    assert main(["analyze", "a.pcap", "--plot", str(path), "-o", str(path), "--force"]) == 2
    assert "is where the report goes" in capsys.readouterr().err
    assert library.calls == []
    assert main(["analyze", "a.pcap", "--plot", str(path), "--force"]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install(
    library: Library, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known before captures are read, and said in one line."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "pcapdiag.report.timeline", raising=False)
    monkeypatch.delattr("pcapdiag.report.timeline", raising=False)
    assert main(["analyze", "a.pcap", "--plot", str(tmp_path / "a.png")]) == 2
    assert "plots need matplotlib: pip install 'pcapdiag[plot]'" in capsys.readouterr().err
    assert library.calls == []
