"""One capture with every way an idle connection fails, beside what only looks like it and connections that are well.

It was taken on a gateway between clients and four services: the clients are two routers away, the servers three.
"""

from __future__ import annotations

HEADER = """
link ethernet
ttl 62 61
server 10.0.0.2:443
S2 is 10.0.0.2:443
S3 is 10.0.0.2:443
S4 is 10.0.0.9:5432
S5 is 10.0.0.9:5432
S6 is 10.0.0.9:5432
S7 is 10.0.0.9:5432
S8 is 10.0.0.7:8080
S9 is 10.0.0.7:8080
S10 is 10.0.0.7:8080
S11 is 10.0.0.7:8080
S12 is 10.0.0.7:8080
S13 is [2001:db8::8]:50051
C13 is [2001:db8::1]:41000
S14 is [2001:db8::8]:50051
C14 is [2001:db8::1]:41002
S15 is [2001:db8::8]:50051
C15 is [2001:db8::1]:41004
"""
OPENED = """
    0.000   C  SYN
    0.020   S  SYN ACK
    0.0201  C  ACK
    0.021   C  80 bytes
    0.045   S  900 bytes
    0.085   C  ACK
"""

#: What happens on each connection, by the rule that is to speak; connections that are well have none.
TALKS: dict[int, tuple[str | None, str]] = {
    1: ("IDLE101", OPENED + r"""
        361.100   C  80 bytes "GET /orders/18 HTTP/1.1\r\nHost: shop\r\n\r\n"
        361.120   S  RST
    """),
    2: ("IDLE108", OPENED + """
        480.200   C  31 bytes hex 150303001a0000000000000003
        480.2001  C  FIN
        480.220   S  RST
        480.2201  S  RST
    """),
    3: (None, OPENED + """
        300.200   C  80 bytes
        300.225   S  900 bytes
        300.265   C  ACK
    """),
    4: ("IDLE102", OPENED + """
        642.300  C  80 bytes
        642.504  C  again
        642.912  C  again
        643.744  C  again
        645.408  C  again
        652.300  C  RST ACK
    """),
    5: ("IDLE105", OPENED + """
        300.300  C  probe
        300.320  S  ACK
        620.300  C  probe
        620.320  S  RST
    """),
    6: ("IDLE106", OPENED + """
        700.400  C  probe
        715.400  C  probe
        730.400  C  probe
        745.400  C  RST ACK
    """),
    7: (None, OPENED + """
        290.000  C  5 bytes hex 5300000004
        290.021  S  6 bytes
        290.061  C  ACK
        560.000  C  5 bytes hex 5800000004
        560.0002 C  FIN
        560.021  S  FIN
        560.0211 C  ACK
    """),
    8: ("IDLE103", OPENED + """
        65.045  S  FIN
        65.065  C  ACK
        68.500  C  80 bytes
        68.520  S  RST
    """),
    9: ("IDLE107", OPENED + """
        120.600  C  80 bytes
        120.621  S  RST ACK
    """),
    10: ("CTX201", OPENED + """
        0.700  C  80 bytes
        0.721  S  RST
    """),
    11: ("CTX202", """
        5.000  C  SYN
        5.020  S  RST ACK
    """),
    12: (None, OPENED + """
        50.000  C  80 bytes
        50.025  S  900 bytes
        50.065  C  ACK
        110.025 S  FIN
        110.045 C  FIN
        110.065 S  ACK
    """),
    13: ("IDLE104", OPENED + """
        240.045  S  RST ttl=64
    """),
    14: ("IDLE109", OPENED + """
        1.000    C  200 bytes
        1.061    S  ACK
        301.000  S  900 bytes
        301.001  C  RST ttl=64
    """),
    15: (None, OPENED + """
        200.000  C  200 bytes
        200.061  S  ACK
        220.000  S  900 bytes
        220.040  C  ACK
    """),
}  # fmt: skip


def talk(*, twice: bool = False) -> str:
    """All connections in order of time, each begun a little after the one before it. ``twice``: as `-i any` records them,
    every packet on a second interface too, 5 us later."""
    lines = []
    for number, (_, text) in TALKS.items():
        for line in filter(None, map(str.strip, text.splitlines())):
            seconds, side, what = line.split(maxsplit=2)
            at, who = float(seconds) + (number - 1) / 1000, f"{side}{number}" if number > 1 else side
            lines.append((at, f"{who} {what}"))
            if twice:
                lines.append((at + 0.000_005, f"{who} copy via=1"))
    return HEADER + "\n".join(f"{at:.6f} {said}" for at, said in sorted(lines, key=lambda line: line[0]))


def rules() -> dict[int, str]:
    """The rule that is to speak on each connection that is not well."""
    return {number: rule for number, (rule, _) in TALKS.items() if rule}
