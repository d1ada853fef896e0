# From the bytes of one record to one TCP segment, through whatever link layer, tags and tunnels lie around it.
#
# `Cursor` walks: `at` is where the next header begins, `captured` how many bytes of the record there are, `wire` how many
# there were. Every step checks before it reads; what it cannot read is named (Fate), never guessed.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from .layout cimport *
from .state cimport *
from .table cimport hash_segment, mum

cdef extern from *:
    """
    static inline uint16_t be16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
    static inline uint32_t be32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }
    static inline uint64_t be64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return __builtin_bswap64(v); }
    """
    uint16_t be16(const uint8_t*) noexcept nogil
    uint32_t be32(const uint8_t*) noexcept nogil
    uint64_t be64(const uint8_t*) noexcept nogil

cdef enum:
    DEEPEST = 12                  # tags and tunnels within each other; real stacks have five at most
    P_ICMP = 1
    P_IPIP = 4
    P_TCP = 6
    P_UDP = 17
    P_IPV6 = 41
    P_GRE = 47
    P_ICMP6 = 58
    E_IPV4 = 0x0800
    E_IPV6 = 0x86DD
    E_TEB = 0x6558                # Ethernet inside GRE, Geneve
    PORT_GTP = 2152
    PORT_VXLAN = 4789
    PORT_GENEVE = 6081
    PORT_VXLAN_LINUX = 8472

cdef struct Cursor:
    const uint8_t* p
    uint32_t at, captured, wire, layers
    uint64_t around               # what it was recorded through: interface, direction, tags, tunnels


cdef inline uint8_t via_of(State* st, uint64_t key) noexcept nogil:
    """The small number of one way of being recorded; the 255th and all after it share one."""
    cdef uint32_t i
    if likely_(key == st.last_via_key and st.vias):
        return <uint8_t>st.last_via
    for i in range(st.vias):
        if st.via_key[i] == key:
            break
    else:
        i = st.vias
        if i < VIAS - 1:
            st.via_key[i] = key
            st.vias += 1
    st.last_via_key = key
    st.last_via = i
    return <uint8_t>i


cdef inline void tally(Tally* table, uint32_t size, uint64_t number) noexcept nogil:
    """Count `number`; the last place counts all that do not fit."""
    cdef uint32_t i
    for i in range(size - 1):
        if table[i].count == 0 or table[i].number == number:
            table[i].number = number
            table[i].count += 1
            return
    table[size - 1].number = <uint64_t>-1
    table[size - 1].count += 1


cdef inline void around(Cursor* c, uint64_t what) noexcept nogil:
    """Remember a tag or tunnel as part of the way this packet was recorded."""
    c.around = mum(c.around ^ <uint64_t>0x9E3779B97F4A7C15, what ^ <uint64_t>0xD6E8FEB86659FD93) | 1


cdef inline Fate missing(Cursor* c, uint32_t bytes, Fate otherwise) noexcept nogil:
    """Why `bytes` more are not there: cut off by the snap length, or never sent."""
    return SKIP_CUT if c.at + bytes <= c.wire else otherwise


cdef inline bint has(Cursor* c, uint32_t bytes) noexcept nogil:
    return c.at + bytes <= c.captured


cdef inline void address4(uint64_t* hi, uint64_t* lo, const uint8_t* p) noexcept nogil:
    hi[0] = 0
    lo[0] = <uint64_t>0xFFFF00000000 | be32(p)


cdef inline void orient(Segment* s, uint64_t sh, uint64_t sl, uint64_t dh, uint64_t dl, uint16_t sp,
                        uint16_t dp) noexcept nogil:
    """Key in canonical order; `side` is who sent it. An endpoint that talks to itself is side 0 both ways."""
    cdef bint first = sh < dh or (sh == dh and (sl < dl or (sl == dl and sp <= dp)))
    if first:
        s.a_hi, s.a_lo, s.b_hi, s.b_lo = sh, sl, dh, dl
        s.ports = (<uint32_t>sp << 16) | dp
        s.side = 0
    else:
        s.a_hi, s.a_lo, s.b_hi, s.b_lo = dh, dl, sh, sl
        s.ports = (<uint32_t>dp << 16) | sp
        s.side = 1


cdef inline Fate tcp(State* st, Cursor* c, Segment* s, const uint8_t* src, const uint8_t* dst, int64_t room) noexcept nogil:
    """TCP at the cursor; `room` is what IP says it carries: header and payload."""
    cdef const uint8_t* p = c.p + c.at
    cdef uint32_t header
    cdef uint64_t sh, sl, dh, dl
    if room < 20:
        return SKIP_FRAGMENT if s.fragment else SKIP_BAD_TCP
    header = 16
    if has(c, 20):
        header = (p[12] >> 4) * 4
        if header < 20 or header > room:
            return SKIP_FRAGMENT if s.fragment and header >= 20 else SKIP_BAD_TCP
    elif not has(c, 16) or c.at + 20 > c.wire:
        return missing(c, 20, SKIP_BAD_TCP)
    if s.v6:
        sh, sl, dh, dl = be64(src), be64(src + 8), be64(dst), be64(dst + 8)
    else:
        address4(&sh, &sl, src)
        address4(&dh, &dl, dst)
    orient(s, sh, sl, dh, dl, be16(p), be16(p + 2))
    s.seq = be32(p + 4)
    s.ack = be32(p + 8)
    s.flags = p[13]
    s.window = be16(p + 14)
    s.header = <uint8_t>header
    s.length = <uint32_t>(room - header)
    s.payload_at = <uint16_t>(c.at + header)
    s.via = via_of(st, c.around)
    hash_segment(st, s)
    if header == 16:
        s.kind = K_CUT
        return SKIP_CUT
    s.kind = K_SEGMENT
    return IS_SEGMENT


cdef inline Fate quoted(State* st, Cursor* c, Segment* s, bint six) noexcept nogil:
    """An ICMP error that quotes a TCP segment (RFC 792, RFC 4443 3): handed on as K_ICMP, in the quoted segment's
    direction. The record itself is no segment."""
    cdef const uint8_t* p
    cdef uint32_t header
    cdef uint64_t sh, sl, dh, dl
    st.protocols[P_ICMP6 if six else P_ICMP] += 1
    if not has(c, 8 + (40 if six else 20) + 8):
        return SKIP_PROTOCOL
    p = c.p + c.at
    if not (1 <= p[0] <= 4 if six else p[0] == 3 or p[0] == 4 or p[0] == 11 or p[0] == 12):
        return SKIP_PROTOCOL
    s.icmp_type, s.icmp_code = p[0], p[1]
    p += 8
    if six:
        if p[0] >> 4 != 6 or p[6] != P_TCP:
            return SKIP_PROTOCOL
        sh, sl, dh, dl = be64(p + 8), be64(p + 16), be64(p + 24), be64(p + 32)
        header = 40
    else:
        header = (p[0] & 15) * 4
        if p[0] >> 4 != 4 or header < 20 or p[9] != P_TCP or be16(p + 6) & 0x1FFF or not has(c, 8 + header + 8):
            return SKIP_PROTOCOL
        address4(&sh, &sl, p + 12)
        address4(&dh, &dl, p + 16)
    p += header
    orient(s, sh, sl, dh, dl, be16(p), be16(p + 2))
    s.v6 = six
    s.seq = be32(p + 4)
    s.ack, s.length, s.flags, s.window, s.header, s.fragment = 0, 0, 0, 0, 0, 0
    if has(c, 8 + header + 16):        # so much of it tshark dissects
        s.flags, s.header = p[13], 16
    s.payload_at = <uint16_t>c.at
    s.via = via_of(st, c.around)
    s.kind = K_ICMP
    hash_segment(st, s)
    return SKIP_PROTOCOL


cdef inline Fate udp(Cursor* c, uint32_t* inner) noexcept nogil:
    """Step over UDP and a tunnel header if there is one: `inner` is then what follows as an EtherType, else 0."""
    cdef const uint8_t* p = c.p + c.at
    cdef uint16_t target
    cdef uint32_t more
    inner[0] = 0
    if not has(c, 16):
        return SKIP_PROTOCOL
    target = be16(p + 2)
    if target == PORT_VXLAN or target == PORT_VXLAN_LINUX:
        around(c, (<uint64_t>1 << 40) | be32(p + 12) >> 8)
        c.at += 16
        inner[0] = E_TEB
    elif target == PORT_GENEVE:
        if p[8] >> 6:                  # RFC 8926 3.4: version 0
            return SKIP_PROTOCOL
        around(c, (<uint64_t>2 << 40) | be32(p + 12) >> 8)
        inner[0] = be16(p + 10)
        c.at += 16 + (p[8] & 0x3F) * 4
    elif target == PORT_GTP:
        if p[8] & 0xF0 != 0x30 or p[9] != 0xFF:  # 3GPP TS 29.281 5.1: version 1, GTP, G-PDU
            return SKIP_PROTOCOL
        if not has(c, 20):
            return SKIP_PROTOCOL
        around(c, (<uint64_t>3 << 40) | be32(p + 12))
        more = 16
        if p[8] & 7:
            more = 20
            if p[8] & 4:
                while c.at + more < c.captured and p[more - 1]:  # extension headers, in units of four bytes
                    if p[more] == 0:
                        return SKIP_BAD_TUNNEL
                    more += p[more] * 4
        c.at += more
        if c.at >= c.captured:
            return SKIP_BAD_TUNNEL
        inner[0] = E_IPV6 if c.p[c.at] >> 4 == 6 else E_IPV4
    return SKIP_PROTOCOL


cdef inline Fate ip(State* st, Cursor* c, Segment* s, uint32_t ethertype) noexcept nogil:
    """From an EtherType to TCP, through as many tags and tunnels as there are."""
    cdef const uint8_t* p
    cdef const uint8_t* src
    cdef const uint8_t* dst
    cdef uint32_t header, protocol, total, inner
    cdef int64_t room
    while True:
        c.layers += 1
        if c.layers > DEEPEST:
            return SKIP_DEEP
        p = c.p + c.at
        if ethertype == E_IPV4:
            if not has(c, 20):
                return missing(c, 20, SKIP_BAD_IP)
            header = (p[0] & 15) * 4
            total = be16(p + 2)
            if p[0] >> 4 != 4 or header < 20 or (total and total < header):
                return SKIP_BAD_IP
            room = (<int64_t>total if total else <int64_t>c.wire - c.at) - header
            protocol = p[9]
            s.v6 = 0
            s.ip_id = be16(p + 4)
            s.ttl = p[8]
            s.df = p[6] >> 6 & 1
            s.fragment = p[6] >> 5 & 1
            if be16(p + 6) & 0x1FFF:
                return SKIP_FRAGMENT
            src, dst = p + 12, p + 16
            c.at += header
        elif ethertype == E_IPV6:
            if not has(c, 40):
                return missing(c, 40, SKIP_BAD_IP)
            if p[0] >> 4 != 6:
                return SKIP_BAD_IP
            total = be16(p + 4)
            room = <int64_t>total if total else <int64_t>c.wire - c.at - 40
            protocol = p[6]
            s.v6 = 1
            s.ip_id = 0
            s.df = 0
            s.ttl = p[7]
            s.fragment = 0
            src, dst = p + 8, p + 24
            c.at += 40
            while protocol == 0 or protocol == 43 or protocol == 44 or protocol == 51 or protocol == 60 \
                    or protocol == 135 or protocol == 139 or protocol == 140:
                if not has(c, 8):
                    return missing(c, 8, SKIP_BAD_IP)
                p = c.p + c.at
                if protocol == 44:
                    if be16(p + 2) & 0xFFF8:
                        return SKIP_FRAGMENT
                    s.fragment = p[3] & 1
                    header = 8
                else:
                    header = (p[1] + 2) * 4 if protocol == 51 else (p[1] + 1) * 8
                protocol = p[0]
                c.at += header
                room -= header
        elif ethertype == 0x8100 or ethertype == 0x88A8 or ethertype == 0x9100:
            if not has(c, 4):
                return missing(c, 4, SKIP_BAD_LINK)
            around(c, (<uint64_t>ethertype << 16) | (be16(p) & 0xFFF))
            ethertype = be16(p + 2)
            c.at += 4
            continue
        elif ethertype == 0x8847 or ethertype == 0x8848:
            if not has(c, 5):
                return missing(c, 5, SKIP_BAD_LINK)
            around(c, (<uint64_t>ethertype << 32) | be32(p) >> 12)
            c.at += 4
            if p[2] & 1:               # RFC 3032 2.1: bottom of stack; the payload says by its first nibble what it is
                ethertype = E_IPV4 if p[4] >> 4 == 4 else E_IPV6 if p[4] >> 4 == 6 else E_TEB
                if ethertype == E_TEB:
                    c.at += 4 if p[4] >> 4 == 0 else 0  # RFC 4385 3: control word
            continue
        elif ethertype == 0x8864:
            if not has(c, 8):
                return missing(c, 8, SKIP_BAD_LINK)
            if p[1]:                   # RFC 2516 4: session data has code 0
                tally(st.ethertypes, ETHERTYPES, ethertype)
                return SKIP_ETHERTYPE
            around(c, (<uint64_t>4 << 40) | be16(p + 2))
            total = be16(p + 6)
            c.at += 8
            if total == 0x0021:
                ethertype = E_IPV4
            elif total == 0x0057:
                ethertype = E_IPV6
            else:
                tally(st.ethertypes, ETHERTYPES, 0x8864)
                return SKIP_ETHERTYPE
            continue
        elif ethertype == E_TEB:
            if not has(c, 14):
                return missing(c, 14, SKIP_BAD_LINK)
            ethertype = be16(p + 12)
            c.at += 14
            continue
        elif ethertype < 1536 and ethertype >= 8 and has(c, 8) and be32(p) == <uint32_t>0xAAAA0300 and p[4] == 0:
            ethertype = be16(p + 6)    # LLC/SNAP, RFC 1042
            c.at += 8
            continue
        else:
            tally(st.ethertypes, ETHERTYPES, ethertype if ethertype >= 1536 else 0)
            return SKIP_ETHERTYPE

        if protocol == P_TCP:
            return tcp(st, c, s, src, dst, room)
        if s.fragment:
            return SKIP_FRAGMENT
        if protocol == P_UDP:
            udp(c, &inner)
            if inner == 0:
                st.protocols[P_UDP] += 1
                return SKIP_PROTOCOL
            ethertype = inner
        elif protocol == P_IPIP or protocol == P_IPV6:
            around(c, (<uint64_t>5 << 40) | protocol)
            ethertype = E_IPV4 if protocol == P_IPIP else E_IPV6
        elif protocol == P_GRE and has(c, 4) and c.p[c.at + 1] & 7 == 0:
            p = c.p + c.at
            header = 4 + (4 if p[0] & 0xC0 else 0) + (4 if p[0] & 0x20 else 0) + (4 if p[0] & 0x10 else 0)
            if not has(c, header):
                return missing(c, header, SKIP_BAD_TUNNEL)
            around(c, (<uint64_t>6 << 40) | (be32(p + header - (8 if p[0] & 0x10 else 4)) if p[0] & 0x20 else 0))
            ethertype = be16(p + 2)
            c.at += header
        elif protocol == P_ICMP and not s.v6:
            return quoted(st, c, s, False)
        elif protocol == P_ICMP6 and s.v6:
            return quoted(st, c, s, True)
        else:
            st.protocols[protocol & 255] += 1
            return SKIP_PROTOCOL


cdef inline Fate link(State* st, Cursor* c, Segment* s, uint32_t kind) noexcept nogil:
    """From the link layer's header to TCP. Numbers are LINKTYPE_ values (tcpdump.org/linktypes.html)."""
    cdef const uint8_t* p = c.p
    cdef uint32_t ethertype
    if kind == 1:                      # ETHERNET
        if not has(c, 14):
            return missing(c, 14, SKIP_BAD_LINK)
        ethertype = be16(p + 12)
        c.at = 14
    elif kind == 113:                  # LINUX_SLL
        if not has(c, 16):
            return missing(c, 16, SKIP_BAD_LINK)
        c.around ^= <uint64_t>(be16(p) + 1) << 32
        ethertype = be16(p + 14)
        c.at = 16
    elif kind == 276:                  # LINUX_SLL2
        if not has(c, 20):
            return missing(c, 20, SKIP_BAD_LINK)
        c.around ^= <uint64_t>(p[10] + 1) << 32 | <uint64_t>be32(p + 4) << 40
        ethertype = be16(p)
        c.at = 20
    elif kind == 0 or kind == 108:     # NULL, LOOP: an address family in somebody's byte order
        if not has(c, 5):
            return missing(c, 5, SKIP_BAD_LINK)
        ethertype = be32(p)
        if kind == 0 and ethertype > 0xFFFF:
            ethertype = ethertype >> 24 | (ethertype >> 8 & 0xFF00)
        c.at = 4
        # 2 is IPv4 everywhere; IPv6 is 24, 28 or 30 on the BSDs, 10 on Linux
        if ethertype == 2:
            ethertype = E_IPV4
        elif ethertype == 24 or ethertype == 28 or ethertype == 30 or ethertype == 10:
            ethertype = E_IPV6
        else:
            ethertype = 0
    elif kind == 101 or kind == 12 or kind == 14 or kind == 228 or kind == 229:  # RAW and its local numbers, IPV4, IPV6
        if not has(c, 1):
            return missing(c, 1, SKIP_BAD_IP)
        ethertype = E_IPV6 if p[0] >> 4 == 6 else E_IPV4
    else:
        tally(st.links, LINKS, kind)
        return SKIP_LINK
    return ip(st, c, s, ethertype)


cdef inline Fate decode(State* st, Segment* s, uint32_t kind, uint32_t original) noexcept nogil:
    """The segment in `s.record`, of which `s.captured` of `original` bytes are there; fills the rest of `s`."""
    cdef Cursor c
    c.p = s.record
    c.at = 0
    c.captured = s.captured
    c.layers = 0
    c.around = st.interface_base + s.interface
    c.wire = original
    s.icmp_type = 0
    return link(st, &c, s, kind)
