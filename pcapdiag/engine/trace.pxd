# What became of single segments: kept of the connections that are asked about, and of all for tests against other programs.

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport malloc, realloc
from libc.string cimport memcpy

from .layout cimport *
from .state cimport *


cdef inline bint watched(State* st, Hot* h) noexcept nogil:
    """Is this one of the connections that alone are asked for, or are all?"""
    cdef uint32_t i
    cdef Hot* w
    if st.watch == 0:
        return True
    for i in range(st.watch):
        w = &st.watches[i]
        if h.ports == w.ports and h.a_lo == w.a_lo and h.b_lo == w.b_lo and h.a_hi == w.a_hi and h.b_hi == w.b_hi:
            return True
    return False


cdef inline void remember(State* st, Segment* s) noexcept nogil:
    """Keep what this segment was taken for, if it is asked for; and note whose it is if it is the one that is looked for."""
    cdef Trace* one
    cdef Hot* h
    if s.where == 0:
        return
    h = hot_of(st, s.where)
    if st.spot and st.spot_found == 0 and (s.frame == st.spot_frame or (st.spot_frame == 0 and h.stream == st.spot_stream)):
        st.spot_found, st.watched = 1, h[0]
    if s.kind == K_CUT or st.trace == 0 or not watched(st, h):
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
