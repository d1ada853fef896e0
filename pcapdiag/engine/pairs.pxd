# What single clients saw of a service: a bounded table, made from connections when it is asked for or they are forgotten.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from .layout cimport *
from .state cimport *
from .samples cimport longest_of
from .services cimport served, statistics
from .statistics cimport longer
from .table cimport mum

cdef enum:
    PAIRS_MOST = 1 << 16  # 6 MB; clients beyond that many are counted, not told apart


cdef inline uint32_t pair_slot(State* st, Pairs* table, uint64_t hi, uint64_t lo, uint32_t service) noexcept nogil:
    """Where in `slots` this pair stands, or would."""
    cdef uint64_t h = mum(lo ^ st.seed[0], (hi + service) ^ st.seed[3])
    cdef uint32_t mask = table.room * 2 - 1, at = <uint32_t>(h ^ h >> 32) & mask
    cdef Pair* p
    while table.slots[at]:
        p = &table.items[table.slots[at] - 1]
        if p.lo == lo and p.hi == hi and p.service == service:
            break
        at = (at + 1) & mask
    return at


cdef inline bint pairs_room(State* st, Pairs* table, uint32_t room) noexcept nogil:
    """Make room for so many pairs (a power of two)."""
    cdef uint32_t* slots = <uint32_t*>calloc(room * 2, 4)
    cdef Pair* items = <Pair*>realloc(table.items, room * sizeof(Pair))
    cdef uint32_t i
    if items != NULL:
        table.items = items
    if slots == NULL or items == NULL:
        free(slots)
        return False
    free(table.slots)
    table.slots, table.room = slots, room
    for i in range(table.used):
        slots[pair_slot(st, table, items[i].hi, items[i].lo, items[i].service)] = i + 1
    return True


cdef inline void pair_add(State* st, Pairs* table, Hot* h, Cold* k) noexcept nogil:
    """Add what survived on a connection to what its client saw of its service."""
    cdef uint64_t hi, lo
    cdef uint32_t at
    cdef Pair* p
    cdef Extreme most
    if k.survived == 0 or statistics(st, h, k) == NULL:
        return
    hi, lo = h.a_hi, h.a_lo
    if served(st, h, k) == 0:
        hi, lo = h.b_hi, h.b_lo
    if table.used == table.room and table.room < PAIRS_MOST:
        pairs_room(st, table, table.room * 2 if table.room else 256)
    if table.room == 0:
        table.beyond += k.survived
        return
    at = pair_slot(st, table, hi, lo, k.service)
    if table.slots[at] == 0:
        if table.used == table.room:
            table.beyond += k.survived
            return
        memset(&table.items[table.used], 0, sizeof(Pair))
        table.used += 1
        table.slots[at] = table.used
        p = &table.items[table.used - 1]
        p.hi, p.lo, p.service = hi, lo, k.service
    p = &table.items[table.slots[at] - 1]
    p.survived += k.survived
    most = longest_of(k)
    if longer(most.length, most.lower, p.longest.length, p.longest.lower):
        p.longest = most


cdef inline bint pairs_copy(State* st, Pairs* to, Pairs* table) noexcept nogil:
    """A table of its own with what another holds."""
    memset(to, 0, sizeof(Pairs))
    to.beyond = table.beyond
    if table.used == 0:
        return True
    to.items = <Pair*>malloc(table.room * sizeof(Pair))
    if to.items == NULL:
        return False
    memcpy(to.items, table.items, table.used * sizeof(Pair))
    to.used = table.used
    return pairs_room(st, to, table.room)


cdef inline void pairs_free(Pairs* table) noexcept nogil:
    free(table.items)
    free(table.slots)
    memset(table, 0, sizeof(Pairs))
