# From a file's bytes to records: pcap and pcapng, in either byte order, whatever the chunks they come in.
#
# `Reader` is the position in one file. `unit` says how many bytes the next whole thing (header, record, block) takes, so
# that only what is whole is walked; the caller carries the rest over to the next chunk.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memset

from .layout cimport *
from .state cimport *
from .table cimport guess
from .decode cimport decode, tally
from .trace cimport remember
from .track cimport track

cdef extern from *:
    """
    static inline uint16_t get16(const uint8_t *p, int swap) {
        uint16_t v; memcpy(&v, p, 2); return swap ? __builtin_bswap16(v) : v; }
    static inline uint32_t get32(const uint8_t *p, int swap) {
        uint32_t v; memcpy(&v, p, 4); return swap ? __builtin_bswap32(v) : v; }
    static inline uint64_t get64(const uint8_t *p, int swap) {
        uint64_t v; memcpy(&v, p, 8); return swap ? __builtin_bswap64(v) : v; }
    #define MAGIC_MICRO 0xA1B2C3D4u
    #define MAGIC_NANO 0xA1B23C4Du
    #define MAGIC_KUZNETZOV 0xA1B2CD34u   /* libpcap's "modified" format: eight more bytes a record */
    static inline int64_t scale(uint64_t ticks, uint64_t multiply, uint64_t divide, unsigned binary) {
        if (divide == 1) return (int64_t)(ticks * multiply);
        if (divide) return (int64_t)(ticks / divide);
        return (int64_t)(((unsigned __int128)ticks * 1000000000u) >> binary);
    }
    """
    uint32_t MAGIC_MICRO, MAGIC_NANO, MAGIC_KUZNETZOV
    uint16_t get16(const uint8_t*, int) noexcept nogil
    uint32_t get32(const uint8_t*, int) noexcept nogil
    uint64_t get64(const uint8_t*, int) noexcept nogil
    int64_t scale(uint64_t, uint64_t, uint64_t, uint32_t) noexcept nogil

cdef enum:
    MOST_RECORD = 262144          # libpcap's MAXIMUM_SNAPLEN, Wireshark's limit: a longer record is damage
    MOST_SKIPPED = 1 << 27        # D-Bus and USB captures may hold records of 128 MB; they are stepped over
    MOST_BLOCK = 1 << 24          # a pcapng block that is kept in memory; larger ones are stepped over
    B_SECTION = 0x0A0D0D0A
    B_INTERFACE = 1
    B_OLD_PACKET = 2
    B_SIMPLE = 3
    B_STATISTICS = 5
    B_ENHANCED = 6
    B_JOURNAL = 9
    B_CUSTOM = 0x40000BAD         # with or without the bit that says it may not be copied

cdef enum Format:
    UNKNOWN_FORMAT, PCAP, PCAPNG

cdef enum Trouble:
    FINE, NOT_A_CAPTURE, RECORD_TOO_LONG, BLOCK_TOO_SHORT, BLOCK_UNALIGNED, BLOCK_TRAILER, PACKET_TOO_LONG, BAD_SECTION
    BAD_INTERFACE, NO_MEMORY

cdef struct Reader:
    Format format
    int swap
    int nanoseconds
    uint32_t record_header         # 16; 24 in the modified format of Kuznetzov's patch
    uint32_t snap
    uint32_t link
    Trouble trouble
    uint64_t offset                # of the next unit, in bytes of the decompressed file
    uint64_t step_over             # bytes still to pass
    uint64_t drops                 # as reported by statistics blocks
    uint32_t drops_known
    int64_t last_t


cdef inline bint plain(State* st, Hot* h, Segment* s) noexcept nogil:
    """Will it probably take the fast path? Only a guess: what it decides is what to fetch."""
    return h.state & FAST and h.pend == 0 and s.seq == h.next[s.side] and s.t - h.t_idle < st.min_idle \
        and not s.flags & (F_SYN | F_FIN | F_RST)


cdef inline void fetch_more(State* st, Hot* h, Segment* s) noexcept nogil:
    """Fetch what the slow path will want: the cold line of every wake, the others where their fields come in."""
    cdef uint8_t* k = <uint8_t*>cold_of(st, s.where)
    PREFETCH_WRITE(k)
    if h.pend:
        PREFETCH_WRITE(pend_of(st, h.pend))
        PREFETCH_WRITE(<uint8_t*>pend_of(st, h.pend) + 192)
    if h.state & PROBED:
        PREFETCH_WRITE(k + 192)        # a probe may wait
    if s.flags & F_FIN:
        PREFETCH_WRITE(k + 128)
    elif s.flags & (F_SYN | F_RST) or not h.state & FAST or s.seq == h.next[s.side] - 1:
        PREFETCH_WRITE(k + 64)


cdef inline void flush(State* st) noexcept nogil:
    """Track the batch: fetch the slots' connections ahead, then update them in order."""
    cdef uint32_t i
    cdef Segment* s
    cdef Hot* h
    for i in range(st.batched):
        s = &st.batch[i]
        s.where = guess(st, s)
        if s.where:
            PREFETCH_WRITE(hot_of(st, s.where))
            PREFETCH_WRITE(<uint8_t*>hot_of(st, s.where) + 64)
    for i in range(st.batched):
        s = &st.batch[i]
        if s.where:
            h = hot_of(st, s.where)
            if not plain(st, h, s):
                fetch_more(st, h, s)
    for i in range(st.batched):
        s = &st.batch[i]
        s.where = track(st, s)
        if unlikely_(st.trace or st.spot):
            remember(st, s)
    st.batched = 0


cdef inline void record(State* st, Reader* r, const uint8_t* p, uint32_t captured, uint32_t original, int64_t t,
                        uint32_t interface) noexcept nogil:
    """One packet record. Its bytes must stay where they are until the batch is flushed."""
    cdef Segment* s
    cdef Fate fate
    cdef uint32_t at
    if unlikely_(t + CLOCK_STEP <= st.now):
        flush(st)                      # a step of the clock concerns what comes after it
    s = &st.batch[st.batched]
    st.frame += 1
    st.records += 1
    st.truncated += captured < original
    if unlikely_(not st.file_known):
        st.file_known = 1
        st.file_first = t
        if not st.run_known:
            st.run_known, st.run_start, st.run_file = 1, t, st.file
            memset(st.first_frame, 0, sizeof(st.first_frame))
    elif t < st.now:
        st.clock_back += 1
        if st.now - t >= CLOCK_STEP:
            st.step, st.step_frame, st.step_file = st.now - t, st.frame, st.file
        if st.now - t > st.clock_back_most:
            st.clock_back_most = st.now - t
    elif t - st.now > st.longest_pause:
        st.longest_pause = t - st.now
    st.now = t
    if t > st.file_last or st.records == 1:
        st.file_last = t
    at = (st.interface_base + interface) & 255
    if unlikely_(st.first_frame[at] == 0):  # since now this interface is watched in the contiguous run of files
        st.first_seen[at], st.first_frame[at], st.first_file[at] = t, st.frame, st.file
    s.t, s.frame, s.record, s.captured, s.original = t, st.frame, p, captured, original
    s.interface = <uint16_t>interface
    s.kind = K_SEGMENT
    fate = decode(st, s, st.interfaces[interface].link, original)
    st.fates[<int>fate] += 1
    if fate == IS_SEGMENT:
        st.segments += 1
    elif s.kind == K_SEGMENT:
        return
    PREFETCH_READ(&st.slots[s.hash & st.mask])
    st.batched += 1
    if st.batched == BATCH:
        flush(st)


cdef inline Interface* add_interface(State* st, uint32_t kind, uint32_t snap) noexcept nogil:
    cdef Interface* grown
    if st.interfaces_used == st.interfaces_room:
        grown = <Interface*>realloc(st.interfaces, st.interfaces_room * 2 * sizeof(Interface))
        if grown == NULL:
            return NULL
        st.interfaces, st.interfaces_room = grown, st.interfaces_room * 2
    grown = &st.interfaces[st.interfaces_used]
    memset(grown, 0, sizeof(Interface))
    grown.link, grown.snap, grown.multiply, grown.divide = kind, snap, 1000, 1
    st.interfaces_used += 1
    return grown


cdef inline bint pcap_magic(uint32_t magic) noexcept nogil:
    return magic == MAGIC_MICRO or magic == MAGIC_NANO or magic == MAGIC_KUZNETZOV


cdef inline uint64_t file_header(State* st, Reader* r, const uint8_t* p, uint64_t n) noexcept nogil:
    """The format by its first bytes; returns how many they take, 0 if more are needed or it is none."""
    cdef uint32_t magic
    if n < 4:
        return 0
    magic = get32(p, 0)
    if magic == B_SECTION:
        r.format = PCAPNG
        return 0
    r.swap = not pcap_magic(magic)
    magic = get32(p, r.swap)
    if not pcap_magic(magic):
        r.trouble = NOT_A_CAPTURE
        return 0
    if n < 24:
        return 0
    r.format = PCAP
    r.nanoseconds = magic == MAGIC_NANO
    r.record_header = 24 if magic == MAGIC_KUZNETZOV else 16
    r.snap = get32(p + 16, r.swap)
    r.link = get32(p + 20, r.swap) & 0x03FFFFFF  # above are the length of a frame check sequence and reserved bits
    if add_interface(st, r.link, r.snap) == NULL:
        r.trouble = NO_MEMORY
        return 0
    return 24


cdef inline bint huge_records(uint32_t kind) noexcept nogil:
    """D-Bus (231) and the USB link types (186, 189, 220, 249, 266, 288, 293 to 295): libpcap lets them be longer."""
    return kind == 231 or kind == 186 or kind == 189 or kind == 220 or kind == 249 or kind == 266 or kind == 288 \
        or kind == 293 or kind == 294 or kind == 295


cdef inline uint64_t unit(State* st, Reader* r, const uint8_t* p, uint64_t n) noexcept nogil:
    """Bytes of the next whole header, record or block, as far as the `n` bytes at `p` tell: at least n + 1 if more are
    needed. Sets `trouble` if it cannot be one."""
    cdef uint32_t length
    if r.format == UNKNOWN_FORMAT:
        return 4 if n < 4 else 24
    if r.format == PCAP:
        if n < r.record_header:
            return r.record_header
        length = get32(p + 8, r.swap)
        if length > MOST_RECORD and not (huge_records(r.link) and length <= MOST_SKIPPED):
            r.trouble = RECORD_TOO_LONG
        return r.record_header + <uint64_t>length
    if n < 12:
        return 12
    if get32(p, 0) == B_SECTION:       # a section brings its own byte order
        r.swap = get32(p + 8, 0) != 0x1A2B3C4D
        if r.swap and get32(p + 8, 1) != 0x1A2B3C4D:
            r.trouble = BAD_SECTION
    length = get32(p + 4, r.swap)
    if length < 12:
        r.trouble = BLOCK_TOO_SHORT
    elif length & 3:
        r.trouble = BLOCK_UNALIGNED
    return length


cdef inline bint packet_block(uint32_t kind) noexcept nogil:
    return kind == B_ENHANCED or kind == B_SIMPLE or kind == B_OLD_PACKET


cdef inline const uint8_t* option(const uint8_t* p, const uint8_t* end, uint16_t code, uint16_t* length, int swap) noexcept nogil:
    """The value of a pcapng option, NULL if it is not there. Lengths are never trusted."""
    cdef uint16_t kind, size
    while end - p >= 4:
        kind, size = get16(p, swap), get16(p + 2, swap)
        if kind == 0 or size > end - p - 4:
            return NULL
        if kind == code:
            length[0] = size
            return p + 4
        p += 4 + ((size + 3) & ~3)
    return NULL


cdef inline uint64_t ten_to(int power) noexcept nogil:
    cdef uint64_t n = 1
    while power > 0:
        n *= 10
        power -= 1
    return n


cdef inline void interface_block(State* st, Reader* r, const uint8_t* p, uint32_t length) noexcept nogil:
    cdef Interface* i
    cdef const uint8_t* v
    cdef uint16_t size
    cdef const uint8_t* end = p + length - 4
    if length < 20:
        r.trouble = BLOCK_TOO_SHORT
        return
    if st.interfaces_used >= 65535:
        r.trouble = BAD_INTERFACE
        return
    i = add_interface(st, get16(p + 8, r.swap), get32(p + 12, r.swap))
    if i == NULL:
        r.trouble = NO_MEMORY
        return
    v = option(p + 16, end, 9, &size, r.swap)   # if_tsresol
    if v != NULL and size >= 1:
        if v[0] & 0x80:
            i.divide, i.binary = 0, v[0] & 0x7F
        elif v[0] <= 9:
            i.multiply = ten_to(9 - v[0])
        elif v[0] <= 28:
            i.divide = ten_to(v[0] - 9)
        else:
            i.divide = <uint64_t>-1
    v = option(p + 16, end, 14, &size, r.swap)  # if_tsoffset, seconds
    if v != NULL and size >= 8:
        i.offset = <int64_t>(get64(v, r.swap) * 1000000000)


cdef inline void block(State* st, Reader* r, const uint8_t* p, uint32_t length) noexcept nogil:
    """One whole pcapng block."""
    cdef uint32_t kind = get32(p, r.swap), captured, original, interface
    cdef const uint8_t* v
    cdef uint16_t size
    cdef Interface* i
    cdef int64_t t
    if get32(p + length - 4, r.swap) != length:
        r.trouble = BLOCK_TRAILER
        return
    if kind == B_ENHANCED or kind == B_OLD_PACKET:
        if length < 32:
            r.trouble = BLOCK_TOO_SHORT
            return
        interface = get32(p + 8, r.swap) if kind == B_ENHANCED else get16(p + 8, r.swap)
        captured, original = get32(p + 20, r.swap), get32(p + 24, r.swap)
        if captured > length - 32:
            r.trouble = PACKET_TOO_LONG
            return
        if interface >= st.interfaces_used:
            r.trouble = BAD_INTERFACE
            return
        i = &st.interfaces[interface]
        t = scale((<uint64_t>get32(p + 12, r.swap) << 32) | get32(p + 16, r.swap), i.multiply, i.divide, i.binary) + i.offset
        r.last_t = t
        record(st, r, p + 28, captured, original, t, interface)
    elif kind == B_SIMPLE:
        if length < 16:
            r.trouble = BLOCK_TOO_SHORT
            return
        if not st.interfaces_used:
            r.trouble = BAD_INTERFACE
            return
        original = get32(p + 8, r.swap)
        captured = original
        if st.interfaces[0].snap and captured > st.interfaces[0].snap:
            captured = st.interfaces[0].snap
        if captured > length - 16:
            r.trouble = PACKET_TOO_LONG
            return
        st.untimed += 1                # a simple packet has no time: it takes that of the one before
        record(st, r, p + 12, captured, original, r.last_t, 0)
    elif kind == B_INTERFACE:
        interface_block(st, r, p, length)
    elif kind == B_SECTION:
        if length < 28:
            r.trouble = BLOCK_TOO_SHORT
            return
        flush(st)                      # interfaces are numbered anew in each section
        st.interface_base += st.interfaces_used
        st.interfaces_all += st.interfaces_used
        st.interfaces_used = 0
    elif kind == B_STATISTICS and length >= 24:
        v = option(p + 20, p + length - 4, 5, &size, r.swap)   # isb_ifdrop
        if v != NULL and size == 8:
            r.drops += get64(v, r.swap)
            r.drops_known = 1
        v = option(p + 20, p + length - 4, 7, &size, r.swap)   # isb_osdrop
        if v != NULL and size == 8:
            r.drops += get64(v, r.swap)
            r.drops_known = 1
    elif kind == B_JOURNAL or kind | 0x40000000 == B_CUSTOM:  # Wireshark shows these as frames, so they count as such
        st.frame += 1
        st.records += 1
        st.fates[<int>(SKIP_JOURNAL if kind == B_JOURNAL else SKIP_CUSTOM)] += 1


cdef inline uint64_t walk(State* st, Reader* r, const uint8_t* p, uint64_t n) noexcept nogil:
    """All whole units of the `n` bytes at `p`; returns how many bytes they took. Stops at trouble."""
    cdef const uint8_t* start = p
    cdef const uint8_t* end = p + n
    cdef uint64_t size
    cdef uint32_t fraction, captured
    cdef int swap
    cdef uint32_t header
    if r.format == UNKNOWN_FORMAT:
        p += file_header(st, r, p, n)
    if r.format == PCAP and not r.trouble:
        swap, header = r.swap, r.record_header
        while <uint64_t>(end - p) >= header:
            captured = get32(p + 8, swap)
            if captured > MOST_RECORD:
                unit(st, r, p, end - p)
                if r.trouble or <uint64_t>(end - p) < header + <uint64_t>captured:
                    break
            if <uint64_t>(end - p) < header + <uint64_t>captured:
                break
            fraction = get32(p + 4, swap)
            record(st, r, p + header, captured, get32(p + 12, swap),
                   <int64_t>get32(p, swap) * 1000000000 + (<int64_t>fraction if r.nanoseconds else <int64_t>fraction * 1000), 0)
            p += header + captured
    elif r.format == PCAPNG:
        while not r.trouble:
            size = unit(st, r, p, end - p)
            if r.trouble or size > <uint64_t>(end - p):
                break
            block(st, r, p, <uint32_t>size)
            if r.trouble:
                break
            p += size
    flush(st)
    r.offset += p - start
    return p - start
