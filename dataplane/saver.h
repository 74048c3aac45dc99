/*
 * Saves what is served to the store without making anybody wait: a thread of its own that always
 * takes the newest table and selection. What a newer one overtakes is never written, and a disk
 * that is full or slow delays nothing but itself; saving is tried again until it works.
 *
 * Threads:   dp_saver_* by the cold thread; `report` is called on the saver's own thread.
 * Memory:    start/stop; image descriptors are duplicated.
 * Errors:    told once when saving begins to fail, and once when it works again.
 */
#ifndef DATAPLANE_SAVER_H
#define DATAPLANE_SAVER_H

#include "dataplane/image.h"
#include "dataplane/store.h"

struct dp_saver;

/* dp_saver_start takes over the use of `store` until dp_saver_stop. */
int dp_saver_start(struct dp_store *store, const struct dp_store_notice *report,
		struct dp_saver **ret_saver);
/* dp_saver_stop saves what is still waiting, once, and ends the thread. Accepts NULL. */
void dp_saver_stop(struct dp_saver *saver);

/* dp_saver_table, dp_saver_selection: this is served from now on. */
void dp_saver_table(struct dp_saver *saver, uint64_t generation, const struct dp_image *table);
void
dp_saver_selection(struct dp_saver *saver, uint64_t generation, const struct dp_image *selection);

/* dp_saver_promote: the generation is good. */
void dp_saver_promote(struct dp_saver *saver, uint64_t generation);

#endif
