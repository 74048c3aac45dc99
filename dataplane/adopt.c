#include "dataplane/adopt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static int fail(int err, struct tbl_error *error, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

static int
fail(int err, struct tbl_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}

static const struct tbl_select_header *
select_header(const struct dp_image *selection)
{
	return selection->bytes;
}

/* Makes the pair and the keys what workers answer from; takes no hold of its own beyond the view's.
 * *ret_served is set unless memory ran out. */
static int
swap_in(struct dp_adopter *adopter, struct dp_image *table, struct dp_image *selection,
		const struct dp_served **ret_served, uint64_t *ret_swap_ns, struct tbl_error *error)
{
	struct dp_served *served;
	int err = dp_served_new(table, selection, &served);

	if (err != 0) {
		return fail(err, error, "out of memory");
	}
	served->cookie_keys = adopter->cookie_keys;
	*ret_served = served;
	err = dp_swap_publish(adopter->swap, served, ret_swap_ns);
	if (err == -ETIMEDOUT) {
		return fail(err, error,
				"generation %" PRIu64 " is served, but a worker still uses the one "
				"before after %" PRIu64 " ms; it is kept in memory",
				served->view.header->generation, *ret_swap_ns / 1000000);
	}
	return 0;
}

static int
serve(struct dp_adopter *adopter, struct dp_image *table, struct dp_image *selection,
		uint64_t *ret_swap_ns, struct tbl_error *error)
{
	const struct dp_served *before = dp_swap_current(adopter->swap);
	bool is_new_table = before == NULL || before->table != table;
	const struct dp_served *served = NULL;
	int err = swap_in(adopter, table, selection, &served, ret_swap_ns, error);

	if (served != NULL) {
		adopter->served(adopter->arg, served, is_new_table);
	}
	return err;
}

int
dp_adopt_cookie_keys(struct dp_adopter *adopter, const struct dp_cookie_keys *keys,
		struct tbl_error *ret_error)
{
	const struct dp_served *now = dp_swap_current(adopter->swap);
	uint64_t swap_ns;

	adopter->cookie_keys = *keys;
	if (now == NULL) {
		return 0; /* the first table brings them */
	}
	/* Nobody is told: what is served is what was. */
	return swap_in(adopter, now->table, now->selection, &now, &swap_ns, ret_error);
}

/* The selection that came ahead of `table`, checked against it; NULL: none did. */
static int
take_waiting(struct dp_adopter *adopter, const struct dp_image *table,
		struct dp_image **ret_selection, struct tbl_error *error)
{
	const struct tbl_header *header = table->bytes;
	struct dp_image *waiting = adopter->waiting;
	int err;

	*ret_selection = NULL;
	adopter->waiting = NULL;
	if (waiting == NULL || select_header(waiting)->table_generation != header->generation) {
		dp_image_drop(waiting); /* for a table that was overtaken */
		return 0;
	}
	err = tbl_check_selection(table->bytes, waiting->bytes, waiting->size, error);
	if (err != 0) {
		dp_image_drop(waiting);
		return err;
	}
	*ret_selection = waiting;
	return 0;
}

int
dp_adopt_table(struct dp_adopter *adopter, struct dp_image *table, struct dp_image *selection,
		uint64_t *ret_swap_ns, struct tbl_error *ret_error)
{
	const struct dp_served *now = dp_swap_current(adopter->swap);
	uint64_t served = now != NULL ? now->view.header->generation : 0;
	uint64_t generation;
	int err = tbl_check(table->bytes, table->size, ret_error);

	if (err != 0) {
		goto out;
	}
	generation = ((const struct tbl_header *)table->bytes)->generation;
	if (generation <= served) {
		err = fail(-ESTALE, ret_error,
				"generation %" PRIu64 " is not newer than %" PRIu64
				", which is served",
				generation, served);
		goto out;
	}
	if (adopter->admit != NULL) {
		err = adopter->admit(adopter->arg, table->bytes, ret_error);
	}
	if (err == 0 && selection == NULL) {
		err = take_waiting(adopter, table, &selection, ret_error);
	}
	if (err == 0) {
		err = serve(adopter, table, selection, ret_swap_ns, ret_error);
	}
out:
	dp_image_drop(selection);
	dp_image_drop(table);
	return err;
}

/* Nothing of a waiting selection is used before take_waiting() has checked it; only its header is
 * read to find its table. */
static int
keep_waiting(struct dp_adopter *adopter, struct dp_image *selection, uint64_t *ret_swap_ns)
{
	dp_image_drop(adopter->waiting);
	adopter->waiting = selection;
	*ret_swap_ns = 0;
	return 0;
}

int
dp_adopt_selection(struct dp_adopter *adopter, struct dp_image *selection, uint64_t *ret_swap_ns,
		struct tbl_error *ret_error)
{
	const struct dp_served *now = dp_swap_current(adopter->swap);
	uint64_t served = now != NULL ? now->view.header->generation : 0;
	const struct tbl_select_header *header = select_header(selection);
	int err;

	if (selection->size < sizeof(*header)) {
		err = fail(-EBADMSG, ret_error, "selection: %zu bytes are less than its header",
				selection->size);
	} else if (header->magic != TBL_SELECT_MAGIC) {
		err = fail(-EBADMSG, ret_error, "selection: not one (wrong magic number)");
	} else if (header->table_generation > served) {
		return keep_waiting(adopter, selection, ret_swap_ns);
	} else if (now == NULL || header->table_generation < served) {
		err = fail(-ESTALE, ret_error,
				"the selection is for generation %" PRIu64 ", but %" PRIu64
				" is served",
				header->table_generation, served);
	} else if (header->sequence <= now->view.select->sequence) {
		err = fail(-ESTALE, ret_error,
				"selection %" PRIu64 " is not newer than %" PRIu64
				", which is served",
				header->sequence, now->view.select->sequence);
	} else {
		err = tbl_check_selection(
				now->table->bytes, selection->bytes, selection->size, ret_error);
		if (err == 0) {
			err = serve(adopter, now->table, selection, ret_swap_ns, ret_error);
		}
	}
	dp_image_drop(selection);
	return err;
}

void
dp_adopter_done(struct dp_adopter *adopter)
{
	dp_image_drop(adopter->waiting);
	adopter->waiting = NULL;
}
