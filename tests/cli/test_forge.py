"""``pcapdiag forge``: a text file becomes a capture, or a message that says what is wrong with which line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from pcapdiag.conversation import forge

Captured = pytest.CaptureFixture[str]
TALK = "0 C SYN\n0.02 S SYN ACK\n0.021 C ACK\n60 C 80 bytes  # after the silence\n60.02 S RST\n"
PCAP, PCAPNG = b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a"


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A conversation in a file."""
    path = tmp_path / "talk.txt"
    path.write_text(TALK)
    return path


def test_a_conversation_becomes_a_capture(talk: Path, tmp_path: Path, capsys: Captured) -> None:
    """The file holds what the library forges; nothing is printed."""
    assert main(["forge", str(talk), "-o", str(tmp_path / "out.pcapng")]) == 0
    assert (tmp_path / "out.pcapng").read_bytes() == forge(TALK)[0]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "magic"), [("x.pcap", PCAP), ("x.pcapng", PCAPNG), ("x", PCAPNG)])
def test_the_ending_decides(talk: Path, tmp_path: Path, name: str, magic: bytes) -> None:
    """.pcap is classic pcap in nanoseconds, everything else pcapng."""
    assert main(["forge", str(talk), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes()[:4] == magic


def test_standard_streams() -> None:
    """- reads standard input, and standard output is where a capture goes that no file was named for."""
    command = [sys.executable, "-m", "pcapdiag", "forge", "-"]
    for unbuffered in ("", "1"):
        env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        run = subprocess.run(command, input=TALK.encode(), capture_output=True, check=True, env=env)
        assert (run.stdout, run.stderr) == (forge(TALK)[0], b"")


def test_a_terminal_gets_no_bytes(talk: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """A capture is not written to a terminal, which it would only confuse."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["forge", str(talk)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is a terminal" in captured.err


def test_nothing_is_overwritten_without_force(talk: Path, tmp_path: Path, capsys: Captured) -> None:
    """An existing file stays as it is, and so does the conversation itself even with --force."""
    out = tmp_path / "out.pcapng"
    out.write_text("mine")
    assert main(["forge", str(talk), "-o", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["forge", str(talk), "-o", str(out), "--force"]) == 0
    assert out.read_bytes() == forge(TALK)[0]
    assert main(["forge", str(talk), "-o", str(talk), "--force"]) == 2
    assert talk.read_text() == TALK


def test_a_conversation_of_several_files(talk: Path, tmp_path: Path, capsys: Captured) -> None:
    """Each `file` line makes another output, numbered before its ending; standard output holds one only."""
    text = TALK + "file\n70 C ACK\n"
    talk.write_text(text)
    assert main(["forge", str(talk), "-o", str(tmp_path / "out.pcapng")]) == 0
    assert [(tmp_path / f"out.{n}.pcapng").read_bytes() for n in (1, 2)] == forge(text)
    assert not (tmp_path / "out.pcapng").exists()
    assert main(["forge", str(talk)]) == 2
    assert "cannot hold the 2 files" in capsys.readouterr().err


def test_all_files_or_none(talk: Path, tmp_path: Path) -> None:
    """If one of several outputs exists already, none is written."""
    talk.write_text(TALK + "file\n70 C ACK\n")
    (tmp_path / "out.2.pcapng").write_text("mine")
    assert main(["forge", str(talk), "-o", str(tmp_path / "out.pcapng")]) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.2.pcapng", "talk.txt"]


def test_a_mistake_is_named_with_its_line(talk: Path, tmp_path: Path, capsys: Captured) -> None:
    """What is wrong is said in one line, with the file, the line and what would be right, and nothing is written."""
    talk.write_text(TALK + "61 C HELLO\x1b[2J\n")
    assert main(["forge", str(talk), "-o", str(tmp_path / "out.pcapng")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"pcapdiag: {talk}: line 6: `61 C HELLO")
    assert "SYN, SYN ACK, ACK" in error
    assert "\x1b" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["talk.txt"]


def test_what_a_pcap_cannot_hold(talk: Path, tmp_path: Path, capsys: Captured) -> None:
    """A second interface needs pcapng, and the message says so."""
    talk.write_text(TALK + "60.021 S copy via=1\n")
    assert main(["forge", str(talk), "-o", str(tmp_path / "out.pcap")]) == 2
    assert "line 6: `60.021 S copy via=1`" in capsys.readouterr().err


def test_what_is_no_text(tmp_path: Path, capsys: Captured) -> None:
    """A capture given for a conversation, a missing file, a directory and something endless are plain errors."""
    (tmp_path / "x").write_bytes(b"\xd4\xc3\xb2\xa1")
    for path, reason in ((tmp_path / "x", "is no text"), (tmp_path / "no", "no such file"), (tmp_path, "is a directory"),
                         (Path("/dev/zero"), "longer than any conversation")):  # fmt: skip
        assert main(["forge", str(path)]) == 2
        assert capsys.readouterr().err.startswith(f"pcapdiag: {path}: ")
        assert main(["forge", str(path)]) == 2
        assert reason in capsys.readouterr().err


def test_a_byte_order_mark_is_no_part_of_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Editors on Windows put one before the text and end lines with CR LF."""
    data = b"\xef\xbb\xbf" + TALK.replace("\n", "\r\n").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["forge", "-", "-o", str(tmp_path / "out.pcapng")]) == 0
    assert (tmp_path / "out.pcapng").read_bytes() == forge(TALK)[0]


def test_without_scapy(talk: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Where scapy is missing, the message says what to install."""
    monkeypatch.setitem(sys.modules, "scapy.packet", None)
    assert main(["forge", str(talk)]) == 2
    assert capsys.readouterr().err == "pcapdiag: packets are made by scapy: pip install 'pcapdiag[packets]'\n"


def test_help_is_laid_out(capsys: Captured) -> None:
    """The example keeps its lines, and nothing of what lays it out is shown."""
    assert main(["forge", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "\n        0.000  C  SYN\n        0.020  S  SYN ACK\n" in shown
    assert "\\b" not in shown
    assert max(map(len, shown.splitlines())) <= 80
