# What became of single segments: kept for `pcapdiag why` of one connection, and of all for tests against other programs.

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport realloc

from .layout cimport *
from .state cimport *


cdef inline bint watched(State* st, Hot* h) noexcept nogil:
    """Is this the connection that alone is asked for, or are all?"""
    return st.watch == 0 or (h.a_lo == st.watched.a_lo and h.b_lo == st.watched.b_lo and h.ports == st.watched.ports
                             and h.a_hi == st.watched.a_hi and h.b_hi == st.watched.b_hi)


cdef inline void remember(State* st, Segment* s) noexcept nogil:
    """Keep what this segment was taken for, if it is asked for; and note whose it is if it is the one that is looked for."""
    cdef Trace* grown
    cdef Hot* h
    if s.where == 0:
        return
    h = hot_of(st, s.where)
    if st.spot and st.spot_found == 0 and (s.frame == st.spot_frame or (st.spot_frame == 0 and h.stream == st.spot_stream)):
        st.spot_found, st.watched = 1, h[0]
    if s.kind == K_CUT or st.trace == 0 or not watched(st, h):
        return
    if st.traced == st.trace_room:
        grown = <Trace*>realloc(st.traces, (st.trace_room * 2 + 64) * sizeof(Trace))
        if grown == NULL:
            return
        st.traces, st.trace_room = grown, st.trace_room * 2 + 64
    st.traces[st.traced].segment = s[0]
    st.traces[st.traced].index = s.where
    st.traces[st.traced].stream = h.stream
    st.traces[st.traced].file = st.file
    st.traced += 1
