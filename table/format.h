/*
 * The layout of the two images that the control plane hands to the data plane: the table (zones,
 * answers, location, rules) and the selection (what today's health leaves of each dynamic record).
 * docs/table-format.md draws the same bytes and says why they are so.
 *
 * Threads:   images are immutable once built; any number of readers.
 * Memory:    position independent (offsets and indices, never pointers); little-endian hosts only.
 * Errors:    none here; tbl_check() and tbl_check_selection() decide whether bytes are an image.
 * Standards: wire bytes of answers are RFC 1035 §3.2 resource records, compressed per §4.1.4.
 */
#ifndef TABLE_FORMAT_H
#define TABLE_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#	error "images are little-endian and are used in place"
#endif

#define TBL_MAGIC        0x314c42545444524dULL /* "MRDTTBL1" as little-endian bytes */
#define TBL_SELECT_MAGIC 0x314c45535444524dULL /* "MRDTSEL1" */
#define TBL_VERSION      3u
#define TBL_ALIGN_BYTES  64u          /* every section starts on a cache line */
#define TBL_NONE         UINT32_MAX   /* "no such index" in every u32 index field */
#define TBL_POOL_NONE    UINT16_MAX   /* "no fallback" in tbl_pool.fallback */
#define TBL_IMAGE_MAX    (1ULL << 36) /* 64 GiB: ten times the largest deployment in DESIGN */

enum tbl_section_kind {
	TBL_SECTION_ZONES = 0, /* struct tbl_zone[], in canonical order of apex */
	TBL_SECTION_BUCKETS,   /* struct tbl_bucket[], a power of two of them */
	TBL_SECTION_NODES,     /* struct tbl_node[], in canonical order of name: parents first */
	TBL_SECTION_NAMES,     /* uint8_t[]: wire names that do not fit a node, CNAME targets */
	TBL_SECTION_RRSETS,    /* struct tbl_rrset[], those of one node adjacent, by type */
	TBL_SECTION_ANSWERS,   /* struct tbl_answer[] */
	TBL_SECTION_WIRE,    /* uint8_t[]: ready resource records; behind each answer its fixups and
	                      * its struct tbl_additional[] */
	TBL_SECTION_CNAMES,  /* struct tbl_cname[] */
	TBL_SECTION_DYNS,    /* struct tbl_dyn[]: one a dynamic record */
	TBL_SECTION_POOLS,   /* struct tbl_pool[], those of one record adjacent */
	TBL_SECTION_VALUES,  /* struct tbl_value[], those of one pool adjacent */
	TBL_SECTION_TARGETS, /* struct tbl_target[]: what health is asked about */
	TBL_SECTION_RULESETS,   /* struct tbl_ruleset[] */
	TBL_SECTION_RULES,      /* struct tbl_rule[], those of one rule set adjacent */
	TBL_SECTION_CLASS_RULE, /* uint16_t[]: per rule set, class -> rule */
	TBL_SECTION_SCOPES,     /* uint8_t[]: per rule set, leaf -> ECS scope prefix length */
	TBL_SECTION_LOC4_ROOT,  /* uint32_t[65536] location entries, by the top 16 address bits */
	TBL_SECTION_LOC4_NODES, /* uint32_t[]: chunks and range nodes */
	TBL_SECTION_LOC6_ROOT,  /* as LOC4_ROOT */
	TBL_SECTION_LOC6_NODES, /* as LOC4_NODES */
	TBL_SECTION_LEAVES,     /* struct tbl_leaf[]: IPv4 leaves first, then IPv6, by address */
	TBL_SECTION_STRINGS,    /* char[]: NUL-terminated UTF-8, named by offset; offset 0 is "" */
	TBL_SECTION_SELECTION,  /* one selection image, everything unknown to health taken as up */
	TBL_SECTION_CNT
};

struct tbl_section {
	uint64_t off; /* bytes from the start of the image, a multiple of TBL_ALIGN_BYTES */
	uint64_t cnt; /* elements */
	uint32_t elem_bytes;
	uint32_t reserved; /* 0 */
};

/*
 * checksum covers the header with its own field zero; content_hash covers every byte behind the
 * header. So a rollback (same content, new generation) rewrites the header alone, and two hosts
 * with equal content_hash serve the same data. Both are XXH3 64. Nothing behind the header depends
 * on the generation: an SOA whose serial is the generation is written so by the reader (struct
 * tbl_fixup).
 */
struct tbl_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes; /* sizeof(struct tbl_header), rounded up to TBL_ALIGN_BYTES */
	uint64_t image_bytes;
	uint64_t checksum;
	uint64_t content_hash;
	uint64_t generation;    /* grows with every publish, never 0 */
	uint64_t built_unix_s;  /* wall clock of the build; 0 when the builder was told none */
	uint64_t hash_seed[2];  /* keys tbl_hash_label(); secret to this deployment */
	uint32_t section_cnt;   /* TBL_SECTION_CNT */
	uint32_t max_label_cnt; /* labels (root not counted) of the deepest node */
	uint32_t class_cnt;
	uint32_t leaf4_cnt;           /* leaves below this index are IPv4 */
	uint32_t slot_cnt;            /* slots a selection image must fill */
	uint32_t reserved;            /* 0 */
	uint64_t geo_built_unix_s;    /* build date of the geo database; 0 when there was none */
	uint32_t geo_description_str; /* "geo-whois-asn-country.mmdb (2026-11-01)", or "" */
	uint32_t geo_places_str;      /* codes it has a prefix for, "AF-DZ AF-EG ...", or "" */
	uint32_t reserved2[2];        /* 0 */
	struct tbl_section sections[TBL_SECTION_CNT];
};

/* One cache line: eight places for (tag, node). A name sits in its first bucket or its second. */
#define TBL_BUCKET_SLOTS    8u
#define TBL_BUCKET_OVERFLOW 0x80000000u /* in node[0]: some name went to its second bucket */
#define TBL_BUCKET_NODE(x)  ((x)&0x7fffffffu)
#define TBL_BUCKET_EMPTY    0x7fffffffu
struct tbl_bucket {
	uint32_t tag[TBL_BUCKET_SLOTS];  /* tbl_hash_tag() of the name */
	uint32_t node[TBL_BUCKET_SLOTS]; /* node index, or TBL_BUCKET_EMPTY; bit 31 only in [0] */
};

enum tbl_node_flag {
	TBL_NODE_APEX = 1u << 0,     /* a zone begins here */
	TBL_NODE_CUT = 1u << 1,      /* NS without SOA: a delegation */
	TBL_NODE_WILDCARD = 1u << 2, /* leftmost label is "*" */
	TBL_NODE_CNAME = 1u << 3,    /* has a CNAME RRset (static or dynamic) and nothing else */
	TBL_NODE_DNAME = 1u << 4,    /* has a DNAME RRset (static or dynamic): no node of its zone
	                              * below, no delegation at or above, no wildcard */
};

/*
 * One cache line a name that exists, empty non-terminals (rrset_cnt 0) included. All names from a
 * zone's apex down to any of its owners are nodes, so existence is closed under "parent of".
 */
#define TBL_NODE_INLINE_NAME 40u
struct tbl_node {
	uint16_t flags;    /* enum tbl_node_flag */
	uint8_t name_len;  /* wire bytes, the root label included: 1..255 */
	uint8_t label_cnt; /* labels, the root not counted: 0..127 */
	uint32_t zone;
	uint32_t rrset_first;
	uint16_t rrset_cnt;
	uint16_t reserved;
	uint32_t wildcard; /* node of "*.<this name>", or TBL_NONE */
	uint32_t cut;      /* node of the topmost delegation at or above this one, or TBL_NONE */
	union {
		uint8_t name[TBL_NODE_INLINE_NAME]; /* lower-cased wire name when it fits */
		uint32_t name_off;                  /* else its place in TBL_SECTION_NAMES */
	};
};

enum tbl_rrset_flag {
	TBL_RRSET_DYNAMIC = 1u << 0, /* ref is a tbl_dyn; else a tbl_answer */
};
struct tbl_rrset {
	uint16_t type;
	uint16_t flags; /* enum tbl_rrset_flag */
	uint32_t ref;
};

enum tbl_answer_flag {
	TBL_ANSWER_SERIAL = 1u << 0,     /* has a TBL_FIXUP_SERIAL */
	TBL_ANSWER_DNAME = 1u << 1,      /* a DNAME, whose owner is mostly not the question */
	TBL_ANSWER_ADDITIONAL = 1u << 2, /* has struct tbl_additional behind its fixups */
};

/*
 * Ready resource records. wire_len bytes at wire_off hold rr_cnt records followed by extra_cnt
 * records of the additional section (a delegation's glue). Pointers are already placed for the
 * common case: the owner is the question (message offset 12), this answer comes first behind the
 * question, and the question is the node's own name. In every other case (wildcard, CNAME chain,
 * referral, authority section) and for an answer with any flag the reader rewrites fixup_cnt
 * pointers; they lie behind the wire bytes, at the next multiple of 4. See tbl_fixup; behind these,
 * tbl_additional.
 */
struct tbl_answer {
	uint32_t wire_off; /* multiple of 4 */
	uint16_t wire_len;
	uint8_t rr_cnt; /* at most 100 (table/build.h) */
	uint8_t flags;  /* enum tbl_answer_flag */
	uint16_t extra_cnt;
	uint16_t fixup_cnt;
	uint32_t cname; /* tbl_cname of a single-CNAME answer, or TBL_NONE */
};

/*
 * What the reader writes at wire byte `pos` of an answer: a compression pointer of two bytes, or a
 * serial of four.
 * arg TBL_FIXUP_SERIAL: the low 32 bits of the table's generation, where 0 is stored.
 * arg & TBL_FIXUP_LOCAL: points at wire byte (arg & 0x3fff) of the same answer.
 * else: points at the suffix of the owner name that is `arg` wire bytes long (root label
 * included); arg 0 is the whole owner name (for a wildcard: the question, not "*"). A delegation, a
 * DNAME and a zone's soa_negative name their owner by its length, never by 0, since what they are
 * written for is usually a name below it.
 */
#define TBL_FIXUP_LOCAL  0x8000u
#define TBL_FIXUP_SERIAL 0x4000u
struct tbl_fixup {
	uint16_t pos;
	uint16_t arg;
};

/*
 * Sets of the names that an answer's records lead to, for the additional section (RFC 1034 §4.3.2
 * step 6): static data of the answer's own zone, not delegated. They lie behind the fixups of an
 * answer with TBL_ANSWER_ADDITIONAL, in the order in which they are added as long as they fit, the last
 * one marked. The owner is a name that stands in the answer, so that it is written as a pointer.
 */
#define TBL_ADDITIONAL_TARGETS_MAX 13u /* names looked up for one answer (CVE-2024-11187) */
#define TBL_ADDITIONAL_MAX         (3u * TBL_ADDITIONAL_TARGETS_MAX) /* A, AAAA, SVCB or HTTPS */
enum tbl_additional_flag {
	TBL_ADDITIONAL_LAST = 1u << 0,
};
struct tbl_additional {
	uint32_t answer; /* the set, as if it were asked for; without additional ones of its own */
	uint16_t pos;    /* wire byte where its owner's name begins; 0: the answer's own owner */
	uint8_t type;
	uint8_t flags; /* enum tbl_additional_flag */
};

/* Where a CNAME leads, resolved when the table is built so that a chain costs no hashing. */
enum tbl_match_kind {
	TBL_MATCH_NONE = 0,     /* in none of our zones */
	TBL_MATCH_EXACT = 1,    /* the node is the name */
	TBL_MATCH_ENCLOSER = 2, /* the node is the closest encloser of a name that has no node */
};
struct tbl_cname {
	uint32_t node;      /* per kind; TBL_NONE for TBL_MATCH_NONE */
	uint32_t name_off;  /* target, uncompressed and lower-cased, in TBL_SECTION_NAMES */
	uint16_t rdata_pos; /* wire byte of the answer where the target's RDATA begins */
	uint8_t name_len;   /* wire bytes of the target */
	uint8_t shared_len; /* length of the owner's suffix the RDATA ends with a pointer to; 0 when
	                       * the RDATA is written out whole */
	uint8_t kind;       /* enum tbl_match_kind */
	uint8_t reserved[3];
};

enum tbl_zone_flag {
	TBL_ZONE_NO_ECS = 1u << 0, /* questions for its names are answered as if they had no ECS */
};
struct tbl_zone {
	uint32_t apex;         /* node */
	uint32_t soa_negative; /* answer: SOA with the TTL of RFC 2308 §3, for the authority section */
	uint32_t name_str;     /* "example.test." */
	uint32_t record_cnt; /* RRsets the zone file gave */
	uint32_t flags;      /* enum tbl_zone_flag */
};

/* One record with pools. Slot slot_first + rule holds what rule `rule` answers; the slot behind the
 * last rule is for clients that no rule matches. */
struct tbl_dyn {
	uint32_t ruleset;
	uint32_t slot_first;
	uint32_t pool_first;
	uint16_t pool_cnt;
	uint16_t type;
	uint32_t node;
	uint32_t last_resort; /* answer: the record's own `values`, whole */
	uint32_t ttl_s;
	uint32_t reserved;
};
struct tbl_pool {
	uint32_t name_str;
	uint32_t value_first;
	uint16_t value_cnt;
	uint16_t fallback; /* ordinal of a pool of the same record, or TBL_POOL_NONE */
};
enum tbl_status {
	TBL_STATUS_OBEY = 0, /* health decides */
	TBL_STATUS_UP = 1,
	TBL_STATUS_DOWN = 2,
};
struct tbl_value {
	uint32_t answer;   /* one resource record */
	uint32_t text_str; /* "192.0.2.1" */
	uint32_t target;   /* what decides its health, or TBL_NONE: always up */
	uint16_t weight;   /* 1..100 */
	uint8_t status;    /* enum tbl_status */
	uint8_t reserved;
};
struct tbl_target {
	uint32_t key_str; /* canonical text of the probe; equal text, equal probe */
};

/*
 * Records with equal rules share one. Rule numbers index `rule_first`; rule_cnt itself stands for
 * "no rule matches". class_rule_first + class -> rule; scope_first + leaf -> scope prefix length.
 */
struct tbl_ruleset {
	uint32_t rule_first;
	uint32_t rule_cnt;
	uint64_t class_rule_first;
	uint64_t scope_first;
};
struct tbl_rule {
	uint16_t pool; /* ordinal within the record */
	uint16_t reserved;
	uint32_t geos_str;    /* "NA, SA", or "" */
	uint32_t subnets_str; /* "192.0.2.0/24, 2001:db8::/32", or "" */
};

/*
 * Location entries: two top bits say what the other thirty are.
 *   LEAF:  index of a tbl_leaf.
 *   CHUNK: bits 29..26 = width - 1 (1..16 bits), bits 25..0 = first of 2^width entries in
 *          LOC?_NODES, indexed by the next `width` address bits. Only in a root.
 *          IPv4 chunks reach at most bit 24, IPv6 chunks at most bit 32; the builder makes an IPv6
 *          chunk no deeper than its leaves fill, or a few long prefixes would cost 256 KiB each.
 *   RANGE: index in LOC?_NODES of a range node, for prefixes longer than its chunk reaches:
 *          { cnt, key_words, key[cnt * key_words], leaf[cnt + 1] }. A key is the leading words of
 *          an address, most significant first; keys ascend strictly. leaf[i] holds for addresses
 *          below key[i] (and not below key[i - 1]). Only in a chunk.
 *          key_words is 1 for IPv4; for IPv6 2 when every boundary is at or above bit 64, else 4.
 */
#define TBL_LOC_KIND_SHIFT 30
#define TBL_LOC_KIND(e)    ((e) >> TBL_LOC_KIND_SHIFT)
#define TBL_LOC_LEAF       0u
#define TBL_LOC_CHUNK      1u
#define TBL_LOC_RANGE      2u
#define TBL_LOC_INDEX(e)   ((e)&0x3fffffffu)
#define TBL_LOC_WIDTH(e)   ((((e) >> 26) & 0xfu) + 1u)
#define TBL_LOC_FIRST(e)   ((e)&0x3ffffffu)
#define TBL_LOC_ROOT_BITS  16u
#define TBL_LOC_ROOT_CNT   65536u
#define TBL_LOC4_MID_BITS  24u
#define TBL_LOC6_MID_BITS  32u

/* A maximal prefix all of whose addresses have one class. */
struct tbl_leaf {
	uint32_t class_id;
	uint8_t prefix_bits;
	uint8_t reserved[3];
};

/* Selection image: header, then slots, sets and aliases, each 64-byte aligned, in that order. */
struct tbl_select_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes;
	uint64_t image_bytes;
	uint64_t checksum;         /* XXH3 64 of the whole image with this field zero */
	uint64_t table_generation; /* the table it fills, no other; 0 in the embedded one, which fills
	                            * the table around it, so that content_hash knows no generation */
	uint64_t sequence; /* grows with every selection of one table; 0 is the embedded one */
	uint32_t slot_cnt;
	uint32_t set_cnt;
	uint32_t alias_cnt;
	uint32_t reserved;
	uint64_t slots_off;   /* uint32_t[slot_cnt]: set index */
	uint64_t sets_off;    /* struct tbl_set[set_cnt] */
	uint64_t aliases_off; /* struct tbl_alias[alias_cnt] */
	uint64_t reserved2[5];
};
struct tbl_set {
	uint32_t alias_first; /* cnt entries; cnt 1 needs no draw */
	uint32_t cnt;
	uint32_t pool; /* pool index (TBL_SECTION_POOLS) it came from; TBL_NONE: last resort */
};
/* Vose's alias table: draw i < cnt and a 32-bit r; r < threshold picks answer, else other. */
struct tbl_alias {
	uint32_t threshold; /* UINT32_MAX: always answer */
	uint32_t answer;    /* index in the table's TBL_SECTION_ANSWERS */
	uint32_t other;
};

#define TBL_ASSERT_OFF(s, f, o) static_assert(offsetof(struct s, f) == (o), #s "." #f)
static_assert(sizeof(struct tbl_section) == 24, "tbl_section");
TBL_ASSERT_OFF(tbl_header, magic, 0);
TBL_ASSERT_OFF(tbl_header, version, 8);
TBL_ASSERT_OFF(tbl_header, image_bytes, 16);
TBL_ASSERT_OFF(tbl_header, checksum, 24);
TBL_ASSERT_OFF(tbl_header, content_hash, 32);
TBL_ASSERT_OFF(tbl_header, generation, 40);
TBL_ASSERT_OFF(tbl_header, built_unix_s, 48);
TBL_ASSERT_OFF(tbl_header, hash_seed, 56);
TBL_ASSERT_OFF(tbl_header, section_cnt, 72);
TBL_ASSERT_OFF(tbl_header, slot_cnt, 88);
TBL_ASSERT_OFF(tbl_header, geo_built_unix_s, 96);
TBL_ASSERT_OFF(tbl_header, geo_description_str, 104);
TBL_ASSERT_OFF(tbl_header, geo_places_str, 108);
TBL_ASSERT_OFF(tbl_header, sections, 120);
static_assert(sizeof(struct tbl_header) == 120 + 24 * TBL_SECTION_CNT, "tbl_header");
static_assert(sizeof(struct tbl_bucket) == 64, "one cache line a bucket");
static_assert(sizeof(struct tbl_node) == 64, "one cache line a node");
TBL_ASSERT_OFF(tbl_node, zone, 4);
TBL_ASSERT_OFF(tbl_node, rrset_first, 8);
TBL_ASSERT_OFF(tbl_node, wildcard, 16);
TBL_ASSERT_OFF(tbl_node, cut, 20);
TBL_ASSERT_OFF(tbl_node, name, 24);
static_assert(sizeof(struct tbl_rrset) == 8, "tbl_rrset");
static_assert(sizeof(struct tbl_answer) == 16, "tbl_answer");
TBL_ASSERT_OFF(tbl_answer, extra_cnt, 8);
static_assert(sizeof(struct tbl_fixup) == 4, "tbl_fixup");
static_assert(sizeof(struct tbl_additional) == 8, "tbl_additional");
static_assert(sizeof(struct tbl_cname) == 16, "tbl_cname");
static_assert(sizeof(struct tbl_zone) == 20, "tbl_zone");
static_assert(sizeof(struct tbl_dyn) == 32, "tbl_dyn");
static_assert(sizeof(struct tbl_pool) == 12, "tbl_pool");
static_assert(sizeof(struct tbl_value) == 16, "tbl_value");
static_assert(sizeof(struct tbl_target) == 4, "tbl_target");
static_assert(sizeof(struct tbl_ruleset) == 24, "tbl_ruleset");
static_assert(sizeof(struct tbl_rule) == 12, "tbl_rule");
static_assert(sizeof(struct tbl_leaf) == 8, "tbl_leaf");
static_assert(sizeof(struct tbl_select_header) == 128, "tbl_select_header");
TBL_ASSERT_OFF(tbl_select_header, table_generation, 32);
TBL_ASSERT_OFF(tbl_select_header, slots_off, 64);
static_assert(sizeof(struct tbl_set) == 12, "tbl_set");
static_assert(sizeof(struct tbl_alias) == 12, "tbl_alias");

#endif
