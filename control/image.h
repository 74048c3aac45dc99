/*
 * A table image that several hold: the one being served is also what a plan is made against, on
 * another thread, and what comes back when its successor is refused.
 *
 * Threads:   held and released by the event loop alone; whoever it lends an image to reads it. The
 *            bytes do not change while more than one holds them.
 * Memory:    the last cp_image_release frees.
 * Errors:    -ENOMEM.
 */
#ifndef CONTROL_IMAGE_H
#define CONTROL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "table/format.h"

struct cp_image {
	void *bytes; /* checked, 64-byte aligned */
	size_t size;
	unsigned int holder_cnt;
};

/* cp_image_new takes over `bytes` (free()), whatever it returns; the caller is the first holder. */
int cp_image_new(void *bytes, size_t size, struct cp_image **ret_image);
struct cp_image *cp_image_hold(struct cp_image *image);
/* cp_image_release: NULL is fine. */
void cp_image_release(struct cp_image *image);

/* cp_image_header: NULL of NULL. */
const struct tbl_header *cp_image_header(const struct cp_image *image);

/* cp_image_renumber gives *image another generation; when others hold it too, a copy of it. */
int cp_image_renumber(struct cp_image **image, uint64_t generation);

#endif
