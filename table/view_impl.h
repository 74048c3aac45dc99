/*
 * What the files of table/ that read images share beyond view.h.
 *
 * Threads:   pure functions.
 * Memory:    as view.h.
 * Errors:    none.
 */
#ifndef TABLE_VIEW_IMPL_H
#define TABLE_VIEW_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "table/dns.h"
#include "table/view.h"

/* is_tbl_dynamic_type: a record of this type may have pools. */
static inline bool
is_tbl_dynamic_type(uint16_t type)
{
	return type == TBL_TYPE_A || type == TBL_TYPE_AAAA || type == TBL_TYPE_CNAME ||
	       type == TBL_TYPE_DNAME;
}

/* is_tbl_leading_type: the types that have additional sets: RDATA that leads to a host by its name. */
static inline bool
is_tbl_leading_type(uint16_t type)
{
	return type == TBL_TYPE_NS || type == TBL_TYPE_MX || type == TBL_TYPE_SRV ||
	       type == TBL_TYPE_SVCB || type == TBL_TYPE_HTTPS;
}

/* Where the RDATA of an answer's first record begins: behind an owner that is a pointer, type, class,
 * TTL and RDLENGTH (RFC 1035 §3.2.1). All of a DNAME answer from there on is its target: it is one
 * record, and its name is never compressed (RFC 6672 §2.5). */
#define TBL_FIRST_RDATA_POS (TBL_POINTER_BYTES + TBL_RECORD_FIXED_BYTES)

/* tbl_dname_target, tbl_dname_target_len: the name that a DNAME answer leads to, case kept. */
static inline const uint8_t *
tbl_dname_target(const struct tbl_view *view, const struct tbl_answer *dname)
{
	return view->wire + dname->wire_off + TBL_FIRST_RDATA_POS;
}

static inline size_t
tbl_dname_target_len(const struct tbl_answer *dname)
{
	return (size_t)dname->wire_len - TBL_FIRST_RDATA_POS;
}

/* tbl_probe finds the node of exactly this lower-cased wire name, or NULL. */
const struct tbl_node *
tbl_probe(const struct tbl_view *view, uint64_t hash, const uint8_t *wire, size_t len);

/* tbl_fixups: the first of an answer's fixup_cnt fixups. */
const struct tbl_fixup *tbl_fixups(const struct tbl_view *view, const struct tbl_answer *answer);

/* tbl_additionals: the first of what belongs beside an answer with TBL_ANSWER_ADDITIONAL. */
static inline const struct tbl_additional *
tbl_additionals(const struct tbl_view *view, const struct tbl_answer *answer)
{
	return (const struct tbl_additional *)(const void *)(tbl_fixups(view, answer) +
							     answer->fixup_cnt);
}

/* tbl_view_init_table sets all of a view but slots, sets and aliases; `select` is the embedded
 * selection. For tbl_check(), which must not read a selection's header before it has checked it. */
void tbl_view_init_table(struct tbl_view *view, const void *image);

/* tbl_view_init_select sets slots, sets and aliases from view->select. */
void tbl_view_init_select(struct tbl_view *view);

#endif
