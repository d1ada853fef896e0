"""What leaves the house: the evidence capture, and reports in which nobody is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from pcapdiag.report.output import STDOUT, check_output, open_binary_output

if TYPE_CHECKING:
    from pcapdiag.report.model import Report

#: The least that is a secret: 128 bits.
_LEAST = 16
_MOST = 1 << 20


def anonymize_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--anonymize`` and ``--anonymize-key``; the command gets ``key``, None if nothing is to be replaced."""

    @wraps(command)
    def gathered(*, anonymize: bool, anonymize_key: bytes | None, **given: Any) -> Any:
        key = anonymize_key or (os.urandom(32) if anonymize else None)
        if key is not None and given.get("payload"):
            raise click.UsageError("--anonymize removes what --payload asks for")
        return command(key=key, **given)

    for option in (
        click.option("--anonymize-key", callback=_key, metavar="HEX|FILE",
                     help="Anonymise by this key: equal names in every report made with it. At least 32 hex digits, or a file."),
        click.option("--anonymize", is_flag=True, help="Replace addresses, hide names and labels, remove payload."),
    ):  # fmt: skip
        gathered = option(gathered)
    return gathered


def _key(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """The key, written out or in a file."""
    if value is None:
        return None
    try:
        key = bytes.fromhex(value)
    except ValueError:
        try:
            with open(value, "rb") as file:
                key = file.read(_MOST)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise click.BadParameter(f"{value!r} is neither hex digits nor a file that can be read: {why}", ctx, param) from None
    if len(key) < _LEAST:
        raise click.BadParameter(f"a key needs at least {_LEAST} bytes ({2 * _LEAST} hex digits)", ctx, param)
    return key


def anonymous(report: Report, key: bytes | None) -> Report:
    """The report, anonymised if there is a key."""
    if key is None:
        return report
    from pcapdiag.anonymize import anonymized  # only who wants it pays for it

    return anonymized(report, key)


def check_evidence(path: str, output: str, *, force: bool, inputs: tuple[str, ...]) -> None:
    """What can be known to fail before anything is read."""
    if path == STDOUT == output:
        raise click.UsageError("the evidence and the report cannot both go to standard output (-o names a file for one)")
    check_output(path, force=force, inputs=inputs)


def write_evidence(report: Report, path: str, *, payload: bool, force: bool) -> Report:
    """Write the evidence; gives the report in which its frames are known."""
    from pcapdiag.report.command import command
    from pcapdiag.report.names import shortened
    from pcapdiag.report.pcapng import evidence

    extra = [option for option, given in (("--payload", payload), ("--anonymize", report.anonymized)) if given]
    made = evidence(shortened(report), command=command(report, "analyze", "--evidence", "OUT", *extra), payload=payload)
    with open_binary_output(path, force=force) as out:
        out.write(made.data)
    return replace(report, evidence=made.frames)
