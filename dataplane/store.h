/*
 * The tables a restarted data plane can serve at once: the last three good ones and the newest,
 * each with its latest selection, in the state directory.
 *
 *   table-GENERATION      image, written to a temporary name, synced, renamed into place
 *   selection-GENERATION  the newest selection for it
 *   state                 which one is served, which are good, which were served at a crash
 *
 * A table is good once it has served for a while (dp_store_promote). One that was being served
 * when the process ended without dp_store_close() gets a crash counted; with two it is passed over
 * while there is any other. Serving for a while again clears the count.
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

#define DP_STORE_GOOD_CNT  3u /* DESIGN: the last three good images */
#define DP_STORE_CRASH_MAX 2u /* one crash may be anybody's fault; two in a row are the image's */

struct dp_store;

/* dp_store_open opens or makes the directory `path`, counts a crash when the last run left one, and
 * deletes residue. */
int dp_store_open(const char *path, struct dp_store **ret_store, struct tbl_error *ret_error);

/* dp_store_close: with is_clean the image served last is not taken for a crash's. */
void dp_store_close(struct dp_store *store, bool is_clean);

/* What dp_store_load passed by, for the log: one sentence that names the file. */
struct dp_store_notice {
	void *arg;
	void (*say)(void *arg, const char *text);
};

/* dp_store_load finds the newest table that can be served; *ret_selection may be NULL. -ENOENT when
 * there is none. */
int dp_store_load(const struct dp_store *store, const struct dp_store_notice *notice,
		struct dp_image **ret_table, struct dp_image **ret_selection);

/* dp_store_save_table, dp_store_save_selection copy the sealed memfd `fd` to its place. A table
 * makes older ones that are not good disappear. */
int dp_store_save_table(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error);
int dp_store_save_selection(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error);

/* dp_store_mark_serving: should the process die now, it died serving this generation. */
int dp_store_mark_serving(struct dp_store *store, uint64_t generation, struct tbl_error *ret_error);

/* dp_store_promote: the generation has served for a while and is good. */
int dp_store_promote(struct dp_store *store, uint64_t generation, struct tbl_error *ret_error);

#endif
