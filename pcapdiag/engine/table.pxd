# The table of connections: a hash of small slots onto dense chunks, so that growing moves 8 bytes a connection.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from .layout cimport *
from .state cimport *

cdef extern from *:
    """
    static inline uint64_t mum(uint64_t a, uint64_t b) {
        unsigned __int128 r = (unsigned __int128)a * b;
        return (uint64_t)r ^ (uint64_t)(r >> 64);
    }
    """
    uint64_t mum(uint64_t, uint64_t) noexcept nogil


cdef inline void hash_segment(State* st, Segment* s) noexcept nogil:
    """Multiply-and-fold with a secret seed: addresses are the sender's choice, and must not choose the slot."""
    cdef uint64_t h = mum(s.a_lo ^ st.seed[0], s.b_lo ^ st.seed[1]) ^ mum(s.ports ^ st.seed[2], s.a_hi ^ st.seed[3])
    if s.v6:
        h ^= mum(s.b_hi ^ st.seed[2], s.a_hi ^ st.seed[1])
    s.hash = <uint32_t>(h ^ (h >> 32))


cdef inline bint same_key(Hot* h, Segment* s) noexcept nogil:
    return h.a_lo == s.a_lo and h.b_lo == s.b_lo and h.ports == s.ports and h.a_hi == s.a_hi and h.b_hi == s.b_hi


cdef inline uint32_t find(State* st, Segment* s) noexcept nogil:
    """Index of the segment's connection, 0 if there is none."""
    cdef uint32_t at = s.hash & st.mask
    cdef uint64_t slot
    while True:
        slot = st.slots[at]
        if slot == 0:
            return 0
        if <uint32_t>(slot >> 32) == s.hash and same_key(hot_of(st, <uint32_t>slot), s):
            return <uint32_t>slot
        at = (at + 1) & st.mask


cdef inline uint32_t guess(State* st, Segment* s) noexcept nogil:
    """As find, by the hash alone: to fetch the lines ahead; whoever uses it compares the key."""
    cdef uint32_t at = s.hash & st.mask
    cdef uint64_t slot
    while True:
        slot = st.slots[at]
        if slot == 0 or <uint32_t>(slot >> 32) == s.hash:
            return <uint32_t>slot
        at = (at + 1) & st.mask


cdef inline void place(State* st, uint32_t hash, uint32_t index) noexcept nogil:
    cdef uint32_t at = hash & st.mask
    while st.slots[at]:
        at = (at + 1) & st.mask
    st.slots[at] = (<uint64_t>hash << 32) | index
    st.filled += 1


cdef inline bint rebuild(State* st, uint32_t size) noexcept nogil:
    """All connections in the table into a new one of `size` slots (a power of two)."""
    cdef uint64_t* fresh = <uint64_t*>big_alloc(<size_t>size * 8)
    cdef uint64_t* old = st.slots
    cdef uint64_t slot
    cdef uint32_t i, last = st.mask
    if fresh == NULL:
        return False
    memset(fresh, 0, <size_t>size * 8)
    st.slots = fresh
    st.mask = size - 1
    st.filled = 0
    if old != NULL:
        for i in range(last + 1):
            slot = old[i]
            if slot and not hot_of(st, <uint32_t>slot).state & (RETIRED | FREE):
                place(st, <uint32_t>(slot >> 32), <uint32_t>slot)
        free(old)
    return True


cdef inline void replace(State* st, uint32_t hash, uint32_t old, uint32_t index) noexcept nogil:
    """Let the slot of `old` say `index`: a new incarnation under the same key."""
    cdef uint32_t at = hash & st.mask
    while <uint32_t>st.slots[at] != old:
        at = (at + 1) & st.mask
    st.slots[at] = (<uint64_t>hash << 32) | index


cdef inline uint32_t take_index(State* st) noexcept nogil:
    """An unused index with memory behind it, 0 if there is none."""
    cdef uint32_t index, chunk
    if st.spares:
        st.spares -= 1
        return st.spare[st.spares]
    index = st.used + 1
    chunk = index >> CHUNK_BITS
    if chunk >= CHUNKS:
        return 0
    if st.chunks[chunk] == NULL:
        st.chunks[chunk] = <Incarnation*>big_alloc(CHUNK * sizeof(Incarnation))
        if st.chunks[chunk] == NULL:
            return 0
    st.used = index
    return index


cdef inline bint closed(Hot* h) noexcept nogil:
    """RST from a side, or FIN from both."""
    return h.state & (RST_SENT * BOTH) != 0 or h.state & (FIN_SENT * BOTH) == FIN_SENT * BOTH
