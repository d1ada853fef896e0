"""Output files appear whole or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from pcapdiag.report.output import OutputError, check_output, open_binary_output, open_output


def write(path: Path | str, text: str = "new", *, force: bool = False) -> None:
    """Write a whole output."""
    with open_output(str(path), force=force) as out:
        out.write(text)


def test_a_file_is_written(tmp_path: Path) -> None:
    """What was written is in the file, in UTF-8, with the permissions that any new file gets."""
    write(tmp_path / "r.txt", "\u00b5s \u2026\n")
    (tmp_path / "plain").touch()
    assert (tmp_path / "r.txt").read_bytes() == "\u00b5s \u2026\n".encode()
    assert (tmp_path / "r.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plain", "r.txt"]


def test_nothing_appears_before_the_end(tmp_path: Path) -> None:
    """Until the last byte is written the name does not exist, so nobody reads half a report."""
    with open_output(str(tmp_path / "r.txt")) as out:
        out.write("half")
        out.flush()
        assert not (tmp_path / "r.txt").exists()
    assert (tmp_path / "r.txt").read_text() == "half"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """If rendering fails or is interrupted, neither half a file nor a temporary one is left."""

    def fail() -> None:
        with open_output(str(tmp_path / "r.txt")) as out:
            out.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    """An existing file stays as it is, and the error says what would overwrite it."""
    (tmp_path / "r.txt").write_text("old")
    with pytest.raises(OutputError, match="--force"):
        write(tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_text() == "old"


def test_a_file_made_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """A file that somebody else makes during the analysis survives as well."""

    def race() -> None:
        with open_output(str(tmp_path / "r.txt")) as out:
            out.write("new")
            (tmp_path / "r.txt").write_text("theirs")

    with pytest.raises(OutputError, match="exists already"):
        race()
    assert [p.read_text() for p in tmp_path.iterdir()] == ["theirs"]


def test_force_overwrites_and_keeps_the_mode(tmp_path: Path) -> None:
    """With force the file is replaced as a whole; its permissions stay, so nothing private opens up."""
    path = tmp_path / "r.txt"
    path.write_text("old and longer")
    path.chmod(0o600)
    write(path, force=True)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failure_with_force_keeps_the_old_file(tmp_path: Path) -> None:
    """With force too, a failure leaves what was there."""
    (tmp_path / "r.txt").write_text("old")

    def fail() -> None:
        with open_output(str(tmp_path / "r.txt"), force=True) as out:
            out.write("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    """The target of a link is replaced, not the link."""
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write(tmp_path / "link.txt", force=True)
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_devices_are_written_to() -> None:
    """/dev/null stays a device."""
    write("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_pipes_are_written_to(tmp_path: Path) -> None:
    """A named pipe gets the text and stays a pipe."""
    fifo, got = tmp_path / "pipe", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: got.append(fifo.read_text()))
    reader.start()
    write(fifo)
    reader.join(10)
    assert got == ["new"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_a_plain_error() -> None:
    """When there is no space left the error names the output and the reason."""
    with pytest.raises(OutputError, match="/dev/full: no space left on device"):
        write("/dev/full", "x" * 100_000)


def test_what_must_fail_fails_before_the_work(tmp_path: Path) -> None:
    """A directory, a missing directory and an existing file are found before anything is analysed."""
    (tmp_path / "r.txt").touch()
    for path, reason in (
        (tmp_path, "is a directory"),
        (tmp_path / "none" / "r.txt", "does not exist"),
        (tmp_path / "r.txt", "exists already"),
    ):
        with pytest.raises(OutputError, match=reason):
            check_output(str(path))


def test_a_capture_is_never_overwritten(tmp_path: Path) -> None:
    """Not even force lets the report replace a capture that is being read, by whatever name it is called."""
    capture = tmp_path / "a.pcap"
    capture.touch()
    (tmp_path / "alias").symlink_to(capture)
    for name in (capture, tmp_path / "alias", tmp_path / "." / "a.pcap"):
        with pytest.raises(OutputError, match="one of the captures"):
            check_output(str(name), force=True, inputs=("-", str(capture)))


def test_no_permission_is_a_plain_error(tmp_path: Path) -> None:
    """A directory that may not be written to gives an error that says so."""
    folder = tmp_path
    if os.geteuid() == 0:
        folder = Path("/sys")  # where even root may make no file
    else:
        folder.chmod(0o500)
    with pytest.raises(OutputError, match=r"permission denied|not permitted|read-only"):
        write(folder / "r.txt")


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """The output called - is standard output, and is flushed."""
    write("-", "answer\n")
    assert capsys.readouterr().out == "answer\n"


def test_closed_standard_output_is_a_plain_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started without a standard output, the error says so."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="closed"):
        check_output("-")


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    """A binary output appears whole or not at all, as text does, and no byte of it is changed."""
    data = bytes(range(256)) * 1000
    with open_binary_output(str(tmp_path / "x")) as out:
        out.write(data)
        assert not (tmp_path / "x").exists()
    assert (tmp_path / "x").read_bytes() == data
    with pytest.raises(OutputError, match="--force"), open_binary_output(str(tmp_path / "x")):
        pass

    def fail() -> None:
        with open_binary_output(str(tmp_path / "x"), force=True) as out:
            out.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [data]


def test_bytes_on_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """They come after what was printed before, and are not taken for text."""
    sys.stdout.write("before")
    with open_binary_output("-") as out:
        out.write(b"\xff\n\r\n")
    assert capsysbinary.readouterr().out == b"before\xff\n\r\n"


class _Short(io.RawIOBase):
    """A pipe that takes three bytes at a time."""

    def __init__(self) -> None:
        self.got = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any buffer will do
        self.got += bytes(data[:3])
        return min(3, len(data))


def test_bytes_on_unbuffered_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unbuffered, a pipe may take less than it is given: the rest follows."""
    pipe = _Short()
    stdout = io.TextIOWrapper(pipe, write_through=True)  # type: ignore[type-var]  # what PYTHONUNBUFFERED makes
    monkeypatch.setattr(sys, "stdout", stdout)
    with open_binary_output("-") as out:
        out.write(b"0123456789")
    assert pipe.got == b"0123456789"
    assert not pipe.closed
