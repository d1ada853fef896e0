r"""Conversations as text, readable as documentation, turned into segments and into captures.

::

    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  "GET /orders/17 HTTP/1.1\r\n\r\n"
    0.045  S  900 bytes
  350.100  C  80 bytes        # first request after the silence
  350.120  S  RST

A line is: seconds, side, what. Sequence and acknowledgement numbers follow from what was sent before; every segment
acknowledges all that its peer sent so far. Lines are recorded in the order in which they stand: a time that goes back is a
record clock that went back. What is sent:

    SYN, SYN ACK, ACK, FIN                a second SYN of a side draws a new ISN, and so does the SYN ACK to it
    80 bytes                              payload; `"GET / HTTP/1.1\r\n\r\n"` and `hex 1503030002 0100` write it out,
                                          `80 bytes "GET /x"` begins so and is filled up; `80 bytes FIN`, `"QUIT\r\n" FIN`;
                                          `SYN 50 bytes` is TCP Fast Open
    RST                                   the answer of a host without the connection: seq is what its peer last acknowledged,
                                          no ACK, window 0, no options, IP ID 0
    RST ACK                               the abort of a live socket, with timestamps and window; of a SYN: the refusal of a
                                          host that does not listen, with number 0, window 0, no options, IP ID 0
    again                                 the side's last payload (or SYN, or FIN) once more
    copy                                  its last packet recorded once more, as it was
    probe, probe 1 byte                   a keepalive probe; with one byte as Windows sends it
    missed 80                             80 bytes that were not captured
    ICMP 3/13                             an error by a router, quoting the side's last packet

Further words hold for that line only:

    win=0 ttl=63 ipid=7 df=no isn=5       window (unscaled), TTL or hop limit, IP ID, Don't Fragment, initial sequence number
    seq=+1 ack=-80                        shift the number
    ts=no push=no                         without timestamps (`ts=yes`: a bare RST with them), without PSH
    via=1                                 recorded on another interface of the capture
    mac=02:00:00:00:00:09                 source MAC, where the link records it
    dir=in dir=out                        packet type, where the link is cooked
    quiet                                 sent, but not captured

Sides are C and S; C2 and S2 are the second connection of the same capture, with the next client port and numbers of its own,
and so on. `file` on a line of its own begins the next capture file. `#` begins a comment. Above the first packet may stand:

    client 10.0.0.1:50000                 server [2001:db8::2]:443      C2 is 192.0.2.1:6000      S2 is 10.0.0.9:443
    link raw|ethernet|sll|sll2            timestamps no                 snap 96                   start 2026-01-02T03:04:05Z
    ttl 64 61                             isn 4294967216 1000000        (of client and server)

The client's numbers begin just below 2^32, so that each conversation crosses it.
"""

from __future__ import annotations

from .errors import ConversationError
from .forge import FORMATS, forge
from .segments import Endpoint, Option, Segment
from .setting import LINKS, START, Setting
from .talk import conversation

__all__ = [
    "FORMATS",
    "LINKS",
    "START",
    "ConversationError",
    "Endpoint",
    "Option",
    "Segment",
    "Setting",
    "conversation",
    "forge",
]
