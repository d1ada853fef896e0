# Idle periods: when one began, what wakes it, and what comes back.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from .layout cimport *
from .state cimport *
from .samples cimport keep_silence
from .services cimport decide_roles, statistics
from .trace cimport watched
from .verdict cimport conclude, count, emission_of, emit, give_up, here, note, peer_facts


cdef inline bint is_probe(Hot* h, Segment* s) noexcept nogil:
    """A keepalive probe, RFC 9293 3.8.4: one before the next number, of at most one byte, all acknowledged.

    A zero-window probe has the same form; then the peer's window was 0."""
    cdef int d = s.side, e = 1 - s.side
    return s.flags & F_ALL == F_ACK and s.length <= 1 and h.state & (KNOWN << d) and s.seq == h.next[d] - 1 \
        and not h.state & (FIN_SENT << d) and (not h.state & (KNOWN << e) or h.window[e] != 0) \
        and (not h.state & (ACKED << e) or delta(h.next[d], h.acked[e]) <= 0)


cdef inline bint own_outstanding(Hot* h, Cold* k, int side, int64_t t) noexcept nogil:
    """Has `side` sent payload that nobody acknowledged, and is it at work on it?

    Retransmission back-off is not idleness. But where nothing was sent again for longer than any retransmission
    timer starts with, the acknowledgement was missed by the capture, not by the sender.
    """
    if not h.state & (KNOWN << side) or not h.state & (ACKED << (1 - side)):
        return False
    if delta(h.next[side], h.acked[1 - side]) <= 0:
        return False
    return h.state & (RESENT << side) != 0 or since(t, h.t_idle) < ACK_MISSED


cdef inline bint quiet(Hot* h, Cold* k, Segment* s) noexcept nogil:
    """Was nothing outstanding before this segment?"""
    cdef int d = s.side, e = 1 - s.side
    if own_outstanding(h, k, d, s.t):
        return False
    if not h.state & (KNOWN << e):
        return True
    if not s.flags & F_ACK:            # a bare RST acknowledges nothing: judge by what was acknowledged before
        return not own_outstanding(h, k, e, s.t)
    return delta(h.next[e], s.ack) <= 0


cdef inline bint ends_idleness(State* st, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """Does this segment end an idle period? It began no earlier than the peer last had to repeat its payload."""
    if h.state & (RESENT << (1 - s.side)):
        h.state &= ~<uint32_t>(RESENT << (1 - s.side))
        h.t_idle, h.idle_frame, h.idle_file = k.resent_t, k.resent_frame, k.resent_file
    return since(s.t, h.t_idle) >= st.min_idle and quiet(h, k, s)


cdef inline bint continuous(State* st, Hot* h, Segment* s, uint32_t last_file) noexcept nogil:
    """Do the numbers say that no payload was missed before this segment, and no hole between files lies before it?"""
    cdef int d = s.side, e = 1 - s.side
    if h.state & (KNOWN << d) and delta(s.seq, h.next[d]) > (h.state & (FIN_SENT << d) != 0):
        return False
    if s.flags & F_ACK and h.state & (KNOWN << e) and delta(s.ack, h.next[e]) > (h.state & (FIN_SENT << e) != 0):
        return False
    return last_file >= st.run_file


cdef inline void break_silence(Hot* h, Cold* k, Segment* s, int64_t gap, uint32_t last_file) noexcept nogil:
    """A silence of `gap` ended with this segment: what comes back will tell whether it survived."""
    if h.state & CHAIN and k.chain_side == s.side:
        return                         # unanswered probes before it: the silence began with the first
    h.state |= CHAIN
    if k.handshake & HELD:
        keep_silence(k)
    k.chain_side = s.side
    k.chain_payload, k.chain_seq = s.length != 0 and not is_probe(h, s), s.seq
    k.chain_from_t, k.chain_from_frame, k.chain_from_file = s.t - gap, h.last_frame, <uint16_t>last_file
    k.chain_first = gap
    k.chain_frame, k.chain_file = s.frame, h.file
    k.chain_lower = h.last_frame == 0 and h.state & LOWER != 0


cdef inline Pend* begin(State* st, Hot* h, Cold* k, Segment* s, int kind, int64_t gap, uint32_t last_file) noexcept nogil:
    """A wake by this segment; NULL without memory. `gap` is the silence it ended, of whatever length."""
    cdef int d = s.side, e = 1 - s.side
    cdef Pend* p
    pend_drop(st, h)
    h.pend = pend_new(st)
    if h.pend == 0:
        return NULL
    p = pend_of(st, h.pend)
    p.kind, p.side = <uint8_t>kind, <uint8_t>d
    p.stream = h.stream
    p.bound = LOWER_BOUND if h.state & LOWER else EXACT
    p.gap = since(s.t, h.t_idle)
    p.silence = gap
    p.silence_first = k.chain_first if h.state & CHAIN and k.chain_side == d else gap
    p.silence_answered = since(s.t, k.chain_from_t) if h.state & CHAIN and k.chain_side == d else gap
    p.start.t, p.start.frame, p.start.file = h.t_idle, h.idle_frame, h.idle_file
    p.start.known = p.bound == EXACT
    p.before.t, p.before.frame, p.before.file = h.t_last, h.last_frame, <uint16_t>last_file
    p.before.known = h.last_frame != 0
    p.last_speaker = 0 if h.state & SPOKE_LAST else 1 if h.state & (SPOKE_LAST << 1) else NOBODY
    p.hole = h.idle_file < st.run_file
    if p.hole:
        p.bound = UPPER_BOUND
    if h.state & PROBED and k.inner_from == h.t_idle:
        p.inner_probes[0], p.inner_probes[1] = k.inner_probes[0], k.inner_probes[1]
    p.last_by = NOBODY
    if h.last_frame and h.t_side[0] != h.t_side[1]:
        p.last_by = h.t_side[1] == h.t_last
    p.clock_back = 0
    if st.step and (st.step_file > h.idle_file or (st.step_file == h.idle_file and st.step_frame > h.idle_frame)):
        p.clock_back = st.step
    p.fin = FIN_UNSEEN
    if h.state & (FIN_SENT << e):
        p.fin = FIN_SEEN
        p.fin_acknowledged = s.flags & F_ACK and delta(s.ack, k.fin_end[e]) > 0
        p.peer_fin.t, p.peer_fin.frame, p.peer_fin.file, p.peer_fin.known = k.fin_t, k.fin_frame, k.fin_file, 1
    if kind == WAKE_RST:               # compared with what its own side sent before
        e = d
    p.peer_known = h.state & (KNOWN << e) != 0
    p.peer_ttl, p.peer_via, p.peer_ip_id, p.peer_window = h.ttl[e], h.via[e], h.ip_id[e], h.window[e]
    note(st, s, &p.wake, p.wake_head, WAKE_HEAD)
    p.last_sent = here(st, s)
    p.segments, p.end = 1, s.seq + s.length
    p.length = p.end - h.next[d] if h.state & (KNOWN << d) and delta(s.seq, h.next[d]) < 0 and s.length > 1 else s.length
    if kind != WAKE_PAYLOAD:
        p.length = 0                   # a probe's byte is no payload
    return p


cdef inline void continuity(Hot* h, Pend* p, Segment* s) noexcept nogil:
    """Do the wake's own numbers say that nothing was missed, and whether a FIN was among it?"""
    cdef int d = s.side, e = 1 - s.side
    cdef int32_t jump
    if h.state & (KNOWN << d):
        jump = delta(s.seq, h.next[d])  # -1 for a probe
        if jump > 0:
            p.missed[0] = <uint32_t>jump
    if h.state & (KNOWN << e) and s.flags & F_ACK:
        jump = delta(s.ack, h.next[e])
        if jump <= 0 and p.fin == FIN_UNSEEN:
            p.fin = FIN_EXCLUDED
        elif jump == 1 and p.fin == FIN_UNSEEN:
            p.fin, p.fin_acknowledged = FIN_INFERRED, 1
        if jump > 1 or (jump == 1 and p.fin != FIN_SEEN and p.fin != FIN_INFERRED):
            p.missed[1] = <uint32_t>(jump - (1 if p.fin == FIN_SEEN else 0))
    if p.missed[0] or p.missed[1]:
        p.bound = UPPER_BOUND


cdef inline bint beats(Cold* k, Segment* s) noexcept nogil:
    """Is this short wake the third or a later one alike, at intervals alike? What a person types comes when it comes."""
    cdef uint32_t t = <uint32_t>(since(s.t, k.first_t) // MS)
    cdef int32_t every = delta(t, k.beat_t) // 100 if delta(t, k.beat_t) > 0 else 0
    cdef int32_t apart
    cdef bint regular
    if k.beat_length != s.length or k.beat_side != s.side:
        k.beat_length, k.beat_side, k.beat_count = <uint8_t>s.length, s.side, 0
    every = every if every < 0xFFFF else 0xFFFF
    apart = every - k.beat_every if every > k.beat_every else k.beat_every - every
    regular = apart <= 20 or apart * 4 <= k.beat_every
    k.beat_t, k.beat_every = t, <uint16_t>every
    k.beat_count += k.beat_count < 3
    return k.beat_count >= 3 and regular


cdef inline void wake(State* st, uint32_t index, Hot* h, Cold* k, Segment* s, int64_t gap, uint32_t last_file) noexcept nogil:
    """New payload after an idle period: somebody spoke again."""
    cdef Pend* p
    if h.pend and pend_of(st, h.pend).kind == WAKE_PAYLOAD:
        give_up(st, index, h, k)       # the wake before, whatever became of it
    p = begin(st, h, k, s, WAKE_PAYLOAD, gap, last_file)
    if p == NULL:
        return
    continuity(h, p, s)
    if s.length <= HEARTBEAT_MOST:
        p.heartbeat = beats(k, s)
    else:
        k.beat_length = 0


cdef inline void time_trip(Cold* k, int side, int64_t trip) noexcept nogil:
    """Keep the least round-trip time from here to `side` and back."""
    cdef uint32_t t = 1 if trip == 0 else <uint32_t>trip if trip < <int64_t>0xFFFFFFFF else <uint32_t>0xFFFFFFFF
    if k.round_trip[side] == 0 or t < k.round_trip[side]:
        k.round_trip[side] = t


cdef inline void answered(State* st, uint32_t index, Hot* h, Cold* k, Pend* p, Segment* s, bint speaks) noexcept nogil:
    """The peer acknowledged the wake. It is over when the peer `speaks`: until then a RST may come instead."""
    if not p.acknowledged:
        p.acknowledged = 1
        p.acknowledged_t = s.t
        p.reply, p.covers = REPLY_ACK, 1
        p.delay = since(s.t, p.wake.t)
        if st.keep_all:
            note(st, s, &p.answer, p.answer_head, ANSWER_HEAD)
        if not p.retransmissions:      # Karn: a retransmitted segment times nothing
            time_trip(k, s.side, since(s.t, p.last_sent.t))
    if speaks:
        conclude(st, index, h, k, p, SURVIVED)
        pend_drop(st, h)


cdef inline bint waited(State* st, Hot* h, Cold* k, Pend* p, Segment* s) noexcept nogil:
    """Has the wake been acknowledged, without a response or FIN, for so long that this RST ends another idle period?"""
    return since(s.t, p.acknowledged_t) >= st.min_idle and not h.state & (FIN_SENT * BOTH) and ends_idleness(st, h, k, s)


cdef inline bint asked_for_window(State* st, Hot* h, Cold* k, int d, int64_t gap) noexcept nogil:
    """Did an ACK into the closed window of `d` come last, and no silence before it? Who asks for a window (RFC 9293 3.8.6.1) is
    at work, and nothing was idle."""
    cdef int e = 1 - d
    return h.state & (KNOWN << d) and h.window[d] == 0 and gap < st.min_idle and h.t_side[e] == h.t_last \
        and h.t_side[d] != h.t_last and not (h.state & CHAIN and k.chain_side == e)


cdef inline void reset(State* st, uint32_t index, Hot* h, Cold* k, Segment* s, int64_t gap, uint32_t last_file) noexcept nogil:
    """The first RST of a connection: to whom, and does it end an idle period?"""
    cdef int d = s.side, e = 1 - s.side
    cdef Pend* p
    cdef Ref spoke
    cdef bint resent = h.state & (RESENT << e) != 0
    spoke.t, spoke.frame, spoke.file, spoke.known = h.t_idle, h.idle_frame, h.idle_file, 1
    if h.state & (OPENING << e) and h.state & (SYN_SENT << e):
        spoke.t, spoke.frame, spoke.file = k.handshake_t, h.last_frame, last_file
        without_idle(st, index, h, k, s, WAKE_SYN, &spoke, k.handshake & SYN_REPEATED != 0)
        return
    if h.pend and pend_of(st, h.pend).side == d and give_up(st, index, h, k):
        return                         # it resets its own connection: no answer to itself
    if h.pend and pend_of(st, h.pend).acknowledged:
        decide_roles(st, h, k)
        # A client owes no response: what it acknowledged has arrived. And a client that has waited in silence since the ACK
        # is idle again: what became of the connection meanwhile says nothing of the silence before its request.
        if e == k.server or waited(st, h, k, pend_of(st, h.pend), s):
            give_up(st, index, h, k)
    if h.pend:
        p = pend_of(st, h.pend)
        p.silence_answered = since(p.last_sent.t, p.wake.t - p.silence_answered)
        p.count = p.count + 1 if p.reply == REPLY_RST else 1
        answered_by_rst(st, p, s)
        conclude(st, index, h, k, p, RESET)
        pend_drop(st, h)
    elif h.state & (FIN_SENT * BOTH):
        return
    elif not asked_for_window(st, h, k, d, gap) and ends_idleness(st, h, k, s):
        p = begin(st, h, k, s, WAKE_RST, gap, last_file)
        if p != NULL:
            if h.state & CHAIN and k.chain_side == e:  # it resets a pure ACK that broke the silence
                p.silence_first = k.chain_first
                p.silence_answered = since(h.t_side[e], k.chain_from_t)
            continuity(h, p, s)
            conclude(st, index, h, k, p, RESET_IN_SILENCE)
            pend_drop(st, h)
    elif h.state & (SPOKE_LAST << e):
        decide_roles(st, h, k)
        # The client's request is refused, or cut off from its response. A client that resets what it has received in full
        # ends its connection; what it has not received is refused.
        if d == k.server or (own_outstanding(h, k, e, s.t) and not (s.flags & F_ACK and delta(h.next[e], s.ack) <= 0)):
            without_idle(st, index, h, k, s, WAKE_PAYLOAD, &spoke, resent)


cdef inline void answered_by_rst(State* st, Pend* p, Segment* s) noexcept nogil:
    """This RST is what came back."""
    p.reply = REPLY_RST
    p.covers = s.flags & F_ACK and delta(s.ack, p.wake.seq) > 0
    p.delay = since(s.t, p.wake.t)
    note(st, s, &p.answer, p.answer_head, ANSWER_HEAD)


cdef inline void doubt(State* st, Pend* p, Segment* s) noexcept nogil:
    """A RST that nobody obeys comes back to a wake: as with an ICMP error the sender goes on, and it is what came back only if
    nothing better does."""
    if p.side == s.side or p.kind != WAKE_PAYLOAD or p.acknowledged:
        return
    st.at_t, st.at_frame = s.t, s.frame
    if p.reply == REPLY_RST:
        p.count += 1
    else:
        answered_by_rst(st, p, s)
        p.count = 1


cdef inline void without_idle(State* st, uint32_t index, Hot* h, Cold* k, Segment* s, int kind, Ref* spoke,
                              bint resent) noexcept nogil:
    """A RST to a SYN, or to payload with no idle before it: counted, and the first ones handed out with what is still known
    of the segment that was reset."""
    cdef int d = s.side, e = 1 - s.side
    cdef bint refused = kind == WAKE_SYN
    cdef Statistics* stats = statistics(st, h, k)
    cdef Pend* p
    cdef Facts* f
    st.contexts[refused] += 1
    if stats != NULL:
        stats.contexts[refused] += 1
    if (st.contexts[refused] > CONTEXT_KEPT and not st.keep_all) or not watched(st, h):
        return
    pend_drop(st, h)
    h.pend = pend_new(st)
    if h.pend == 0:
        return
    p = pend_of(st, h.pend)
    p.kind, p.side, p.context, p.result = <uint8_t>kind, <uint8_t>e, 1, RESET
    p.stream, p.bound, p.last_speaker, p.last_by = h.stream, EXACT, NOBODY, NOBODY
    p.start.known = p.before.known = 0
    p.clock_back = 0
    f = &p.wake
    f.t, f.frame, f.file = spoke.t, spoke.frame, spoke.file
    f.ack = h.acked[e] if h.state & (ACKED << e) else 0
    f.seq = k.start[e]
    if not refused and h.state & (ACKED << d):
        f.seq = h.acked[d]
    f.length = h.next[e] - f.seq
    if refused:
        f.length -= 1                  # the SYN itself; more is TCP Fast Open
    elif delta(h.next[e], f.seq) <= 0:
        f.length = 0                   # all was acknowledged
    f.flags = F_SYN if refused else F_ACK
    f.window, f.ttl, f.via, f.ip_id, f.v6 = h.window[e], h.ttl[e], h.via[e], h.ip_id[e], s.v6
    f.df = k.traits & (DF_SET << e) != 0
    f.link = <uint16_t>st.interfaces[s.interface].link
    f.header, f.payload_at, f.kept = 32, 32, 0  # its bytes are gone: no option is known
    p.last_sent.t, p.last_sent.frame, p.last_sent.file, p.last_sent.known = f.t, f.frame, f.file, 1
    p.gap = since(f.t, h.t_side[d]) if h.packets[d] > 1 else 0
    if not refused and k.first_frame == f.frame and k.first_file == f.file:
        p.bound = LOWER_BOUND          # nothing of the connection was captured before: who knows how long it had been idle
    p.silence = p.silence_first = p.silence_answered = p.gap
    p.length, p.segments, p.end = f.length, 1, h.next[e]
    p.retransmissions = resent         # how often is not known
    if resent and not refused:
        p.last_sent.t, p.last_sent.frame, p.last_sent.file = k.resent_t, k.resent_frame, k.resent_file
    p.fin = FIN_UNSEEN if not h.state & (KNOWN << d) else FIN_EXCLUDED
    p.peer_known = h.state & (KNOWN << d) != 0
    p.peer_ttl, p.peer_via, p.peer_ip_id, p.peer_window = h.ttl[d], h.via[d], h.ip_id[d], h.window[d]
    answered_by_rst(st, p, s)
    p.count = 1
    p.ended.t, p.ended.frame, p.ended.file, p.ended.known = s.t, s.frame, st.file, 1
    decide_roles(st, h, k)
    p.server, p.roles = k.server, k.roles
    peer_facts(h, k, p)
    emit(st, index, h, k, p, s.t + SETTLE)
    pend_drop(st, h)


cdef inline void crossed_by_rst(State* st, Hot* h, Cold* k, Emission* last, Segment* s) noexcept nogil:
    """The wake's sender had just reset the connection itself. No RST is answered by one (RFC 9293 3.10.7.1), so that this one
    answers the wake."""
    cdef Pend* p = &last.pend
    cdef uint32_t before = p.result
    p.silence_answered = since(p.last_sent.t, p.wake.t - p.silence_answered)
    answered_by_rst(st, p, s)
    p.count = 1
    p.result = UNDECIDED if p.missed[0] or p.missed[1] else RESET
    p.ended = here(st, s)
    last.hot.state |= RST_SENT << s.side
    last.deadline = s.t + SETTLE
    count(st, h, k, before, -1)
    count(st, h, k, p.result, 1)


cdef inline void after_reset(State* st, uint32_t index, Hot* h, Cold* k, Segment* s) noexcept nogil:
    """What comes when the connection is gone: RSTs to the request's other pieces, or the request the capture put
    behind its RST."""
    cdef int d = s.side, e = 1 - s.side
    cdef Emission* last = emission_of(st, k)
    cdef Pend* p
    cdef Pend* now
    cdef bint probing
    if last == NULL or last.index != index:
        return
    p = &last.pend
    if s.flags & F_RST:
        if p.reply == REPLY_NONE and p.side == e and p.kind == WAKE_PAYLOAD and s.t <= last.deadline \
                and (p.result == UNDECIDED or p.result == UNANSWERED) and p.ended.frame == k.tail.rst.frame \
                and h.state & (RST_SENT << e) and not h.state & (RST_SENT << d) \
                and (s.seq == p.wake.ack or (s.flags & F_ACK and delta(s.ack, p.wake.seq) > 0)):
            crossed_by_rst(st, h, k, last, s)
        elif p.reply == REPLY_RST and p.side == e and s.t <= last.deadline:
            p.count += 1
            if p.answer.seq != p.wake.ack and s.seq == p.wake.ack:
                answered_by_rst(st, p, s)  # the one before it answered something else
        return
    if p.reply == REPLY_RST and p.side == e and s.t <= last.deadline and not p.went_on.known \
            and ((s.flags & F_ACK and delta(s.ack, p.wake.seq) > 0)
                 or (s.length and h.state & (KNOWN << d) and delta(s.seq + s.length, h.next[d]) > 0)):
        p.went_on = here(st, s)        # whose name the RST was sent in goes on as if nothing had happened
    if p.reply == REPLY_RST and p.side == d and p.kind == WAKE_PAYLOAD and s.t <= last.deadline:
        if s.length and delta(s.seq + s.length, h.next[d]) > 0:  # the rest of a request that is already answered
            p.length += s.seq + s.length - (h.next[d] if delta(s.seq, h.next[d]) < 0 else s.seq)
            p.segments += 1
            p.end = h.next[d] = s.seq + s.length
        elif s.length:
            p.retransmissions += 1
        if s.flags & F_FIN and not p.own_fin.known:
            p.own_fin = here(st, s)
        return
    probing = is_probe(h, s)
    if p.kind != WAKE_RST or p.side != e or not s.flags & F_ACK \
            or not (probing or (s.length and (not h.state & (KNOWN << d) or delta(s.seq + s.length, h.next[d]) > 0))):
        return                         # only new payload, or a probe, is a wake that its own RST may have overtaken
    if h.last_frame != k.tail.rst.frame or since(s.t, p.wake.t) > SWAPPED or s.ack != p.wake.seq \
            or since(s.t, h.t_idle) < st.min_idle:
        return
    now = begin(st, h, k, s, WAKE_PROBE if probing else WAKE_PAYLOAD, p.silence, p.before.file)
    if now == NULL:
        return
    # the idle period is the one the RST seemed to end
    now.start, now.before, now.bound, now.hole = p.start, p.before, p.bound, p.hole
    now.silence = now.silence_first = now.silence_answered = since(s.t, p.before.t)
    now.last_speaker, now.last_by = p.last_speaker, p.last_by
    now.ended, now.server, now.roles, now.result = p.ended, p.server, p.roles, RESET
    now.reply, now.count, now.covers, now.delay = REPLY_RST, 1, p.wake.flags & F_ACK and delta(p.wake.ack, s.seq) > 0, 0
    now.answer = p.wake
    copy_short(now.answer_head, p.wake_head, ANSWER_HEAD)
    peer_facts(h, k, now)
    if now.answer.kept > ANSWER_HEAD:
        now.answer.kept = ANSWER_HEAD
    continuity(h, now, s)
    if probing:
        k.probes[d] += k.probes[d] < 0xFFFF
        st.probes += 1
    if now.missed[0] or now.missed[1]:
        now.result = UNDECIDED
    count(st, h, k, p.result, -1)
    count(st, h, k, now.result, 1)
    last.pend = now[0]
    pend_drop(st, h)
