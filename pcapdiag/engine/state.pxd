# One timeline's whole state, and the memory it lives in.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from .layout cimport *

cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    /* Chunks are as large as a huge page, so that a random access costs one cache miss and no page walk. */
    static void *big_alloc(size_t size) {
        void *p = NULL;
        if (posix_memalign(&p, (size_t)1 << 21, size)) return NULL;
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        madvise(p, size, MADV_HUGEPAGE);
    #endif
        return p;
    }
    """
    void* big_alloc(size_t) noexcept nogil

cdef enum:
    CHUNK_BITS = 15                # 32768 connections: 12.6 MB
    CHUNK = 1 << 15
    CHUNKS = 1 << 15               # 2^30 connections at most
    VIAS = 256
    ETHERTYPES = 32
    LINKS = 32

cdef enum Fate:                    # why a record is no segment
    IS_SEGMENT, SKIP_LINK, SKIP_ETHERTYPE, SKIP_PROTOCOL, SKIP_FRAGMENT, SKIP_CUT, SKIP_BAD_LINK, SKIP_BAD_IP, SKIP_BAD_TCP
    SKIP_BAD_TUNNEL, SKIP_DEEP, SKIP_JOURNAL, SKIP_CUSTOM, FATES

cdef struct Interface:
    uint32_t link
    uint32_t snap
    int64_t offset                 # ns to add
    uint64_t multiply, divide      # ticks to ns; divide 0: shift by binary
    uint32_t binary

cdef struct Tally:                 # counters, by number
    uint64_t number
    uint64_t count

cdef struct State:
    int64_t min_idle
    uint32_t most                  # connections at most
    uint32_t keep_all
    uint32_t trace                 # keep what segments were taken for,
    uint32_t watch                 # of these connections alone: how many there are, and
    uint32_t trace_bytes           # with their records' bytes
    Hot* watches                   # by their ports
    uint32_t* numbers              # also segments with these sequence numbers, on whatever connection, in order,
    uint64_t numbered
    int64_t* windows               # and those within these times: pairs of first and last, in order, apart
    uint64_t windowed
    uint32_t spot, spot_frame, spot_stream, spot_found  # whose is this frame, or this stream? `watched` is the answer
    Hot watched
    # connections
    Incarnation** chunks
    uint32_t used                  # highest index handed out; 0 is nobody
    uint32_t live                  # indices in use
    uint64_t* slots                # hash << 32 | index
    uint32_t mask, filled
    uint32_t* spare                # freed indices
    uint32_t spares, spare_room
    uint64_t seed[4]
    # pending wakes and emissions
    Pend** pends
    uint32_t pends_used, pend_chunks, pend_free
    Emission** emissions           # ring of pointers, in order of number
    uint64_t emission_first, emission_next, emission_room
    # services
    uint32_t* service_slots
    uint32_t service_mask, services_used, services_room
    Service* services
    # via
    uint64_t via_key[256]
    uint32_t vias
    uint64_t last_via_key
    uint32_t last_via
    # where we are
    int64_t now                    # time of the last record read
    int64_t waited                 # ns of live silence since
    int64_t at_t                   # time and frame of the segment being tracked: up to a batch behind
    uint32_t at_frame
    int64_t run_start              # first record of the contiguous run of files
    uint32_t run_known, run_file
    int64_t first_seen[256]        # each interface's first record in the run (256 share)
    uint32_t first_frame[256]      # 0: none yet
    uint16_t first_file[256]
    uint32_t frame
    uint16_t file
    uint32_t next_stream
    uint32_t streams_known, evicted_here, evicted_known
    int64_t evicted_t              # when connections were last forgotten
    int64_t step                   # by how many ns the record clock last stepped back, and at which record
    uint32_t step_frame, step_file
    Segment batch[64]
    uint32_t batched
    # interfaces of the current section
    Interface* interfaces
    uint32_t interfaces_used, interfaces_room, interface_base
    # counts of this file
    uint64_t records, segments, truncated, clock_back
    int64_t clock_back_most, longest_pause, file_first, file_last
    uint32_t file_known
    uint64_t fates[16]
    uint64_t protocols[256]
    Tally ethertypes[32]
    Tally links[32]
    # sums of the timeline
    uint64_t connections, evicted_closed, evicted_open, copies, retransmissions, probes, strays
    uint64_t results[8]
    uint64_t contexts[2]
    Extreme longest
    Pairs forgotten               # what forgotten connections saw
    uint64_t failed                # segments for which there was no memory
    uint64_t untimed
    uint32_t interfaces_all
    Trace* traces
    uint64_t traced, trace_room


cdef inline Hot* hot_of(State* st, uint32_t index) noexcept nogil:
    return &st.chunks[index >> CHUNK_BITS][index & (CHUNK - 1)].hot


cdef inline Cold* cold_of(State* st, uint32_t index) noexcept nogil:
    return &st.chunks[index >> CHUNK_BITS][index & (CHUNK - 1)].cold


cdef inline uint16_t last_file_of(Hot* h, Cold* k) noexcept nogil:
    """The file of the connection's last segment; strays are none."""
    return k.last_file if k.handshake & STRAYED else h.file


cdef inline Pend* pend_of(State* st, uint32_t index) noexcept nogil:
    return &st.pends[index >> 8][index & 255]


cdef inline uint32_t pend_new(State* st) noexcept nogil:
    """Index of a Pend of which the first fields are 0; 0 if there is no memory. Freed ones are chained through their `end`."""
    cdef uint32_t index = st.pend_free
    if index:
        st.pend_free = pend_of(st, index).end
    else:
        index = st.pends_used + 1
        if index >> 8 >= st.pend_chunks:
            grown = <Pend**>realloc(st.pends, (st.pend_chunks + 1) * sizeof(Pend*))
            if grown == NULL:
                return 0
            st.pends = grown
            grown[st.pend_chunks] = <Pend*>malloc(256 * sizeof(Pend))
            if grown[st.pend_chunks] == NULL:
                return 0
            st.pend_chunks += 1
        st.pends_used = index
    zero_short(pend_of(st, index), PEND_ZEROED)
    return index


cdef inline void pend_drop(State* st, Hot* h) noexcept nogil:
    if h.pend:
        pend_of(st, h.pend).end = st.pend_free
        st.pend_free = h.pend
        h.pend = 0


cdef inline int32_t delta(uint32_t a, uint32_t b) noexcept nogil:
    """a - b modulo 2^32 as a signed number: RFC 9293 3.4."""
    return <int32_t>(a - b)


cdef inline int64_t since(int64_t later, int64_t earlier) noexcept nogil:
    """A gap: never negative, clocks step back."""
    return later - earlier if later > earlier else 0
