"""``pcapdiag forge``: write a conversation as a capture."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

import click

from pcapdiag.cli.main import DONE, UNREADABLE, trouble
from pcapdiag.report.output import STDOUT, OutputError, check_output, open_binary_output

#: More than anybody writes by hand; a capture given by mistake is not read to its end.
LONGEST = 10_000_000


#: Not a docstring: there the backspace that tells click to leave a paragraph alone would have to be written raw.
HELP = """Write a conversation as a capture.

CONVERSATION is a text file, or - for standard input:

\b
      0.000  C  SYN
      0.020  S  SYN ACK
      0.021  C  ACK
      0.022  C  "GET /orders/17"
      0.045  S  900 bytes
    350.100  C  80 bytes    # first request after the silence
    350.120  S  RST

Numbers follow from what was sent before. Also: FIN, RST ACK, again, copy, probe, hex 1503, "QUIT" FIN, missed 80, ICMP 3/13,
and on each line win= ttl= ipid= df= isn= seq= ack= ts= push= via= mac= dir= quiet. Above the first packet: client, server,
ttl, isn, timestamps, link, snap, start. `pydoc pcapdiag.conversation` explains each.

OUT is classic pcap if it ends in .pcap, else pcapng. Each line `file` begins another: out.1.pcapng, out.2.pcapng.
"""


@click.command("forge", help=HELP, short_help="Write a conversation as a capture.")
@click.argument("conversation", metavar="CONVERSATION")
@click.option("-o", "--output", default=STDOUT, metavar="OUT", help="Write to this file; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
def command(conversation: str, output: str, force: bool) -> int:
    """Write a conversation as a capture."""
    from pcapdiag.conversation import ConversationError, forge

    name = "standard input" if conversation == STDOUT else conversation
    try:
        text = _read(conversation)
    except OSError as error:
        return trouble(f"{name}: {(error.strerror or str(error)).lower()}", UNREADABLE)
    except ValueError as error:
        return trouble(f"{name}: {error}", UNREADABLE)
    try:
        files = forge(text, container="pcap" if output.endswith(".pcap") else "pcapng")
    except ConversationError as error:
        return trouble(f"{name}: {error}", UNREADABLE)
    except ModuleNotFoundError as error:
        if error.name != "scapy":
            raise
        return trouble(str(error), UNREADABLE)
    outputs = _names(output, len(files))
    for path in outputs:
        check_output(path, force=force, inputs=(conversation,))
    with ExitStack() as stack:  # what was opened is put in place when all of it is written
        for path, data in zip(outputs, files, strict=True):
            stack.enter_context(open_binary_output(path, force=force)).write(data)
    return DONE


def _read(path: str) -> str:
    """The text, without its byte order mark if it has one. Raises OSError, ValueError."""
    if path == STDOUT:
        data = sys.stdin.buffer.read(LONGEST + 1) if sys.stdin is not None else b""
    else:
        with open(path, "rb") as file:
            data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise ValueError(f"is longer than any conversation ({LONGEST} bytes)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text: byte {error.start} is not UTF-8") from None


def _names(output: str, count: int) -> list[str]:
    """Of the files to be written: as it was asked for, or numbered before its ending."""
    if count == 1:
        return [output]
    if output == STDOUT:
        raise OutputError("standard output", f"cannot hold the {count} files of this conversation (-o OUT names them)")
    root, ending = os.path.splitext(output)
    return [f"{root}.{number}{ending}" for number in range(1, count + 1)]
