"""Conversations for the laws: one with every kind of line, and strategies for any that can be written."""

from __future__ import annotations

from hypothesis import strategies as st

from pcapdiag.conversation import LINKS

OPENED = """
    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  120 bytes
    0.045  S  900 bytes
    0.046  C  ACK
"""
SIX = "client [2001:db8::1]:50000\nserver [2001:db8::2]:443\n"

EVERYTHING = r"""
      0.000  C   SYN 50 bytes win=1000      # TCP Fast Open
      0.020  S   SYN ACK
      0.021  C   ACK
      0.022  C   80 bytes "GET /\x41#1 HTTP/1.1\r\n"
      0.0221 C   copy ttl=63 via=1
      0.045  S   900 bytes push=no
      0.046  C   hex 1503030002 0100
      0.047  C   again seq=-1
      1      C2  SYN
      1.02   S2  RST ACK
      2      C3  10 bytes ts=no
      2.02   S3  SYN ACK 3 bytes isn=7
     30.000  C   probe
     30.020  S   ACK win=0
     31.000  C   probe 1 byte
     31.020  S   ACK ack=-5 quiet
     60.000  C   missed 77
     60.001  C   "QUIT\r\n" FIN
     60.002  S   missed 1
     60.020  S   RST
     60.021  S   copy
     60.022  S   RST ts=yes win=7 ttl=255 seq=+3
     60.030  S   ICMP TYPE/1 ttl=250
     70.000  C   SYN isn=4294967295
     70.001  S   SYN ACK
     70.002  C   "\\\"\t" FIN
     70.003  S   FIN
     70.004  S   RST ACK
     70.005  C   FIN via=1
file
     65      C   RST ACK ts=no win=0
"""


def everything(six: bool) -> str:
    """Every kind of line, in IPv4 or IPv6."""
    text = (SIX if six else "") + EVERYTHING.replace("TYPE", "1" if six else "3")
    return text if six else text + "66 S RST ipid=77 df=no\n67 S ICMP 11/0"


def _maybe(word: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values.map(lambda v: f" {word}={v}"))


_payload = st.one_of(
    st.integers(1, 3000).map(lambda n: f"{n} bytes"),
    st.binary(min_size=1, max_size=9).map(lambda b: f"hex {b.hex()}"),
    st.binary(min_size=1, max_size=9).map(lambda b: '"' + "".join(f"\\x{c:02x}" for c in b) + '"'),
)
_shift = st.integers(-(2**32) + 1, 2**32 - 1)
_yes = st.sampled_from(("yes", "no"))
_everywhere = (_maybe("ttl", st.integers(1, 255)), _maybe("via", st.integers(0, 3)))
_own = (_maybe("win", st.integers(0, 65535)), _maybe("seq", _shift), _maybe("ts", _yes))
_isn, _ack = _maybe("isn", st.integers(0, 2**32 - 1)), _maybe("ack", _shift)


def _whats(six: bool) -> st.SearchStrategy[str]:
    """What may stand after time and side, with words that fit."""
    four = () if six else (_maybe("ipid", st.integers(0, 65535)), _maybe("df", _yes))

    def words(what: st.SearchStrategy[str] | str, *more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        first = st.just(what) if isinstance(what, str) else what
        return st.tuples(first, *_everywhere, *more).map("".join)

    icmp = st.tuples(st.sampled_from((1, 2, 3, 4) if six else (3, 4, 5, 11, 12)), st.integers(0, 255))
    return st.one_of(
        words("SYN", *_own, *four, _isn),
        words(_payload.map(lambda p: f"SYN {p}"), *_own, *four, _isn),
        words("SYN ACK", *_own, *four, _isn, _ack),
        words("RST", *_own, *four),
        words(st.sampled_from(("ACK", "FIN", "RST ACK", "probe", "probe 1 byte", "again")), *_own, *four, _ack),
        words(st.one_of(_payload, _payload.map(lambda p: f"{p} FIN")), *_own, *four, _ack, _maybe("push", _yes)),
        words("copy"),
        words(icmp.map(lambda i: f"ICMP {i[0]}/{i[1]}")),
        st.integers(1, 10**9 - 1).map(lambda n: f"missed {n}"),
    )


@st.composite
def talks(draw: st.DrawFn) -> str:
    """Any conversation that can be written, of up to two connections, whatever a stack would say to it."""
    six, start = draw(st.booleans()), draw(st.sampled_from(("", "start 2026-01-02T03:04:05.25Z\n")))
    out = [SIX if six else "", start, f"timestamps {draw(_yes)}\nlink {draw(st.sampled_from(sorted(LINKS)))}\n"]
    out += [f"0 {side} SYN\n" for side in ("C", "S", "C2", "S2")]  # so that there is something to repeat
    for _ in range(draw(st.integers(1, 8))):
        at, side = draw(st.decimals(0, 10**6, places=9)), draw(st.sampled_from(("C", "S", "C2", "S2")))
        out.append(f"{at:f} {side} {draw(_whats(six))}{draw(st.sampled_from(('', ' # why')))}\n")
    return "".join(out)
