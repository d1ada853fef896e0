"""A whole report anonymised: so every renderer of it is, and the evidence made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast

from pcapdiag.advice.types import Advice
from pcapdiag.anonymize.addresses import Addresses
from pcapdiag.anonymize.beside import nameless
from pcapdiag.anonymize.packets import rewritten
from pcapdiag.anonymize.texts import Texts, hidden
from pcapdiag.correlate.joined import Joins
from pcapdiag.engine.types import Endpoint, RecordRef, SegmentFacts, Wake
from pcapdiag.knowledge.timeouts import Timeout
from pcapdiag.report.excerpt import Excerpt, Successor
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import Anonymized, CaptureFile, Report
from pcapdiag.report.names import STDIN, renamed
from pcapdiag.report.telling import telling
from pcapdiag.rules.types import Finding

T = TypeVar("T")


def anonymized(report: Report, key: bytes) -> Report:
    """The report with addresses, MAC addresses, what was sent, and names of files replaced, packets included.

    Ports, times, sequence numbers, TTLs, IP IDs, VLANs and tunnel numbers stay: the diagnosis rests on them. Of payload only what
    `telling` keeps is left. Which packets had to be left out is counted in ``anonymized`` of what is returned.
    """
    report = renamed(report, [_numbered(n, file) for n, file in enumerate(report.files, 1)])
    replacing = _Replacing(report, Addresses(key))
    done = replacing(report)
    return replace(done, advice=_advice(done), anonymized=Anonymized(replacing.dropped), evidence={})


class _Replacing:
    """Walks through frozen data; whatever is text or an address anywhere in it is replaced, so that a field added to the model is
    anonymised before anybody thinks of it."""

    def __init__(self, report: Report, addresses: Addresses) -> None:
        self.addresses, self.texts = addresses, Texts(addresses)
        self.kept: dict[RecordRef, int] = {}
        self.dropped = 0
        for finding in report.all_findings:
            for period in (finding.period, *finding.twins):
                self.kept[period.wake.first.ref] = telling(period.wake.payload, period.wake.length)

    def __call__(self, value: T) -> T:
        """The same, replaced."""
        return cast(T, self._any(value))

    def _any(self, value: Any) -> Any:
        if value is None or isinstance(value, (int, float, RecordRef, Enum, Timeout)):
            return value  # numbers, and what everybody knows of a product, name nobody
        if isinstance(value, str):
            return self.texts(value)
        if isinstance(value, bytes):
            return b""  # no captured byte passes but what `_special` lets through
        special = self._special(value)
        if special is not None:
            return special
        if isinstance(value, tuple):
            inner = [self._any(one) for one in value]
            return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
        if isinstance(value, Mapping):
            return {self._any(name): self._any(one) for name, one in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{name: self._any(getattr(value, name)) for name in _names(type(value))})
        raise TypeError(f"a report holds no {type(value).__name__}")

    def _special(self, value: Any) -> Any:
        """What is more than its parts; None if nothing is."""
        if isinstance(value, Endpoint):
            return Endpoint(self.addresses.text(value.address), value.port)
        if isinstance(value, SegmentFacts):
            return replace(value, head=b"")
        if isinstance(value, Wake):
            return replace(value, first=self._any(value.first), payload=value.payload[: telling(value.payload, value.length)])
        if isinstance(value, Finding):
            return self._finding(value)
        if isinstance(value, Advice):
            return replace(value, target=self._any(value.target), cures=())
        if isinstance(value, Joins):
            return self._joins(value)
        if isinstance(value, Excerpt):
            successor = None if value.successor is None else self._successor(value.successor)
            return replace(value, connection=self._any(value.connection), steps=self._steps(value.steps), successor=successor)
        return None

    def _joins(self, joins: Joins) -> Joins:
        """Without what users and machines are called, and then replaced like everything else."""
        hidden_ = nameless(joins)
        return replace(hidden_, **{name: self._any(getattr(hidden_, name)) for name in _names(Joins)})

    def _finding(self, finding: Finding) -> Finding:
        label = finding.sent.label
        if label is not None:  # reasons may repeat it
            shown = hidden(label)
            reasons, against = ([text.replace(label, shown) for text in texts] for texts in (finding.reasons, finding.against))
            finding = replace(finding, sent=replace(finding.sent, label=shown), reasons=tuple(reasons), against=tuple(against))
        return replace(finding, **{name: self._any(getattr(finding, name)) for name in _names(Finding) if name != "sent"})

    def _successor(self, successor: Successor) -> Successor:
        return replace(successor, connection=self._any(successor.connection), steps=self._steps(successor.steps))

    def _steps(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Without those whose packets cannot be rewritten; they count as omitted."""
        out, omitted = [], 0
        for step in steps:
            segment = step.segment
            record = rewritten(segment, self.addresses, self.kept.get(segment.ref, 0)) if segment.record else b""
            if record is None:
                self.dropped += 1
                omitted += step.omitted + 1
                continue
            source, target = self._any(segment.source), self._any(segment.target)
            segment = segment._replace(record=record, source=source, target=target)
            out.append(replace(step, segment=segment, omitted=step.omitted + omitted))
            omitted = 0
        return tuple(out)


def _advice(report: Report) -> tuple[Advice, ...]:
    """The cures made anew, with the address for a name: their texts spell it in more ways than could be found again."""
    known = [report.cause(advice.target.service) for advice in report.advice]
    if not known:
        return ()
    from pcapdiag.advice.catalogue import advise  # only who lost something pays for the import

    return tuple(advise(cause) for cause in known if cause is not None)


def _numbered(number: int, file: CaptureFile) -> str:
    """A file's name: names tell of customers, hosts and people."""
    if file.name == STDIN:
        return file.name
    return f"capture-{number}.{'pcapng' if file.facts.format.startswith('pcapng') else 'pcap'}"


@lru_cache(maxsize=64)
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
