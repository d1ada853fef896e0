# One segment at a time into its connection: the fast path for what happens a million times, and the rest.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from .layout cimport *
from .state cimport *
from .table cimport find, same_key
from .samples cimport sample_closed, sample_survived
from .verdict cimport conclude, emission_of, give_up, here, note, stamps_in
from .idle cimport after_reset, answered, begin, break_silence, continuity, continuous, ends_idleness, is_probe
from .idle cimport doubt, own_outstanding, quiet, reset, time_trip, wake
from .evict cimport make_room
from .opening cimport enter, first_seen, handshake, idle_since, incarnation, number_quoted, number_stream


cdef inline bint is_copy(Hot* h, Cold* k, Segment* s) noexcept nogil:
    """Is this a packet that was recorded already, by another way or twice? Then it says nothing new."""
    cdef int d = s.side
    if h.packets[d] == 0 or since(s.t, h.t_side[d]) > COPY_WINDOW:
        return False
    if s.flags & F_RST:                # a stack answers each piece of a request with the same RST: those are no copies
        return h.state & (RST_SENT << d) and k.tail.rst.seq[d] == s.seq \
            and (k.tail.rst.via[d] != s.via or k.tail.rst.ttl[d] != s.ttl)
    if s.flags & F_SYN:
        if not h.state & (ISN << d) or k.start[d] != s.seq:
            return False
    else:
        if not h.state & (KNOWN << d) or (s.length and delta(s.seq + s.length, h.next[d]) > 0):
            return False
        if s.flags & F_FIN and not (h.state & (FIN_SENT << d) and delta(s.seq + s.length, k.fin_end[d]) <= 0):
            return False
        if s.flags & F_ACK and (not h.state & (ACKED << d) or delta(s.ack, h.acked[d]) > 0):
            return False
    if s.via != h.via[d] or s.ttl != h.ttl[d]:
        return True
    if s.ip_id != h.ip_id[d] or s.window != h.window[d]:
        return False
    # Without an IP ID two equal pure ACKs may be two: stacks repeat them for segments out of order.
    return s.length != 0 or s.v6 or s.ip_id != 0


cdef inline bint fills_window(Hot* h, Segment* s) noexcept nogil:
    """One byte into a closed window: a zero-window probe (RFC 9293 3.8.6.1), no request."""
    cdef int e = 1 - s.side
    return s.length == 1 and h.window[e] == 0 and h.state & (KNOWN << e)


cdef inline bint is_stray(Hot* h, Cold* k, Segment* s) noexcept nogil:
    """Does it belong to an older incarnation, while the SYN of this one is not acknowledged?"""
    cdef int d = s.side, e = 1 - s.side
    if s.flags & F_SYN:
        return False
    if h.state & (OPENING << e):
        if s.flags & (F_RST | F_ACK) == F_RST:  # RFC 9293 3.10.7: without ACK only its place tells
            return not h.state & (KNOWN << d) or s.seq != h.next[d]
        return not s.flags & F_ACK or delta(s.ack, k.start[e]) <= 0 or delta(s.ack, h.next[e]) > FIRST_FLIGHT
    return h.state & (OPENING << d) and s.flags & F_RST and s.seq != k.start[d] + 1


cdef inline void stray(Hot* h, Cold* k, uint32_t last_file) noexcept nogil:
    """A stray is not the connection's last segment, whose file must not be taken for this one's."""
    if h.file != last_file:
        k.handshake |= STRAYED
        k.last_file = <uint16_t>last_file
        h.state &= ~<uint32_t>FAST


cdef inline bint obeyed_by_nobody(State* st, Hot* h, Segment* s) noexcept nogil:
    """Does this RST stand farther than missed traffic explains from every number that its receiver awaits or has named?

    RFC 5961 (3.2) has a RST obeyed at just the number that is awaited. The first RST that answers a segment has a number that
    its receiver named lately; and where a little of its side's traffic was missed, it stands a little further on.
    """
    cdef int d = s.side, e = 1 - s.side
    cdef int32_t awaited, sent
    if not h.state & (KNOWN << d) or not h.state & (ACKED << e):
        return False
    if h.pend and pend_of(st, h.pend).side == e and pend_of(st, h.pend).wake.ack == s.seq:
        return False
    awaited, sent = delta(s.seq, h.acked[e]), delta(s.seq, h.next[d])
    return (awaited > UNSCALED_MOST or awaited < -UNSCALED_MOST) and (sent > UNSCALED_MOST or sent < -UNSCALED_MOST)


cdef inline void touch(State* st, Hot* h, Segment* s) noexcept nogil:
    """Remember the connection's and the side's last segment."""
    cdef int d = s.side
    h.t_last = h.t_side[d] = s.t
    h.last_frame, h.file = s.frame, st.file
    if not s.flags & F_RST:            # RSTs of others in its name must not blur what the side itself looks like
        h.ttl[d], h.via[d], h.ip_id[d], h.window[d] = s.ttl, s.via, s.ip_id, s.window


cdef inline void tell(Cold* k, uint32_t letter, int d) noexcept nogil:
    """Note a letter of the history, unless this side has it already."""
    cdef uint64_t told = k.history | <uint64_t>k.history_more << 32, code = 1 + 2 * letter + d
    cdef uint64_t same = told ^ code * <uint64_t>0x111111111111
    if (same - <uint64_t>0x111111111111) & ~same & <uint64_t>0x888888888888:  # some four bits are the code
        return
    told |= code << (0 if told == 0 else (top_bit(told) & ~3) + 4)
    k.history, k.history_more = <uint32_t>told, <uint16_t>(told >> 32)


cdef inline void spell(Hot* h, Cold* k, Segment* s) noexcept nogil:
    """Note what this segment is, if it is the first of its side: what Zeek's `history` says of it."""
    cdef int d = s.side
    cdef uint32_t flags = s.flags & (F_SYN | F_FIN | F_RST)
    if flags == 0:
        if s.length:
            if not h.state & (TOLD_DATA << d):
                h.state |= TOLD_DATA << d
                tell(k, LETTER_D, d)
        elif s.flags & F_ACK and not h.state & (TOLD_ACK << d):
            h.state |= TOLD_ACK << d
            tell(k, LETTER_A, d)
    elif flags == F_SYN:
        tell(k, LETTER_H if s.flags & F_ACK else LETTER_S, d)
    elif flags & (flags - 1) == 0:     # two of them at once are no kind of their own
        tell(k, LETTER_F if flags == F_FIN else LETTER_R, d)


cdef inline void acknowledge(State* st, Hot* h, Cold* k, Segment* s, bint fresh) noexcept nogil:
    """What this segment acknowledges, and whether it left nothing outstanding."""
    cdef int d = s.side, e = 1 - s.side
    cdef bint late
    if h.state & (OPENING << e):       # not stray: it acknowledges the SYN
        h.state &= ~<uint32_t>(OPENING << e)
        if h.state & (SYN_ACK_SENT << e):
            if not k.handshake & SYN_REPEATED:
                time_trip(k, d, since(s.t, k.handshake_t))
        if not h.state & (SPOKE_LAST * BOTH) and not s.flags & F_FIN:
            idle_since(st, h, s)
    h.state &= ~<uint32_t>(OPENING << d)
    # An acknowledgement later than any delayed ACK ends what was outstanding only now, unless it repeats one that the
    # capture missed.
    if not fresh and since(s.t, h.t_idle) > ACK_DELAY and h.state & (KNOWN << e) and h.state & (SPOKE_LAST * BOTH) \
            and delta(h.next[e], s.ack) <= 0 and not own_outstanding(h, k, d, s.t) \
            and (h.state & (RESENT << e) or since(s.t, h.t_idle) < ACK_MISSED):
        if h.state & (ACKED << d):
            late = delta(h.next[e], h.acked[d]) > 0
        else:
            late = h.state & (SPOKE_LAST << e)
        if late:
            idle_since(st, h, s)
    if not h.state & (ACKED << d) or delta(s.ack, h.acked[d]) > 0:
        h.state |= ACKED << d
        h.acked[d] = s.ack


cdef inline void first_probe(Hot* h, Cold* k) noexcept nogil:
    """The connection's first keepalive probe."""
    h.state |= PROBED
    k.due = 0
    k.answered[0] = k.answered[1] = 0
    k.probe_after[0] = k.probe_after[1] = k.probe_every[0] = k.probe_every[1] = 0


cdef inline bint after_probe(Hot* h, Cold* k, Segment* s, bint fresh, bint probing) noexcept nogil:
    """What this segment is to probes that wait; True if one of its own side came last, and was not answered."""
    cdef int d = s.side, e = 1 - s.side
    cdef bint last = k.due & (JUST_PROBED << d) != 0
    if k.due & (DUE << e) and s.flags & F_ACK and delta(s.ack, h.next[e]) >= 0:
        k.answered[e] += k.answered[e] < 0xFFFF
        k.due &= ~<uint8_t>(DUE << e)
    k.due &= ~<uint8_t>(JUST_PROBED * BOTH | (0 if probing else SINCE << e))
    if fresh:                          # it speaks again: what comes back answers that
        k.due &= ~<uint8_t>(DUE << d)
    return last


cdef inline void time_probe(State* st, Hot* h, Cold* k, Segment* s, int64_t gap, uint32_t last_file, bint again) noexcept nogil:
    """After how long this probe came, or how long after the unanswered one before it.

    A probe of the other side starts no timer anew: Linux discards it as old data. Where it does, only one side keeps probing."""
    cdef int d = s.side, e = 1 - s.side
    cdef bint waits = k.due & (DUE << d) != 0
    cdef int64_t start = k.tail.since[d] if k.due & (SINCE << d) else h.t_side[e] if h.state & (KNOWN << e) else NEVER
    cdef uint32_t ms, least
    if not k.due & (SINCE << e):
        k.tail.since[e] = h.t_side[d] if h.last_frame else NEVER
    k.tail.since[d] = s.t
    k.due |= <uint8_t>((DUE | JUST_PROBED) << d | SINCE * BOTH)
    if h.last_frame == 0 or not continuous(st, h, s, last_file) \
            or (st.step and (st.step_file > last_file or (st.step_file == last_file and st.step_frame > h.last_frame))):
        return                         # traffic was missed, or the clock stepped back
    if not again:
        if waits or start == NEVER:
            return                     # it may be a repetition, or nothing is known that it came after
        gap = since(s.t, start)
    ms = <uint32_t>min(gap // MS, <int64_t>0xFFFFFFFE) + 1
    least = k.probe_every[d] if again else k.probe_after[d]
    if least == 0 or ms < least:
        if again:
            k.probe_every[d] = ms
        else:
            k.probe_after[d] = ms


cdef inline void hindsight(State* st, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """The connection's first segment was an ACK of at most one byte; is this its answer, so that it was a probe?"""
    cdef int e = 1 - s.side
    cdef uint32_t length = 1 if k.handshake & LONE_BYTE else 0
    k.handshake &= ~<uint8_t>LONE
    if h.state & (KNOWN << e) and s.flags & F_ALL == F_ACK and s.length == 0 and s.ack == k.start[e] - length + 1:
        h.next[e] = k.start[e] = s.ack
        k.probes[e] += 1
        first_probe(h, k)
        k.tail.since[e], k.tail.since[s.side] = h.t_side[e], NEVER
        k.due = SINCE * BOTH
        k.inner_from = h.t_idle
        k.inner_probes[s.side], k.inner_probes[e] = 0, 1
        k.answered[e] = 1
        st.probes += 1


cdef inline void probe(State* st, uint32_t index, Hot* h, Cold* k, Segment* s, int64_t gap, uint32_t last_file,
                       bint awake, bint again) noexcept nogil:
    """A keepalive probe: it breaks the silence, not the idleness."""
    cdef int d = s.side
    cdef Pend* p
    k.probes[d] += k.probes[d] < 0xFFFF
    st.probes += 1
    if not h.state & PROBED or k.inner_from != h.t_idle:
        k.inner_from = h.t_idle
        k.inner_probes[0] = k.inner_probes[1] = 0
    if not h.state & PROBED:
        first_probe(h, k)
    time_probe(st, h, k, s, gap, last_file, again)
    if h.pend:
        p = pend_of(st, h.pend)
        if p.kind == WAKE_PROBE and p.side == d:
            p.last_sent = here(st, s)
            p.segments += 1
            p.retransmissions += 1
        elif p.acknowledged and awake:
            give_up(st, index, h, k)
    if h.pend == 0 and awake and not h.state & (FIN_SENT * BOTH):
        p = begin(st, h, k, s, WAKE_PROBE, gap, last_file)
        if p != NULL:
            continuity(h, p, s)
    k.inner_probes[d] += k.inner_probes[d] < 0xFFFF


cdef inline void hear(State* st, Pend* p, Segment* s, bint fresh) noexcept nogil:
    """The peer sends something that does not acknowledge the wake: does that show that it lives?"""
    if p.heard.known == HEARD_SURELY:
        return
    if p.retransmissions or since(s.t, p.last_sent.t) >= REPLY_DUE:
        p.heard = here(st, s)
    elif fresh:                        # perhaps it was under way before the wake arrived: rules judge by the round trip
        p.heard = here(st, s)
        p.heard.known = HEARD_PERHAPS


cdef inline void take_in(State* st, uint32_t index, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """What this RST decided tells of the connection as it was with it."""
    cdef Emission* last = emission_of(st, k)
    if last != NULL and last.index == index and last.pend.ended.frame == s.frame and last.pend.ended.file == st.file:
        last.hot, last.cold = h[0], k[0]


cdef inline void learn(Hot* h, Cold* k, Segment* s) noexcept nogil:
    """After a RST: what was recorded behind its own answer was sent all the same, and its copies must be known as such."""
    cdef int d = s.side, e = 1 - s.side
    cdef uint32_t end = s.seq + s.length
    if s.length and h.state & (RST_SENT << e) and s.ack == k.tail.rst.seq[e] and h.last_frame == k.tail.rst.frame \
            and since(s.t, h.t_last) <= SWAPPED \
            and (not h.state & (KNOWN << d) or delta(end, h.next[d]) > 0):
        if not h.state & (KNOWN << d):
            k.start[d] = s.seq
        h.state |= KNOWN << d
        h.next[d] = end
    if s.flags & F_ACK and (not h.state & (ACKED << d) or delta(s.ack, h.acked[d]) > 0):
        h.state |= ACKED << d
        h.acked[d] = s.ack


cdef inline uint32_t slow(State* st, uint32_t index, Hot* h, Segment* s) noexcept nogil:
    """Everything that is not plainly the next segment of a busy connection. The order of tests is that of
    docs/semantics.md. Returns the index: a SYN may begin another incarnation."""
    cdef Cold* k
    cdef Pend* p
    cdef int d = s.side, e = 1 - s.side
    cdef uint32_t end = s.seq + s.length, last_file
    cdef int64_t gap
    cdef bint known, fresh, fin, probing, awake, calm, again = False
    cdef uint8_t stamps
    st.at_t, st.at_frame = s.t, s.frame
    k = cold_of(st, index)
    if unlikely_(k.first_frame == 0):
        first_seen(st, h, k, s)
    if is_copy(h, k, s):
        h.packets[d] += 1
        k.copies += 1
        st.copies += 1
        s.seen = SEEN_COPY
        return index
    if s.flags & F_SYN and h.packets[0] + h.packets[1]:
        index = incarnation(st, index, s)
        if index == 0:
            return 0
        h, k = hot_of(st, index), cold_of(st, index)
    h.packets[d] += 1
    last_file = last_file_of(h, k)
    if h.file != st.file:              # first seen in this file
        h.stream = number_stream(st, s)
        h.state &= ~<uint32_t>(BASE * BOTH)
        h.file = st.file
    if not h.state & (BASE << d):
        h.state |= BASE << d
        k.base[d] = s.seq if s.flags & F_SYN else s.seq - 1
    if s.flags & F_ACK and not h.state & (BASE << e):
        h.state |= BASE << e
        k.base[e] = s.ack - 1
    if is_stray(h, k, s):
        st.strays += 1
        s.seen = SEEN_STRAY
        stray(h, k, last_file)
        return index
    if unlikely_(s.flags & F_RST) and not h.state & (RST_SENT * BOTH) and obeyed_by_nobody(st, h, s):
        st.strays += 1
        s.seen = SEEN_STRAY
        stray(h, k, last_file)
        if h.pend:
            doubt(st, pend_of(st, h.pend), s)
        return index
    k.handshake &= ~<uint8_t>STRAYED
    spell(h, k, s)
    known = h.state & (KNOWN << d)
    gap = since(s.t, h.t_last)
    if not k.traits & (STAMPS << d) and s.header > 20:
        stamps = stamps_in(s.record, s.captured, s.payload_at, s.header)
        if stamps == 1:
            k.traits |= <uint8_t>(STAMPS << d)
        elif stamps == 2:
            k.traits |= <uint8_t>(OPTIONS_CUT << d)
    if not s.flags & F_RST and not s.v6:
        k.traits |= <uint8_t>((DF_SET if s.df else DF_CLEAR) << d)

    if h.state & (RST_SENT * BOTH):
        after_reset(st, index, h, k, s)
        if not s.flags & F_RST:
            learn(h, k, s)
        else:
            h.state |= RST_SENT << d
        s.seen = SEEN_RST if s.flags & F_RST else SEEN_STRAY
        touch(st, h, s)
        return index
    if s.flags & F_SYN:
        s.seen = SEEN_SYN
        handshake(st, h, k, s)
        if h.state & PROBED:
            k.due &= <uint8_t>(SINCE << d)
        touch(st, h, s)
        refresh(h, k)
        return index
    if s.flags & F_RST:
        s.seen = SEEN_RST
        reset(st, index, h, k, s, gap, last_file)
        h.state = (h.state | RST_SENT << d) & ~<uint32_t>(FAST | CHAIN)
        k.tail.rst.seq[d], k.tail.rst.via[d], k.tail.rst.ttl[d] = s.seq, s.via, s.ttl
        k.tail.rst.frame = s.frame
        if s.flags & F_ACK and not h.state & (ACKED << d):
            h.state |= ACKED << d      # a refusal recorded before its SYN is known by this
            h.acked[d] = s.ack
        touch(st, h, s)
        take_in(st, index, h, k, s)
        return index

    probing = is_probe(h, s)
    fin = s.flags & F_FIN and not h.state & (FIN_SENT << d)
    fresh = s.length and not probing and (not known or delta(end, h.next[d]) > 0)
    if h.last_frame == 0 and s.flags & F_ALL == F_ACK and s.length <= 1:
        k.handshake |= LONE            # perhaps a probe: its byte, if any, is not taken for payload
        fresh = False
    elif k.handshake & LONE:
        hindsight(st, h, k, s)
    if h.state & PROBED and k.due:
        again = after_probe(h, k, s, fresh, probing)
    calm = gap >= st.min_idle and quiet(h, k, s)
    awake = (fresh or probing or fin) and ends_idleness(st, h, k, s)

    # what the other side had sent is answered
    p = pend_of(st, h.pend) if h.pend else NULL
    if h.state & CHAIN and k.chain_side == e \
            and (not k.chain_payload or (s.flags & F_ACK and delta(s.ack, k.chain_seq) > 0)):
        sample_survived(st, h, k)
    if p != NULL and p.side == e:
        if p.kind == WAKE_PROBE:
            pend_drop(st, h)
        elif (p.acknowledged and fresh) or (s.flags & F_ACK and delta(s.ack, p.wake.seq) > 0):
            answered(st, index, h, k, p, s, fresh)
        elif p.acknowledged == 0:
            if fin:
                p.fin = FIN_SEEN
                p.peer_fin = here(st, s)
            hear(st, p, s, fresh)

    # what it does itself
    if calm and (fresh or probing or not (s.flags & F_FIN or (s.length and known))) and continuous(st, h, s, last_file):
        break_silence(h, k, s, gap, last_file)
    p = pend_of(st, h.pend) if h.pend else NULL
    if probing:
        s.seen = SEEN_PROBE
        if s.length:
            tell(k, LETTER_T, d)       # the byte before the next was sent before
        probe(st, index, h, k, s, gap, last_file, awake, again)
    elif fresh:
        s.seen = SEEN_PAYLOAD
        if awake and not h.state & (FIN_SENT << d) and not fills_window(h, s):
            wake(st, index, h, k, s, gap, last_file)
        elif p != NULL and p.side == d and p.kind == WAKE_PAYLOAD and not p.acknowledged:
            p.length += end - (h.next[d] if known and delta(s.seq, h.next[d]) < 0 else s.seq)
            p.segments += 1
            p.end = end
            p.last_sent = here(st, s)
        elif p != NULL and p.side == d and p.kind == WAKE_PROBE:
            pend_drop(st, h)           # it has more to say than whether the peer is there
    elif s.length and known:
        s.seen = SEEN_RETRANSMISSION
        st.retransmissions += 1
        k.retransmissions[d] += 1
        tell(k, LETTER_T, d)
        if not h.state & (ACKED << e) or delta(end, h.acked[e]) > 0:
            h.state |= RESENT << d
            k.resent_t, k.resent_frame, k.resent_file = s.t, s.frame, st.file
        if p != NULL and p.side == d and p.kind == WAKE_PAYLOAD and delta(end, p.wake.seq) > 0:
            p.retransmissions += 1
            p.last_sent = here(st, s)
    else:
        s.seen = SEEN_ACK
    if fin:
        s.seen = SEEN_FIN if not s.length else s.seen
        p = pend_of(st, h.pend) if h.pend else NULL
        if p != NULL and p.acknowledged and awake:
            give_up(st, index, h, k)
            p = NULL
        if p != NULL and p.side == d and p.kind == WAKE_PAYLOAD:
            p.own_fin = here(st, s)
        elif not fresh and awake and not h.state & (FIN_SENT * BOTH):
            p = begin(st, h, k, s, WAKE_FIN, gap, last_file)
            if p != NULL:
                if continuous(st, h, s, last_file):
                    sample_closed(st, h, k, p)
                conclude(st, index, h, k, p, CLOSED)
                pend_drop(st, h)
        if not h.state & (FIN_SENT * BOTH):
            k.fin_t, k.fin_frame, k.fin_file = s.t, s.frame, st.file
        h.state |= FIN_SENT << d
        k.fin_end[d] = end
        if h.state & (FIN_SENT << e) and h.pend and pend_of(st, h.pend).acknowledged:
            give_up(st, index, h, k)   # closed in good order: a RST that still comes is no answer

    if s.flags & F_ACK:
        acknowledge(st, h, k, s, fresh)
    if not known:
        h.state |= KNOWN << d
        h.next[d] = end
        k.start[d] = s.seq
        if k.handshake & LONE and s.length:
            k.start[d] = end
            k.handshake |= LONE_BYTE
    elif fresh:
        h.next[d] = end
    if fresh:
        if not h.state & (SPOKE_LAST * BOTH):
            k.spoke_first = <uint8_t>(1 + d)
        h.state = (h.state & ~<uint32_t>(SPOKE_LAST * BOTH | LOWER)) | SPOKE_LAST << d
        idle_since(st, h, s)
    touch(st, h, s)
    refresh(h, k)
    return index


cdef inline void refresh(Hot* h, Cold* k) noexcept nogil:
    """May the next segment take the fast path?"""
    cdef uint32_t need = (KNOWN | ACKED | BASE) * BOTH
    cdef uint32_t never = (FIN_SENT | RST_SENT | OPENING) * BOTH | LOWER | RETIRED
    if h.state & need == need and not h.state & never and not k.handshake & LONE and not (h.state & PROBED and k.due):
        h.state |= FAST
    else:
        h.state &= ~<uint32_t>FAST


cdef inline void unreachable(State* st, uint32_t index, Segment* s) noexcept nogil:
    """An ICMP error that quotes a segment: the answer, if that was the pending wake and no better one comes."""
    cdef Hot* h = hot_of(st, index)
    cdef Pend* p
    if h.pend == 0:
        return
    p = pend_of(st, h.pend)
    if p.side != s.side or p.kind != WAKE_PAYLOAD or p.acknowledged \
            or p.reply == REPLY_RST or s.icmp_type != (1 if s.v6 else 3) or (not s.v6 and s.icmp_code == 4) \
            or delta(s.seq, p.wake.seq) < 0 or delta(s.seq, p.end) >= 0:
        return
    st.at_t, st.at_frame = s.t, s.frame
    p.count += 1
    if p.reply == REPLY_NONE:          # a soft error, RFC 1122 4.2.3.9: the sender goes on, and so do we
        p.reply, p.icmp_type, p.icmp_code, p.delay = REPLY_ICMP, s.icmp_type, s.icmp_code, since(s.t, p.wake.t)
        note(st, s, &p.answer, p.answer_head, ANSWER_HEAD)


cdef inline bint wakes_plainly(State* st, Hot* h, Segment* s) noexcept nogil:
    """In-sequence payload after an idle period with everything acknowledged: most wakes, handled as `slow` would."""
    cdef int d = s.side, e = 1 - s.side
    cdef Cold* k
    cdef int64_t gap = since(s.t, h.t_last)
    if h.pend or h.state & (CHAIN | PROBED | (RESENT * BOTH)) or h.next[d] != h.acked[e] or h.next[e] != s.ack \
            or s.t < h.t_last or fills_window(h, s):
        return False
    k = cold_of(st, s.where)
    st.at_t, st.at_frame = s.t, s.frame
    if gap >= st.min_idle:
        break_silence(h, k, s, gap, h.file)
    wake(st, s.where, h, k, s, gap, h.file)
    return True


cdef inline bint answers_plainly(State* st, Hot* h, Segment* s) noexcept nogil:
    """The peer's in-sequence segment that acknowledges a pending wake: most answers, handled as `slow` would."""
    cdef int d = s.side
    cdef Cold* k
    cdef Pend* p
    if h.pend == 0:
        return False
    p = pend_of(st, h.pend)
    if p.side == d or p.kind != WAKE_PAYLOAD or delta(s.ack, p.wake.seq) <= 0 or s.t - h.t_idle > ACK_DELAY:
        return False
    k = cold_of(st, s.where)
    st.at_t, st.at_frame = s.t, s.frame
    if h.state & CHAIN:
        if k.chain_side == d:
            return False
        sample_survived(st, h, k)
    answered(st, s.where, h, k, p, s, s.length != 0)
    return True


cdef inline uint32_t track(State* st, Segment* s) noexcept nogil:
    """Update the segment's connection; returns its index, 0 if it has none."""
    cdef uint32_t index = s.where
    cdef Hot* h
    cdef int d = s.side, e = 1 - s.side
    cdef int32_t ahead
    if index == 0 or not same_key(hot_of(st, index), s) or hot_of(st, index).state & (RETIRED | FREE):
        index = find(st, s)
    if unlikely_(st.live >= st.most and (index == 0 or s.flags & F_SYN)):
        st.at_t, st.at_frame = s.t, s.frame
        make_room(st)
        index = find(st, s)
    if unlikely_(s.kind != K_SEGMENT):
        if s.header:
            number_quoted(st, index, s)
        if index and s.kind == K_ICMP:
            s.seen = SEEN_ICMP
            unreachable(st, index, s)
        return index
    if unlikely_(index == 0):
        index = enter(st, s)
        if index == 0:
            st.failed += 1
            return 0
    s.where = index
    h = hot_of(st, index)
    if likely_(h.state & FAST and s.flags & (F_SYN | F_FIN | F_RST | F_ACK) == F_ACK and s.seq == h.next[d]
               and h.file == st.file):
        ahead = delta(s.ack, h.acked[d])
        if ahead >= 0 and delta(s.ack, h.next[e]) <= 0:
            if <uint64_t>(s.t - h.t_last) < <uint64_t>st.min_idle:
                # nothing waits for an answer, or this is it
                if (h.pend == 0 and not h.state & CHAIN) or answers_plainly(st, h, s):
                    if s.length:
                        if s.t - h.t_idle < st.min_idle:
                            speak(st, h, s, d)
                            return index
                        if wakes_plainly(st, h, s):
                            speak(st, h, s, d)
                            return index
                    elif ahead and s.t - h.t_idle <= ACK_DELAY:
                        s.seen = SEEN_ACK
                        if unlikely_(not h.state & (TOLD_ACK << d)):
                            spell(h, cold_of(st, index), s)
                        fast(h, s, d)
                        return index
            elif s.length and s.t - h.t_idle >= st.min_idle and wakes_plainly(st, h, s):
                speak(st, h, s, d)
                return index
    return slow(st, index, h, s)


cdef inline void speak(State* st, Hot* h, Segment* s, int d) noexcept nogil:
    """New payload in sequence."""
    h.next[d] += s.length
    h.state = (h.state & ~<uint32_t>((SPOKE_LAST | RESENT) * BOTH)) | SPOKE_LAST << d
    h.t_idle, h.idle_frame, h.idle_file = s.t, s.frame, st.file
    s.seen = SEEN_PAYLOAD
    if unlikely_(not h.state & (TOLD_DATA << d)):
        spell(h, cold_of(st, s.where), s)
    fast(h, s, d)


cdef inline void fast(Hot* h, Segment* s, int d) noexcept nogil:
    h.acked[d] = s.ack
    h.t_last = h.t_side[d] = s.t
    h.last_frame = s.frame
    h.ttl[d], h.via[d], h.ip_id[d], h.window[d] = s.ttl, s.via, s.ip_id, s.window
    h.packets[d] += 1
