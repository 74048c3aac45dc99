/*
 * The files of one zone: their YAML, their records, and the SOA that octoDNS files do not have.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/healthcheck.h"
#include "control/idn.h"
#include "control/probe.h"
#include "control/zones_impl.h"

/* Progress is told every so many names, some hundredths of a second. */
#define NAMES_PER_TELL 10000u

const char *
cp_zone_keep_file(struct cp_zone_load *load, const struct conf_node *node)
{
	if (node->file == load->kept_of) {
		return load->kept_file;
	}
	load->kept_file = conf_arena_copy(load->arena, node->file, strlen(node->file));
	load->kept_of = load->kept_file != NULL ? node->file : NULL;
	return load->kept_file;
}

static void
tell_progress(const struct cp_zone_load *load, const char *file, size_t done, size_t total)
{
	const struct conf_progress *progress = load->options->progress;

	if (progress != NULL && done % NAMES_PER_TELL == 0) {
		progress->tell(progress->context, file, CONF_UNIT_RECORDS, done, total);
	}
}

static int
read_records(struct cp_zone_load *load, const struct conf_node *root)
{
	int rc = 0;

	load->kept_of = NULL; /* an address of another document may be taken again */
	for (size_t i = 0; rc == 0 && i < root->mapping.cnt; i++) {
		const struct conf_pair *pair = &root->mapping.pairs[i];
		bool is_list = pair->value->kind == CONF_SEQUENCE;
		size_t cnt = is_list ? pair->value->sequence.cnt : 1;

		tell_progress(load, root->file, i, root->mapping.cnt);
		for (size_t k = 0; rc == 0 && k < cnt; k++) {
			rc = cp_record_read(load, pair->key,
					is_list ? pair->value->sequence.items[k] : pair->value);
		}
	}
	return rc;
}

static int
compare_drafts(const void *a, const void *b)
{
	const struct cp_record *x = &((const struct cp_record_draft *)a)->record;
	const struct cp_record *y = &((const struct cp_record_draft *)b)->record;
	size_t x_order = ((const struct cp_record_draft *)a)->order;
	size_t y_order = ((const struct cp_record_draft *)b)->order;
	int order = strcmp(x->fqdn, y->fqdn);

	if (order == 0) {
		order = (int)x->type - (int)y->type;
	}
	return order != 0 ? order : (x_order > y_order) - (x_order < y_order);
}

static const struct cp_record *
find_apex_ns(const struct cp_zone_draft *draft)
{
	for (size_t i = 0; i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;

		if (record->type == CP_TYPE_NS && strcmp(record->fqdn, draft->zone.name) == 0) {
			return record;
		}
	}
	return NULL;
}

/* soa_name: a configured name, else the first label put before the zone's name. Returns the wire
 * length or -EINVAL. */
static int
soa_name(const struct cp_zone_load *load, const char *configured, const char *label,
		uint8_t wire[TBL_NAME_MAX])
{
	char text[TBL_NAME_TEXT_MAX + 16];

	if (configured != NULL) {
		return tbl_name_from_text(configured, wire);
	}
	(void)snprintf(text, sizeof(text), "%s.%s", label, load->draft->zone.name);
	return tbl_name_from_text(text, wire);
}

static void
put_u32(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 24);
	at[1] = (uint8_t)(number >> 16);
	at[2] = (uint8_t)(number >> 8);
	at[3] = (uint8_t)number;
}

static const struct cp_soa_settings *
soa_settings(const struct cp_zone_load *load)
{
	return load->draft->settings != NULL ? &load->draft->settings->soa : &load->options->soa;
}

/* fill_soa makes the RDATA of RFC 1035 §3.3.13 with serial 0: it is the table's generation, which
 * the table's reader writes (tbl_builder_follow_generation). */
static int
fill_soa(const struct cp_zone_load *load, const struct cp_record *apex_ns, struct cp_record *soa)
{
	const struct cp_soa_settings *settings = soa_settings(load);
	const char *mname = settings->mname;
	uint8_t wire[2 * TBL_NAME_MAX + 20];
	int mname_len = 0;
	int rname_len = 0;
	uint8_t *numbers = NULL;
	struct cp_reader reader = { .arena = load->arena };
	struct cp_value value = { 0 };
	char *text = NULL;

	if (mname == NULL && apex_ns != NULL) {
		mname = apex_ns->texts[0];
	}
	mname_len = soa_name(load, mname, "ns1", wire);
	rname_len = mname_len > 0 ? soa_name(load, settings->rname, "hostmaster", wire + mname_len)
	                          : -EINVAL;
	if (rname_len < 0) {
		conf_error_add(load->errors, CONF_ERROR, load->draft->zone.file, 0, 0,
				"no SOA can be made: mname or rname is not a domain name");
		return -EINVAL;
	}
	numbers = wire + mname_len + rname_len;
	put_u32(numbers, 0);
	put_u32(numbers + 4, (uint32_t)settings->refresh_s);
	put_u32(numbers + 8, (uint32_t)settings->retry_s);
	put_u32(numbers + 12, (uint32_t)settings->expire_s);
	put_u32(numbers + 16, (uint32_t)settings->negative_ttl_s);
	text = conf_arena_printf(load->arena,
			"%s %s 0 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
			cp_name_text(load->arena, wire),
			cp_name_text(load->arena, wire + mname_len), settings->refresh_s,
			settings->retry_s, settings->expire_s, settings->negative_ttl_s);
	soa->values = conf_arena_alloc(load->arena, 1, sizeof(*soa->values));
	soa->texts = conf_arena_alloc(load->arena, 1, sizeof(*soa->texts));
	if (soa->values == NULL || soa->texts == NULL ||
			cp_value_set(&reader, wire, (size_t)mname_len + (size_t)rname_len + 20,
					text, &value) != 0) {
		return -ENOMEM;
	}
	soa->values[0] = value.rdata;
	soa->texts[0] = value.text;
	soa->value_cnt = 1;
	return 0;
}

static int
make_soa(const struct cp_zone_load *load, struct cp_record *ret_soa)
{
	struct cp_zone *zone = &load->draft->zone;
	const struct cp_record *apex_ns = find_apex_ns(load->draft);
	struct cp_record soa = { .fqdn = zone->name,
		.type = CP_TYPE_SOA,
		.ttl_s = (uint32_t)soa_settings(load)->ttl_s,
		.file = zone->file };
	int rc = fill_soa(load, apex_ns, &soa);

	if (apex_ns == NULL) {
		conf_error_add(load->errors, CONF_WARNING, zone->file, 0, 0,
				"zone %s has no NS record at its apex", zone->name);
	}
	if (rc == 0) {
		memcpy(soa.owner, zone->apex, sizeof(soa.owner));
		*ret_soa = soa;
	}
	return rc;
}

/* store moves the records into the set, the SOA first. */
static int
store(struct cp_zone_load *load)
{
	struct cp_zone *zone = &load->draft->zone;
	size_t cnt = load->draft->record_cnt;
	int rc = 0;

	zone->records = conf_arena_alloc(load->arena, cnt + 1, sizeof(*zone->records));
	if (zone->records == NULL) {
		return -ENOMEM;
	}
	rc = make_soa(load, &zone->records[0]);
	if (rc != 0) {
		return rc == -EINVAL ? 0 : rc;
	}
	zone->record_cnt = 1;
	for (size_t i = 0; i < cnt; i++) {
		if (!load->draft->records[i].is_left_out) {
			zone->records[zone->record_cnt++] = load->draft->records[i].record;
		}
	}
	return 0;
}

static bool
has_obeying_value(const struct cp_dynamic *dynamic)
{
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];

		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			if (pool->values[k].status == TBL_STATUS_OBEY) {
				return true;
			}
		}
	}
	return false;
}

/* Checks that nobody can make: UDP and ICMP are not probed yet, and a request needs a host name, which
 * that of a wildcard is not. */
static void
warn_unprobed(struct cp_zone_load *load)
{
	for (size_t i = 0; i < load->draft->record_cnt; i++) {
		const struct cp_record *record = &load->draft->records[i].record;
		const struct cp_healthcheck *check = NULL;

		if (record->dynamic == NULL || !has_obeying_value(record->dynamic)) {
			continue;
		}
		check = &record->dynamic->healthcheck;
		if (!can_cp_probe(check->protocol)) {
			conf_error_add(load->errors, CONF_WARNING, record->file, record->line,
					record->col,
					"health check protocol %s is not probed yet; values of "
					"\"%s\" are taken as up",
					cp_protocol_name(check->protocol), record->fqdn);
		} else if (check->host != NULL && !is_cp_probe_host(check->host)) {
			conf_error_add(load->errors, CONF_WARNING, record->file, record->line,
					record->col,
					"health check host \"%s\" is no host name: values of "
					"\"%s\" are not probed and taken as up; write "
					"octodns: {healthcheck: {host: ...}}",
					check->host, record->fqdn);
		}
	}
}

/* read_document takes the records of one file. */
static int
read_document(struct cp_zone_load *load, const struct conf_node *root)
{
	return root != NULL && root->kind == CONF_MAPPING ? read_records(load, root) : 0;
}

/* check_document looks at what a file is as a whole. */
static int
check_document(struct cp_zone_load *load, const struct conf_node *root)
{
	if (root == NULL) {
		return 0;
	}
	if (root->kind != CONF_MAPPING) {
		conf_error_add(load->errors, CONF_ERROR, root->file, root->line, root->col,
				"a zone file must hold \"name: record\" pairs");
		return 0;
	}
	cp_zone_warn_numbers(load, root);
	return load->options->enforce_order ? cp_zone_check_order(load, root) : 0;
}

/* load_document reads one file's YAML, and what it includes. */
static int
load_document(struct cp_zone_load *load, const char *path, struct conf_document *ret_document)
{
	const struct conf_yaml_options options = {
		.include_root = load->dir,
		.can_include_outside = load->options->include_outside,
		.progress = load->options->progress,
	};

	return conf_yaml_load(path, &options, load->errors, ret_document);
}

/* read_file: one file; an unreadable one leaves the zone's other files to be read for their errors. */
static int
read_file(struct cp_zone_load *load, const char *path)
{
	struct conf_document document = { 0 };
	int rc = load_document(load, path, &document);

	if (rc != 0) {
		load->draft->zone.has_errors = true;
		return rc == -ENOMEM ? rc : 0;
	}
	rc = check_document(load, document.root);
	if (rc == 0) {
		rc = read_document(load, document.root);
	}
	conf_yaml_free(&document);
	return rc;
}

int
cp_zone_shared_read(struct cp_zone_load *load)
{
	struct cp_zone_shared *shared = &load->shared;
	const char *name = load->options->shared_filename;
	size_t errors_before = load->errors->error_cnt;
	int rc = 0;

	if (name == NULL) {
		return 0;
	}
	shared->path = name[0] == '/' ? name
	                              : conf_arena_printf(load->arena, "%s/%s", load->dir, name);
	if (shared->path == NULL) {
		return -ENOMEM;
	}
	rc = load_document(load, shared->path, &shared->document);
	if (rc == 0) {
		rc = check_document(load, shared->document.root);
	}
	shared->has_errors = load->errors->error_cnt > errors_before;
	return rc == -ENOMEM ? rc : 0;
}

/* The files of a zone, as they are found. */
struct file_list {
	char **paths;
	size_t cnt;
	size_t cap;
};

/* list_file takes over `path`. */
static int
list_file(struct file_list *files, char *path)
{
	char **paths = files->paths;

	if (path != NULL && files->cnt == files->cap) {
		files->cap = files->cap == 0 ? 4 : files->cap * 2;
		paths = reallocarray(paths, files->cap, sizeof(*paths));
		if (paths != NULL) {
			files->paths = paths;
		}
	}
	if (path == NULL || paths == NULL) {
		free(path);
		return -ENOMEM;
	}
	files->paths[files->cnt++] = path;
	return 0;
}

static int
list_directory(struct cp_zone_load *load, const char *path, struct file_list *files)
{
	static const char suffix[] = ".yaml";
	DIR *directory = opendir(path);
	const struct dirent *entry = NULL;
	int rc = 0;

	if (directory == NULL) {
		conf_error_add(load->errors, CONF_ERROR, path, 0, 0, "%s", strerrordesc_np(errno));
		load->draft->zone.has_errors = true;
		return 0;
	}
	/* The only thread that reads it. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (rc == 0 && (entry = readdir(directory)) != NULL) {
		size_t len = strlen(entry->d_name);
		char *file = NULL;

		/* ".yaml" is where octoDNS may put the apex. */
		if (len >= sizeof(suffix) - 1 &&
				strcmp(entry->d_name + len - (sizeof(suffix) - 1), suffix) == 0) {
			rc = asprintf(&file, "%s/%s", path, entry->d_name) < 0
			                     ? -ENOMEM
			                     : list_file(files, file);
		}
	}
	(void)closedir(directory);
	return rc;
}

static int
compare_paths(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static int
list_files(struct cp_zone_load *load, struct file_list *files)
{
	const struct cp_zone_draft *draft = load->draft;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < draft->source_cnt; i++) {
		const struct cp_zone_source *source = &draft->sources[i];

		rc = source->kind == CP_SOURCE_DIRECTORY ? list_directory(load, source->path, files)
		                                         : list_file(files, strdup(source->path));
	}
	if (rc == 0 && load->shared.path != NULL) {
		rc = list_file(files, strdup(load->shared.path));
	}
	if (rc == 0 && files->cnt == 0 && !draft->zone.has_errors) {
		conf_error_add(load->errors, CONF_ERROR, draft->zone.file, 0, 0,
				"no YAMLs found for %s",
				cp_idn_decode(load->arena, draft->zone.name));
		load->draft->zone.has_errors = true;
	}
	if (files->cnt > 0) {
		qsort(files->paths, files->cnt, sizeof(*files->paths), compare_paths);
	}
	return rc;
}

/* read_files reads all files in the order of their paths, so that of two equal records always the
 * same is the second. */
static int
read_files(struct cp_zone_load *load)
{
	struct file_list files = { 0 };
	int rc = list_files(load, &files);

	for (size_t i = 0; i < files.cnt; i++) {
		bool is_shared = load->shared.path != NULL &&
		                 strcmp(files.paths[i], load->shared.path) == 0;

		if (rc == 0) {
			rc = is_shared ? read_document(load, load->shared.document.root)
			               : read_file(load, files.paths[i]);
		}
		free(files.paths[i]);
	}
	free(files.paths);
	return rc;
}

int
cp_zone_read(struct cp_zone_load *load)
{
	struct cp_zone_draft *draft = load->draft;
	size_t errors_before = load->errors->error_cnt;
	size_t messages_before = load->errors->cnt;
	int rc = 0;

	draft->zone.has_errors = load->shared.has_errors;
	rc = read_files(load);
	if (rc == 0 && draft->record_cnt > 0) {
		qsort(draft->records, draft->record_cnt, sizeof(*draft->records), compare_drafts);
		cp_zone_check_records(load);
		warn_unprobed(load);
	}
	/* A file that is no YAML may be the one with the NS record. */
	if (rc == 0 && !draft->zone.has_errors) {
		rc = store(load);
	}
	if (load->errors->error_cnt > errors_before) {
		draft->zone.has_errors = true;
	}
	conf_errors_sort(load->errors, messages_before);
	return rc;
}
