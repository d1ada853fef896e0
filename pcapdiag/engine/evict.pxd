# Forgetting connections when there are more than may be tracked.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memset

from .layout cimport *
from .state cimport *
from .pairs cimport pair_add
from .services cimport decide_roles, served, statistics
from .statistics cimport forget_probes
from .table cimport closed, rebuild
from .verdict cimport stop_watching

cdef enum:
    AGES = 1024


cdef inline bint finished(Hot* h) noexcept nogil:
    return h.state & RETIRED != 0 or closed(h)


cdef inline uint32_t forget(State* st, uint32_t wanted, bint open_too) noexcept nogil:
    """Free at least one and at most `wanted` of the longest-idle connections; returns how many.

    Ages are counted into equal widths, so that the oldest are found in two passes without sorting. Within the last
    width the earlier index goes first.
    """
    cdef uint32_t counts[1024]
    cdef int64_t oldest = st.at_t, span
    cdef uint32_t i, age, total = 0, gone = 0
    cdef Hot* h
    cdef Statistics* stats
    for i in range(1, st.used + 1):
        h = hot_of(st, i)
        if not h.state & FREE and (open_too or finished(h)) and h.t_last < oldest:
            oldest = h.t_last
    span = since(st.at_t, oldest) // AGES + 1
    memset(counts, 0, sizeof(counts))
    for i in range(1, st.used + 1):
        h = hot_of(st, i)
        if not h.state & FREE and (open_too or finished(h)):
            counts[min(since(h.t_last, oldest) // span, AGES - 1)] += 1
    for age in range(AGES):
        total += counts[age]
        if total >= wanted:
            break
    for i in range(1, st.used + 1):
        if gone == wanted:
            break
        h = hot_of(st, i)
        if h.state & FREE or not (open_too or finished(h)) or since(h.t_last, oldest) // span > age:
            continue
        stop_watching(st, i, st.at_t)
        if cold_of(st, i).first_frame:   # else it was only quoted in an ICMP error
            decide_roles(st, h, cold_of(st, i))
            pair_add(st, &st.forgotten, h, cold_of(st, i))
            stats = statistics(st, h, cold_of(st, i))
            if stats != NULL:
                forget_probes(stats, h, cold_of(st, i), served(st, h, cold_of(st, i)))
            if finished(h):
                st.evicted_closed += 1
            else:
                st.evicted_open += 1
        h.state = FREE
        st.spare[st.spares] = i
        st.spares += 1
        gone += 1
    st.live -= gone
    return gone


cdef inline void make_room(State* st) noexcept nogil:
    """Free an eighth of the connections: rarely, so that its passes cost little a connection."""
    cdef uint32_t wanted = st.most // 8 + 1, gone
    cdef uint32_t* spare
    if st.spare_room < st.used + 1:
        spare = <uint32_t*>realloc(st.spare, (st.used + 1) * 4)
        if spare == NULL:
            return
        st.spare, st.spare_room = spare, st.used + 1
    gone = forget(st, wanted, False)
    if gone < wanted:
        forget(st, wanted - gone, True)
    # What comes back was silent only since now, for all we know.
    st.evicted_here = 1
    st.evicted_t, st.evicted_known = st.at_t, 1
    rebuild(st, st.mask + 1)
