"""What cannot be understood is an error that says where, and what would be right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.conversation import ConversationError, conversation
from tests.conversation.talks import everything

WRONG = [
    ("0 C HELLO", "nothing that can be sent"),
    ("0 C SYN FIN", "nothing that can be sent"),
    ("0 C", "what it sends"),
    ("0 C quiet", "what is sent?"),
    ("0 C ttl=5", "what is sent?"),
    ("0 X SYN", "a side"),
    ("0 C0 SYN", "a side"),
    ("0 c SYN", "a side"),
    ("0", "a side"),
    ("-1 C SYN", "time in seconds"),
    ("1e3 C SYN", "time in seconds"),
    ("1. C SYN", "time in seconds"),
    ("now C SYN", "time in seconds"),
    ("1000000000 C SYN", "time in seconds"),
    ('"0" C SYN', "time in seconds"),
    ("0 C 0 bytes", "1 to 65000 bytes"),
    ("0 C 65001 bytes", "1 to 65000 bytes"),
    ("0 C 99999999999999999999 bytes", "1 to 65000 bytes"),
    ('0 C ""', "1 to 65000 bytes"),
    ("0 C 5 bytes 6 bytes", "one length"),
    ('0 C 3 bytes "GET "', "more than 3"),
    ("0 C bytes", "nothing that can be sent"),
    ("0 C ACK 5 bytes", "no payload"),
    ('0 C RST "x"', "no payload"),
    ("0 C probe 2 bytes", "or one byte"),
    ("0 C hex", "pairs of hex digits"),
    ("0 C hex 123", "pairs of hex digits"),
    ('0 C "GET', "not closed"),
    (r'0 C "\q"', "no such escape"),
    (r'0 C "\x4"', "no such escape"),
    ("0 C missed", "number of bytes"),
    ("0 C missed x", "number of bytes"),
    ("0 C missed 0", "number of bytes"),
    ("0 C missed 5 quiet", "quiet already"),
    ("0 C ICMP", "type and code"),
    ("0 C ICMP 3", "type and code"),
    ("0 C ICMP 3/256", "type and code"),
    ("0 C SYN foo=1", "no such word"),
    ("0 C SYN win=", "a number from 0 to 65535"),
    ("0 C SYN win=65536", "a number from 0 to 65535"),
    ("0 C SYN ttl=0", "a number from 1 to 255"),
    ("0 C SYN ttl=５", "a number from 1 to 255"),
    ("0 C SYN df=maybe", "yes or no"),
    ("0 C SYN mac=1", "an address like"),
    ("0 C SYN dir=up", "in or out"),
    ("0 C SYN ttl=1 ttl=2", "said twice"),
    ("0 C SYN ack=1", "says nothing of SYN"),
    ("0 C RST ack=1", "says nothing of RST"),
    ("0 C ACK isn=1", "says nothing of ACK"),
    ("0 C ACK push=no", "says nothing of ACK"),
    ("0 C copy win=1", "says nothing of copy"),
    ("0 C missed 5 ttl=1", "says nothing of missed"),
    ("colour blue", "no such line"),
    ("C SYN", "no such line"),
    ("client 10.0.0.1", "client 10.0.0.1:50000"),
    ("client 10.0.0.1:0", "client 10.0.0.1:50000"),
    ("server 10.0.0.256:1", r"server \[2001:db8::2\]:443"),
    ("server [10.0.0.1]:1", r"server \[2001:db8::2\]:443"),
    ("server 2001:db8::2:443", r"server \[2001:db8::2\]:443"),
    ("S2 is nowhere", "no address and port"),
    ("S2 10.0.0.1:5", "S2 is 10.0.0.9:443"),
    ("link wifi", r"link raw\|ethernet"),
    ("link", r"link raw\|ethernet"),
    ("snap 0", "snap 96"),
    ("ttl 64", "ttl 64 61"),
    ("isn 1 4294967296", "isn 4294967216"),
    ("timestamps maybe", "timestamps no"),
    ("start yesterday", "start 2026-01-02T03:04:05Z"),
    ("start 2026-01-02T03:04:05", "start 2026-01-02T03:04:05Z"),
    ("start 2100-01-02T03:04:05Z", "start 2026-01-02T03:04:05Z"),
    ("file 2", "no such line"),
]


@pytest.mark.parametrize(("line", "right"), WRONG, ids=[line for line, _ in WRONG])
def test_an_error_names_the_line(line: str, right: str) -> None:
    """The error has the line's number and text, and says what would be right."""
    with pytest.raises(ConversationError, match=right) as found:
        conversation(f"\n# a comment\n  {line}  ")
    assert (found.value.line, found.value.text) == (3, line)
    assert str(found.value).startswith(f"line 3: `{line}`: ")


def test_a_long_line_is_shown_by_its_beginning() -> None:
    """An error stays readable whatever was given for a conversation."""
    with pytest.raises(ConversationError) as found:
        conversation("0 C " + "x" * 100_000)
    assert len(str(found.value)) < 100_400


def test_blanks_and_comments_say_nothing() -> None:
    """Indentation, empty lines and comments, also right behind a word, change nothing but the lines' numbers."""
    plain = conversation('0 C SYN\n1 C "#a" FIN')
    spaced = conversation('\n   # why\n\t0   C\tSYN# here\n\n 1 C "#a"   FIN   # there\r\n')
    assert [s.payload for s in spaced] == [b"", b"#a"]
    assert [(s.time, s.seq, s.flags) for s in plain] == [(s.time, s.seq, s.flags) for s in spaced]


@given(st.text(max_size=200))
def test_any_text_gives_segments_or_an_error_that_names_a_line(text: str) -> None:
    """Arbitrary text is a conversation or a ConversationError, and nothing else."""
    try:
        conversation(text)
    except ConversationError as error:
        assert 1 <= error.line <= len(text.splitlines())


@given(st.data())
def test_a_damaged_conversation_gives_segments_or_an_error(data: st.DataObject) -> None:
    """So is a good conversation with a piece cut out or put in."""
    text = everything(data.draw(st.booleans()))
    at, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    put = data.draw(st.text(st.sampled_from('0159. CSACKFINRTYH"\\#\nx=-/bytesfile'), max_size=6))
    try:
        conversation(text[:at] + put + text[min(end, at + 20) :])
    except ConversationError as error:
        assert str(error).startswith(f"line {error.line}: ")
