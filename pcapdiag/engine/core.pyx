# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""The compiled core behind one doorway: bytes in, idle periods out.

Everything below `Engine` is C structs and inline functions in the .pxd files beside this one; no Python object is made for a
packet. `objects.py` turns the few things that come out into the types of `types.py`.
"""

import heapq
import os
import struct

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from .layout cimport *
from .state cimport *
from .table cimport rebuild
from .pairs cimport pair_add, pairs_copy, pairs_free
from .samples cimport longest_of
from .services cimport decide_roles, service_find
from .statistics cimport statistics_free, two_digits
from .verdict cimport stamps_in, stop_watching
from .idle cimport own_outstanding
from .trace cimport watched
from .walk cimport *

from . import objects

TROUBLES = (
    "",
    "not a capture: unknown magic number",
    "the record's length is absurd",
    "a block is too short for its type",
    "a block's length is no multiple of 4",
    "a block's two lengths differ",
    "a packet is longer than its block",
    "a section header without its byte-order magic",
    "a packet of an interface that was not described",
    "out of memory",
)


cdef class Engine:
    """Tracks the TCP connections of one timeline of capture files.

    Args:
        min_idle: ns without payload from which a connection counts as idle.
        max_connections: how many to track at once; beyond it the longest-idle closed ones are forgotten, then open ones.
        keep: "incidents" hands out the idle periods that neither survived nor were merely closed; "all" every one,
            outside the memory budget.
        point: number of the capture point, handed on in results.
        trace: also keep what every segment was taken for, until `trace` is called: memory grows with the capture.
        watch: connections, each by its two endpoints: only their idle periods are handed out, all of them, and their segments
            traced.
        numbers: sequence numbers: segments that begin with one of them are traced, whatever their addresses, since NAT changes
            these and not those.
        windows: times, from the first to the last ns: what was recorded in one of them is traced. They may overlap.
        records: whether what is traced comes with its records' bytes.
    """

    cdef State st
    cdef Reader reader
    cdef uint8_t* carry
    cdef uint64_t carried, carry_room
    cdef readonly int point
    cdef object link_types
    cdef bint open

    def __cinit__(self):
        memset(&self.st, 0, sizeof(State))
        memset(&self.reader, 0, sizeof(Reader))
        self.carry = NULL

    def __init__(self, *, int64_t min_idle=1_000_000_000, uint32_t max_connections=1_000_000, str keep="incidents",
                 int point=0, bint trace=False, watch=(), numbers=(), windows=(), bint records=False):
        cdef State* st = &self.st
        cdef Hot* h
        cdef uint64_t i
        assert sizeof(Hot) == 128 and sizeof(Cold) == 256, "connections lie on whole cache lines"
        if min_idle <= 0:
            raise ValueError("min_idle must be positive")
        if not 1 <= max_connections <= 1 << 29:
            raise ValueError("max_connections must be from 1 to 2^29")
        if keep not in ("incidents", "all"):
            raise ValueError("keep must be 'incidents' or 'all'")
        if st.chunks != NULL:
            raise RuntimeError("an engine is initialised once")
        st.min_idle, st.most, st.keep_all, st.trace = min_idle, max_connections, keep == "all", trace
        watch = {objects.key(*ends) for ends in watch}
        if watch:
            st.trace = st.keep_all = 1
            st.watches = <Hot*>calloc(len(watch), sizeof(Hot))
            if st.watches == NULL:
                raise MemoryError
            for a_hi, a_lo, b_hi, b_lo, ports in sorted(watch, key=lambda key: key[4]):
                h = &st.watches[st.watch]
                h.a_hi, h.a_lo, h.b_hi, h.b_lo, h.ports = a_hi, a_lo, b_hi, b_lo, ports
                st.watch += 1
        numbers, windows = sorted(set(numbers)), objects.apart(windows)
        if numbers:
            st.trace, st.numbers = 1, <uint32_t*>malloc(len(numbers) * sizeof(uint32_t))
            if st.numbers == NULL:
                raise MemoryError
            for number in numbers:
                st.numbers[st.numbered] = number
                st.numbered += 1
        if windows:
            st.trace, st.windows = 1, <int64_t*>malloc(2 * len(windows) * sizeof(int64_t))
            if st.windows == NULL:
                raise MemoryError
            for first, last in windows:
                i = 2 * st.windowed
                st.windows[i], st.windows[i + 1] = first, last
                st.windowed += 1
        st.trace_bytes = records
        self.point = point
        seed = struct.unpack("4Q", os.urandom(32))
        for i in range(4):
            st.seed[i] = seed[i] | 1
        st.chunks = <Incarnation**>calloc(CHUNKS, sizeof(Incarnation*))
        st.emission_room = 64
        st.emissions = <Emission**>malloc(64 * sizeof(Emission*))
        st.services_room, st.service_mask = 64, 127
        st.services = <Service*>malloc(64 * sizeof(Service))
        st.service_slots = <uint32_t*>calloc(128, 4)
        st.interfaces_room = 4
        st.interfaces = <Interface*>malloc(4 * sizeof(Interface))
        if not (st.chunks and st.emissions and st.services and st.service_slots and st.interfaces) \
                or not rebuild(st, 1024):
            raise MemoryError

    def __dealloc__(self):
        cdef State* st = &self.st
        cdef uint64_t i
        if st.chunks != NULL:
            for i in range(CHUNKS):
                free(st.chunks[i])
        for i in range(st.pend_chunks):
            free(st.pends[i])
        for i in range(st.emission_first, st.emission_next):
            free(st.emissions[i % st.emission_room])
        for i in range(st.traced):
            free(st.traces[i].bytes)
        if st.services != NULL:
            for i in range(1, st.services_used + 1):
                statistics_free(st.services[i].stats)
        for p in (<size_t>st.chunks, <size_t>st.pends, <size_t>st.emissions, <size_t>st.services,
                  <size_t>st.service_slots, <size_t>st.interfaces, <size_t>st.slots, <size_t>st.spare,
                  <size_t>st.traces, <size_t>st.watches, <size_t>st.numbers, <size_t>st.windows, <size_t>self.carry):
            free(<void*><size_t>p)
        pairs_free(&st.forgotten)

    def begin_file(self, uint32_t index, bint contiguous=True):
        """Start the file with this index (at most 65535, never less than the one before).

        `contiguous` says that nothing is missing between the file before it and this one.
        """
        cdef State* st = &self.st
        if self.open:
            raise RuntimeError("the file before was not ended")
        if index > 65535 or index < st.file:
            raise ValueError("file indices grow, up to 65535")
        if not contiguous:
            st.run_known = 0
        self.open = True
        self.carried = 0
        memset(&self.reader, 0, sizeof(Reader))
        st.file = <uint16_t>index
        st.frame = st.next_stream = st.evicted_here = 0
        st.streams_known = 1
        st.interfaces_used = st.interface_base = st.interfaces_all = 0
        st.records = st.segments = st.truncated = st.clock_back = st.untimed = 0
        st.clock_back_most = st.longest_pause = 0
        st.file_known = 0
        memset(st.fates, 0, sizeof(st.fates))
        memset(st.protocols, 0, sizeof(st.protocols))
        memset(st.ethertypes, 0, sizeof(st.ethertypes))
        memset(st.links, 0, sizeof(st.links))
        self.link_types = {}

    def feed(self, data):
        """The file's next bytes, in pieces of any size. Never fails on what they hold: see FileFacts.damage."""
        cdef Py_buffer view
        if not self.open:
            raise RuntimeError("begin_file comes first")
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        self.st.waited = 0
        try:
            with nogil:
                self._feed(<const uint8_t*>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    cdef void _feed(self, const uint8_t* p, uint64_t n) noexcept nogil:
        cdef Reader* r = &self.reader
        cdef uint64_t need, took, take
        while n and not r.trouble:
            if r.step_over:
                take = min(n, r.step_over)
                r.step_over -= take
                r.offset += take
                p += take
                n -= take
            elif self.carried:
                need = unit(&self.st, r, self.carry, self.carried)
                if r.trouble:
                    return
                if need > self.carried:
                    if self._oversized(need):
                        continue
                    take = min(n, need - self.carried)
                    if not self._keep(p, take):
                        return
                    p += take
                    n -= take
                if self.carried >= need:
                    took = walk(&self.st, r, self.carry, self.carried)
                    memmove(self.carry, self.carry + took, self.carried - took)
                    self.carried -= took
            else:
                took = walk(&self.st, r, p, n)
                p += took
                n -= took
                if r.trouble or n == 0:
                    return
                self._keep(p, n)       # less than a unit
                n = 0
                self._oversized(unit(&self.st, r, self.carry, self.carried))

    cdef bint _oversized(self, uint64_t need) noexcept nogil:
        """Step over a unit that is not worth keeping: a huge block or record of a kind that is not looked into."""
        cdef Reader* r = &self.reader
        cdef State* st = &self.st
        if need <= MOST_RECORD + 64 or r.trouble:
            return False
        if r.format == PCAPNG:
            if self.carried < 12:
                return False
            if packet_block(get32(self.carry, r.swap)):
                if need > MOST_BLOCK:
                    r.trouble = PACKET_TOO_LONG
                return False
            if need <= MOST_BLOCK:
                return False
        else:
            st.frame += 1
            st.records += 1
            st.fates[<int>SKIP_LINK] += 1
            tally(st.links, LINKS, r.link)
        r.step_over = need - self.carried
        r.offset += self.carried
        self.carried = 0
        return True

    cdef bint _keep(self, const uint8_t* p, uint64_t n) noexcept nogil:
        cdef uint8_t* grown
        if self.carried + n > self.carry_room:
            grown = <uint8_t*>realloc(self.carry, (self.carried + n) * 2)
            if grown == NULL:
                self.reader.trouble = NO_MEMORY
                return False
            self.carry, self.carry_room = grown, (self.carried + n) * 2
        memcpy(self.carry + self.carried, p, n)
        self.carried += n
        return True

    def end_file(self):
        """No more bytes of this file: what it held, as FileFacts, with its damage if it ends in the middle."""
        cdef State* st = &self.st
        cdef Reader* r = &self.reader
        cdef uint32_t i
        if not self.open:
            raise RuntimeError("begin_file comes first")
        self.open = False
        damage = None
        if r.trouble:
            damage = (r.offset, st.frame, TROUBLES[<int>r.trouble])
        elif self.carried or r.step_over:
            damage = (r.offset, st.frame, "the file ends in the middle of a "
                      + ("file header" if r.format == UNKNOWN_FORMAT else "record" if r.format == PCAP else "block"))
        elif r.format == UNKNOWN_FORMAT:
            damage = (0, 0, "the file is empty")
        elif st.failed:
            damage = (r.offset, st.frame, f"out of memory: {st.failed} segments were not tracked")
        for i in range(st.interfaces_used):
            self.link_types[st.interfaces[i].link] = None
        facts = objects.file_facts(
            records=st.records, segments=st.segments, fates=[st.fates[i] for i in range(<int>FATES)],
            protocols={i: st.protocols[i] for i in range(256) if st.protocols[i]},
            ethertypes=[(st.ethertypes[i].number, st.ethertypes[i].count) for i in range(ETHERTYPES) if st.ethertypes[i].count],
            links=[(st.links[i].number, st.links[i].count) for i in range(LINKS) if st.links[i].count],
            first=st.file_first if st.file_known else None, last=st.file_last if st.file_known else None,
            longest_pause=st.longest_pause, clock_back=st.clock_back, clock_back_most=st.clock_back_most,
            format="pcapng" if r.format == PCAPNG else "pcap" if r.format == PCAP else "unknown",
            nanoseconds=r.nanoseconds != 0, link_types=list(self.link_types),
            interfaces=st.interfaces_all + st.interfaces_used, snap=r.snap if r.format == PCAP else self._snap(),
            truncated=st.truncated, untimed=st.untimed, drops=r.drops if r.drops_known else None, damage=damage)
        return facts

    cdef uint32_t _snap(self):
        cdef uint32_t i, most = 0
        for i in range(self.st.interfaces_used):
            most = max(most, self.st.interfaces[i].snap)
        return most

    @property
    def records(self):
        """Records of the current file so far."""
        return self.st.records

    def drain(self, *, bint everything=False):
        """The idle periods that were decided and are settled, oldest first, as a list of IdlePeriod."""
        cdef State* st = &self.st
        cdef Emission* e
        out = []
        while st.emission_first < st.emission_next:
            e = st.emissions[st.emission_first % st.emission_room]
            if not everything and e.deadline >= st.now + st.waited:
                break
            st.emission_first += 1
            try:
                out.append(self._period(e))
            finally:
                free(e)
        return out

    def finish(self):
        """The timeline ends: decide what is pending and hand out the rest."""
        cdef State* st = &self.st
        cdef uint32_t i
        cdef bint probed
        st.at_t, st.at_frame = st.now, st.frame
        for i in range(1, st.used + 1):
            if not hot_of(st, i).state & FREE:
                probed = hot_of(st, i).pend and pend_of(st, hot_of(st, i).pend).kind == WAKE_PROBE
                if stop_watching(st, i, st.now) and probed:
                    hot_of(st, i).t_idle = st.now  # probes without answer ended its idle period
        return self.drain(everything=True)

    def tick(self, int64_t waited):
        """On live input without packets: `waited` ns have passed, so that `drain` hands out what is settled by now."""
        self.st.waited += waited

    @property
    def settled(self):
        """Is there anything for `drain`?"""
        cdef State* st = &self.st
        return st.emission_first < st.emission_next \
            and st.emissions[st.emission_first % st.emission_room].deadline < st.now + st.waited

    cdef object _period(self, Emission* e):
        cdef Pend* p = &e.pend
        cdef int client = 1 - p.server
        return objects.idle_period(
            connection=self._connection(e.index, &e.hot, &e.cold, p.server, p.roles),
            file=p.wake.file, stream=None if p.stream == NO_STREAM else p.stream, outcome=p.result,
            kind=p.kind, sender=p.side == client,
            last_speaker=None if p.last_speaker == NOBODY else p.last_speaker == client,
            start=ref(&p.start), before=ref(&p.before), gap=p.gap, bound=p.bound, silence=p.silence,
            silence_first=p.silence_first, silence_answered=p.silence_answered,
            probes=(p.inner_probes[client], p.inner_probes[1 - client]), fin=p.fin, peer_fin=ref(&p.peer_fin),
            missed=(p.missed[0], p.missed[1]), hole=p.hole != 0,
            wake=(facts_of(&p.wake, p.wake_head), p.length, p.segments, p.retransmissions, ref(&p.last_sent),
                  ref(&p.own_fin), p.heartbeat != 0),
            reply=p.reply,
            answer=(facts_of(&p.answer, p.answer_head), p.delay, p.count, p.covers != 0,
                    p.acknowledged_t if p.acknowledged and p.reply == REPLY_RST else None,
                    p.icmp_type, p.icmp_code, ref(&p.went_on))
            if p.reply and (p.reply != REPLY_ACK or self.st.keep_all) else None,
            idle=p.context == 0, last_by=None if p.last_by == NOBODY else p.last_by == client,
            fin_acknowledged=p.fin_acknowledged != 0, heard=ref(&p.heard), cut_short=p.cut_short != 0, clock_back=p.clock_back,
            peer=(p.peer_ttl, None if p.wake.v6 else p.peer_ip_id,
                  None if p.wake.v6 or p.peer_df == 2 else p.peer_df != 0, p.peer_via, p.peer_window,
                  None if p.peer_stamps == 2 else p.peer_stamps != 0) if p.peer_known else None,
            round_trip=p.peer_round_trip or None, ended=ref(&p.ended))

    cdef object _connection(self, uint32_t index, Hot* h, Cold* k, int server, int roles):
        cdef int client = 1 - server
        ends = (objects.endpoint(h.a_hi, h.a_lo, h.ports >> 16), objects.endpoint(h.b_hi, h.b_lo, h.ports & 0xFFFF))
        return objects.connection(
            point=self.point, id=index, client=ends[client], server=ends[server], roles=roles,
            file=k.first_file, stream=None if k.first_stream == NO_STREAM else k.first_stream,
            first=(k.first_file, k.first_frame, k.first_t), last=(last_file_of(h, k), h.last_frame, h.t_last),
            handshake=k.handshake & BOTH_SYNS != 0, packets=(h.packets[client], h.packets[server]),
            payload=(sent(h, k, client), sent(h, k, server)),
            retransmissions=(k.retransmissions[client], k.retransmissions[server]), copies=k.copies,
            probes=(k.probes[client], k.probes[server]), idle_periods=k.periods,
            fin=(h.state & (FIN_SENT << client) != 0, h.state & (FIN_SENT << server) != 0),
            rst=(h.state & (RST_SENT << client) != 0, h.state & (RST_SENT << server) != 0),
            history=objects.history(k.history | <uint64_t>k.history_more << 32, client),
            survived=k.survived, longest=silence(k) if k.survived else None,
            probing=(probing(h, k, client), probing(h, k, server)) if h.state & PROBED else None)

    cdef object _reported(self, uint32_t index):
        cdef Hot* h = hot_of(&self.st, index)
        cdef Cold* k = cold_of(&self.st, index)
        decide_roles(&self.st, h, k)
        return self._connection(index, h, k, k.server, k.roles)

    def connections(self):
        """Every connection still tracked (of the watched one, if there is one), earlier incarnations included, in order of first
        appearance."""
        cdef State* st = &self.st
        cdef uint32_t i
        order = sorted((cold_of(st, i).first_file, cold_of(st, i).first_frame, i)
                       for i in range(1, st.used + 1)
                       if not hot_of(st, i).state & FREE and cold_of(st, i).first_frame and watched(st, hot_of(st, i)))
        for _, _, index in order:
            yield self._reported(index)

    def services(self):
        """Every service with an idle period or a survived silence, as a list of Service."""
        cdef State* st = &self.st
        cdef Hot* h
        cdef Cold* k
        cdef Service* s
        cdef uint32_t i, at
        cdef int server, j
        cdef bint timed
        cdef Way* way
        counts, keepalives = {}, {}
        settle_roles(st)
        for i in range(1, st.services_used + 1):
            s = &st.services[i]
            if s.stats != NULL:
                counts[i] = [s.stats.forgotten, s.stats.probes[0], s.stats.probes[1], s.stats.probed, 0]
                for j in range(<int>s.stats.ways_used):
                    way = &s.stats.ways[j]
                    keepalives[i, way.server != 0, way.after, way.every] = [way.connections, way.probes, way.answered]
        for i in range(1, st.used + 1):
            h, k = hot_of(st, i), cold_of(st, i)
            if h.state & FREE or k.first_frame == 0:
                continue
            at = service_of(st, h, k)
            server = k.server
            if at and st.services[at].stats != NULL:
                n = counts[at]
                n[0] += 1
                n[1] += k.probes[1 - server]
                n[2] += k.probes[server]
                n[3] += 1 if k.probes[0] or k.probes[1] else 0
                if open_still(h):
                    n[4] += since(st.now, h.t_last)
                for j in range(2):
                    if k.probes[j] == 0:
                        continue
                    timed = h.state & PROBED != 0  # else the only one was recorded behind its RST
                    alike = (at, j == server, two_digits(k.probe_after[j]) if timed else -1,
                             two_digits(k.probe_every[j]) if timed else -1)
                    n = keepalives.setdefault(alike, [0, 0, 0])
                    n[0] += 1
                    n[1] += k.probes[j]
                    n[2] += k.answered[j] if timed else 0
        kept = {}
        for (number, by_server, after, every), n in keepalives.items():
            kept.setdefault(number, []).append(objects.keepalive(by_server, after, every, *n))
        out = []
        for i in range(1, st.services_used + 1):
            s = &st.services[i]
            if s.stats != NULL:
                out.append(objects.service(
                    endpoint=objects.endpoint(s.hi, s.lo, s.port), counts=counts[i],
                    outcomes=[s.stats.results[j] for j in range(<int>RESULTS)], survived=s.stats.survived,
                    resets_without_idle=s.stats.contexts[0], refused=s.stats.contexts[1],
                    histogram=tuple([s.stats.histogram[j] for j in range(BUCKETS)]), longest=extreme(&s.stats.longest),
                    longest_probed=extreme(&s.stats.longest_probed), keepalives=kept.get(i, []),
                    closings=[(s.stats.closed[j], extreme(&s.stats.shortest_closed[j]), extreme(&s.stats.longest_closed[j]))
                              for j in range(2)],
                    closed_histogram=tuple([closed_histogram(s.stats.closed_histogram[j]) for j in range(2)])))
        return out

    def pairs(self, services=None):
        """What each client address saw of each service, or of these alone: a list of Pair, and how many survived silences are of
        pairs beyond those that are kept."""
        cdef State* st = &self.st
        cdef Pairs table
        cdef Pair* p
        cdef Service* s
        cdef uint32_t i
        cdef uint64_t beyond, hi, lo
        wanted = None if services is None else set(services)
        out = {}
        settle_roles(st)
        if not pairs_copy(st, &table, &st.forgotten):
            pairs_free(&table)
            raise MemoryError
        for i in range(1, st.used + 1):
            if not hot_of(st, i).state & FREE and cold_of(st, i).first_frame:
                pair_add(st, &table, hot_of(st, i), cold_of(st, i))
        for i in range(table.used):
            p = &table.items[i]
            s = &st.services[p.service]
            hi, lo = p.hi, p.lo
            if s.moved and s.stats == NULL and st.services[s.moved].lo == lo and st.services[s.moved].hi == hi:
                hi, lo = s.hi, s.lo    # forgotten before it was known who is the server
                s = &st.services[s.moved]
            server = objects.endpoint(s.hi, s.lo, s.port)
            if wanted is None or server in wanted:
                one = objects.pair(client=objects.endpoint(hi, lo, 0).address, server=server, survived=p.survived,
                                   longest=extreme(&p.longest))
                key = one.client, server
                out[key] = objects.together(out[key], one) if key in out else one
        beyond = table.beyond
        pairs_free(&table)
        return sorted(out.values(), key=objects.by_service), beyond

    def waiting(self, least, uint32_t most=1000, payload=()):
        """Which open connections of these services had been silent at the end of the timeline for at least so many ns, as a
        dict of Waiting by endpoint: all are counted, the `most` longest handed out. Of the services in `payload` they had been
        idle for as long: probes do not count. `finish` comes first."""
        cdef State* st = &self.st
        cdef Hot* h
        cdef Cold* k
        cdef uint32_t i, at
        cdef int64_t silent
        cdef int64_t* limits = <int64_t*>malloc((st.services_used + 1) * sizeof(int64_t))
        if limits == NULL:
            raise MemoryError
        memset(limits, 0xFF, (st.services_used + 1) * sizeof(int64_t))  # -1: not asked for
        found = {server: [0, []] for server in least}
        by_number, idle = {}, set()
        settle_roles(st)
        try:
            for server, limit in least.items():
                hi, lo, _, _, ports = objects.key(server, server)
                at = service_find(st, hi, lo, ports & 0xFFFF, False)
                if at:
                    limits[at] = max(limit, 0)
                    by_number[at] = found[server]
                    if server in payload:
                        idle.add(at)
            limits[0] = -1
            for i in range(1, st.used + 1):
                h, k = hot_of(st, i), cold_of(st, i)
                if not open_still(h) or h.packets[0] == 0 or h.packets[1] == 0 or not nothing_due(st, h, k):
                    continue
                at = service_of(st, h, k)
                if limits[at] < 0 or since(st.now, h.t_idle) < st.min_idle:
                    continue
                silent = since(st.now, h.t_idle if at in idle else h.t_last)
                if silent < limits[at]:
                    continue
                one = by_number[at]
                one[0] += 1
                entry = (silent, -<int64_t>((<uint64_t>k.first_file << 32) | k.first_frame), i)
                if len(one[1]) < most:
                    heapq.heappush(one[1], entry)
                elif most:
                    heapq.heappushpop(one[1], entry)
        finally:
            free(limits)
        return {server: objects.waiting(count, [(self._reported(i), silent) for silent, _, i in sorted(heap, reverse=True)])
                for server, (count, heap) in found.items()}

    def totals(self):
        """Sums over the timeline so far, as Totals."""
        cdef State* st = &self.st
        cdef Hot* h
        cdef Cold* k
        cdef uint32_t i, idle = 0, handshakes = 0, one_sided = 0
        for i in range(1, st.used + 1):
            h = hot_of(st, i)
            if h.state & FREE or cold_of(st, i).first_frame == 0:
                continue
            handshakes += h.state & (SYN_SENT * BOTH) != 0
            one_sided += (h.packets[0] == 0) != (h.packets[1] == 0)
            k = cold_of(st, i)
            idle += not h.state & (RETIRED | (FIN_SENT | RST_SENT) * BOTH) and since(st.now, h.t_idle) >= st.min_idle \
                and nothing_due(st, h, k)
        return objects.totals(
            connections=st.connections, evicted_closed=st.evicted_closed, evicted_open=st.evicted_open, copies=st.copies,
            retransmissions=st.retransmissions, probes=st.probes, strays=st.strays, syn_seen=handshakes, one_sided=one_sided,
            outcomes=[st.results[i] for i in range(<int>RESULTS)], still_idle=idle, longest=extreme(&st.longest),
            resets_without_idle=st.contexts[0], refused=st.contexts[1])

    def trace(self):
        """What the segments since the last call were taken for, as a list of Traced; needs trace=True, watch, numbers or
        windows."""
        cdef State* st = &self.st
        cdef Trace* one
        cdef Segment* s
        cdef uint64_t i
        out = []
        for i in range(st.traced):
            one = &st.traces[i]
            s = &one.segment
            a = objects.endpoint(s.a_hi, s.a_lo, s.ports >> 16)
            b = objects.endpoint(s.b_hi, s.b_lo, s.ports & 0xFFFF)
            out.append(objects.traced(
                connection=one.index, ref=(one.file, s.frame, s.t), stream=None if one.stream == NO_STREAM else one.stream,
                source=b if s.side else a, target=a if s.side else b, seq=s.seq, ack=s.ack, flags=s.flags, window=s.window,
                length=s.length, ttl=s.ttl, ip_id=None if s.v6 else s.ip_id, via=s.via, seen=s.seen,
                icmp=(s.icmp_type, s.icmp_code) if s.kind == K_ICMP else None, link_type=one.link, original=s.original,
                payload_at=s.payload_at, record=b"" if one.bytes == NULL else one.bytes[:s.captured]))
            free(one.bytes)
            one.bytes = NULL
        st.traced = 0
        return out

    def successor(self, str client, server, after):
        """The first connection of that address to that server begun after a record (its file and frame), as Connection; None if
        none is tracked."""
        cdef State* st = &self.st
        cdef Hot* h
        cdef Cold* k
        cdef uint32_t i, best = 0, port = server.port
        cdef uint64_t begun, least = (<uint64_t>after.file << 32) | <uint32_t>after.frame, first = <uint64_t>-1
        cdef uint64_t c_hi, c_lo, s_hi, s_lo
        c_hi, c_lo, _, _, _ = objects.key((client, 0), (client, 0))
        s_hi, s_lo, _, _, _ = objects.key(server, server)
        for i in range(1, st.used + 1):
            h, k = hot_of(st, i), cold_of(st, i)
            if h.state & FREE or k.first_frame == 0:
                continue
            begun = (<uint64_t>k.first_file << 32) | k.first_frame
            if begun <= least or begun >= first:
                continue
            if (h.a_lo == c_lo and h.a_hi == c_hi and h.b_lo == s_lo and h.b_hi == s_hi and h.ports & 0xFFFF == port) \
                    or (h.b_lo == c_lo and h.b_hi == c_hi and h.a_lo == s_lo and h.a_hi == s_hi and h.ports >> 16 == port):
                best, first = i, begun
        if best == 0:
            return None
        return self._reported(best)

    def spot(self, *, uint32_t frame=0, uint32_t stream=0):
        """Look in the current file for this frame, or if none is given for this stream number: see `spotted`."""
        self.st.spot, self.st.spot_found, self.st.spot_frame, self.st.spot_stream = 1, 0, frame, stream

    @property
    def spotted(self):
        """The two endpoints of the connection that `spot` looks for; None as long as it was not met."""
        cdef Hot* h = &self.st.watched
        if not self.st.spot_found:
            return None
        return objects.endpoint(h.a_hi, h.a_lo, h.ports >> 16), objects.endpoint(h.b_hi, h.b_lo, h.ports & 0xFFFF)


cdef object ref(Ref* r):
    return (r.file, r.frame, r.t) if r.known else None


cdef object extreme(Extreme* most):
    if most.ended.known == 0:
        return None
    return most.length, most.lower != 0, ref(&most.before), ref(&most.ended)


cdef object silence(Cold* k):
    cdef Extreme most = longest_of(k)
    return extreme(&most)


cdef object closed_histogram(uint32_t* counts):
    return tuple([0 if counts == NULL else counts[i] for i in range(BUCKETS)])


cdef void settle_roles(State* st) noexcept nogil:
    """Who is client and who is server, as far as it is known by now; what was counted moves with that."""
    cdef uint32_t i
    for i in range(1, st.used + 1):
        if not hot_of(st, i).state & FREE and cold_of(st, i).first_frame and cold_of(st, i).service:
            decide_roles(st, hot_of(st, i), cold_of(st, i))


cdef object probing(Hot* h, Cold* k, int side):
    """How a side probed: probes, answered, and the least times after and between them in ms, None for unknown."""
    return (k.probes[side], k.answered[side], k.probe_after[side] - 1 if k.probe_after[side] else None,
            k.probe_every[side] - 1 if k.probe_every[side] else None)


cdef bint open_still(Hot* h) noexcept nogil:
    """Is it the newest of its ports, without FIN and RST, and more than the SYN of one that never came about?"""
    return not h.state & (FREE | RETIRED | (FIN_SENT | RST_SENT) * BOTH) and h.state & ((TOLD_DATA | TOLD_ACK) * BOTH) != 0


cdef bint nothing_due(State* st, Hot* h, Cold* k) noexcept nogil:
    """At the end of the timeline: does nobody wait for an acknowledgement, as far as can be known?"""
    return h.pend == 0 \
        and not (h.state & SPOKE_LAST and h.packets[1] == 0) and not (h.state & (SPOKE_LAST << 1) and h.packets[0] == 0) \
        and not own_outstanding(h, k, 0, st.now) and not own_outstanding(h, k, 1, st.now)


cdef uint32_t service_of(State* st, Hot* h, Cold* k) noexcept nogil:
    """The service that the connection is said to be of, 0 if nothing was counted there."""
    decide_roles(st, h, k)
    return service_find(st, h.b_hi if k.server else h.a_hi, h.b_lo if k.server else h.a_lo,
                        h.ports & 0xFFFF if k.server else h.ports >> 16, False)


cdef object facts_of(Facts* f, uint8_t* head):
    cdef uint8_t stamps = stamps_in(head, f.kept, f.payload_at, f.header)
    return ((f.file, f.frame, f.t), f.seq, f.ack, f.flags, f.window, f.length, f.ttl, None if f.v6 else f.ip_id,
            None if f.v6 else f.df != 0, None if stamps == 2 else stamps != 0, f.via, f.link, head[:f.kept],
            f.payload_at)


cdef object sent(Hot* h, Cold* k, int side):
    """Payload bytes by sequence numbers (modulo 2^32)."""
    cdef uint32_t first
    if not h.state & (KNOWN << side):
        return 0
    first = k.start[side] + (1 if h.state & (ISN << side) else 0)
    return <uint32_t>(h.next[side] - first)
