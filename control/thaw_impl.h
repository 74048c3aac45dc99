/*
 * What thawing zones and their records (thaw.c), the delegations between them (thaw_cuts.c) and
 * dynamic records (thaw_dynamic.c) share.
 *
 * Threads:   one thaw.
 * Memory:    what is made lives in the arena.
 * Errors:    0, -ENOMEM or -EBADMSG.
 */
#ifndef CONTROL_THAW_IMPL_H
#define CONTROL_THAW_IMPL_H

#include "conf/arena.h"
#include "control/thaw.h"

/* One zone of the image, by its number there. `items` has room for as many records as its file gave,
 * which is at least what the image has of them. */
struct cp_thawed_zone {
	struct cp_record *items;
	size_t cnt;
	size_t room;
	uint8_t apex[TBL_NAME_MAX];
	char *name;
	uint32_t parent; /* the zone around it, or TBL_NONE */
	bool has_ds;     /* so the zone around it delegates it */
	bool is_delegated;
	bool has_own_soa;
};

/* Addresses found behind a delegation, perhaps not for the first time. */
struct cp_thawed_glue {
	uint32_t zone; /* that gave them */
	struct cp_record record;
};

struct cp_thaw {
	const struct tbl_view *view;
	struct conf_arena *arena;
	struct cp_thawed_zone *zones;
	size_t zone_cnt;
	struct cp_thawed_glue **glue; /* malloc() */
	size_t glue_cnt;
	size_t glue_room;
	struct tbl_rule_input **rules; /* per rule set; NULL: not read yet */
	uint8_t *message;              /* a question and one answer */
	size_t message_len;
	size_t off; /* of the next record in it */
	uint8_t *plain;
};

/* A resource record of the answer at hand. */
struct cp_thawed_rr {
	uint8_t owner[TBL_NAME_MAX]; /* lower-cased */
	uint16_t type;
	uint32_t ttl_s;
	struct tbl_rdata rdata; /* in the arena */
};

/* thaw.c */
/* cp_thaw_open takes an answer as it was stored: for a question of its owner's name. */
void cp_thaw_open(struct cp_thaw *thaw, const uint8_t *owner, const struct tbl_answer *answer);
/* cp_thaw_next reads the opened answer's next record. */
int cp_thaw_next(struct cp_thaw *thaw, struct cp_thawed_rr *ret_rr);
/* cp_thaw_values reads `cnt` records as the values of `record`, which gets their type and TTL. */
int cp_thaw_values(struct cp_thaw *thaw, uint32_t cnt, struct cp_record *record);
/* cp_thaw_add begins a record of zone `zone`; NULL when its file gave no so many. */
struct cp_record *cp_thaw_add(struct cp_thaw *thaw, uint32_t zone, const uint8_t *owner);
/* cp_thaw_rrset adds a static RRset of `owner` to a zone; the records behind it can be read then. */
int cp_thaw_rrset(struct cp_thaw *thaw, uint32_t zone, const uint8_t *owner,
		const struct tbl_answer *answer);
/* cp_thaw_find: tbl_find() for a lower-cased wire name. */
struct tbl_match cp_thaw_find(const struct cp_thaw *thaw, const uint8_t *name);

/* thaw_cuts.c */
/* cp_thaw_glue notes the glue behind the NS of the opened answer. */
int cp_thaw_glue(struct cp_thaw *thaw, uint32_t cnt);
/* cp_thaw_merge_glue adds it to the zones it is of: what several delegations name is one record. */
int cp_thaw_merge_glue(struct cp_thaw *thaw);
/* cp_thaw_delegations makes the delegations between zones of the image. */
int cp_thaw_delegations(struct cp_thaw *thaw);

/* thaw_dynamic.c */
/* cp_thaw_dynamic adds a dynamic record to its zone. */
int cp_thaw_dynamic(struct cp_thaw *thaw, const struct tbl_node *node, const struct tbl_dyn *dyn);

#endif
