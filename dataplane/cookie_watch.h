/*
 * Keeps the cookie secrets that are served those of their file: looked at once a second, read again when
 * it has changed or somebody says so (SIGHUP). A file that is wrong is told once, and the secrets in use
 * stay: one slip of an editor must not make every client's cookie worthless.
 *
 * Threads:   the cold thread alone; workers get the keys with what they serve (view_swap.h).
 * Memory:    the path and the adopter are borrowed.
 * Errors:    told by `say`, a line each.
 */
#ifndef DATAPLANE_COOKIE_WATCH_H
#define DATAPLANE_COOKIE_WATCH_H

#include "dataplane/adopt.h"
#include "dataplane/cookie_file.h"

struct dp_cookie_watch {
	struct dp_cookie_file file; /* as it was read when its keys went to the adopter */
	struct dp_adopter *adopter;
	void (*say)(void *arg, const char *text);
	void *arg;
};

/* dp_cookie_watch_look reads the file when it is another than it was. */
void dp_cookie_watch_look(struct dp_cookie_watch *watch);

/* dp_cookie_watch_reload reads it in any case. */
void dp_cookie_watch_reload(struct dp_cookie_watch *watch);

#endif
