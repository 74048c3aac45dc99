/*
 * One table or selection image in this process: a sealed memfd, its read-only mapping, and how many
 * served views use it.
 *
 * Threads:   the cold thread alone; workers see only the mapped bytes, through a view.
 * Memory:    an image is created with one hold and freed (unmapped, closed) with the last.
 * Errors:    0 or negative errno; reasons in *ret_error as a sentence.
 */
#ifndef DATAPLANE_IMAGE_H
#define DATAPLANE_IMAGE_H

#include <stddef.h>

#include "table/view.h"

struct dp_image {
	const void *bytes;
	size_t size;
	int fd; /* sealed memfd: bytes that nobody can change or cut short any more */
	unsigned int hold_cnt;
};

/* dp_image_from_memfd maps a memfd that came over the publish socket; takes `fd` over, also on
 * failure. -EPERM when it is not sealed. */
int dp_image_from_memfd(int fd, struct dp_image **ret_image, struct tbl_error *ret_error);

/* dp_image_from_file copies a file into a sealed memfd, so that a later write to the file (or its
 * truncation, which would be a SIGBUS in a worker) changes nothing. */
int dp_image_from_file(const char *path, struct dp_image **ret_image, struct tbl_error *ret_error);

/* dp_image_hold, dp_image_drop: one more, one fewer user. drop accepts NULL. */
struct dp_image *dp_image_hold(struct dp_image *image);
void dp_image_drop(struct dp_image *image);

#endif
