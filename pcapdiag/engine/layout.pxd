# The core's memory: what a segment, a connection and a pending wake are made of.
#
# A connection is two structs side by side. `Hot` is what every segment touches: two cache lines, prefetched together.
# `Cold` is what only the rarer segments touch: four more. Sides are 0 and 1: 0 is the endpoint that sorts first in the key.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    """
    #define PREFETCH_WRITE(p) __builtin_prefetch((p), 1, 3)
    #define PREFETCH_READ(p) __builtin_prefetch((p), 0, 3)
    #define likely_(x) __builtin_expect(!!(x), 1)
    #define unlikely_(x) __builtin_expect(!!(x), 0)
    #define top_bit(x) (63 - __builtin_clzll(x))
    #include <string.h>
    /* Inline for the short lengths met here: compilers turn memcpy of unknown size into string instructions, which take
       longer to start than to do this. `to` has room for the next multiple of 16. */
    static inline void copy_short(unsigned char *to, const unsigned char *from, unsigned n) {
        unsigned i = 0;
        for (; i + 16 <= n; i += 16) memcpy(to + i, from + i, 16);
        for (; i < n; i++) to[i] = from[i];
    }
    static inline void zero_short(void *to, unsigned n) {
        static const unsigned char zeros[16];
        unsigned i;
        for (i = 0; i < n; i += 16) memcpy((unsigned char *)to + i, zeros, 16);
    }
    """
    void PREFETCH_WRITE(const void*) noexcept nogil
    void PREFETCH_READ(const void*) noexcept nogil
    bint likely_(bint) noexcept nogil
    bint unlikely_(bint) noexcept nogil
    int top_bit(uint64_t) noexcept nogil
    void copy_short(uint8_t*, const uint8_t*, uint32_t) noexcept nogil
    void zero_short(void*, uint32_t) noexcept nogil

cdef enum:  # TCP flags, RFC 9293 3.1
    F_FIN = 1
    F_SYN = 2
    F_RST = 4
    F_PSH = 8
    F_ACK = 16
    F_URG = 32
    F_ALL = 63            # those above: ECE and CWR say nothing here

cdef enum:  # a connection's state bits; those of side 1 are those of side 0 shifted left by one
    KNOWN = 1 << 0        # next is known
    ACKED = 1 << 2        # acked is known
    ISN = 1 << 4          # SYN or SYN-ACK seen, its number is in Cold.isn
    SYN_SENT = 1 << 6     # sent a SYN without ACK: the client
    SYN_ACK_SENT = 1 << 8
    FIN_SENT = 1 << 10
    RST_SENT = 1 << 12
    BASE = 1 << 14        # first sequence number in this file is known (stream numbering)
    RESENT = 1 << 16      # sent outstanding payload again since idle_from
    SPOKE_LAST = 1 << 18  # sent the last new payload
    OPENING = 1 << 20     # its SYN is not acknowledged yet
    TOLD_DATA = 1 << 22   # its first payload and its first pure ACK stand in Cold.history
    TOLD_ACK = 1 << 24
    # bits of the connection as a whole
    FAST = 1 << 26        # may take the fast path
    LOWER = 1 << 27       # idle_from is the start of the run: a lower bound
    CHAIN = 1 << 28       # a silence ended and its end is not answered yet
    RETIRED = 1 << 29     # an earlier incarnation: kept for reports, not in the table
    FREE = 1 << 30        # the index is unused
    PROBED = 1 << 31      # had a keepalive probe
    BOTH = 3

cdef enum:  # what was learned of a side's segments on the slow path, in Cold.traits; those of side 1 are shifted left by one
    OPTIONS_CUT = 1 << 0  # options that the snap length cut off
    DF_SET = 1 << 2       # "don't fragment" in some, and
    DF_CLEAR = 1 << 4     # not in some
    STAMPS = 1 << 6       # carried the timestamps option

cdef enum:  # how a connection began, in Cold.handshake
    BOTH_SYNS = 1
    SYN_REPEATED = 2
    LONE_BYTE = 4         # its first segment was an ACK with one byte
    LONE = 8              # one ACK-only segment of at most one byte so far: perhaps a probe
    HELD = 16             # (from here on no part of the beginning) chain_* hold a survived silence that may be the longest
    KEPT = 32             # Cold.longest means something
    EMITTED = 64          # Cold.emitted means something
    STRAYED = 128         # only strays came in Hot.file: the last segment is in Cold.last_file

cdef enum:  # probes that wait, in Cold.due; those of side 1 are shifted left by one
    DUE = 1 << 0          # its probe is not answered, and it sent no payload since
    JUST_PROBED = 1 << 2  # and nothing at all came after it
    SINCE = 1 << 4        # since[] is when it last probed, or heard more than a probe: nothing but probes came to it after that

cdef enum Letter:  # of a connection's history, Zeek's: the first of each side is noted, in order, in Cold.history
    LETTER_S, LETTER_H, LETTER_A, LETTER_D, LETTER_F, LETTER_R, LETTER_T

cdef enum:
    BATCH = 64
    WAKE_HEAD = 224       # bytes kept of a wake's record: headers and a request line
    ANSWER_HEAD = 128
    PEND_ZEROED = 112
    CONTEXT_KEPT = 1000   # RSTs without idleness that are handed out, of each kind: more of them tell nothing new
    NO_STREAM = 0xFFFFFFFF
    NOBODY = 2
    HEARD_SURELY = 1      # Pend.heard: the wake had been repeated, or its answer was long due
    HEARD_PERHAPS = 2     # payload that may have been under way before the wake arrived
    BUCKETS = 120         # 30 octaves of nanoseconds from 2^20 (1 ms) on, four buckets each
    FIRST_OCTAVE = 20

cdef enum:  # what a Segment is
    K_SEGMENT = 0
    K_ICMP = 1            # quoted in an ICMP error
    K_CUT = 2             # of a TCP header only 16 to 19 bytes were captured: it counts for stream numbers

cdef enum Kind:
    WAKE_PAYLOAD, WAKE_PROBE, WAKE_FIN, WAKE_RST, WAKE_SYN

cdef enum Result:
    SURVIVED, RESET, UNANSWERED, CLOSED, RESET_IN_SILENCE, UNREACHABLE, UNDECIDED, RESULTS

cdef enum FinProof:
    FIN_SEEN, FIN_INFERRED, FIN_EXCLUDED, FIN_UNSEEN

cdef enum BoundKind:
    EXACT, LOWER_BOUND, UPPER_BOUND

cdef enum Reply:
    REPLY_NONE, REPLY_RST, REPLY_ACK, REPLY_ICMP

cdef enum Role:
    ROLE_SYN, ROLE_SYN_ACK, ROLE_KNOWN_SERVER, ROLE_PORT, ROLE_FIRST_PAYLOAD, ROLE_UNKNOWN

cdef enum Seen:  # what a segment was taken for, for the trace
    SEEN_PAYLOAD, SEEN_PROBE, SEEN_ACK, SEEN_RETRANSMISSION, SEEN_COPY, SEEN_SYN, SEEN_FIN, SEEN_RST, SEEN_STRAY, SEEN_ICMP

cdef extern from *:
    """
    #define MS 1000000LL
    #define COPY_WINDOW (50 * MS)     /* a bridge or tunnel re-records within milliseconds; an RTO is 200 ms and more */
    #define ACK_DELAY (500 * MS)      /* RFC 1122 4.2.3.2: an ACK is delayed by less than 0.5 s */
    #define ACK_MISSED (3000 * MS)    /* RFC 6298 (2.1, 5.7): a retransmission timer starts at 1 s or falls back to 3 s */
    #define SWAPPED (1 * MS)          /* how far apart captures reorder two records */
    #define REPLY_DUE (1000 * MS)     /* RFC 6298 (2.1): what is not acknowledged by now is sent again */
    #define SETTLE (250 * MS)         /* RSTs to the pieces of one request arrive within about a round-trip time */
    #define HEARTBEAT_MOST 64
    #define CLOCK_STEP (1 * MS)       /* several receive queues mix records by less */
    #define NEVER INT64_MIN
    #define RTO_MOST (120000 * MS)    /* Linux TCP_RTO_MAX; RFC 6298 (2.5) allows no less than 60 s as the longest */
    #define UNSCALED_MOST 65535       /* the widest window without scaling, RFC 9293 3.1 */
    #define FIRST_FLIGHT (1 << 20)    /* how much of the opener's first data the capture may have missed */
    """
    int64_t MS, COPY_WINDOW, ACK_DELAY, ACK_MISSED, SWAPPED, REPLY_DUE, SETTLE, CLOCK_STEP, NEVER, RTO_MOST
    uint32_t HEARTBEAT_MOST
    int32_t FIRST_FLIGHT, UNSCALED_MOST

cdef struct Segment:
    uint64_t a_hi, a_lo, b_hi, b_lo  # addresses in network order as numbers, IPv4 mapped; (a, port a) < (b, port b)
    uint32_t ports                   # port a << 16 | port b
    uint32_t hash
    int64_t t
    uint32_t seq, ack, length, frame
    uint16_t window, ip_id
    uint8_t flags, side, ttl, via
    uint8_t v6, fragment, df, kind
    uint8_t header                   # TCP header length in bytes, options included
    uint8_t icmp_type, icmp_code, seen
    uint16_t interface
    uint16_t payload_at              # offset of the payload in the record, whether captured or not
    uint32_t captured
    uint32_t where                   # connection index found ahead, or 0
    uint32_t original                # the packet's length on the wire
    const uint8_t* record

cdef struct Trace:
    Segment segment
    uint32_t index, stream, file, link
    uint8_t* bytes                   # the record as captured, NULL unless it is asked for

cdef struct Hot:
    uint64_t a_hi, a_lo, b_hi, b_lo
    uint32_t ports
    uint32_t state
    uint32_t next[2]
    uint32_t acked[2]
    int64_t t_last
    # second line
    int64_t t_idle
    int64_t t_side[2]                # each side's last segment
    uint32_t last_frame, idle_frame
    uint32_t packets[2]
    uint16_t window[2]
    uint16_t ip_id[2]
    uint8_t ttl[2]
    uint8_t via[2]
    uint16_t file, idle_file
    uint32_t pend                    # index of the pending wake, 0 for none
    uint32_t stream

cdef struct Rsts:
    uint32_t seq[2]
    uint8_t ttl[2]
    uint8_t via[2]
    uint32_t frame                   # of the first one

cdef union AfterProbes:              # after a RST no probe is timed
    Rsts rst                         # RST_SENT
    int64_t since[2]                 # SINCE in Cold.due

cdef struct Cold:                    # its first line is all that an ordinary wake and its answer touch
    int64_t chain_from_t             # the segment before the silence that is not answered yet
    int64_t chain_first              # ns from there to the first segment that broke it
    uint32_t chain_from_frame, chain_frame
    uint32_t chain_seq               # of the payload that broke it, if chain_payload
    uint16_t chain_from_file, chain_file
    uint32_t round_trip[2]           # ns to that side and back, 0 for unknown, at most 4.29 s
    uint32_t periods
    uint32_t service                 # where its idle periods are counted, 0 for not decided
    uint32_t survived
    uint8_t beat_length
    uint8_t longest_bucket           # that of Cold.longest: most silences are compared without its line
    uint8_t beat_side, beat_count, chain_side, chain_lower, server, roles, handshake, spoke_first
    uint8_t chain_payload
    uint8_t traits                   # OPTIONS_CUT and the like, by side
    # second line: beginnings and counts
    int64_t first_t
    int64_t handshake_t
    uint32_t first_frame, first_stream
    uint32_t base[2]                 # first sequence number in this file, for stream numbers
    uint32_t start[2]                # first sequence number: the ISN if ISN is set
    uint32_t copies
    uint32_t retransmissions[2]
    uint32_t history                 # letters of four bits, the first in the lowest: 1 + 2 x Letter + side
    uint16_t first_file
    uint16_t probes[2]
    uint16_t history_more            # twelve in all: just as many as a connection has that one side opens
    # third line: trouble and endings; a field means something only once its state bit is set
    int64_t fin_t                    # FIN_SENT: the first FIN, and where each side's stands
    uint32_t fin_frame
    uint16_t fin_file, resent_file
    uint32_t fin_end[2]
    int64_t resent_t                 # RESENT: when outstanding payload was last sent again
    uint32_t resent_frame
    uint16_t inner_probes[2]         # PROBED: inside the idle period that began at inner_from
    int64_t inner_from
    AfterProbes tail
    # fourth line: heartbeats mean something once beat_count is set, silences once KEPT is, probes once PROBED is
    uint32_t beat_t                  # the last wake like the one before, in ms since first_t
    uint32_t emitted                 # number of its last emission + 1 (modulo 2^32)
    int64_t longest                  # the longest survived silence but the one that is HELD, and when it ended
    int64_t longest_t
    uint32_t longest_from_frame, longest_frame
    uint32_t probe_after[2]          # least ms to a probe that repeats none (see SINCE), plus 1, 0 for unknown
    uint32_t probe_every[2]          # and from an unanswered probe to the next
    uint16_t longest_from_file, longest_file
    uint16_t answered[2]             # of Cold.probes
    uint16_t beat_every              # the interval of the last two, in tenths of a second, at most 65535
    uint8_t longest_lower, due
    uint16_t last_file
    uint8_t spare[2]                 # hot lines begin at even lines, which processors fetch in pairs

cdef struct Incarnation:             # side by side: a page walk costs more than a line
    Hot hot
    Cold cold

cdef struct Facts:                   # one segment, as a judge sees it
    int64_t t
    uint32_t frame, seq, ack, length
    uint16_t file, window, ip_id, link, payload_at, kept
    uint8_t flags, ttl, via, v6, df, header

cdef struct Ref:
    int64_t t
    uint32_t frame
    uint16_t file, known

cdef struct Pend:                    # a wake that is not answered yet, and then the verdict's material
    # zeroed when it begins, up to `wake`
    uint8_t kind, side, acknowledged, result, fin, bound, heartbeat, last_speaker
    uint8_t hole, reply, covers, icmp_type, icmp_code, server, roles, peer_known
    uint8_t fin_acknowledged, cut_short, context, last_by
    Ref own_fin, peer_fin, heard, went_on
    uint32_t missed[2]
    uint32_t retransmissions, count
    uint16_t inner_probes[2]
    uint32_t stream
    # set when it begins
    Facts wake
    Ref start, before, last_sent
    int64_t gap, silence, silence_first, silence_answered, clock_back
    uint32_t length, segments, end
    # set when something comes back, and when it is decided
    uint32_t peer_round_trip
    int64_t acknowledged_t, delay
    Ref ended
    Facts answer
    uint16_t peer_window, peer_ip_id
    uint8_t peer_ttl, peer_via, peer_stamps, peer_df
    uint8_t wake_head[224]
    uint8_t answer_head[128]

cdef struct Emission:
    Pend pend
    Hot hot
    Cold cold
    uint32_t index
    int64_t deadline

cdef struct Extreme:
    int64_t length
    int32_t lower
    Ref before, ended                # `ended` is known once there is one

cdef struct Way:                     # sides of connections that probed alike: ms to two digits, -1 for unknown
    int64_t after, every
    uint64_t connections, probes, answered
    uint32_t server                  # whether it is the service that probed

cdef struct Statistics:              # of one service, made when its first idle period or silence is counted
    uint64_t results[8]
    uint64_t contexts[2]             # RSTs to payload without idle before, RSTs to a SYN
    uint64_t survived
    uint64_t other_hi, other_lo      # the other end of what was first counted here while this is not known for a server
    uint32_t other_port
    uint8_t others                   # 1: there was no other, 2: there were
    uint8_t failed                   # a failure was handed out as one of this service
    Extreme longest
    Extreme longest_probed           # idle period that survived with probes in it
    Extreme shortest_closed[2], longest_closed[2]  # ended by FIN, of the client and of the service
    uint64_t closed[2]
    uint32_t* closed_histogram[2]    # of those known exactly, as `histogram`; NULL if there is none
    uint64_t forgotten, probed       # connections, and of these those with a probe
    uint64_t probes[2]               # of the forgotten: from the client, from the service
    Way* ways                        # how they were probed
    uint32_t ways_used, ways_room
    uint32_t histogram[120]

cdef struct Service:
    uint64_t hi, lo
    uint32_t port
    uint32_t strong                  # known from a SYN or SYN-ACK
    uint32_t moved                   # it was the client after all: what was counted here went there, 0 for nowhere
    Statistics* stats

cdef struct Pair:                    # what one client address saw of one service
    uint64_t hi, lo
    uint64_t survived
    Extreme longest
    uint32_t service

cdef struct Pairs:                   # a hash of them, in order of insertion
    Pair* items
    uint32_t* slots                  # index + 1, twice as many as there is room
    uint32_t used, room
    uint64_t beyond                  # survived silences of pairs that were not kept
