/*
 * The tables a restarted data plane can serve at once: the last three good ones and the newest,
 * each with its latest selection, in the state directory.
 *
 *   table-GENERATION      image, written to a temporary name, synced, renamed into place
 *   selection-GENERATION  the newest selection for it
 *   state                 which ones are good
 *
 * A table is good once it has served for a while (dp_store_promote). One that was being served at
 * two crashes (suspects.h) is passed over while there is any other.
 *
 * Nothing found in the directory is trusted: tbl_check() decides about images, a state file that
 * cannot be read is an empty one, temporary files are deleted.
 *
 * Threads:   one at a time (start-up, then the saver's thread).
 * Memory:    dp_store_open/_close.
 * Errors:    negative errno with a sentence that names the path.
 */
#ifndef DATAPLANE_STORE_H
#define DATAPLANE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "table/view.h"

#include "dataplane/image.h"
#include "dataplane/suspects.h"

#define DP_STORE_GOOD_CNT 3u /* DESIGN: the last three good images */

struct dp_store;

/* dp_store_open opens or makes the directory `path` and deletes residue. */
int dp_store_open(const char *path, struct dp_store **ret_store, struct tbl_error *ret_error);

void dp_store_close(struct dp_store *store);

/* What dp_store_load passed by, for the log: one sentence that names the file. */
struct dp_store_notice {
	void *arg;
	void (*say)(void *arg, const char *text);
};

/* dp_store_load finds the newest table that can be served; *ret_selection may be NULL. -ENOENT when
 * there is none. */
int dp_store_load(const struct dp_store *store, const struct dp_suspects *suspects,
		const struct dp_store_notice *notice, struct dp_image **ret_table,
		struct dp_image **ret_selection);

/* dp_store_save_table, dp_store_save_selection copy the sealed memfd `fd` to its place. A table
 * makes older ones that are not good disappear. */
int dp_store_save_table(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error);
int dp_store_save_selection(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error);

/* dp_store_promote: the generation has served for a while and is good. */
int dp_store_promote(struct dp_store *store, uint64_t generation, struct tbl_error *ret_error);

#endif
