# The life of a wake: from the segment that ends an idle period to the outcome that is handed out.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from .layout cimport *
from .state cimport *
from .samples cimport sample_period
from .services cimport decide_roles, reported_at, statistics
from .trace cimport watched

cdef inline Ref here(State* st, Segment* s) noexcept nogil:
    cdef Ref r
    r.t, r.frame, r.file, r.known = s.t, s.frame, st.file, 1
    return r


cdef inline uint8_t stamps_in(const uint8_t* p, uint32_t captured, uint32_t end, uint32_t header) noexcept nogil:
    """Is the timestamps option (kind 8, RFC 7323 3.2) in a TCP header of `header` bytes that ends at `end`: 0 no, 1 yes,
    2 the options were cut off."""
    cdef uint32_t at = end - header + 20
    if header <= 20:
        return 0
    if end > captured:
        return 2
    while at < end:
        if p[at] == 8:
            return 1
        if p[at] == 0:
            return 0
        if p[at] == 1:
            at += 1
        elif at + 1 >= end or p[at + 1] < 2:
            return 0
        else:
            at += p[at + 1]
    return 0


cdef inline void note(State* st, Segment* s, Facts* f, uint8_t* head, uint32_t room) noexcept nogil:
    """Keep what judges may want of one segment, and the beginning of its record."""
    f.t, f.frame, f.file = s.t, s.frame, st.file
    f.seq, f.ack, f.length, f.window = s.seq, s.ack, s.length, s.window
    f.flags, f.ttl, f.via, f.v6, f.df, f.ip_id, f.header = s.flags, s.ttl, s.via, s.v6, s.df, s.ip_id, s.header
    f.link = <uint16_t>st.interfaces[s.interface].link
    f.payload_at = s.payload_at
    f.kept = <uint16_t>(s.captured if s.captured < room else room)
    copy_short(head, s.record, f.kept)


cdef inline void peer_facts(Hot* h, Cold* k, Pend* p) noexcept nogil:
    """What was learned by now of the side that was to answer."""
    cdef int e = 1 - p.side, df
    if p.kind == WAKE_RST:             # nobody was to answer it: what it is compared with is its own side
        e = p.side
    p.peer_stamps = 1 if k.traits & (STAMPS << e) else 2 if k.traits & (OPTIONS_CUT << e) else 0
    df = k.traits >> e & (DF_SET | DF_CLEAR)
    p.peer_df = 1 if df == DF_SET else 0 if df == DF_CLEAR else 2
    p.peer_round_trip = k.round_trip[e]


cdef inline void emit(State* st, uint32_t index, Hot* h, Cold* k, Pend* p, int64_t deadline) noexcept nogil:
    """Put a decided period, and the connection as it is now, where `drain` finds it.

    Copies are taken so that what is handed out depends on the packets alone, not on when it is fetched.
    """
    cdef Emission* e = <Emission*>malloc(sizeof(Emission))
    cdef Emission** ring
    cdef uint64_t i, room
    if e == NULL:
        return
    if st.emission_next - st.emission_first >= st.emission_room:
        room = st.emission_room * 2
        ring = <Emission**>malloc(room * sizeof(Emission*))
        if ring == NULL:
            free(e)
            return
        for i in range(st.emission_first, st.emission_next):
            ring[i % room] = st.emissions[i % st.emission_room]
        free(st.emissions)
        st.emissions, st.emission_room = ring, room
    e.pend, e.hot, e.cold, e.index, e.deadline = p[0], h[0], k[0], index, deadline
    st.emissions[st.emission_next % st.emission_room] = e
    st.emission_next += 1
    k.emitted = <uint32_t>st.emission_next
    k.handshake |= EMITTED


cdef inline Emission* emission_of(State* st, Cold* k) noexcept nogil:
    """The connection's last emission if it was not fetched yet."""
    cdef uint64_t number
    if not k.handshake & EMITTED:
        return NULL
    number = (st.emission_next & ~<uint64_t>0xFFFFFFFF) | k.emitted
    if number > st.emission_next:
        number -= <uint64_t>1 << 32
    if number <= st.emission_first:
        return NULL
    return st.emissions[(number - 1) % st.emission_room]


cdef inline void count(State* st, Hot* h, Cold* k, uint32_t result, int by) noexcept nogil:
    cdef Statistics* stats = statistics(st, h, k) if result == SURVIVED or result == CLOSED else reported_at(st, h, k)
    st.results[result] += by
    if stats != NULL and (by > 0 or stats.results[result]):
        stats.results[result] += by
        if by > 0 and (result == RESET or result == UNANSWERED or result == RESET_IN_SILENCE or result == UNREACHABLE):
            stats.failed = 1
    k.periods += by                    # last: a connection of which nothing was counted goes wherever its roles say


cdef inline void conclude(State* st, uint32_t index, Hot* h, Cold* k, Pend* p, uint32_t result) noexcept nogil:
    """This idle period is over: count it, hand it out, forget the pending wake."""
    # whatever comes back, a wake whose own numbers show missed traffic proves nothing about the gap
    if (p.missed[0] or p.missed[1]) and result != SURVIVED:
        result = UNDECIDED
    p.result = <uint8_t>result
    p.ended.t, p.ended.file, p.ended.known = st.at_t, st.file, 1
    p.ended.frame = st.at_frame
    count(st, h, k, result, 1)
    if result == SURVIVED:
        sample_period(st, h, k, p)
    if (st.keep_all or (result != SURVIVED and result != CLOSED)) and watched(st, h):
        decide_roles(st, h, k)
        p.server, p.roles = k.server, k.roles
        peer_facts(h, k, p)
        emit(st, index, h, k, p, (p.answer.t if p.reply == REPLY_RST else st.at_t) + SETTLE)


cdef inline bint give_up(State* st, uint32_t index, Hot* h, Cold* k) noexcept nogil:
    """Nothing more will be seen of the pending wake, if there is one. True if it was unanswered and that decided it."""
    cdef Pend* p
    cdef uint32_t result = RESULTS
    cdef bint answered
    if h.pend == 0:
        return False
    p = pend_of(st, h.pend)
    if p.acknowledged:
        result = SURVIVED
    elif p.kind == WAKE_PAYLOAD:
        # a peer that still spoke when the wake had been repeated is there: its acknowledgement was missed, or is yet to come
        if p.reply == REPLY_ICMP:
            result = UNREACHABLE
        elif p.reply == REPLY_RST:     # one that nobody obeys
            result = RESET
            p.silence_answered = since(p.last_sent.t, p.wake.t - p.silence_answered)
        else:
            result = UNANSWERED if p.retransmissions >= 2 and p.heard.known != HEARD_SURELY else UNDECIDED
    elif p.retransmissions >= 1:       # two probes or more: IDLE106
        result = UNANSWERED
    answered = p.acknowledged
    if result != RESULTS:
        conclude(st, index, h, k, p, result)
    pend_drop(st, h)
    return result != RESULTS and not answered


cdef inline bint stop_watching(State* st, uint32_t index, int64_t now) noexcept nogil:
    """The capture ends, or the connection is forgotten: what would still have come of the pending wake is not known, unless
    its sender was silent for longer than any retransmission timer."""
    cdef Hot* h = hot_of(st, index)
    cdef Pend* p
    if h.pend:
        p = pend_of(st, h.pend)
        p.cut_short = since(now, p.last_sent.t) <= RTO_MOST
    return give_up(st, index, h, cold_of(st, index))
