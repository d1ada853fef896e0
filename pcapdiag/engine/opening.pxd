# How a connection begins: its place in the table, its incarnation, its stream number, its handshake.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from .layout cimport *
from .state cimport *
from .table cimport closed, place, rebuild, replace, take_index
from .services cimport decide_roles
from .verdict cimport conclude, give_up
from .idle cimport begin, own_outstanding, time_trip


cdef inline void idle_since(State* st, Hot* h, Segment* s) noexcept nogil:
    """Idleness counts from this segment on."""
    h.t_idle, h.idle_frame, h.idle_file = s.t, s.frame, st.file
    h.state &= ~<uint32_t>(RESENT * BOTH)


cdef inline uint32_t number_stream(State* st, Segment* s) noexcept nogil:
    """The next tcp.stream number of this file, NO_STREAM where tshark may have known the connection already."""
    if st.evicted_here and not s.flags & F_SYN:
        st.streams_known = False
    if not st.streams_known:
        return NO_STREAM
    st.next_stream += 1
    if s.fragment:                     # tshark dissects it where its last fragment is: perhaps after others
        st.streams_known = False
        return NO_STREAM
    return st.next_stream - 1


cdef inline uint32_t create(State* st, Segment* s) noexcept nogil:
    """A new connection for this segment, not yet in the table; 0 if there is no room or memory."""
    cdef uint32_t index = take_index(st)
    cdef Hot* h
    cdef Cold* k
    if index == 0:
        return 0
    h, k = hot_of(st, index), cold_of(st, index)
    memset(h, 0, sizeof(Hot))
    memset(k, 0, 128)                  # the other lines' fields wait for their state bits
    st.live += 1
    h.a_hi, h.a_lo, h.b_hi, h.b_lo, h.ports = s.a_hi, s.a_lo, s.b_hi, s.b_lo, s.ports
    k.roles = ROLE_UNKNOWN
    if s.kind == K_SEGMENT:            # else only quoted in an ICMP error so far
        first_seen(st, h, k, s)
    return index


cdef inline void first_seen(State* st, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """A connection's first segment."""
    cdef uint32_t interface = (st.interface_base + s.interface) & 255
    cdef bint first
    st.connections += 1
    h.file = h.idle_file = st.file
    h.t_last = h.t_idle = s.t
    if not s.flags & F_SYN:
        # It may have been silent since before the capture began: this long at least.
        first = st.first_frame[interface] == s.frame and st.first_file[interface] == st.file
        h.t_last = h.t_idle = st.run_start if first else st.first_seen[interface]
        if st.evicted_known and st.evicted_t > h.t_idle:
            h.t_last = h.t_idle = st.evicted_t
        h.state |= LOWER
    k.first_t, k.first_frame, k.first_file = s.t, s.frame, st.file


cdef inline uint32_t enter(State* st, Segment* s) noexcept nogil:
    """Create a connection under a key the table does not hold."""
    cdef uint32_t index
    if (st.filled + 1) * 5 > (st.mask + 1) * 3 and not rebuild(st, (st.mask + 1) * 2):
        return 0
    index = create(st, s)
    if index:
        place(st, s.hash, index)
        hot_of(st, index).stream = number_stream(st, s)
        cold_of(st, index).first_stream = hot_of(st, index).stream
    return index


cdef inline uint32_t incarnation(State* st, uint32_t index, Segment* s) noexcept nogil:
    """Which connection a SYN belongs to: this one, or one that begins with it."""
    cdef Hot* h = hot_of(st, index)
    cdef Cold* k = cold_of(st, index)
    cdef Hot* n
    cdef int d = s.side, e = 1 - s.side
    cdef bint fresh, stream
    cdef uint32_t other
    cdef Pend* p
    if h.state & (ISN << d):
        fresh = (k.start[d] != s.seq and (closed(h) or not s.flags & F_ACK)) or (closed(h) and not s.flags & F_ACK)
    elif s.flags & F_ACK:
        fresh = False
    else:
        # swapped records: what the other side sent may already acknowledge this SYN
        if h.state & (KNOWN << d):
            fresh = closed(h) or k.start[d] != s.seq + 1
        else:
            fresh = (closed(h) or (h.state & (KNOWN << e) and not h.state & (ISN << e))) \
                and not (h.state & (ACKED << e) and h.acked[e] == s.seq + 1)
    stream = not s.flags & F_ACK and h.state & (BASE << d) and k.base[d] != s.seq and h.file == st.file
    if not fresh:
        if stream:
            h.stream = number_stream(st, s)
            h.state &= ~<uint32_t>(BASE * BOTH)
        return index
    if not give_up(st, index, h, k) and not closed(h) and not h.state & (FIN_SENT * BOTH) \
            and h.state & (KNOWN * BOTH) and since(s.t, h.t_idle) >= st.min_idle \
            and not own_outstanding(h, k, d, s.t) and not own_outstanding(h, k, e, s.t):
        p = begin(st, h, k, s, WAKE_SYN, since(s.t, h.t_last), last_file_of(h, k))
        if p != NULL:
            conclude(st, index, h, k, p, UNDECIDED)
            pend_drop(st, h)
    other = create(st, s)
    if other == 0:
        return 0
    h.state = (h.state | RETIRED) & ~<uint32_t>FAST
    replace(st, s.hash, index, other)
    n = hot_of(st, other)
    if stream or h.file != st.file:
        n.stream = number_stream(st, s)
    else:
        n.stream = h.stream
        n.state |= h.state & (BASE * BOTH)
        cold_of(st, other).base[0], cold_of(st, other).base[1] = k.base[0], k.base[1]
    cold_of(st, other).first_stream = n.stream
    return other


cdef inline void handshake(State* st, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """A SYN or SYN-ACK that belongs to this connection."""
    cdef int d = s.side, e = 1 - s.side
    cdef bint known
    if h.state & (ISN << d) and k.start[d] == s.seq:
        k.retransmissions[d] += 1
        st.retransmissions += 1
        k.handshake |= SYN_REPEATED
    elif not h.state & (ISN << d) or h.state & (OPENING << d) or not h.state & (KNOWN << d):
        known = h.state & (KNOWN << d) and not h.state & (ISN << d)
        h.state |= (ISN | KNOWN) << d
        if not (h.state & (ACKED << e) and h.acked[e] == s.seq + 1):  # else the records were swapped
            h.state |= OPENING << d
        h.state |= (SYN_ACK_SENT if s.flags & F_ACK else SYN_SENT) << d
        k.start[d] = s.seq
        if not known or delta(s.seq + 1, h.next[d]) > 0:
            h.next[d] = s.seq + 1
        if s.flags & F_ACK:
            h.state = (h.state & ~<uint32_t>(OPENING << e)) | ACKED << d
            h.acked[d] = s.ack
            if h.state & (SYN_SENT << e):
                if not k.handshake & SYN_REPEATED:
                    time_trip(k, d, since(s.t, k.handshake_t))
                k.handshake |= BOTH_SYNS
            decide_roles(st, h, k)
        k.handshake_t = s.t
    if s.length and delta(s.seq + 1 + s.length, h.next[d]) > 0:  # TCP Fast Open, RFC 7413
        h.next[d] = s.seq + 1 + s.length
    if not h.state & (SPOKE_LAST * BOTH):
        idle_since(st, h, s)
        h.state &= ~<uint32_t>LOWER


cdef inline void number_quoted(State* st, uint32_t index, Segment* s) noexcept nogil:
    """tshark gives a stream number also to TCP headers that are no segments here: quoted in an ICMP error, or cut to 16
    to 19 bytes. From those in errors it learns nothing else."""
    cdef Hot* h
    cdef Cold* k
    cdef int i
    if index == 0:
        index = enter(st, s)
        if index == 0:
            return
        hot_of(st, index).file = st.file
    h, k = hot_of(st, index), cold_of(st, index)
    if h.file == st.file and s.flags & (F_SYN | F_ACK) == F_SYN and h.state & (BASE << s.side) \
            and k.base[s.side] != s.seq:
        h.stream = number_stream(st, s)
        h.state &= ~<uint32_t>(BASE * BOTH | FAST)
    if s.kind == K_CUT and h.file == st.file:
        for i in range(2):
            if not h.state & (BASE << (s.side ^ i)) and (i == 0 or s.flags & F_ACK):
                h.state |= BASE << (s.side ^ i)
                k.base[s.side ^ i] = s.ack - 1 if i else s.seq if s.flags & F_SYN else s.seq - 1
