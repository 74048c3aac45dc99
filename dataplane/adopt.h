/*
 * Takes an image over from the control plane: is it one, may it follow what is served, swap. The
 * transport (intake.h) and start-up share it.
 *
 * A selection may arrive before its table: it is kept, and the table is then served with it from
 * its first answer on, so that a publish never shows a moment of "everything is up".
 *
 * Threads:   the cold thread alone.
 * Memory:    dp_adopter_done releases a selection still waiting for its table.
 * Errors:    -EBADMSG no image, -EPERM not sealed, -ESTALE not newer than what is served,
 *            -EKEYREJECTED not admitted (served at two crashes), -ETIMEDOUT served, but a worker showed no quiescent state; with a sentence.
 */
#ifndef DATAPLANE_ADOPT_H
#define DATAPLANE_ADOPT_H

#include "dataplane/image.h"
#include "dataplane/view_swap.h"

struct dp_adopter {
	struct dp_swap *swap;
	struct dp_cookie_keys cookie_keys; /* served with every table from now on */
	struct dp_image *waiting;          /* checked when its table arrives; NULL: none */
	void *arg;
	/* Asked before a table is served; not 0 refuses it, with a sentence. NULL: all are welcome. */
	int (*admit)(void *arg, const struct tbl_header *table, struct tbl_error *ret_error);
	/* Told after each swap; `selection` is NULL for the embedded one. */
	void (*served)(void *arg, const struct dp_served *served, bool is_new_table);
};

/* dp_adopt_table takes `table` over (also on failure). Start-up passes the `selection` saved with
 * it, the intake NULL. */
int dp_adopt_table(struct dp_adopter *adopter, struct dp_image *table, struct dp_image *selection,
		uint64_t *ret_swap_ns, struct tbl_error *ret_error);

/* dp_adopt_selection takes `selection` over (also on failure). *ret_swap_ns is 0 when it waits for
 * its table. */
int dp_adopt_selection(struct dp_adopter *adopter, struct dp_image *selection,
		uint64_t *ret_swap_ns, struct tbl_error *ret_error);

/* dp_adopt_cookie_keys serves what is served now, and all that comes, with these keys. 0, or as
 * dp_adopt_table (-ENOMEM: not yet; they come with the next table or selection). */
int dp_adopt_cookie_keys(struct dp_adopter *adopter, const struct dp_cookie_keys *keys,
		struct tbl_error *ret_error);

void dp_adopter_done(struct dp_adopter *adopter);

#endif
