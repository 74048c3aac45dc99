#include "control/geo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "control/file.h"
#include "control/geo_impl.h"
#include "control/leaves.h"

/* The largest databases sold (city level, worldwide, with all names) are under 300 MB. */
#define GEO_FILE_BYTES_MAX ((size_t)1 << 30)

/* In struct tbl_geo_prefix.place while a file is read: its country is not in the vocabulary. */
#define PLACE_UNKNOWN (TBL_NONE - 1)

/* A loaded database and what its public face points to; cp_geo.arena leads back here. */
struct storage {
	struct cp_geo geo;
	struct tbl_geo_prefix *prefixes;
	const char *places[CP_GEO_VOCABULARY_CNT];
};

struct load {
	struct storage *storage;
	struct conf_errors *errors;
	const char *path;           /* of the file being read */
	const char *family_path[2]; /* which file gave the IPv4 prefixes, which the IPv6 ones */
	XXH3_state_t *hash;
};

static int
fail(const struct load *load, int err, const char *text)
{
	conf_error_add(load->errors, CONF_ERROR, load->path, 0, 0, "%s", text);
	return err;
}

static int
begin(struct load *load)
{
	struct storage *storage = calloc(1, sizeof(*storage));

	load->hash = XXH3_createState();
	if (storage == NULL || load->hash == NULL) {
		free(storage);
		XXH3_freeState(load->hash);
		return fail(load, -ENOMEM, "out of memory");
	}
	(void)XXH3_64bits_reset(load->hash);
	for (uint32_t i = 0; i < CP_GEO_VOCABULARY_CNT; i++) {
		storage->places[i] = cp_geo_vocabulary[i].code;
	}
	storage->geo.arena = storage;
	storage->geo.table.places = storage->places;
	storage->geo.table.place_cnt = CP_GEO_VOCABULARY_CNT;
	load->storage = storage;
	return 0;
}

/* Which codes of the vocabulary, itself in strcmp order, some prefix has. */
static int
list_places(struct load *load)
{
	const struct tbl_geo *table = &load->storage->geo.table;
	bool is_used[CP_GEO_VOCABULARY_CNT] = { false };
	/* A code and the space or NUL behind it fit the entry's own room. */
	char *text = malloc(CP_GEO_VOCABULARY_CNT * sizeof(cp_geo_vocabulary[0].code));
	char *end = text;

	if (text == NULL) {
		return fail(load, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < table->prefix_cnt; i++) {
		is_used[load->storage->prefixes[i].place] = true;
	}
	*end = '\0';
	for (uint32_t i = 0; i < CP_GEO_VOCABULARY_CNT; i++) {
		if (is_used[i]) {
			end = end == text ? end : stpcpy(end, " ");
			end = stpcpy(end, cp_geo_vocabulary[i].code);
		}
	}
	load->storage->geo.places_text = text;
	return 0;
}

int
cp_geo_compare(const void *a, const void *b)
{
	const struct tbl_prefix *left = &((const struct tbl_geo_prefix *)a)->prefix;
	const struct tbl_prefix *right = &((const struct tbl_geo_prefix *)b)->prefix;
	int order = memcmp(left->bytes, right->bytes, sizeof(left->bytes));

	if (left->family != right->family) {
		return (int)left->family - (int)right->family;
	}
	return order != 0 ? order : (int)left->bits - (int)right->bits;
}

/* A search tree is walked in order; several files may come in any. */
static void
sort_prefixes(struct storage *storage)
{
	size_t cnt = storage->geo.table.prefix_cnt;

	for (size_t i = 1; i < cnt; i++) {
		if (cp_geo_compare(&storage->prefixes[i - 1], &storage->prefixes[i]) > 0) {
			qsort(storage->prefixes, cnt, sizeof(*storage->prefixes), cp_geo_compare);
			break;
		}
	}
	storage->geo.is_sorted = true;
}

/* Hands the database over, or drops it. */
static int
finish(struct load *load, int err, struct cp_geo **ret_geo)
{
	struct storage *storage = load->storage;

	storage->geo.content_hash = XXH3_64bits_digest(load->hash);
	sort_prefixes(storage);
	storage->geo.table.prefixes = storage->prefixes;
	XXH3_freeState(load->hash);
	if (err == 0) {
		err = list_places(load);
	}
	if (err != 0) {
		cp_geo_free(&storage->geo);
		return err;
	}
	*ret_geo = &storage->geo;
	return 0;
}

void
cp_geo_free(struct cp_geo *geo)
{
	struct storage *storage = geo == NULL ? NULL : geo->arena;

	if (storage != NULL) {
		free(storage->prefixes);
		free(storage->geo.description);
		free(storage->geo.places_text);
		free(storage);
	}
}

/* Adds "name (day it was built)". */
static int
describe(struct load *load, uint64_t build_epoch_s)
{
	struct cp_geo *geo = &load->storage->geo;
	const char *slash = strrchr(load->path, '/');
	char day[16] = "unknown date";
	time_t built = (time_t)build_epoch_s;
	struct tm tm;
	char *text;

	/* Beyond year 9999 (or time_t) the field is damaged or a joke. */
	if (build_epoch_s < 253402300800ULL && gmtime_r(&built, &tm) != NULL) {
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
		if (build_epoch_s > geo->build_epoch_s) {
			geo->build_epoch_s = build_epoch_s;
		}
	}
	if (asprintf(&text, "%s%s%s (%s)", geo->description == NULL ? "" : geo->description,
			    geo->description == NULL ? "" : ", ",
			    slash == NULL ? load->path : slash + 1, day) < 0) {
		return fail(load, -ENOMEM, "out of memory");
	}
	free(geo->description);
	geo->description = text;
	return 0;
}

/* Reads each distinct record once: place[number of the record]. */
static int
read_records(const struct load *load, const struct cp_mmdb *mmdb, const struct tbl_pairs *records,
		uint32_t *place)
{
	for (uint32_t i = 0; i < records->cnt; i++) {
		uint32_t off = (uint32_t)records->keys[i];
		bool is_unknown = false;
		int status = cp_mmdb_place(mmdb, off, &place[i], &is_unknown);

		if (status != MMDB_SUCCESS) {
			conf_error_add(load->errors, CONF_ERROR, load->path, 0, 0,
					"data section: the record at byte %u is damaged: %s",
					(unsigned)off, MMDB_strerror(status));
			return -EBADMSG;
		}
		if (is_unknown) {
			place[i] = PLACE_UNKNOWN;
		}
	}
	return 0;
}

/* Replaces record numbers by places and drops prefixes without one. */
static void
keep_placed(struct load *load, struct cp_mmdb_prefixes *prefixes, const uint32_t *place)
{
	size_t kept = 0;

	for (size_t i = 0; i < prefixes->cnt; i++) {
		struct tbl_geo_prefix item = prefixes->items[i];

		item.place = place[item.place];
		if (item.place == PLACE_UNKNOWN) {
			load->storage->geo.unknown_cnt++;
		} else if (item.place != TBL_NONE) {
			prefixes->items[kept++] = item;
		}
	}
	prefixes->cnt = kept;
}

/* A family comes from one file: which of two files is right about an address is nothing we could
 * know. */
static int
claim_families(struct load *load, const struct cp_mmdb_prefixes *prefixes)
{
	const char *before[2] = { load->family_path[0], load->family_path[1] };

	for (size_t i = 0; i < prefixes->cnt; i++) {
		uint32_t family = prefixes->items[i].prefix.family == 4 ? 0 : 1;

		if (before[family] != NULL) {
			conf_error_add(load->errors, CONF_ERROR, load->path, 0, 0,
					"has IPv%c addresses, which %s has too: name one file a "
					"family",
					family == 0 ? '4' : '6', before[family]);
			return -EINVAL;
		}
		load->family_path[family] = load->path;
	}
	return 0;
}

static int
take_prefixes(struct load *load, struct cp_mmdb_prefixes *prefixes)
{
	struct storage *storage = load->storage;
	size_t had = storage->geo.table.prefix_cnt;
	struct tbl_geo_prefix *all;

	if (had == 0) {
		free(storage->prefixes);
		storage->prefixes = prefixes->items;
		prefixes->items = NULL;
	} else {
		all = realloc(storage->prefixes, (had + prefixes->cnt) * sizeof(*all));
		if (all == NULL) {
			return fail(load, -ENOMEM, "out of memory");
		}
		memcpy(all + had, prefixes->items, prefixes->cnt * sizeof(*all));
		storage->prefixes = all;
	}
	storage->geo.table.prefix_cnt = had + prefixes->cnt;
	return 0;
}

static int
add_prefixes(struct load *load, const struct cp_mmdb *mmdb, struct cp_mmdb_prefixes *prefixes)
{
	uint32_t *place = calloc((size_t)prefixes->records.cnt + 1, sizeof(*place));
	int err = place == NULL ? fail(load, -ENOMEM, "out of memory")
	                        : read_records(load, mmdb, &prefixes->records, place);

	if (err == 0) {
		keep_placed(load, prefixes, place);
		if (prefixes->cnt == 0) {
			conf_error_add(load->errors, CONF_ERROR, load->path, 0, 0,
					"no record names a country: \"%s\" is not a country or "
					"city database",
					mmdb->type);
			err = -EINVAL;
		}
	}
	if (err == 0) {
		err = claim_families(load, prefixes);
	}
	if (err == 0) {
		err = take_prefixes(load, prefixes);
	}
	free(place);
	return err;
}

static int
add_mmdb(struct load *load, const struct cp_mmdb *mmdb)
{
	struct cp_mmdb_prefixes prefixes = { 0 };
	struct tbl_error error = { .text = "out of memory" };
	int err = cp_mmdb_walk(mmdb, &prefixes, &error);

	if (err != 0) {
		err = fail(load, err, error.text);
	} else {
		err = add_prefixes(load, mmdb, &prefixes);
	}
	free(prefixes.items);
	tbl_pairs_done(&prefixes.records);
	return err;
}

static int
add_bytes(struct load *load, const uint8_t *bytes, size_t size)
{
	struct tbl_error error = { .text = "out of memory" };
	struct cp_mmdb mmdb;
	int err = cp_mmdb_open(bytes, size, &mmdb, &error);

	if (err != 0) {
		return fail(load, err, error.text);
	}
	err = add_mmdb(load, &mmdb);
	if (err == 0) {
		/* The size first, so that two files are not the one they would make together. */
		(void)XXH3_64bits_update(load->hash, &size, sizeof(size));
		(void)XXH3_64bits_update(load->hash, bytes, size);
		err = describe(load, mmdb.db.metadata.build_epoch);
	}
	cp_mmdb_close(&mmdb);
	return err;
}

static int
add_file(struct load *load, const char *path)
{
	char *bytes = NULL;
	size_t size = 0;
	int err = cp_file_read(path, GEO_FILE_BYTES_MAX, &bytes, &size);

	load->path = path;
	if (err != 0) {
		return fail(load, err, strerrordesc_np(-err));
	}
	err = add_bytes(load, (const uint8_t *)bytes, size);
	free(bytes);
	return err;
}

int
cp_geo_load(const char *const *paths, size_t path_cnt, struct conf_errors *errors,
		struct cp_geo **ret_geo)
{
	struct load load = { .errors = errors, .path = path_cnt > 0 ? paths[0] : "geo database" };
	int err;

	if (path_cnt == 0) {
		return fail(&load, -EINVAL, "no file named");
	}
	err = begin(&load);
	if (err != 0) {
		return err;
	}
	for (size_t i = 0; err == 0 && i < path_cnt; i++) {
		err = add_file(&load, paths[i]);
	}
	return finish(&load, err, ret_geo);
}

int
cp_geo_parse(const char *path, const uint8_t *bytes, size_t size, struct conf_errors *errors,
		struct cp_geo **ret_geo)
{
	struct load load = { .errors = errors, .path = path };
	int err = begin(&load);

	return err != 0 ? err : finish(&load, add_bytes(&load, bytes, size), ret_geo);
}

/* The longest prefix first: whatever nests, there are no more lengths than bits. */
static const struct tbl_geo_prefix *
search_prefix(const struct tbl_geo *table, const struct tbl_addr *addr)
{
	for (unsigned int bits = addr->family == 4 ? 33 : 129; bits-- > 0;) {
		struct tbl_geo_prefix wanted = { .prefix = cp_prefix_around(addr, (uint8_t)bits) };
		const struct tbl_geo_prefix *found = bsearch(&wanted, table->prefixes,
				table->prefix_cnt, sizeof(wanted), cp_geo_compare);

		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

static const struct tbl_geo_prefix *
scan_prefixes(const struct tbl_geo *table, const struct tbl_addr *addr)
{
	struct tbl_prefix host = cp_prefix_around(addr, addr->family == 4 ? 32 : 128);
	const struct tbl_geo_prefix *best = NULL;

	for (size_t i = 0; i < table->prefix_cnt; i++) {
		const struct tbl_geo_prefix *item = &table->prefixes[i];

		if ((best == NULL || item->prefix.bits > best->prefix.bits) &&
				is_cp_prefix_inside(&host, &item->prefix)) {
			best = item;
		}
	}
	return best;
}

const char *
cp_geo_place(const struct cp_geo *geo, const struct tbl_addr *addr, uint8_t *ret_prefix_bits)
{
	const struct tbl_geo_prefix *best = geo->is_sorted ? search_prefix(&geo->table, addr)
	                                                   : scan_prefixes(&geo->table, addr);

	*ret_prefix_bits = best == NULL ? 0 : best->prefix.bits;
	return best == NULL ? NULL : geo->table.places[best->place];
}
