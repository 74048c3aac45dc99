/*
 * What was published, kept on disk: the newest table images, and a log of who changed what and
 * when. It is what a restarted daemon knows of the table being served, and where a rollback finds
 * an older one.
 *
 *   DIR/41.table       the image published as generation 41; a link where its content is that of
 *                      another, so that the number in the name counts, not the one inside
 *   DIR/history.jsonl  one entry a line, the oldest first (docs/api.md, GET /v1/history)
 *
 * Threads:   cp_history_store and _load touch files alone and may run beside everything else, one
 *            _store at a time; all else is the owner's.
 * Memory:    cp_history_open makes, cp_history_free releases; images are the caller's (free()).
 * Errors:    a history that cannot be read or written never stops anything: what is lost is told in
 *            `notes` or by a negative errno, and the rest goes on.
 */
#ifndef CONTROL_HISTORY_H
#define CONTROL_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/yaml.h"

/* A change a day is three years; a change every five minutes is three days, of which the images are
 * long gone. About half a megabyte. */
#define CP_HISTORY_ENTRIES_MAX 1000u
#define CP_HISTORY_ERROR_MAX   400u

struct cp_history;

/* What became of an entry. Only what was sent or served can be "what is served now". */
#define CP_HISTORY_SENT    "sent"    /* published; no answer yet */
#define CP_HISTORY_SERVED  "served"  /* every worker served it */
#define CP_HISTORY_REFUSED "refused" /* meridiand did not take it */
#define CP_HISTORY_HELD    "held"    /* not offered: it might be less than what is served */

/* cp_history_open reads `dir`, making it when it is missing, and clears what a killed writer left.
 * `keep` is how many images stay. -ENOMEM only. */
int cp_history_open(const char *dir, size_t keep, struct conf_errors *notes,
		struct cp_history **ret_history);
void cp_history_free(struct cp_history *history);

/* cp_history_cnt, cp_history_at: entries, the oldest first; borrowed until the next change. */
size_t cp_history_cnt(const struct cp_history *history);
const json_t *cp_history_at(const struct cp_history *history, size_t i);
/* cp_history_find: the entry of a generation, or NULL. */
const json_t *cp_history_find(const struct cp_history *history, uint64_t generation);
/* cp_history_newest: the last entry that was sent or served, or NULL. */
const json_t *cp_history_newest(const struct cp_history *history);
/* cp_history_before: the last one of a generation below `generation`, sent or served, whose image is
 * there and has another content than `content_hash`; 0: none. */
uint64_t
cp_history_before(const struct cp_history *history, uint64_t generation, const char *content_hash);

/* cp_history_list: every entry, the newest first, each with has_table: can it be rolled back to? */
json_t *cp_history_list(const struct cp_history *history);

/* cp_history_store writes an image as that of `generation`. `like`: a generation in the history with
 * the same content, so that a link will do; 0: none. `image` NULL: a link or nothing. */
int cp_history_store(const struct cp_history *history, uint64_t generation, uint64_t like,
		const void *image, size_t image_bytes);

/* cp_history_load reads and checks the image of a generation, and gives it that number. -ENOENT when
 * it is not there, -EBADMSG when it is damaged, with a sentence. */
int cp_history_load(const struct cp_history *history, uint64_t generation, void **ret_image,
		size_t *ret_bytes, char error[CP_HISTORY_ERROR_MAX]);

/* cp_history_add appends an entry (its reference is taken over), drops the oldest entries and images
 * beyond the limits, and writes the log. An older entry of the same number gives way. In memory it
 * holds whether the disk took it or not. */
int cp_history_add(struct cp_history *history, json_t *entry);
/* cp_history_mark sets the outcome of an entry, with a reason or NULL, and writes the log. */
int cp_history_mark(struct cp_history *history, uint64_t generation, const char *outcome,
		const char *reason);

const char *cp_history_dir(const struct cp_history *history);

#endif
