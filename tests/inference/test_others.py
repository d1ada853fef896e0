"""What explains losses as well, where no one timer that counts silence does: a timer that counts payload, and one event."""

from __future__ import annotations

from pathlib import Path

from pcapdiag.inference.types import Cause, Clock, Fit
from pcapdiag.report.cause import others
from tests.inference.service import HELLO, OPENING, Way, analysed, captured, fixed, talk, the_cause


def probed(number: int, probes: int) -> str:
    """A connection with probes every 60 s and a few hundredths, of which the last is answered by RST."""
    text, now = HELLO.format(*(number * 0.137 + at for at in OPENING)), number * 0.137 + OPENING[-1]
    for k in range(probes):
        now += 60 + 0.01 * ((k * 7 + number) % 5)
        text += f"{now:.3f} C probe\n{now + 0.01:.3f} S {'ACK' if k < probes - 1 else 'RST'}\n"
        now = round(now + 0.01, 3)
    return text


def crossing(cause: Cause | None) -> Cause:
    """The cause, whose silences cross by the clock that counts every segment."""
    assert cause is not None
    assert (cause.bracket.clock, cause.bracket.fit) == (Clock.SEGMENT, Fit.CROSSING)
    return cause


def test_a_keepalive_as_long_as_the_timer_is_no_payload_timer(tmp_path: Path) -> None:
    """Probes every 60 s are answered until one is not, after 180, 300 and 420 s without payload. A timer that counts payload
    had let the others pass 180 s, so that it is none, and a shorter keepalive is recommended."""
    talks = [probed(0, 3), probed(1, 5), probed(2, 7), talk(Way(fixed(1e9)), 3, [50, 70, 100], 60, 0.5)]
    cause = crossing(the_cause(captured(tmp_path, talks)))
    assert cause.setting is not None
    assert cause.setting.time < 60
    assert cause.payload is None


def test_a_payload_timer_behind_a_part_of_the_connections_is_named(tmp_path: Path) -> None:
    """Of two backends one ends connections after 350 s without payload. Probes every 60 s are answered five times before each
    loss, and the other backend bears more: both explanations are told, with the known products for each."""
    way = Way(lambda n, idle: n % 2 == 0 and idle > 350, payload=True)
    cause = crossing(the_cause(analysed(tmp_path, way, [[100.0, 400.0, 400.0]] * 4, keepalive=60)))
    assert cause.setting is not None
    assert cause.payload is not None
    assert cause.payload.high is not None
    assert cause.payload.floor < 350_000_000_000 < cause.payload.high.length
    assert 350 in {family.seconds for family in cause.families}
    (told,) = (text for text in others(cause) if "payload" in text)
    assert told.startswith("a timer that counts payload alone, behind a part of the connections")


def test_one_event_found_out_over_minutes_is_named(tmp_path: Path) -> None:
    """Eight connections fall silent from 700 s on and are found dead one by one from 900 s on, while 300 s survived: an event
    between the last beginning and the first end explains them, and is told."""
    talks = [talk(Way(fixed(1e9)), n, [100, 200, 300], None, n * 0.137) for n in range(4)]
    for n in range(8):
        hello = HELLO.format(*(700 + 10 * n + at for at in OPENING))
        talks.append(f"{hello}{900 + 15 * n} C 90 bytes\n{900 + 15 * n}.01 S RST\n")
    cause = crossing(the_cause(captured(tmp_path, talks)))
    assert cause.moment is not None
    start, end = cause.moment
    assert end - start == (900 - 770) * 1_000_000_000 - 46_000_000
    (told,) = others(cause)
    assert told.startswith("one event between ")


def test_what_has_no_moment_in_common_is_no_event(tmp_path: Path) -> None:
    """The same failures an hour apart."""
    talks = [talk(Way(fixed(1e9)), 9, [300], None)]
    for n in range(3):
        hello = HELLO.format(*(3600 * n + at for at in OPENING))
        talks.append(f"{hello}{3600 * n + 200} C 90 bytes\n{3600 * n + 200}.01 S RST\n")
    assert crossing(the_cause(captured(tmp_path, talks))).moment is None
