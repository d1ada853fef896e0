# What became of single segments: kept of those that are asked for, and of all for tests against other programs.

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport malloc, realloc
from libc.string cimport memcpy

from .layout cimport *
from .state cimport *


cdef inline bint watched(State* st, Hot* h) noexcept nogil:
    """Is this one of the connections that alone are asked for, or are all?"""
    return st.watch == 0 or named(st, h)


cdef inline bint named(State* st, Hot* h) noexcept nogil:
    """Is this one of the connections in the list? It is in order of ports, of which few have several connections."""
    cdef uint32_t low = 0, high = st.watch, middle
    cdef Hot* w
    while low < high:
        middle = (low + high) // 2
        if st.watches[middle].ports < h.ports:
            low = middle + 1
        else:
            high = middle
    while low < st.watch and st.watches[low].ports == h.ports:
        w = &st.watches[low]
        if h.a_lo == w.a_lo and h.b_lo == w.b_lo and h.a_hi == w.a_hi and h.b_hi == w.b_hi:
            return True
        low += 1
    return False


cdef inline bint numbered(State* st, uint32_t seq) noexcept nogil:
    """Is this one of the sequence numbers in the list?"""
    cdef uint64_t low = 0, high = st.numbered, middle
    while low < high:
        middle = (low + high) // 2
        if st.numbers[middle] < seq:
            low = middle + 1
        else:
            high = middle
    return low < st.numbered and st.numbers[low] == seq


cdef inline bint within(State* st, int64_t t) noexcept nogil:
    """Is this time in one of the windows, their ends included?"""
    cdef uint64_t low = 0, high = st.windowed, middle
    while low < high:
        middle = (low + high) // 2
        if st.windows[2 * middle + 1] < t:
            low = middle + 1
        else:
            high = middle
    return low < st.windowed and st.windows[2 * low] <= t


cdef inline bint asked(State* st, Segment* s, Hot* h) noexcept nogil:
    """Is this segment asked for: by its connection, its number or its time? If nothing is named, all are."""
    if st.watch == 0 and st.numbered == 0 and st.windowed == 0:
        return True
    return (st.watch and named(st, h)) or numbered(st, s.seq) or within(st, s.t)


cdef inline void remember(State* st, Segment* s) noexcept nogil:
    """Keep what this segment was taken for, if it is asked for; and note whose it is if it is the one that is looked for."""
    cdef Trace* one
    cdef Hot* h
    if s.where == 0:
        return
    h = hot_of(st, s.where)
    if st.spot and st.spot_found == 0 and (s.frame == st.spot_frame or (st.spot_frame == 0 and h.stream == st.spot_stream)):
        st.spot_found, st.watched = 1, h[0]
    if s.kind == K_CUT or st.trace == 0 or not asked(st, s, h):
        return
    if st.traced == st.trace_room:
        one = <Trace*>realloc(st.traces, (st.trace_room * 2 + 64) * sizeof(Trace))
        if one == NULL:
            return
        st.traces, st.trace_room = one, st.trace_room * 2 + 64
    one = &st.traces[st.traced]
    one.segment = s[0]
    one.index = s.where
    one.stream = h.stream
    one.file = st.file
    one.link = st.interfaces[s.interface].link
    one.bytes = NULL
    if st.trace_bytes:
        one.bytes = <uint8_t*>malloc(s.captured + 1)
        if one.bytes != NULL:
            memcpy(one.bytes, s.record, s.captured)
    st.traced += 1
