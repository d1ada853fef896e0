"""How the rules' conversations begin: a handshake, and one request that was answered."""

#: At 0.046 s everything is acknowledged and both sides are silent. The client's numbers cross 2^32 within its first request.
OPENED = """\
  0.000  C  SYN
  0.020  S  SYN ACK
  0.021  C  ACK
  0.022  C  120 bytes
  0.045  S  900 bytes
  0.046  C  ACK
"""
