/*
 * Every target of the served table with what is known of its health. A new table keeps the state
 * of each target whose key it still has, so a reload never forgets that something is down; what is
 * saved on disk does the same for a restart.
 *
 * Threads:   one owner (the event loop).
 * Memory:    cp_watchlist_init/_done; a struct cp_watch keeps its address as long as its key stays.
 * Errors:    -ENOMEM, and the list is as it was.
 */
#ifndef CONTROL_WATCHLIST_H
#define CONTROL_WATCHLIST_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/health.h"

struct cp_probe;

struct cp_watch {
	char *key;             /* canonical, as in the table */
	char *label;           /* "tcp 192.0.2.1:443" */
	const char *unprobed;  /* why nobody probes it, or NULL; such a target counts as up */
	bool is_default_check; /* octoDNS's, which no zone file writes: cp_silence_mark() */
	struct sockaddr_storage address;
	uint32_t interval_ms;
	uint32_t timeout_ms;
	struct cp_health_limits limits;
	struct cp_health health;
	struct cp_probe *probe; /* the prober's, NULL when it has none */
	size_t number; /* the owner's note: index in by_target it last knew; SIZE_MAX in a new one */
};

struct cp_watchlist {
	struct cp_watch **by_target; /* index: the table's target number */
	struct cp_watch **by_key;    /* the same, sorted */
	size_t cnt;
	bool is_probing; /* false: probes are switched off */
	json_t *saved;   /* states read from disk, for keys not met yet */
};

typedef void (*cp_watch_drop_fn)(void *ctx, struct cp_watch *watch);

/* cp_watchlist_init makes an empty list. */
void cp_watchlist_init(struct cp_watchlist *list, bool is_probing);
void cp_watchlist_done(struct cp_watchlist *list);

/* cp_watchlist_update takes the targets of a new table. `drop` is told of each watch that is gone,
 * before it is freed. */
int cp_watchlist_update(struct cp_watchlist *list, const char *const *keys, size_t cnt,
		cp_watch_drop_fn drop, void *ctx);

/* cp_watchlist_is_up fills is_up[cnt] for tbl_select_build(). */
void cp_watchlist_is_up(const struct cp_watchlist *list, bool *is_up);

/* cp_watchlist_find: the watch of this key, or NULL. */
struct cp_watch *cp_watchlist_find(const struct cp_watchlist *list, const char *key);

/* cp_watchlist_save: the states worth keeping, a new reference. cp_watchlist_restore: takes them
 * back for keys met from now on. */
json_t *cp_watchlist_save(const struct cp_watchlist *list);
void cp_watchlist_restore(struct cp_watchlist *list, json_t *states);

/* cp_watchlist_json: every target for people and programs, a new reference. */
json_t *cp_watchlist_json(const struct cp_watchlist *list, uint64_t now_ms);

#endif
