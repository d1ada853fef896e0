"""tcpdump and dumpcap in a node: begun before anything is sent, ended after the last segment, and nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pcapdiag.lab.processes import Process
from pcapdiag.lab.types import Failed

#: What each program says once it captures, and what it must say at its end: nothing was dropped.
_READY = {"tcpdump": re.compile(r"listening on "), "dumpcap": re.compile(r"File: ")}
_DROPPED = {
    "tcpdump": re.compile(r"^([0-9]+) packets? dropped by (?:kernel|interface)", re.MULTILINE),
    "dumpcap": re.compile(r"^Packets received/dropped on interface .*: [0-9]+/([0-9]+)", re.MULTILINE),
}


class Capture:
    """One capture that runs. ``file`` is where its records are; of a ring, the files that begin so."""

    def __init__(self, start: Callable[..., Process], node: str, interface: str, file: Path, options: tuple[str, ...],
                 program: str) -> None:  # fmt: skip
        self.file, self.program = file, program
        wanted = file.parent / f".{file.name}.out"
        own = (program, "-i", interface, *(("-n", "-U", "-Z", "root") if program == "tcpdump" else ("-q",)), *options)
        self.command = (*own, "-w", str(file))
        self.process = start(node, *self.command, out=wanted)
        self.process.until(lambda: bool(_READY[program].search(self.process.log.read_text())), "capturing")

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it wrote, in order: a ring has several, called NAME_00001_DATE.pcapng by dumpcap, NAME0 by tcpdump."""
        stem, suffix = self.file.stem, self.file.suffix
        ring = sorted(p for p in self.file.parent.glob(f"{stem}*{suffix}*") if re.match(rf"{re.escape(stem)}(_[0-9]{{5}}_|"
                      rf"{re.escape(suffix)}[0-9])", p.name))  # fmt: skip
        return (self.file,) if self.file.exists() else tuple(ring)

    def stop(self) -> None:
        """End it, without a look at what it lost: something else went wrong."""
        self.process.stop()

    def finish(self) -> None:
        """End it. Raises Failed if it lost a packet, or does not say."""
        self.process.stop()
        lost = _DROPPED[self.program].findall(self.process.log.read_text())
        if not lost or any(map(int, lost)) or not self.files:
            raise Failed(f"{self.file.name}: {self.process.told()}")
