/*
 * Reading one zone file: what the readers of names, records and whole-zone checks share
 * (zones_record.c, zones_file.c, zones_checks.c; the directory is zones.c).
 *
 * Threads:   one reader.
 * Memory:    everything that outlives the load is in the set's arena.
 * Errors:    told in `errors`; functions return 0 also after telling some, -ENOMEM else.
 */
#ifndef CONTROL_ZONES_IMPL_H
#define CONTROL_ZONES_IMPL_H

#include "conf/arena.h"
#include "control/rdata.h"
#include "control/zones.h"

/* A record and what only the checks need to know of it. */
struct cp_record_draft {
	struct cp_record record;
	bool is_lenient;
};

struct cp_zone_draft {
	struct cp_zone zone; /* its records are filled in at the end */
	struct cp_record_draft *records;
	size_t record_cnt;
	size_t record_cap;
	bool is_geo_told; /* that `geo` is deprecated */
};

struct cp_zone_load {
	struct conf_arena *arena;
	struct conf_errors *errors;
	const struct cp_zones_options *options;
	struct cp_zone_draft *draft;
	const char *dir; /* of the zones */
	/* The last name that cp_zone_keep_file kept, and what it was a copy of. */
	const char *kept_file;
	const char *kept_of;
};

/* cp_zone_read_file reads options and file into load->draft, whose zone has apex, name and file.
 * The records come out sorted by owner and type, the SOA among them. */
int cp_zone_read_file(struct cp_zone_load *load);

/* cp_zone_keep_file: the name of a node's file, which may be an included one, in the set's arena; the
 * document that has it is freed. */
const char *cp_zone_keep_file(struct cp_zone_load *load, const struct conf_node *node);

/* cp_record_read takes one record mapping under the key `name`. */
int cp_record_read(struct cp_zone_load *load, const struct conf_node *name,
		const struct conf_node *record);

/* cp_zone_check_order refuses mappings whose keys are not in natural order. */
void cp_zone_check_order(struct cp_zone_load *load, const struct conf_node *root);
/* cp_zone_warn_numbers tells of values that YAML reads as another number than the file shows. */
void cp_zone_warn_numbers(struct cp_zone_load *load, const struct conf_node *root);
/* cp_zone_check_records: duplicates, and CNAME beside other data; records are sorted. */
void cp_zone_check_records(struct cp_zone_load *load);
/* cp_zones_check_nesting: records at or below another zone of the set. Drafts are sorted by name. */
void cp_zones_check_nesting(struct cp_zone_draft *drafts, size_t cnt, struct conf_errors *errors);

#endif
