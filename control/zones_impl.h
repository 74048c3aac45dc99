/*
 * Reading zone files: what the readers share. zones_list.c says which zones a directory holds and
 * in which files, zones.c loads them one by one, zones_file.c reads the files of one zone,
 * zones_record.c one record, zones_checks.c looks at a whole zone.
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
	size_t order; /* as it was read */
	bool is_lenient;
	bool is_left_out; /* warned about, and not served */
};

enum cp_source_kind {
	CP_SOURCE_FILE = 0,
	CP_SOURCE_DIRECTORY, /* every *.yaml in it */
	CP_SOURCE_MASTER,    /* control/master.h; alone */
};
/* Something in the directory that a zone is made of. */
struct cp_zone_source {
	char *zone; /* lower-cased ASCII */
	uint8_t apex[TBL_NAME_MAX];
	char *path;
	enum cp_source_kind kind;
	bool is_ascii; /* so is its name in the directory: an IDN may be written either way */
};
struct cp_zone_sources {
	struct cp_zone_source *items; /* by zone, kind and path */
	size_t cnt;
	size_t cap;
};

struct cp_zone_draft {
	struct cp_zone zone; /* its records are filled in at the end */
	const struct cp_zone_source *sources;
	size_t source_cnt;
	const struct cp_zone_settings *settings; /* NULL: none of its own */
	bool has_inner;                          /* another zone of the set lies in it */
	struct cp_record_draft *records;
	size_t record_cnt;
	size_t record_cap;
	bool is_geo_told; /* that `geo` is deprecated */
};

/* The file that is read into every zone. */
struct cp_zone_shared {
	const char *path; /* NULL: there is none */
	struct conf_document document;
	bool has_errors;
};

struct cp_zone_load {
	struct conf_arena *arena;
	struct conf_errors *errors;
	const struct cp_zones_options *options;
	const char *dir;
	struct cp_zone_shared shared;
	struct cp_zone_draft *drafts; /* all of them, by name */
	size_t draft_cnt;
	struct cp_zone_draft *draft; /* the one being read */
	/* The last name that cp_zone_keep_file kept, and what it was a copy of. */
	const char *kept_file;
	const char *kept_of;
};

/* cp_zone_sources_list: -errno when the directory cannot be read. The list's items are the
 * caller's (free()). */
int cp_zone_sources_list(struct cp_zone_load *load, struct cp_zone_sources *sources);

/* cp_zone_shared_read reads the shared file, if one is configured. */
int cp_zone_shared_read(struct cp_zone_load *load);

/* cp_zone_read reads every file of load->draft, whose zone has apex, name and file. The records
 * come out sorted by owner and type, the SOA among them. */
int cp_zone_read(struct cp_zone_load *load);

/* cp_zone_keep_file: the name of a node's file, which may be an included one, in the set's arena; the
 * document that has it is freed. */
const char *cp_zone_keep_file(struct cp_zone_load *load, const struct conf_node *node);

/* cp_record_read takes one record mapping under the key `name`. */
int cp_record_read(struct cp_zone_load *load, const struct conf_node *name,
		const struct conf_node *record);

/* is_cp_zone_lenient: the zone being read is, by its settings. */
bool is_cp_zone_lenient(const struct cp_zone_load *load);

/* cp_zone_check_order refuses mappings whose keys are not in the configured order. */
int cp_zone_check_order(struct cp_zone_load *load, const struct conf_node *root);
/* cp_zone_warn_numbers tells of values that YAML reads as another number than the file shows. */
void cp_zone_warn_numbers(struct cp_zone_load *load, const struct conf_node *root);
/* cp_zone_check_records: duplicates, CNAME beside other data, ALIAS beside addresses; records are sorted. */
void cp_zone_check_records(struct cp_zone_load *load);

/* cp_zones_mark_inner finds the zones that have others inside. */
void cp_zones_mark_inner(struct cp_zone_load *load);
/* cp_zone_check_place: is the record at or below another zone of the set, which answers in its
 * stead? Tells so; the record is then left out where that is not an error. */
void cp_zone_check_place(struct cp_zone_load *load, struct cp_record_draft *draft);

#endif
