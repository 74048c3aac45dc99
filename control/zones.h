/*
 * OctoDNS zones in memory: what the files say, checked, with every value in wire form and its place
 * kept for messages. Loading never stops at the first error; zones without errors are usable even
 * when others have some.
 *
 * Threads:   pure; a loaded set is immutable.
 * Memory:    cp_zones_load allocates one set, cp_zones_free releases all of it.
 * Errors:    in *errors, as file:line:col with octoDNS's own words where it has some; -errno only
 *            when the directory cannot be read at all.
 * Standards: octoDNS 1.22 YAML; RFC 1035 §3.3 and the RFC of each type for RDATA.
 */
#ifndef CONTROL_ZONES_H
#define CONTROL_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/build.h"
#include "table/location.h"
#include "table/type.h"

#include "conf/yaml.h"

/* What a zone without an SOA of its own gets (octoDNS has no SOA type). */
struct cp_soa_settings {
	char *mname;                          /* NULL: the zone's first apex NS, else ns1.<zone> */
	char *rname;                          /* NULL: hostmaster.<zone> */
	int64_t refresh_s, retry_s, expire_s; /* these and the TTLs: 31 bits */
	int64_t ttl_s, negative_ttl_s;
};
/* What may be set for one zone by its name: octoDNS's `zones`. */
struct cp_zone_settings {
	char *name;               /* "example.test.", lower-cased ASCII */
	bool is_lenient;          /* reasons become warnings */
	bool ignore_subzone_adds; /* records that belong into another zone are left out */
	bool uses_ecs;            /* client subnets count in it (RFC 7871) */
	double update_share;      /* of its records may change at once without force, 0 to 1 */
	double delete_share;
	struct cp_soa_settings
			soa; /* all of it: what is not set is filled in from the general one */
	uint32_t line, col;
};

enum cp_key_order {
	CP_ORDER_NATURAL = 0, /* "a2" before "a10" */
	CP_ORDER_SIMPLE,      /* by code point */
};

/* How zone files are read; the names are octoDNS's. */
struct cp_zones_options {
	uint32_t default_ttl_s; /* octoDNS: 3600 */
	bool enforce_order;     /* octoDNS: true */
	enum cp_key_order order_mode;
	/* Split zones: every *.yaml in the directory "example.test" + split_extension. NULL: none. */
	const char *split_extension;
	/* A file of the directory that is read into every zone. NULL: none. */
	const char *shared_filename;
	bool disable_zonefile;   /* example.test.yaml is not read, only split zones are */
	bool escaped_semicolons; /* octoDNS: true; ";" in texts is written "\;" */
	const struct cp_zone_settings *settings; /* by name */
	size_t setting_cnt;
	const char *settings_file; /* where they stand, for messages */
	bool include_outside;      /* files may include others from outside the zones directory */
	const struct conf_progress *progress; /* of each file; NULL: nobody looks */
	struct cp_soa_settings soa;
};

enum cp_protocol {
	CP_PROTOCOL_HTTPS = 0, /* octoDNS's default */
	CP_PROTOCOL_HTTP,
	CP_PROTOCOL_TCP,
	CP_PROTOCOL_UDP,
	CP_PROTOCOL_ICMP,
};
/* octodns.healthcheck with its defaults filled in, and ours from octodns.meridian.healthcheck. */
struct cp_healthcheck {
	enum cp_protocol protocol;
	uint16_t port;
	char *host; /* NULL for TCP, UDP, ICMP */
	char *path;
	uint32_t interval_ms; /* 10000 */
	uint32_t timeout_ms;  /* 4000 */
	uint32_t fall;        /* 3 */
	uint32_t rise;        /* 2 */
	bool is_explicit;     /* the file has an octodns.healthcheck */
};

struct cp_value {
	struct tbl_rdata rdata;
	char *text;
	const char *probed; /* what its check asks, where that is not `text`; else NULL */
	uint16_t weight;
	uint8_t status; /* enum tbl_status */
};
struct cp_pool {
	char *name;
	struct cp_value *values;
	uint32_t value_cnt;
	int32_t fallback; /* ordinal or -1 */
};
struct cp_dynamic {
	struct cp_pool *pools; /* by name */
	uint32_t pool_cnt;
	struct tbl_rule_input *rules; /* rule.pool is the ordinal in `pools` */
	uint32_t rule_cnt;
	struct cp_healthcheck healthcheck;
};
struct cp_record {
	uint8_t owner[TBL_NAME_MAX]; /* lower-cased wire */
	char *fqdn;
	uint16_t type;
	uint16_t lint_ignored; /* 1 << enum cp_lint */
	uint32_t ttl_s;
	struct tbl_rdata *values; /* sorted, without duplicates */
	char **texts;             /* presentation form of each value */
	uint32_t value_cnt;
	struct cp_dynamic *dynamic; /* NULL: static */
	const char *file;
	uint32_t line, col;
};
struct cp_zone {
	uint8_t apex[TBL_NAME_MAX];
	char *name; /* "example.test." */
	char *file;
	struct cp_record *records; /* the SOA included */
	size_t record_cnt;
	uint16_t lint_ignored; /* as in a record, for all of them */
	bool has_errors;       /* not to be published */
	bool has_own_soa; /* its file has the SOA, serial and all; else the serial is the generation */
	bool ignores_ecs; /* client subnets do not count in it */
	/* The same version with addresses for its ALIAS records, as it was last served (control/book.h);
	 * NULL: it never was, or has none. */
	const struct cp_zone *resolved;
};
struct cp_zones {
	struct cp_zone *items; /* by name */
	size_t cnt;
	void *arena;
};

/* cp_zones_load reads every <zone.>yaml (octoDNS) and <zone.>zone (control/master.h) of a directory.
 * Subdirectories and other files: ignored. */
int cp_zones_load(const char *dir, const struct cp_zones_options *options,
		struct conf_errors *errors, struct cp_zones **ret_zones);
void cp_zones_free(struct cp_zones *zones);

/* cp_zones_defaults: what octoDNS and we assume when nothing is configured. */
struct cp_zones_options cp_zones_defaults(void);

/* cp_zone_settings_find: those of the zone `name` among cnt sorted ones, or NULL. */
const struct cp_zone_settings *
cp_zone_settings_find(const struct cp_zone_settings *settings, size_t cnt, const char *name);

#define CP_TYPE_NAME_MAX TBL_TYPE_NAME_MAX

/* cp_type_name, cp_type_from_name: "A" <-> 1; TYPEnnn for others; 0 when unknown. */
const char *cp_type_name(uint16_t type, char buffer[CP_TYPE_NAME_MAX]);
uint16_t cp_type_from_name(const char *name);

#endif
