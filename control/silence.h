/*
 * Targets that were probed and have never once answered, and the records that rely on them: most
 * often octoDNS's default check, which no server was ever made to answer. Every client then gets the
 * records' last resort, and nothing else would say why.
 *
 * Threads:   pure; the event loop's, since the watchlist is. What cp_silence_reasons() made may go to
 *            another thread, which then is its only user.
 * Memory:    JSON is a new reference.
 * Errors:    -ENOMEM.
 */
#ifndef CONTROL_SILENCE_H
#define CONTROL_SILENCE_H

#include "table/view.h"

#include "control/watchlist.h"
#include "control/zones.h"

/* cp_silence_list: [{"target", "reason", "is_default_check", "watched_ago_ms", "records": how many rely
 * on it, "record": one of them, "www.example.test. A"}], at most CP_SILENCE_LISTED_MAX of them. `view`
 * is of the table that the list's targets are from. NULL: out of memory. */
#define CP_SILENCE_LISTED_MAX 100u
json_t *
cp_silence_list(const struct cp_watchlist *list, const struct tbl_view *view, uint64_t now_ms);

/* cp_silence_tell appends one sentence about those under octoDNS's default check and one about all
 * others, if there are any, to `problems`. */
int cp_silence_tell(const struct cp_watchlist *list, const struct tbl_view *view, json_t *problems);

/* cp_silence_defaults: {key: true} of the targets under octoDNS's default check, of records that write
 * none. Any thread's. cp_silence_mark: says so in each watch of the list. */
json_t *cp_silence_defaults(const struct cp_zones *zones);
void cp_silence_mark(struct cp_watchlist *list, const json_t *defaults);

/* cp_silence_unprobed_cnt: probed targets of which no result is known yet. */
size_t cp_silence_unprobed_cnt(const struct cp_watchlist *list);

/* cp_silence_reasons: {key: reason} of all, for cp_silence_reason(), a cp_lint_reason_fn. */
json_t *cp_silence_reasons(const struct cp_watchlist *list);
const char *cp_silence_reason(void *reasons, const char *key);

#endif
