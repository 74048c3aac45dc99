/* Where the target of an ALIAS leads. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table/name.h"

#include "control/alias_impl.h"
#include "control/rdata.h"

int
cp_chase_fail(struct cp_chase *chase, const uint8_t *name, const char *format, ...)
{
	char text[TBL_NAME_TEXT_MAX];
	int len = 0;
	va_list args;

	(void)tbl_name_to_text(name, text);
	len = snprintf(chase->reason, sizeof(chase->reason), "\"%s\" ", text);
	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(chase->reason + len, sizeof(chase->reason) - (size_t)len, format, args);
	va_end(args);
	return -EINVAL;
}

static void
lower_ttl(struct cp_chase *chase, const struct cp_record *record)
{
	if (record->ttl_s < chase->ttl_s) {
		chase->ttl_s = record->ttl_s;
	}
}

/* go_on takes the next name of the chain. */
static int
go_on(struct cp_chase *chase, const uint8_t *target)
{
	uint8_t name[TBL_NAME_MAX];

	(void)tbl_name_lower(target, name);
	for (unsigned int i = 0; i < chase->seen_cnt; i++) {
		if (tbl_name_compare(chase->seen[i], name) == 0) {
			return cp_chase_fail(chase, chase->seen[chase->seen_cnt - 1],
					"leads in a circle");
		}
	}
	if (chase->seen_cnt == TBL_CHAIN_MAX) {
		return cp_chase_fail(chase, name, "lies behind more than %u names", TBL_CHAIN_MAX);
	}
	memcpy(chase->seen[chase->seen_cnt++], name, sizeof(name));
	return 0;
}

static uint8_t
name_len(const uint8_t *name)
{
	uint8_t len = 0;

	while (name[len] != 0) {
		len = (uint8_t)(len + name[len] + 1);
	}
	return (uint8_t)(len + 1);
}

/* substitute puts the target of a DNAME in place of its owner (RFC 6672 §2.2). */
static int
substitute(struct cp_chase *chase, const uint8_t *name, const struct cp_record *dname)
{
	size_t prefix_len = (size_t)name_len(name) - name_len(dname->owner);
	size_t target_len = dname->values[0].size;
	uint8_t next[TBL_NAME_MAX];

	if (dname->dynamic != NULL) {
		return cp_chase_fail(chase, dname->owner,
				"is a dynamic DNAME, which an ALIAS cannot follow");
	}
	if (target_len > sizeof(next) - prefix_len) {
		return cp_chase_fail(chase, name, "becomes too long a name behind the DNAME of %s",
				dname->fqdn);
	}
	memcpy(next, name, prefix_len);
	memcpy(next + prefix_len, dname->values[0].bytes, target_len);
	lower_ttl(chase, dname);
	return go_on(chase, next);
}

/* take decides what the records of an existing name are good for. *ret_is_end: no further. */
static int
take(struct cp_chase *chase, const uint8_t *name, const struct cp_found *found, bool *ret_is_end)
{
	const struct cp_record *next = cp_found_type(found, CP_TYPE_CNAME);

	if (next != NULL && next->dynamic != NULL) {
		chase->cname = next;
		lower_ttl(chase, next);
		*ret_is_end = true;
		return 0;
	}
	chase->a = cp_found_type(found, CP_TYPE_A);
	chase->aaaa = cp_found_type(found, CP_TYPE_AAAA);
	if (chase->a != NULL || chase->aaaa != NULL) {
		*ret_is_end = true;
		return 0;
	}
	if (next == NULL) {
		next = cp_found_type(found, CP_TYPE_ALIAS);
	}
	if (next == NULL) {
		return cp_chase_fail(chase, name, "has neither A nor AAAA records");
	}
	lower_ttl(chase, next);
	return go_on(chase, next->values[0].bytes);
}

static int
step(struct cp_chase *chase, bool *ret_is_end)
{
	const uint8_t *name = chase->seen[chase->seen_cnt - 1];
	struct cp_found found;
	int rc = cp_zone_index_find(chase->index, name, &found);

	if (rc != 0) {
		return rc;
	}
	if (found.finding != CP_NO_ZONE && chase->is_refused[found.zone]) {
		return cp_chase_fail(chase, name, "is in zone %s, which has errors",
				chase->zones->items[found.zone].name);
	}
	switch (found.finding) {
	case CP_FOUND:
		return take(chase, name, &found, ret_is_end);
	case CP_FOUND_DNAME:
		return substitute(chase, name, cp_found_type(&found, CP_TYPE_DNAME));
	case CP_FOUND_CUT:
		return cp_chase_fail(chase, name,
				"belongs to other name servers, by the NS records of %s",
				found.records[0].record->fqdn);
	case CP_NO_NAME:
		return cp_chase_fail(chase, name, "does not exist");
	case CP_NO_ZONE:
		break;
	}
	return cp_chase_fail(chase, name,
			"is in none of the zones served here, and other names are not followed: "
			"write A and AAAA records");
}

int
cp_chase_run(struct cp_chase *chase)
{
	bool is_end = false;
	int rc = 0;

	while (rc == 0 && !is_end) {
		rc = step(chase, &is_end); /* go_on() ends after TBL_CHAIN_MAX names */
	}
	return rc;
}
