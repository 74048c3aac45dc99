/*
 * From a question to the resource records of its reply: RFC 1034 §4.3.2 over a view. Resolving
 * yields a list of ready answers with the place each begins; writing copies them and sets their
 * compression pointers. Header, question and OPT are the caller's (dataplane/message.h).
 *
 * Threads:   pure; `struct tbl_reply` belongs to one caller.
 * Memory:    nothing is allocated; answers point into the view.
 * Errors:    none when resolving; tbl_reply_write returns -ENOSPC when the records do not fit, or a
 *            compression pointer would have to reach beyond byte 16383 (RFC 1035 §4.1.4).
 * Standards: RFC 1034 §4.3.2, RFC 2308 §3, RFC 4592 §3.3, RFC 1034 §3.6.2 (CNAME chains), RFC 6672
 *            §3.2 (DNAME), RFC 7871 §7.1.2 and §7.2.1. Readings of doubtful sentences: docs/dns-readings.md.
 */
#ifndef TABLE_REPLY_H
#define TABLE_REPLY_H

#include "table/view.h"

/* CNAMEs followed, those a DNAME makes among them, before the reply is sent as it is. NSD and Knot
 * stop near here; no honest chain is half as long, and the worst reply stays a few kilobytes of
 * names. The last one found is shown and not followed. */
#define TBL_CHAIN_MAX 17u
#define TBL_LINKS_MAX (TBL_CHAIN_MAX + 1u)
/* Each link a DNAME and its CNAME; what a chain ends with takes the place of a link not shown. */
#define TBL_PIECES_MAX (2u * TBL_LINKS_MAX)

enum tbl_reply_section {
	TBL_REPLY_ANSWER,
	TBL_REPLY_AUTHORITY,
	TBL_REPLY_SYNTHESIS, /* answer section: a CNAME made of the DNAME in an earlier piece */
};

/* One answer and the owner name it is written for: the question, or the target of the CNAME in an
 * earlier piece. A DNAME's owner is a suffix of that name. */
#define TBL_OWNER_QUESTION (-1)
struct tbl_piece {
	const struct tbl_answer *answer; /* of a synthesis: the DNAME */
	int8_t owner;       /* piece whose CNAME target is the owner, or TBL_OWNER_QUESTION */
	uint8_t section;    /* enum tbl_reply_section */
	uint8_t dname;      /* of a synthesis: the piece that has the DNAME */
	uint8_t target_len; /* of a synthesis: wire bytes of the name its CNAME leads to */
	uint32_t node;      /* of a DNAME: its owner */
};

/* Why a dynamic record answered as it did; what explain prints. */
struct tbl_trace {
	const struct tbl_dyn *dyn; /* NULL: none was passed, and the rest means nothing */
	const struct tbl_set *set;
	uint32_t leaf;
	uint32_t rule;
};

struct tbl_reply {
	/* The first eight bytes are set together, by one store. */
	uint8_t rcode;         /* 0, 3 (NXDOMAIN), 5 (REFUSED) or 6 (YXDOMAIN, RFC 6672 §3.2) */
	bool is_authoritative; /* AA */
	bool is_referral;
	bool is_wildcard;    /* the question was answered by a wildcard */
	bool has_additional; /* the last piece has struct tbl_additional, and they are wanted; whoever
	                      * writes the reply may clear it */
	bool has_ecs;        /* the reply carries the client subnet back, with scope_bits */
	uint8_t scope_bits; /* longest of the dynamic records passed; 0 when none was */
	uint8_t piece_cnt;
	uint32_t rotate; /* random bits that choose which address a set of several begins with; 0, as
	                  * tbl_resolve leaves it: the first. For whoever writes the reply to set */
	uint32_t zone; /* which speaks of the question's name, a referral's above the cut; REFUSED: TBL_NONE */
	struct tbl_piece pieces[TBL_PIECES_MAX];
	struct tbl_match match; /* of the question name */
	struct tbl_trace trace; /* of the last dynamic record passed */
};

/* Who asks. A question for a name of a zone with TBL_ZONE_NO_ECS is located by its source alone and
 * its reply carries no client subnet; of every other one `ecs` counts. */
struct tbl_asker {
	const struct tbl_addr *source; /* where the question came from */
	/* Whose location counts by its client subnet: the subnet's first address, or the source again
	 * for a subnet of no bits (RFC 7871 §7.1.2). NULL: it has none, or none that may be used. */
	const struct tbl_addr *ecs;
};

/* tbl_resolve answers (name, class IN, type). `random` draws among weighted values. type ANY (255)
 * gets one RRset (RFC 8482 §4.1). */
void tbl_resolve(const struct tbl_view *view, const struct tbl_name *name, uint16_t type,
		const struct tbl_asker *asker, uint64_t random, struct tbl_reply *ret_reply);

/* tbl_reply_target writes the lower-cased name that the CNAME of a piece leads to, a record's own or a
 * synthesis, and returns its length. */
size_t tbl_reply_target(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question, uint32_t piece, uint8_t name[TBL_NAME_MAX]);

/* tbl_zone_serial: the serial that the zone's SOA is served with. */
uint32_t tbl_zone_serial(const struct tbl_view *view, uint32_t zone);

struct tbl_counts {
	uint16_t answer;
	uint16_t authority;
	uint16_t additional;
};

/* tbl_reply_write writes the pieces into message[len..capacity), behind the question that was
 * resolved: its name, uncompressed, is at message[12..), and `len` is 12 + qname_len + 4.
 * Returns the new length, or -ENOSPC with message[len..) undefined. Additional sets that do not fit
 * are left out, each whole (RFC 2181 §9); glue is not one of them (RFC 9471). */
int tbl_reply_write(const struct tbl_view *view, const struct tbl_reply *reply, uint8_t qname_len,
		uint8_t *message, size_t len, size_t capacity, struct tbl_counts *ret_counts);

#endif
