# What silences and idle periods add that did not fail: to their connection, their service, the timeline.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from .layout cimport *
from .state cimport *
from .services cimport served, statistics
from .statistics cimport bucket, count_closed, longer

cdef extern from *:
    """
    #define FAREWELL (10 * MS)        /* who says goodbye closes at once: the FIN leaves with the last word or just after it */
    """
    int64_t FAREWELL

cdef enum:
    FAREWELL_MOST = 64                # "* BYE Autologout; idle for too long"; a TLS alert is 24 to 31 bytes


cdef inline Extreme ended_silence(Cold* k) noexcept nogil:
    cdef Extreme one
    one.length, one.lower = k.chain_first, k.chain_lower
    one.before.t, one.before.frame, one.before.file = k.chain_from_t, k.chain_from_frame, k.chain_from_file
    one.before.known = not k.chain_lower
    one.ended.t = k.chain_from_t + k.chain_first
    one.ended.frame, one.ended.file, one.ended.known = k.chain_frame, k.chain_file, 1
    return one


cdef inline Extreme longest_of(Cold* k) noexcept nogil:
    """The longest survived silence of a connection on which one survived."""
    cdef Extreme one
    if k.handshake & HELD and (not k.handshake & KEPT or longer(k.chain_first, k.chain_lower, k.longest, k.longest_lower)):
        return ended_silence(k)
    one.length, one.lower = k.longest, k.longest_lower
    one.before.t, one.before.frame, one.before.file = k.longest_t - k.longest, k.longest_from_frame, k.longest_from_file
    one.before.known = not k.longest_lower
    one.ended.t, one.ended.frame, one.ended.file, one.ended.known = k.longest_t, k.longest_frame, k.longest_file, 1
    return one


cdef inline void keep_silence(Cold* k) noexcept nogil:
    """The survived silence in chain_* gives way to another: keep it if it is the longest.

    A connection has few silences, and the last of them is never copied. Where buckets differ they tell which is longer: then the
    rare line is only written, for which nobody waits."""
    cdef uint32_t b = bucket(k.chain_first)
    k.handshake &= ~<uint8_t>HELD
    if k.handshake & KEPT and (b < k.longest_bucket or (
            b == k.longest_bucket and not longer(k.chain_first, k.chain_lower, k.longest, k.longest_lower))):
        return
    k.handshake |= KEPT
    k.longest_bucket = <uint8_t>b
    k.longest, k.longest_lower, k.longest_t = k.chain_first, k.chain_lower, k.chain_from_t + k.chain_first
    k.longest_from_frame, k.longest_from_file = k.chain_from_frame, k.chain_from_file
    k.longest_frame, k.longest_file = k.chain_frame, k.chain_file


cdef inline void sample_survived(State* st, Hot* h, Cold* k) noexcept nogil:
    """The silence that ended was answered: one more that survived."""
    cdef Statistics* stats = statistics(st, h, k)
    h.state &= ~<uint32_t>CHAIN
    if stats == NULL:
        return
    stats.survived += 1
    stats.histogram[bucket(k.chain_first)] += 1
    k.survived += 1
    k.handshake |= HELD
    if longer(k.chain_first, k.chain_lower, stats.longest.length, stats.longest.lower):
        stats.longest = ended_silence(k)
    if longer(k.chain_first, k.chain_lower, st.longest.length, st.longest.lower):
        st.longest = ended_silence(k)


cdef inline Extreme whole(Pend* p) noexcept nogil:
    """An idle period from its beginning to what ended it."""
    cdef Extreme one
    one.length, one.lower, one.before = p.gap, p.bound == LOWER_BOUND, p.start
    one.ended.t, one.ended.frame, one.ended.file, one.ended.known = p.wake.t, p.wake.frame, p.wake.file, 1
    return one


cdef inline void sample_closed(State* st, Hot* h, Cold* k, Pend* p) noexcept nogil:
    """A side ended an idle period by its FIN, and no traffic was missed in it."""
    cdef Statistics* stats = statistics(st, h, k)
    cdef bint lower = p.bound == LOWER_BOUND
    cdef Extreme* least
    cdef Extreme* most
    cdef int by
    if stats == NULL or p.bound == UPPER_BOUND:
        return
    by = p.side == served(st, h, k)
    least, most = &stats.shortest_closed[by], &stats.longest_closed[by]
    stats.closed[by] += 1
    if not lower:
        count_closed(stats, by, p.gap)
        if not least.ended.known or p.gap < least.length:
            least[0] = whole(p)
    if longer(p.gap, lower, most.length, most.lower):
        most[0] = whole(p)


cdef inline void sample_period(State* st, Hot* h, Cold* k, Pend* p) noexcept nogil:
    """An idle period survived. With probes in it, it says how long the connection lived without payload; and it may have been
    ended by a last word before a FIN: nobody who waits for something says it."""
    cdef Statistics* stats
    cdef bint probed = p.inner_probes[0] or p.inner_probes[1]
    if not (probed or p.own_fin.known) or p.bound == UPPER_BOUND:
        return
    stats = statistics(st, h, k)
    if stats == NULL:
        return
    if probed and longer(p.gap, p.bound == LOWER_BOUND, stats.longest_probed.length, stats.longest_probed.lower):
        stats.longest_probed = whole(p)
    if p.own_fin.known and p.length <= FAREWELL_MOST and since(p.own_fin.t, p.wake.t) <= FAREWELL \
            and p.last_speaker != 1 - served(st, h, k):
        sample_closed(st, h, k, p)
