# Who is client and who is server, and what is counted for each server address and port.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from .layout cimport *
from .state cimport *
from .statistics cimport add_counts, statistics_free
from .table cimport mum


cdef inline uint32_t service_find(State* st, uint64_t hi, uint64_t lo, uint32_t port, bint make) noexcept nogil:
    """Index + 1 of a service, 0 if there is none (or no memory to make it)."""
    cdef uint64_t h = mum(lo ^ st.seed[1], (hi + port) ^ st.seed[2])
    cdef uint32_t at = <uint32_t>(h ^ h >> 32) & st.service_mask
    cdef uint32_t i, room
    cdef uint32_t* slots
    cdef Service* services
    while st.service_slots[at]:
        i = st.service_slots[at]
        if st.services[i].lo == lo and st.services[i].hi == hi and st.services[i].port == port:
            return i
        at = (at + 1) & st.service_mask
    if not make:
        return 0
    if st.services_used + 2 >= st.services_room:
        room = st.services_room * 2
        services = <Service*>realloc(st.services, room * sizeof(Service))
        slots = <uint32_t*>calloc(room * 2, 4)
        if services == NULL or slots == NULL:
            free(slots)
            if services != NULL:
                st.services = services
            return 0
        free(st.service_slots)
        st.services, st.service_slots = services, slots
        st.services_room, st.service_mask = room, room * 2 - 1
        for i in range(1, st.services_used + 1):
            h = mum(services[i].lo ^ st.seed[1], (services[i].hi + services[i].port) ^ st.seed[2])
            at = <uint32_t>(h ^ h >> 32) & st.service_mask
            while slots[at]:
                at = (at + 1) & st.service_mask
            slots[at] = i
        return service_find(st, hi, lo, port, True)
    st.services_used += 1
    st.service_slots[at] = st.services_used
    memset(&st.services[st.services_used], 0, sizeof(Service))
    st.services[st.services_used].hi = hi
    st.services[st.services_used].lo = lo
    st.services[st.services_used].port = port
    return st.services_used


cdef inline uint32_t service_at(State* st, Hot* h, int side, bint make) noexcept nogil:
    if side == 0:
        return service_find(st, h.a_hi, h.a_lo, h.ports >> 16, make)
    return service_find(st, h.b_hi, h.b_lo, h.ports & 0xFFFF, make)


cdef inline bint registered(uint32_t port) noexcept nogil:
    """Ports of the registered range on which servers are met, for pairs that the ranges do not tell apart."""
    return port == 1433 or port == 1521 or port == 1883 or port == 2049 or port == 2379 or port == 3000 or port == 3306 \
        or port == 4222 or port == 5000 or port == 5432 or port == 5672 or port == 6379 or port == 6443 \
        or port == 8000 or port == 8080 or port == 8081 or port == 8443 or port == 8888 or port == 9000 \
        or port == 9042 or port == 9090 or port == 9092 or port == 9200 or port == 11211 or port == 15001 \
        or port == 15006 or port == 15443 or port == 27017


cdef inline bint reserved(uint32_t port) noexcept nogil:
    """Ports from 512 on that privileged clients take, downwards from 1023 (rresvport(3); NFS from 665 on), and no server is
    known to listen on."""
    return 512 <= port < 1024 and port > 515 and port != 543 and port != 544 and port != 548 and port != 554 and port != 563 \
        and port != 587 and port != 593 and port != 631 and port != 636 and port != 646 and port != 853 and port != 873 \
        and port != 902 and port != 988 and port != 989 and port != 990 and port != 992 and port != 993 and port != 995


cdef inline int port_rank(uint32_t port) noexcept nogil:
    """How much a port looks like a service: below 1024 the privileged ports, but those that clients take too only after the
    registered ones; from 32768 on what Linux hands out to clients (net.ipv4.ip_local_port_range)."""
    if port < 1024:
        return 2 if reserved(port) else 4
    return 3 if registered(port) else 1 if port < 32768 else 0


cdef inline int port_server(uint32_t a, uint32_t b) noexcept nogil:
    """Which side's port looks more like a service: 0, 1 or NOBODY. Of two below 1024 that look alike it is the lower."""
    cdef int ra = port_rank(a), rb = port_rank(b)
    if ra == rb:
        return NOBODY if a >= 1024 or a == b else 0 if a < b else 1
    return 0 if ra > rb else 1


cdef inline void decide_roles(State* st, Hot* h, Cold* k) noexcept nogil:
    """Server side and how that is known into `k`, strongest proof first; kept once a SYN or SYN-ACK has told."""
    cdef int side
    cdef uint32_t a, b, at
    if k.roles <= ROLE_SYN_ACK and k.service:
        return
    k.roles = ROLE_UNKNOWN
    if h.state & (SYN_SENT * BOTH):
        k.server = 1 if h.state & SYN_SENT else 0
        k.roles = ROLE_SYN
    elif h.state & (SYN_ACK_SENT * BOTH):
        k.server = 0 if h.state & SYN_ACK_SENT else 1
        k.roles = ROLE_SYN_ACK
    else:
        a = service_at(st, h, 0, False)
        b = service_at(st, h, 1, False)
        a = a and st.services[a].strong
        b = b and st.services[b].strong
        side = port_server(h.ports >> 16, h.ports & 0xFFFF)
        if (a != 0) != (b != 0):
            k.server = 0 if a else 1
            k.roles = ROLE_KNOWN_SERVER
        elif side != NOBODY:
            k.server = <uint8_t>side
            k.roles = ROLE_PORT
        elif k.spoke_first:
            k.server = 2 - k.spoke_first
            k.roles = ROLE_FIRST_PAYLOAD
        else:
            k.server = 1
    at = service_at(st, h, k.server, k.roles <= ROLE_SYN_ACK or k.service != 0)
    if k.service == 0 or (k.periods == 0 and k.survived == 0) or move_counts(st, k.service, at):
        k.service = at
    if k.roles <= ROLE_SYN_ACK and at:
        st.services[at].strong = 1


cdef inline Statistics* statistics(State* st, Hot* h, Cold* k) noexcept nogil:
    """Where this connection's idle periods are counted, NULL without memory.

    It is not looked for anew each time: where the roles are looked at again, what was counted moves with them, if it can be told
    from what others counted there (`move_counts`)."""
    cdef Service* s
    if k.service == 0:
        decide_roles(st, h, k)
        if k.service == 0:
            k.service = service_at(st, h, k.server, True)
            if k.service == 0:
                return NULL
    s = &st.services[k.service]
    if s.moved and not s.strong and other_end(&st.services[s.moved], h, 1 - served(st, h, k)):
        k.service = s.moved
        s = &st.services[k.service]
    if s.stats == NULL:
        s.stats = <Statistics*>calloc(1, sizeof(Statistics))
        if s.stats == NULL:
            return NULL
    if not s.strong and s.stats.others != 2:
        witness(s.stats, h, 1 - served(st, h, k))
    return s.stats


cdef inline Statistics* reported_at(State* st, Hot* h, Cold* k) noexcept nogil:
    """Where a failure is counted: at the service of which it is reported, even if what survived before could not follow."""
    cdef uint32_t at
    decide_roles(st, h, k)
    at = service_at(st, h, k.server, True)
    if at == k.service or at == 0:
        return statistics(st, h, k)
    if st.services[at].stats == NULL:
        st.services[at].stats = <Statistics*>calloc(1, sizeof(Statistics))
    if st.services[at].stats != NULL and not st.services[at].strong:
        witness(st.services[at].stats, h, 1 - k.server)
    return st.services[at].stats


cdef inline bint other_end(Service* s, Hot* h, int side) noexcept nogil:
    """Is this side of the connection that service?"""
    if side == 0:
        return h.a_lo == s.lo and h.a_hi == s.hi and h.ports >> 16 == s.port
    return h.b_lo == s.lo and h.b_hi == s.hi and h.ports & 0xFFFF == s.port


cdef inline void witness(Statistics* stats, Hot* h, int side) noexcept nogil:
    """Who was on the other side of what is counted here: one endpoint, or several?"""
    cdef uint64_t hi = h.b_hi if side else h.a_hi, lo = h.b_lo if side else h.a_lo
    cdef uint32_t port = h.ports & 0xFFFF if side else h.ports >> 16
    meets(stats, hi, lo, port)


cdef inline void meets(Statistics* stats, uint64_t hi, uint64_t lo, uint32_t port) noexcept nogil:
    if stats.others == 0:
        stats.other_hi, stats.other_lo, stats.other_port, stats.others = hi, lo, port, 1
    elif stats.other_lo != lo or stats.other_hi != hi or stats.other_port != port:
        stats.others = 2


cdef inline bint move_counts(State* st, uint32_t source, uint32_t target) noexcept nogil:
    """What was counted at `source` is of `target`: its connections' other end turned out to be the server. True if it was moved.

    Only if all that was counted there was between these two, and no failure was handed out under the old name: whoever lost
    something finds what survived beside it."""
    cdef Service* old = &st.services[source]
    cdef Service* new = &st.services[target]
    cdef Statistics* stats = old.stats
    if source == target or target == 0 or stats == NULL or old.strong or stats.failed or stats.others != 1 \
            or stats.other_lo != new.lo or stats.other_hi != new.hi or stats.other_port != new.port:
        return False
    if new.stats == NULL:
        new.stats = <Statistics*>calloc(1, sizeof(Statistics))
        if new.stats == NULL:
            return False
    add_counts(new.stats, stats)
    meets(new.stats, old.hi, old.lo, old.port)
    statistics_free(stats)
    old.stats, old.moved = NULL, target
    if new.moved == source:
        new.moved = 0
    return True


cdef inline int served(State* st, Hot* h, Cold* k) noexcept nogil:
    """The side that is the service where this connection is counted."""
    cdef Service* s = &st.services[k.service]
    return 0 if h.a_lo == s.lo and h.a_hi == s.hi and h.ports >> 16 == s.port else 1
