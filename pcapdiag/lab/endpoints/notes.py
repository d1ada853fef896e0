"""What an endpoint notes: one JSON object a line on standard output; and what it asks its kernel about a socket."""

from __future__ import annotations

import errno
import fcntl
import json
import socket
import ssl
import struct
import sys
import termios
import threading
from typing import Any

_LOCK = threading.Lock()
TCP_REPAIR = 19  # linux/tcp.h; the socket module has no name for it


def note(**told: Any) -> None:
    """Write one line, whole and at once."""
    with _LOCK:
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def result_of(error: OSError) -> str:
    """The name of what a system call failed with."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return "timeout"
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def address(name: tuple[Any, ...]) -> str:
    """A socket name as ``ADDR:PORT``."""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def unacknowledged(sock: socket.socket) -> int:
    """Bytes in the send queue that the peer has not acknowledged (SIOCOUTQ, which is TIOCOUTQ, tcp(7))."""
    (left,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    return int(left)


def probes_out(sock: socket.socket) -> int:
    """Keepalive probes without answer so far: ``tcpi_probes``, the fourth byte of struct tcp_info."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[3]


def how_it_ended(sock: socket.socket) -> str:
    """EOF or ECONNRESET, after a read that gave nothing. The ssl module says the first for both, but after a RST the kernel's
    socket is in state CLOSE (7, the first byte of struct tcp_info), after a FIN it is not."""
    closed = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0] == 7
    return "ECONNRESET" if closed and isinstance(sock, ssl.SSLSocket) else "EOF"


def abort(sock: socket.socket) -> None:
    """Close by RST: SO_LINGER with a time of 0 (socket(7))."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def forget(sock: socket.socket) -> None:
    """Close without a segment: a socket under TCP_REPAIR says nothing when it goes."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.close()
