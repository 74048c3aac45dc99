#include "control/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

int
cp_image_new(void *bytes, size_t size, struct cp_image **ret_image)
{
	struct cp_image *image = malloc(sizeof(*image));

	if (image == NULL) {
		free(bytes);
		return -ENOMEM;
	}
	*image = (struct cp_image){ .bytes = bytes, .size = size, .holder_cnt = 1 };
	*ret_image = image;
	return 0;
}

struct cp_image *
cp_image_hold(struct cp_image *image)
{
	if (image != NULL) {
		image->holder_cnt++;
	}
	return image;
}

void
cp_image_release(struct cp_image *image)
{
	if (image != NULL && --image->holder_cnt == 0) {
		free(image->bytes);
		free(image);
	}
}

const struct tbl_header *
cp_image_header(const struct cp_image *image)
{
	return image != NULL ? image->bytes : NULL;
}

static int
copy_image(const struct cp_image *image, struct cp_image **ret_copy)
{
	size_t room = (image->size + TBL_ALIGN_BYTES - 1) / TBL_ALIGN_BYTES * TBL_ALIGN_BYTES;
	void *bytes = aligned_alloc(TBL_ALIGN_BYTES, room);

	if (bytes == NULL) {
		return -ENOMEM;
	}
	memcpy(bytes, image->bytes, image->size);
	return cp_image_new(bytes, image->size, ret_copy);
}

int
cp_image_renumber(struct cp_image **image, uint64_t generation)
{
	struct cp_image *copy = NULL;

	if ((*image)->holder_cnt > 1) {
		int err = copy_image(*image, &copy);

		if (err != 0) {
			return err;
		}
		cp_image_release(*image);
		*image = copy;
	}
	tbl_reseal((*image)->bytes, generation, cp_image_header(*image)->built_unix_s);
	return 0;
}
