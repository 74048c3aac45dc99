/*
 * A data plane for tests: the server side of table/ipc.h on the test's own event loop, which notes
 * what it is sent and answers as it is told.
 *
 * Threads:   the event loop's.
 * Memory:    fake_plane_open fills, fake_plane_close releases.
 * Errors:    fail the running test.
 */
#ifndef TESTS_UNIT_CONTROL_FAKE_PLANE_H
#define TESTS_UNIT_CONTROL_FAKE_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/ipc.h"

struct event;
struct event_base;

enum fake_manner {
	FAKE_ACKS,     /* every image is taken */
	FAKE_REFUSES,  /* none is */
	FAKE_IS_MUTE,  /* no answer */
	FAKE_HANGS_UP, /* the connection is closed on the first image */
};

#define FAKE_MESSAGES_MAX 64u
struct fake_plane {
	struct event_base *base;
	const char *path;
	enum fake_manner manner;
	bool is_silent;                                 /* does not even say hello */
	struct tbl_ipc_msg served;                      /* what HELLO and ACK say */
	struct tbl_ipc_msg messages[FAKE_MESSAGES_MAX]; /* received, in order */
	size_t message_cnt;
	size_t connection_cnt;
	void *image; /* a copy of the last table taken */
	size_t image_bytes;
	void *selection; /* and of the last selection */
	size_t selection_bytes;
	int listener;
	int sock; /* -1: nobody is connected */
	struct event *accepting;
	struct event *reading;
};

/* fake_plane_open listens on `path`, which must stay. */
void fake_plane_open(struct fake_plane *plane, struct event_base *base, const char *path);
void fake_plane_close(struct fake_plane *plane);
/* fake_plane_hang_up closes the connection; the listener stays. */
void fake_plane_hang_up(struct fake_plane *plane);
/* fake_plane_answer sends one message. */
void fake_plane_answer(struct fake_plane *plane, enum tbl_ipc_kind kind);

#endif
