#include <errno.h>
#include <stdlib.h>

#include "table/build_impl.h"

/* Names in the buckets' places: a name goes to its first bucket, else to its second, else others
 * move over. Most look-ups then end in the first bucket, one cache line. */

/* At most three fifths full: nearly every name finds room in its first bucket. */
#define LOAD_NUM 3u
#define LOAD_DEN 5u

/* Longest walk of names moving over. At three fifths full one of 20 is rare; a walk that needs this
 * many would need thousands, so the table grows instead. */
#define WALK_MAX 200u

/* Two names whose hashes agree in all 64 bits share both buckets however many there are; growing
 * eight times over without success means that, and the seed is to blame. */
#define GROW_MAX 8u

struct buckets {
	const struct tbl_builder *b;
	const uint64_t *hashes; /* by node */
	struct tbl_bucket *items;
	uint64_t mask;
};

static bool
is_place_free(const struct tbl_bucket *bucket, uint32_t place)
{
	return TBL_BUCKET_NODE(bucket->node[place]) == TBL_BUCKET_EMPTY;
}

/* Puts a node into a place; the overflow mark of place 0 belongs to the bucket and stays. */
static void
set_place(struct buckets *buckets, uint64_t index, uint32_t place, uint32_t node)
{
	struct tbl_bucket *bucket = &buckets->items[index];

	bucket->tag[place] = tbl_hash_tag(buckets->hashes[node]);
	bucket->node[place] = node | (bucket->node[place] & TBL_BUCKET_OVERFLOW);
	if (index != tbl_hash_bucket_first(buckets->hashes[node], buckets->mask)) {
		buckets->items[tbl_hash_bucket_first(buckets->hashes[node], buckets->mask)]
				.node[0] |= TBL_BUCKET_OVERFLOW;
	}
}

static int
put_into(struct buckets *buckets, uint64_t index, uint32_t node)
{
	for (uint32_t place = 0; place < TBL_BUCKET_SLOTS; place++) {
		if (is_place_free(&buckets->items[index], place)) {
			set_place(buckets, index, place, node);
			return 0;
		}
	}
	return -ENOSPC;
}

static uint64_t
other_bucket(const struct buckets *buckets, uint32_t node, uint64_t index)
{
	uint64_t first = tbl_hash_bucket_first(buckets->hashes[node], buckets->mask);

	return index != first ? first
	                      : tbl_hash_bucket_second(buckets->hashes[node], buckets->mask);
}

/* Takes the place of a name that then looks for its other bucket, and so on. Which place is taken
 * goes round with the steps, so that the walk is the same every time and does not stay between two
 * names. */
static int
place_node(struct buckets *buckets, uint32_t node)
{
	uint64_t index = tbl_hash_bucket_first(buckets->hashes[node], buckets->mask);

	if (put_into(buckets, index, node) == 0) {
		return 0;
	}
	for (uint32_t step = 0; step < WALK_MAX; step++) {
		uint32_t place = step % TBL_BUCKET_SLOTS;
		uint32_t victim;

		index = other_bucket(buckets, node, index);
		if (put_into(buckets, index, node) == 0) {
			return 0;
		}
		victim = TBL_BUCKET_NODE(buckets->items[index].node[place]);
		buckets->items[index].node[place] &= TBL_BUCKET_OVERFLOW;
		set_place(buckets, index, place, node);
		node = victim;
	}
	return -ENOSPC;
}

static void
clear_buckets(struct buckets *buckets, uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++) {
		for (uint32_t place = 0; place < TBL_BUCKET_SLOTS; place++) {
			buckets->items[i].tag[place] = 0;
			buckets->items[i].node[place] = TBL_BUCKET_EMPTY;
		}
	}
}

static int
place_all(struct buckets *buckets)
{
	for (uint32_t node = 0; node < buckets->b->node_cnt; node++) {
		if (place_node(buckets, node) != 0) {
			return -ENOSPC;
		}
	}
	return 0;
}

static uint64_t *
collect_hashes(const struct tbl_builder *b)
{
	uint64_t *hashes = calloc(b->node_cnt, sizeof(*hashes));

	for (size_t id = 0; hashes != NULL && id < b->names.cnt; id++) {
		const struct tbl_build_name *name = tbl_build_name_at(b, (uint32_t)id);

		if (name->node != TBL_NONE) {
			hashes[name->node] = name->hash;
		}
	}
	return hashes;
}

static uint64_t
choose_bucket_cnt(uint64_t node_cnt)
{
	uint64_t cnt = 1;

	while (cnt * TBL_BUCKET_SLOTS * LOAD_NUM / LOAD_DEN < node_cnt) {
		cnt *= 2;
	}
	return cnt;
}

int
tbl_build_buckets(struct tbl_builder *b, struct tbl_error *ret_error)
{
	static const uint8_t root[1] = { 0 };
	struct tbl_vec *section = &b->out[TBL_SECTION_BUCKETS];
	uint64_t *hashes = collect_hashes(b);
	struct buckets buckets = { .b = b, .hashes = hashes };
	uint64_t cnt = choose_bucket_cnt(b->node_cnt);
	int rc = -ENOMEM;

	for (uint32_t i = 0; hashes != NULL && i < GROW_MAX; i++, cnt *= 2) {
		section->cnt = 0;
		buckets.items = tbl_vec_add(section, cnt);
		if (buckets.items == NULL) {
			goto out_hashes;
		}
		buckets.mask = cnt - 1;
		clear_buckets(&buckets, cnt);
		if (place_all(&buckets) == 0) {
			rc = 0;
			goto out_hashes;
		}
	}
	if (hashes != NULL) {
		rc = tbl_build_fail(ret_error, root, 0, "names do not spread under this hash seed");
	}
out_hashes:
	free(hashes);
	return rc;
}
