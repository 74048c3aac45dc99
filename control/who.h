/*
 * Who asked for a change: the process at the other end of the API's UNIX socket, as the kernel
 * names it, or the daemon itself.
 *
 * Threads:   pure functions; those that look at /proc and /etc/passwd touch nothing else.
 * Memory:    cp_who_json: a new reference.
 * Errors:    what cannot be known is left empty.
 */
#ifndef CONTROL_WHO_H
#define CONTROL_WHO_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define CP_WHO_TEXT_MAX 128u

struct cp_who {
	char name[64]; /* of the user; "uid 1000" without a name; the daemon: "start", "SIGHUP" */
	char program[32]; /* "meridianctl" */
	uint32_t uid;
	uint32_t pid; /* 0: the daemon itself; UINT32_MAX: not known, of another PID namespace */
};

/* cp_who_of_peer: who is connected to `sock`. Names come from /etc/passwd alone: a directory service
 * that does not answer must not keep the event loop waiting. */
void cp_who_of_peer(int sock, struct cp_who *ret_who);
/* cp_who_self: the daemon, for this reason. */
struct cp_who cp_who_self(const char *reason);

/* cp_who_text: "root (meridianctl, pid 4711)", "start". */
void cp_who_text(const struct cp_who *who, char text[CP_WHO_TEXT_MAX]);
/* cp_who_json: {"name", "uid", "pid", "program"}, no pid when it is not known; of the daemon itself
 * {"name"}. */
json_t *cp_who_json(const struct cp_who *who);

#endif
