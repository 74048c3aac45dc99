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

#include "table/view.h"

/* Types the reader itself has to know. */
enum tbl_type {
	TBL_TYPE_A = 1,
	TBL_TYPE_NS = 2,
	TBL_TYPE_CNAME = 5,
	TBL_TYPE_SOA = 6,
	TBL_TYPE_PTR = 12,
	TBL_TYPE_MX = 15,
	TBL_TYPE_AAAA = 28,
	TBL_TYPE_DNAME = 39,
	TBL_TYPE_OPT = 41,
	TBL_TYPE_DS = 43,
	TBL_TYPE_META_FIRST = 249, /* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY: never data */
	TBL_TYPE_ANY = 255,
};

/* RFC 1035 §4.1.1, §4.1.4: the header, what a pointer may reach, and what marks one. */
#define TBL_MESSAGE_HEADER_BYTES 12u
#define TBL_QUESTION_TAIL_BYTES  4u /* QTYPE and QCLASS */
#define TBL_POINTER_MAX          0x3fffu
#define TBL_POINTER_MARK         0xc000u

/* tbl_probe finds the node of exactly this lower-cased wire name, or NULL. */
const struct tbl_node *
tbl_probe(const struct tbl_view *view, uint64_t hash, const uint8_t *wire, size_t len);

/* tbl_fixups: the first of an answer's fixup_cnt fixups. */
const struct tbl_fixup *tbl_fixups(const struct tbl_view *view, const struct tbl_answer *answer);

/* tbl_view_init_table sets all of a view but slots, sets and aliases; `select` is the embedded
 * selection. For tbl_check(), which must not read a selection's header before it has checked it. */
void tbl_view_init_table(struct tbl_view *view, const void *image);

/* tbl_view_init_select sets slots, sets and aliases from view->select. */
void tbl_view_init_select(struct tbl_view *view);

#endif
