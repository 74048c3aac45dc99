/*
 * The parts of tbl_check(), each for one kind of section. They run in a fixed order (see
 * tbl_check()): each may rely on what the ones before it have accepted, and on nothing else.
 *
 * Threads:   pure; `struct tbl_check` belongs to one caller.
 * Memory:    nothing is allocated.
 * Errors:    0, or -EBADMSG with a sentence in *check->error.
 */
#ifndef TABLE_CHECK_IMPL_H
#define TABLE_CHECK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

/*
 * Parts of an image may be shared (answers between names, values between sets), so what is checked
 * at each use could be checked far more often than it is stored. Every record, label and alias
 * looked at is a step. An honest image needs about one a byte; the densest one the builder can make
 * (each name with several delegation-sized sets that thousands of other names share) stays under
 * 64. So the work is linear in the image's size, whatever bytes it holds.
 */
#define TBL_CHECK_STEPS_PER_BYTE 64u

struct tbl_check {
	struct tbl_view view;
	struct tbl_error *error;
	uint64_t steps_left;
	bool has_additional; /* some answer that is served has TBL_ANSWER_ADDITIONAL */
	/* Expanded wire length of the name that begins at this byte of the answer being checked; 0
	 * where none does. An answer is at most 65535 bytes (tbl_answer.wire_len). */
	uint8_t name_len_at[UINT16_MAX + 1];
};

/* tbl_check_fail writes the sentence and returns -EBADMSG. */
int tbl_check_fail(struct tbl_check *check, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

/* tbl_check_spend takes steps from the budget. */
int tbl_check_spend(struct tbl_check *check, uint64_t steps);

/* tbl_check_cnt: elements of a section. */
static inline uint64_t
tbl_check_cnt(const struct tbl_check *check, enum tbl_section_kind kind)
{
	return check->view.header->sections[kind].cnt;
}

/* is_tbl_range: [first, first + cnt) lies within [0, total). */
static inline bool
is_tbl_range(uint64_t first, uint64_t cnt, uint64_t total)
{
	return first <= total && cnt <= total - first;
}

/* is_tbl_string: `off` names a terminated string of TBL_SECTION_STRINGS. */
static inline bool
is_tbl_string(const struct tbl_check *check, uint32_t off)
{
	return off < tbl_check_cnt(check, TBL_SECTION_STRINGS); /* the section ends with a NUL */
}

/* In the order tbl_check() runs them. */

/* tbl_check_answer_bounds: wire bytes and fixups of every answer, names of every tbl_cname. */
int tbl_check_answer_bounds(struct tbl_check *check);

/* tbl_check_hash: buckets and node names, so that tbl_find() may run. */
int tbl_check_hash(struct tbl_check *check);

/* tbl_check_zones and tbl_check_nodes: names, links, flags, RRsets, and the answers they serve. */
int tbl_check_zones(struct tbl_check *check);
int tbl_check_nodes(struct tbl_check *check);

/* tbl_check_cnames: where the CNAMEs lead. */
int tbl_check_cnames(struct tbl_check *check);

/* tbl_check_additional: what belongs beside answers is of the names it says, in their own zones. */
int tbl_check_additional(struct tbl_check *check);

/* tbl_check_location: leaves and both address families. */
int tbl_check_location(struct tbl_check *check);

/* tbl_check_rulesets, tbl_check_dyns: everything dynamic but the selection. */
int tbl_check_rulesets(struct tbl_check *check);
int tbl_check_dyns(struct tbl_check *check);

/* tbl_check_select: the selection that check->view.select begins, `size` bytes long. */
int tbl_check_select(struct tbl_check *check, size_t size, uint64_t table_generation);

/* tbl_check_answer: an answer as the data of `owner` (already checked) for `type`: well-formed
 * records that fill it exactly, and compression pointers that lead where they should whatever the
 * reply they are copied into. `place` says in the error who serves it. */
struct tbl_served {
	const struct tbl_node *owner;
	const char *place; /* "node", "dynamic record", "zone" ... */
	uint64_t index;    /* of the place */
	uint32_t answer;
	uint16_t type;
	bool is_below; /* also written for names below the owner: never names it by arg 0 */
};
int tbl_check_answer(struct tbl_check *check, const struct tbl_served *served);

#endif
