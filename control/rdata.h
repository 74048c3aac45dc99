/*
 * Record types of zone files: how octoDNS writes and judges their values, and their wire form. One
 * row of the table in rdata.c is a type; the readers are in rdata_*.c.
 *
 * Threads:   pure.
 * Memory:    what readers make lives in the arena of the record.
 * Errors:    each reader adds octoDNS's reasons and returns 0 when there is a value to serve,
 *            -EINVAL when not, -ENOMEM.
 * Standards: RFC 1035 §3.3 and §3.4, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 8659 (CAA), RFC 4034 §5
 *            (DS), RFC 4255 (SSHFP), RFC 6698 (TLSA), RFC 7929 (OPENPGPKEY), RFC 7208 §3.1 (SPF),
 *            RFC 3403 (NAPTR), RFC 7553 (URI), RFC 1876 (LOC), RFC 9460 (SVCB, HTTPS).
 */
#ifndef CONTROL_RDATA_H
#define CONTROL_RDATA_H

#include "conf/arena.h"
#include "control/reasons.h"
#include "control/zones.h"

enum cp_rr_type {
	CP_TYPE_A = 1,
	CP_TYPE_NS = 2,
	CP_TYPE_CNAME = 5,
	CP_TYPE_SOA = 6,
	CP_TYPE_PTR = 12,
	CP_TYPE_MX = 15,
	CP_TYPE_TXT = 16,
	CP_TYPE_AAAA = 28,
	CP_TYPE_LOC = 29,
	CP_TYPE_SRV = 33,
	CP_TYPE_NAPTR = 35,
	CP_TYPE_DNAME = 39,
	CP_TYPE_DS = 43,
	CP_TYPE_SSHFP = 44,
	CP_TYPE_TLSA = 52,
	CP_TYPE_OPENPGPKEY = 61,
	CP_TYPE_SVCB = 64,
	CP_TYPE_HTTPS = 65,
	CP_TYPE_SPF = 99,
	CP_TYPE_URI = 256,
	CP_TYPE_CAA = 257,
	/* Of the private range (RFC 6895 §3.1); PowerDNS has it for ALIAS too. Never in a table. */
	CP_TYPE_ALIAS = 65401,
};

/* RFC 1876 §2: angles count thousandths of a second from ZERO, altitudes centimetres from
 * ALTITUDE_ZERO. */
#define CP_LOC_BYTES         16u
#define CP_LOC_ZERO          2147483648u
#define CP_LOC_MINUTE        60000u
#define CP_LOC_DEGREE        3600000u
#define CP_LOC_ALTITUDE_ZERO 10000000

/* RFC 9460 §14.3.2: SvcParamKeys with a name and a form. */
enum cp_svcb_key {
	CP_SVCB_MANDATORY = 0,
	CP_SVCB_ALPN = 1,
	CP_SVCB_NO_DEFAULT_ALPN = 2,
	CP_SVCB_PORT = 3,
	CP_SVCB_IPV4HINT = 4,
	CP_SVCB_ECH = 5,
	CP_SVCB_IPV6HINT = 6,
	CP_SVCB_KEY_CNT = 7,
	CP_SVCB_INVALID = 65535, /* never to be sent */
};

struct cp_type;

/* Where a record's values are read to. */
struct cp_reader {
	struct conf_arena *arena;
	struct cp_reasons *reasons;
	struct conf_errors *errors; /* warnings with a place of their own; only `geo` has some */
	const struct cp_type *type;
	bool has_plain_semicolons; /* escaped_semicolons is off: texts write ";" as it is */
};

struct cp_type {
	const char *name;
	uint16_t number; /* 0: octoDNS's own, not in the DNS */
	bool is_single;  /* takes `value`, never `values` */
	bool can_be_dynamic;
	/* Reads one value into rdata and text; `value` is NULL when there is none at all. What is not
	 * in the DNS is judged as octoDNS does, and has no RDATA. */
	int (*read)(const struct cp_reader *reader, const struct conf_node *value,
			struct cp_value *ret_value);
};

/* cp_type_find: by the name in a zone file, exact case; NULL when octoDNS has no such type. */
const struct cp_type *cp_type_find(const char *name);

/* The readers, in rdata_*.c. */
int cp_read_a(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_aaaa(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_target(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_txt(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_mx(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_srv(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_caa(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_ds(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_sshfp(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_tlsa(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_openpgpkey(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_naptr(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_uri(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_loc(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_svcb(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_urlfwd(const struct cp_reader *, const struct conf_node *, struct cp_value *);

/* cp_svcb_key_name: of a SvcParamKey; NULL when it has none here and is written "key<number>". */
const char *cp_svcb_key_name(uint16_t key);

/* cp_target_read: a host name under octoDNS's rules for `key` of the reader's type, lower-cased to
 * wire and presentation form. Returns the wire length, or a negative errno as readers do. */
int cp_target_read(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		uint8_t wire[TBL_NAME_MAX], char **ret_text);

/* cp_value_set copies wire bytes and takes over `text`; 0 or -ENOMEM (also for a NULL text). */
int cp_value_set(const struct cp_reader *reader, const uint8_t *bytes, size_t size, char *text,
		struct cp_value *ret_value);

/* cp_rdata_text: at most 65535 octets of RDATA in the form of their type (cp_present_rdata), in the
 * arena. -EBADMSG when they do not have it, -ENOMEM. */
int cp_rdata_text(struct conf_arena *arena, const uint8_t *bytes, size_t size, uint16_t type,
		char **ret_text);

/* cp_value_present sets wire bytes, which the arena holds, and their text as cp_present_rdata has
 * it. More than a record holds (65535) is a reason; 0, -EINVAL or -ENOMEM. */
int cp_value_present(const struct cp_reader *reader, const uint8_t *bytes, size_t size,
		struct cp_value *ret_value);

/* cp_name_text: presentation form of a wire name in the arena. */
char *cp_name_text(struct conf_arena *arena, const uint8_t *wire);

/* cp_quoted_text: character-strings of at most piece_max octets in presentation form (RFC 1035
 * §5.1); no octets are one empty string. len is at most 65535. */
char *cp_quoted_text(struct conf_arena *arena, const uint8_t *bytes, size_t len, size_t piece_max);

#endif
