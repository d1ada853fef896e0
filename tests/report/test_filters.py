"""The proof's frames and the display filter that shows exactly them."""

from __future__ import annotations

from dataclasses import replace

from pcapdiag.engine.types import AnswerKind
from pcapdiag.report.filters import display_filter, display_filters, proof
from tests.report.factory import period, ref


def test_three_frames_prove_a_reset() -> None:
    """The frame before the gap, the request and the RST are named in this order, by their numbers."""
    assert [(p.role, p.ref.frame) for p in proof(period())] == [
        ("last before", 10),
        ("request", 14),
        ("RST", 15),
    ]


def test_what_was_not_captured_is_not_named() -> None:
    """Without a frame before the gap, or without an answer, the others remain."""
    assert [p.role for p in proof(period(start=None))] == ["request", "RST"]
    assert [p.role for p in proof(period(answer=None))] == ["last before", "request"]


def test_roles_say_what_was_sent_and_what_came() -> None:
    """A push, an ACK and an ICMP error are called by their names."""
    pushed = period(sender="server")
    assert pushed.answer is not None
    answers = [replace(pushed, answer=replace(pushed.answer, kind=kind)) for kind in AnswerKind]
    assert [proof(p)[-1].role for p in answers] == ["RST", "answer", "ICMP"]
    assert proof(pushed)[1].role == "push"


def test_a_filter_is_in_the_form_every_version_reads() -> None:
    """Frames are compared one by one, each once, in ascending order."""
    text = display_filter([ref(15), ref(10), ref(14), ref(10)])
    assert text == "frame.number == 10 || frame.number == 14 || frame.number == 15"


def test_frames_of_two_files_have_two_filters() -> None:
    """Frame numbers count within their file, so each file has a filter of its own."""
    across = replace(period(frames=(99, 3, 4), file=1), start=ref(99, file=0))
    assert display_filters(across) == (
        (0, "frame.number == 99"),
        (1, "frame.number == 3 || frame.number == 4"),
    )
