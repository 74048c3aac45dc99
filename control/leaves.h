/*
 * The leaves of a table with the addresses they hold. A leaf stores its length alone: where it
 * begins is where the one before it ends, so they are walked in address order.
 *
 * Threads:   pure; a walk belongs to one caller.
 * Memory:    the walk borrows the view.
 * Errors:    none.
 */
#ifndef CONTROL_LEAVES_H
#define CONTROL_LEAVES_H

#include <stdbool.h>
#include <stdint.h>

#include "table/location.h"
#include "table/view.h"

/* Where a walk is: `prefix` is the whole of leaf `leaf`. */
struct cp_leaf_walk {
	const struct tbl_view *view;
	uint32_t leaf;
	uint32_t end; /* first leaf that is not of this family */
	struct tbl_prefix prefix;
};

/* cp_leaf_walk_begin stands at the first leaf of a family (4 or 6); cp_leaf_walk_at at the one that
 * holds an address. Every checked table has leaves of both families. */
void cp_leaf_walk_begin(struct cp_leaf_walk *walk, const struct tbl_view *view, uint8_t family);
void cp_leaf_walk_at(struct cp_leaf_walk *walk, const struct tbl_view *view,
		const struct tbl_addr *addr);

/* has_cp_leaf_walk_next goes on to the next leaf; false behind the family's last. */
bool has_cp_leaf_walk_next(struct cp_leaf_walk *walk);

/* is_cp_prefix_inside: are all addresses of `inner` in `outer`? */
bool is_cp_prefix_inside(const struct tbl_prefix *inner, const struct tbl_prefix *outer);

/* cp_prefix_around: the prefix of `bits` bits that holds the address. */
struct tbl_prefix cp_prefix_around(const struct tbl_addr *addr, uint8_t bits);

#endif
