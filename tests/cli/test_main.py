"""The command as a whole: help, version, and trouble without a traceback."""

from __future__ import annotations

import sys
from importlib import import_module

import click
import pytest

from pcapdiag.capture.errors import CaptureError
from pcapdiag.cli import main as module
from pcapdiag.cli.main import COMMANDS, main
from pcapdiag.version import VERSION
from tests.cli.conftest import Library

Captured = pytest.CaptureFixture[str]


def test_help_documents_the_exit_codes(capsys: Captured) -> None:
    """--help lists the commands and says what each exit code means."""
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for text in ("Exit codes:", "--fail-on-findings", "cannot be read", "damaged", *COMMANDS):
        assert text in shown
    for code in (module.DONE, module.FOUND, module.UNREADABLE, module.DAMAGED, module.INTERRUPTED):
        assert f"\n    {code} " in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: Captured) -> None:
    """Each command is called what its entry says, and explains itself and every option."""
    command = import_module(COMMANDS[name]).command
    assert command.name == name
    assert command.short_help
    assert main([name, "--help"]) == 0
    assert "Usage: pcapdiag" in capsys.readouterr().out
    for param in command.params:
        assert isinstance(param, click.Argument) or (isinstance(param, click.Option) and param.help)


def test_no_command_is_bad_usage(capsys: Captured) -> None:
    """Without a command the help is shown on stderr, and the exit code is 2."""
    assert main([]) == 2
    captured = capsys.readouterr()
    assert "Exit codes:" in captured.err
    assert captured.out == ""


def test_version(capsys: Captured) -> None:
    """--version prints name and version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pcapdiag {VERSION}\n"


@pytest.mark.parametrize("args", [["no-such-command"], ["--no-such-option"], ["analyze"], ["analyze", "--x", "a"]])
def test_bad_usage_is_two(args: list[str], capsys: Captured) -> None:
    """Bad usage gives the usage and one line on stderr, nothing on stdout, and exit code 2."""
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0].startswith("Usage: pcapdiag")
    assert captured.err.splitlines()[-1].startswith("pcapdiag: ")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (CaptureError("a.pcap", "not a capture file"), 2, "pcapdiag: a.pcap: not a capture file"),
        (KeyboardInterrupt(), 130, "pcapdiag: interrupted"),
        (OSError(5, "Input/output error", "a.pcap"), 2, "Input/output error"),
        (MemoryError(), 70, "out of memory"),
        (ValueError("oops"), 70, "this is a bug in pcapdiag, not in your capture (ValueError: oops)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_trouble_is_one_line(error: BaseException, code: int, text: str, library: Library, capsys: Captured) -> None:
    """Whatever goes wrong inside, the user gets one line on stderr and an exit code, never a traceback."""

    def fail(_: object) -> None:
        raise error

    library.during = fail
    assert main(["analyze", "a.pcap"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert text in captured.err
    assert "Traceback" not in captured.err


def test_names_in_trouble_are_harmless(library: Library, capsys: Captured) -> None:
    """A file name cannot act on the terminal through an error message."""

    def fail(_: object) -> None:
        raise CaptureError("\x1b[2J\u202e.pcap", "no such file")

    library.during = fail
    main(["analyze", "a.pcap"])
    assert capsys.readouterr().err == "pcapdiag: \\x1b[2J\\u202e.pcap: no such file\n"


@pytest.mark.usefixtures("library")
def test_a_reader_that_leaves_is_no_trouble(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """When the reader of a pipe leaves, as head does, nothing is printed and the exit code is that of SIGPIPE."""

    class Left:
        encoding = "utf-8"

        def write(self, _: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

        def fileno(self) -> int:
            return 1

        flush = isatty = fileno

    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr(sys, "stdout", Left())
    assert main(["analyze", "a.pcap"]) == 141
    assert capsys.readouterr().err == ""
