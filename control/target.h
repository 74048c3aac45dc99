/*
 * A health target: one probe, however many records and zones use it. Its canonical key is what the
 * table stores (TBL_SECTION_TARGETS), so that a table alone says what to probe.
 *
 * Threads:   pure.
 * Memory:    a cp_target is plain data; strings are inside it.
 * Errors:    -EINVAL for a key that is not one.
 */
#ifndef CONTROL_TARGET_H
#define CONTROL_TARGET_H

#include "control/zones.h"

#define CP_TARGET_KEY_MAX 1024u

struct cp_target {
	enum cp_protocol protocol;
	char address[64]; /* literal address, or a host name for CNAME pools */
	uint16_t port;
	char host[256];
	char path[512];
	uint32_t interval_ms, timeout_ms, fall, rise;
};

/* cp_target_make: the target of one pool value under its record's health check. */
void cp_target_make(const struct cp_healthcheck *check, const char *value_text,
		struct cp_target *ret_target);
/* cp_target_key: "tcp 192.0.2.1 443 interval=10000 timeout=4000 fall=3 rise=2". Returns its length
 * or -EINVAL when it would not fit. */
int cp_target_key(const struct cp_target *target, char key[CP_TARGET_KEY_MAX]);
int cp_target_from_key(const char *key, struct cp_target *ret_target);
/* cp_target_label: for people: "tcp 192.0.2.1:443". */
void cp_target_label(const struct cp_target *target, char *label, size_t size);

#endif
