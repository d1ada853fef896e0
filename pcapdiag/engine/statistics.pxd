# One service's counts: their arithmetic, whoever's they are.

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc

from .layout cimport *

cdef enum:
    WAYS_MOST = 32        # ways to probe that are told apart; the times of those met after them are not kept


cdef inline uint32_t bucket(int64_t length) noexcept nogil:
    """Four buckets an octave, from 2^20 ns on: exact integer edges (see EDGES)."""
    cdef int octave
    if length < 1 << FIRST_OCTAVE:
        return 0
    octave = top_bit(<uint64_t>length)
    if octave >= FIRST_OCTAVE + BUCKETS // 4:
        return BUCKETS - 1
    return (octave - FIRST_OCTAVE) * 4 + (<uint32_t>(length >> (octave - 2)) & 3)


cdef inline bint longer(int64_t length, bint lower, int64_t most, bint most_lower) noexcept nogil:
    """Longer than the longest so far, or as long and better known?"""
    return length > most or (length == most and most_lower and not lower)


cdef inline bint sooner(Ref* a, Ref* b) noexcept nogil:
    """Does this record come before that one?"""
    return a.file < b.file or (a.file == b.file and a.frame < b.frame)


cdef inline void keep_longest(Extreme* most, Extreme* one) noexcept nogil:
    """The longer of two that were found apart; of equal ones what came first."""
    if one.ended.known and (not most.ended.known or longer(one.length, one.lower, most.length, most.lower)
                            or (one.length == most.length and one.lower == most.lower and sooner(&one.ended, &most.ended))):
        most[0] = one[0]


cdef inline void keep_shortest(Extreme* least, Extreme* one) noexcept nogil:
    if one.ended.known and (not least.ended.known or one.length < least.length
                            or (one.length == least.length and sooner(&one.ended, &least.ended))):
        least[0] = one[0]


cdef inline int64_t two_digits(uint32_t plus_one) noexcept nogil:
    """Milliseconds rounded to two significant digits, halves up; -1 for unknown."""
    cdef int64_t ms = <int64_t>plus_one - 1, step = 1
    while ms >= step * 100:
        step *= 10
    return (ms + step // 2) // step * step if ms >= 0 else -1


cdef inline void add_way(Statistics* stats, Way* one) noexcept nogil:
    """Put together what probed alike."""
    cdef uint32_t i, room
    cdef Way* grown
    cdef Way way = one[0]
    if stats.ways_used >= WAYS_MOST:
        way.after = way.every = -1
    for i in range(stats.ways_used):
        grown = &stats.ways[i]
        if grown.after == way.after and grown.every == way.every and grown.server == way.server:
            grown.connections += way.connections
            grown.probes += way.probes
            grown.answered += way.answered
            return
    if stats.ways_used == stats.ways_room:
        room = stats.ways_room * 2 if stats.ways_room else 2
        grown = <Way*>realloc(stats.ways, room * sizeof(Way))
        if grown == NULL:
            return
        stats.ways, stats.ways_room = grown, room
    stats.ways[stats.ways_used] = way
    stats.ways_used += 1


cdef inline void forget_probes(Statistics* stats, Hot* h, Cold* k, int server) noexcept nogil:
    """A connection is forgotten: keep how it was probed."""
    cdef int side
    cdef Way way
    stats.forgotten += 1
    stats.probed += k.probes[0] != 0 or k.probes[1] != 0
    for side in range(2):
        if k.probes[side] == 0:
            continue
        stats.probes[side == server] += k.probes[side]
        way.server, way.connections, way.probes = side == server, 1, k.probes[side]
        way.after = way.every = -1
        way.answered = 0
        if h.state & PROBED:           # else the only one was recorded behind its RST
            way.after, way.every = two_digits(k.probe_after[side]), two_digits(k.probe_every[side])
            way.answered = k.answered[side]
        add_way(stats, &way)


cdef inline void count_closed(Statistics* stats, int by, int64_t length) noexcept nogil:
    """One more closing of known length."""
    if stats.closed_histogram[by] == NULL:
        stats.closed_histogram[by] = <uint32_t*>calloc(BUCKETS, sizeof(uint32_t))
    if stats.closed_histogram[by] != NULL:
        stats.closed_histogram[by][bucket(length)] += 1


cdef inline void add_counts(Statistics* to, Statistics* other) noexcept nogil:
    """Add the counts of a service whose clients these are: client and server change places."""
    cdef uint32_t i, by, mine
    cdef Way way
    for i in range(RESULTS):
        to.results[i] += other.results[i]
    for i in range(BUCKETS):
        to.histogram[i] += other.histogram[i]
    to.survived += other.survived
    to.forgotten += other.forgotten
    to.probed += other.probed
    keep_longest(&to.longest, &other.longest)
    keep_longest(&to.longest_probed, &other.longest_probed)
    for by in range(2):
        mine = 1 - by
        to.contexts[by] += other.contexts[by]
        to.probes[mine] += other.probes[by]
        to.closed[mine] += other.closed[by]
        keep_shortest(&to.shortest_closed[mine], &other.shortest_closed[by])
        keep_longest(&to.longest_closed[mine], &other.longest_closed[by])
        if other.closed_histogram[by] == NULL:
            continue
        if to.closed_histogram[mine] == NULL:
            to.closed_histogram[mine], other.closed_histogram[by] = other.closed_histogram[by], NULL
        else:
            for i in range(BUCKETS):
                to.closed_histogram[mine][i] += other.closed_histogram[by][i]
    for i in range(other.ways_used):
        way = other.ways[i]
        way.server = not way.server
        add_way(to, &way)


cdef inline void statistics_free(Statistics* stats) noexcept nogil:
    if stats == NULL:
        return
    free(stats.closed_histogram[0])
    free(stats.closed_histogram[1])
    free(stats.ways)
    free(stats)
