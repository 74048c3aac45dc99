#include "tests/unit/dataplane/images.h"

#include <stdlib.h>

#include "table/build.h"
#include "table/ipc.h"

#include "tests/unit/dataplane/zone.h"
#include "tests/unit/test.h"

static struct dp_image *
seal(void *bytes, size_t size)
{
	struct dp_image *image = NULL;
	struct tbl_error error;
	int fd = tbl_image_to_memfd("test", bytes, size);

	free(bytes);
	assert_true(fd >= 0);
	assert_int_equal(dp_image_from_memfd(fd, &image, &error), 0);
	return image;
}

struct dp_image *
images_table(uint64_t generation)
{
	size_t size;
	void *bytes = zone_build(generation, &size);

	return seal(bytes, size);
}

struct dp_image *
images_damaged(uint64_t generation, size_t at)
{
	size_t size;
	uint8_t *bytes = zone_build(generation, &size);

	bytes[at % size] ^= 0x10;
	return seal(bytes, size);
}

struct dp_image *
images_selection(uint64_t table_generation, uint64_t sequence)
{
	size_t table_size;
	void *table = zone_build(table_generation, &table_size);
	void *bytes = NULL;
	size_t size = 0;

	assert_int_equal(tbl_select_build(table, NULL, sequence, &bytes, &size), 0);
	free(table);
	return seal(bytes, size);
}
