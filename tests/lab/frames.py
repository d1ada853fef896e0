"""Run in a namespace: ``python -m tests.lab.frames FROM TO COUNT``. Sends frames into one interface, says how they leave another.

One JSON line a frame that arrived: its number, the ns it took, its VLAN (null: no tag), whether it is as it was sent.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

SOL_PACKET, AUXDATA, IGNORE_OUTGOING = 263, 8, 23
ETH_P_ALL, VLAN_VALID = 3, 1 << 4
HEADER = bytes.fromhex("02000000000b02000000000a88b5")  # addresses, and the type IEEE keeps for experiments


def main(into: str, out: str, count: int) -> None:
    """Send and listen."""
    sender, listener = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) for _ in range(2))
    for option in (AUXDATA, IGNORE_OUTGOING):
        listener.setsockopt(SOL_PACKET, option, 1)
    sender.bind((into, 0))
    listener.bind((out, ETH_P_ALL))
    listener.settimeout(2)
    sent = {}
    for number in range(count):
        frame = HEADER + struct.pack("!I", number) + bytes(100)
        sent[number] = time.monotonic_ns(), frame
        sender.send(frame)
    for _ in range(count):
        frame, beside, _, _ = listener.recvmsg(2000, 128)
        arrived = time.monotonic_ns()
        vlan = None
        for _, _, data in beside:
            status, *_, tci, _ = struct.unpack_from("=IIIHHHH", data)
            vlan = tci if status & VLAN_VALID else None
        (number,) = struct.unpack_from("!I", frame, len(HEADER))
        began, whole = sent[number]
        print(json.dumps({"number": number, "took": arrived - began, "vlan": vlan, "same": frame == whole}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
