/*
 * Which tables, by their content_hash, were being served when the process died. Written before a
 * table is served, so that one which kills its process with the first query is the one that is
 * blamed. A table that was served at two crashes is refused from the publisher and passed over at
 * start, whatever generation it comes under.
 *
 * The file is replaced by rename but not synced: it has to outlive the process, not the machine, and
 * a power failure is no table's fault.
 *
 * Threads:   the cold thread alone.
 * Memory:    dp_suspects_open/_close.
 * Errors:    negative errno with a sentence that names the path. A file that cannot be read is an
 *            empty one.
 */
#ifndef DATAPLANE_SUSPECTS_H
#define DATAPLANE_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "table/view.h"

#define DP_SUSPECTS_CRASH_MAX \
	2u /* one crash may be anybody's fault; two in a row are the image's */

struct dp_suspects;

/* dp_suspects_open reads `dir` (which exists) and counts a crash when the last run left one. */
int
dp_suspects_open(const char *dir, struct dp_suspects **ret_suspects, struct tbl_error *ret_error);

/* dp_suspects_close: with is_clean nothing served last is taken for a crash's. Accepts NULL. */
void dp_suspects_close(struct dp_suspects *suspects, bool is_clean);

/* is_dp_suspect: this content was being served at two crashes. NULL: none was. */
bool is_dp_suspect(const struct dp_suspects *suspects, uint64_t content_hash);

/* dp_suspects_serving: should the process die now, it died serving this. */
int dp_suspects_serving(
		struct dp_suspects *suspects, uint64_t content_hash, struct tbl_error *ret_error);

/* dp_suspects_clear: it has served for a while; what it was blamed for is forgotten. */
int
dp_suspects_clear(struct dp_suspects *suspects, uint64_t content_hash, struct tbl_error *ret_error);

#endif
