"""What Zeek's conn.log calls a connection: ``history`` and ``conn_state``, so that findings and that log can be joined.

Both are made of the order in which each side first sent what. Where that differs from Zeek's is said in docs/zeek.md.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from pcapdiag.engine.types import Connection


class _State(Enum):
    """A side, as Zeek's TCP analyser sees it."""

    INACTIVE = auto()
    SYN_SENT = auto()  # or SYN-ACK, by the originator
    PARTIAL = auto()
    ESTABLISHED = auto()
    CLOSED = auto()
    RESET = auto()


_I, _S, _P, _E, _C, _R = _State
_QUIET = (_I, _P)
#: Zeek's own condition: the originator sent SYN, then RST, and nothing between them that a connection would need.
_ATTEMPT_GIVEN_UP = re.compile(r"\^?S[^HAFGIQ]*R.*")


def history(c: Connection) -> str:
    """In Zeek's letters; ``^`` before them says that the first packet was the server's."""
    return ("^" if c.history[:1].islower() else "") + c.history


def conn_state(c: Connection) -> str:
    """S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR or OTH."""
    client, server = _states(c.history)
    if server is _R:
        if client is _S or (client is _R and not any(c.payload)):
            return "REJ"
        return "RSTRH" if client in _QUIET else "RSTR"
    if client is _R:
        if server in _QUIET:
            return "RSTOS0" if _ATTEMPT_GIVEN_UP.fullmatch(history(c)) else "OTH"
        return "RSTO"
    if client is _C:
        return "SF" if server is _C else "SH" if server in _QUIET else "S2"
    if server is _C:
        return "SHR" if client in _QUIET else "S3"
    return {(_S, _I): "S0", (_E, _E): "S1"}.get((client, server), "OTH")


def _states(letters: str) -> tuple[_State, _State]:
    """Where both sides are in the end: the originator's, the responder's."""
    now = {True: _I, False: _I}
    closed = {True: False, False: False}  # before it was reset
    for letter in letters:
        mine, what = letter.isupper(), letter.upper()
        me, peer = now[mine], now[not mine]
        if me is _R or what == "T" or (me is _C and (what != "R" or peer is _C)):
            continue  # both sides have said goodbye: a RST is no news
        if what == "R":
            now[mine], closed[mine] = _R, me is _C
        elif what == "F":
            now[mine] = _C
            if me in (_E, _P) and peer is _R and closed[not mine]:
                now[not mine] = _C  # FIN, then RST, then the peer's FIN: ended in good order
        elif me is _I:
            now[mine], now[not mine] = _begun(what, mine, peer)
        elif me is _P and what == "S" and peer is _I:
            now[mine] = _S
    return now[True], now[False]


def _begun(what: str, mine: bool, peer: _State) -> tuple[_State, _State]:
    """After a side's first packet, if that ends nothing: this side, and the other."""
    if what in "SH":
        if mine and peer is not _E:
            return _S, peer
        return _E, _E if peer is _S else peer  # a SYN-ACK; or a SYN behind its own SYN-ACK: records swap
    if what == "A" and not mine and peer is _S:
        return _I, peer  # some acknowledge a SYN before they answer it
    return (_E if peer is _E else _P), peer
