/*
 * What the control plane must not forget over a restart: the last generation it gave out, whether
 * the table is pinned by a rollback, the secret hash seed, and the state of health. What was in the
 * tables is control/history.h's.
 *
 * Threads:   one owner (the event loop).
 * Memory:    cp_state_open fills, cp_state_close releases.
 * Errors:    negative errno; the file concerned is in *ret_path (the state's, valid until close).
 */
#ifndef CONTROL_STATE_H
#define CONTROL_STATE_H

#include <jansson.h>
#include <stdint.h>

struct cp_state {
	char *dir;
	char *published_path; /* published.json: generation, pin */
	char *seed_path;      /* hash-seed: 16 bytes as 32 hexadecimal digits, mode 0600 */
	char *health_path;    /* health.json */
	char *answered_path;  /* answered.json */
	uint64_t generation;  /* last given out; 0: none yet */
	json_t *pin; /* of a rollback: {"of", "who", "unix_s"}; NULL: the zones directory counts */
	json_t *health;   /* object: target key -> state; empty when nothing is known */
	json_t *answered; /* {"content_hash", "down": [target numbers]} last offered; or NULL */
	int health_error; /* why health.json could not be used, or 0; every target is then unknown */
	uint64_t hash_seed[2];
};

/* cp_state_open makes the directory when it is missing, makes the seed on first use, and reads what
 * is there. A damaged seed or generation is an error: a guess could go back. A damaged health file
 * is not, since unknown is not down. */
int cp_state_open(const char *dir, struct cp_state *state, const char **ret_path);
void cp_state_close(struct cp_state *state);

/* cp_state_save_published records a generation before it is sent, and the pin it is under (its
 * reference is taken over; NULL: none). In memory both hold whether the disk took them or not. */
int cp_state_save_published(struct cp_state *state, uint64_t generation, json_t *pin);

/* cp_state_save_health records health states; takes over the reference. */
int cp_state_save_health(struct cp_state *state, json_t *health);

/* cp_state_save_answered records which targets are left out of answers, before they are; takes over
 * the reference. Not flushed: it is for a killed process, and must not cost a flip its time. */
int cp_state_save_answered(struct cp_state *state, json_t *answered);

#endif
