/*
 * The lint of delegations: name servers that only their own delegation could lead to.
 *
 * A name server below the cut it serves (in-domain, RFC 9471 §2.1) is found by the addresses that come
 * with the referral or not at all: asking for them leads back to the same referral.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/lint_impl.h"

struct server {
	uint8_t name[TBL_NAME_MAX]; /* lower-cased */
	const struct cp_record *delegation;
	bool has_address;
};
struct servers {
	struct server *items; /* by name once all are there */
	size_t cnt;
	size_t room;
};

static int
compare_servers(const void *a, const void *b)
{
	const struct server *x = a;
	const struct server *y = b;

	return tbl_name_compare(x->name, y->name);
}

static int
add_server(struct servers *servers, const uint8_t *name, const struct cp_record *delegation)
{
	if (servers->cnt == servers->room) {
		size_t room = servers->room > 0 ? 2 * servers->room : 64;
		struct server *grown = realloc(servers->items, room * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		servers->items = grown;
		servers->room = room;
	}
	servers->items[servers->cnt] = (struct server){ .delegation = delegation };
	(void)tbl_name_lower(name, servers->items[servers->cnt].name);
	servers->cnt++;
	return 0;
}

/* Whether who asks below this name is referred: not at the zone's own apex, nor where another zone of
 * ours begins and answers for itself, nor below another cut (the table has no such names). */
static bool
is_referral(const struct cp_lint_run *run, const struct cp_record *record)
{
	const struct tbl_node *node = NULL;

	if (record->type != CP_TYPE_NS || tbl_name_compare(record->owner, run->zone->apex) == 0) {
		return false;
	}
	node = cp_lint_find(run->view, record->owner);
	return node != NULL && tbl_find_rrset(run->view, node, CP_TYPE_SOA) == NULL;
}

static int
find_servers(const struct cp_lint_run *run, struct servers *servers)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];

		if (!is_referral(run, record)) {
			continue;
		}
		for (uint32_t k = 0; rc == 0 && k < record->value_cnt; k++) {
			uint8_t lower[TBL_NAME_MAX];

			(void)tbl_name_lower(record->values[k].bytes, lower);
			if (is_tbl_name_within(lower, record->owner)) {
				rc = add_server(servers, lower, record);
			}
		}
	}
	return rc;
}

/* Several delegations may name one server only where one is below the other, and then the table has
 * no more than the upper one: so each name is here once. */
static void
find_addresses(const struct cp_lint_run *run, struct servers *servers)
{
	qsort(servers->items, servers->cnt, sizeof(*servers->items), compare_servers);
	for (size_t i = 0; i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];
		struct server key;
		struct server *found = NULL;

		if (record->type != CP_TYPE_A && record->type != CP_TYPE_AAAA) {
			continue;
		}
		memcpy(key.name, record->owner, sizeof(key.name));
		found = bsearch(&key, servers->items, servers->cnt, sizeof(key), compare_servers);
		if (found != NULL) {
			found->has_address = true;
		}
	}
}

int
cp_lint_glue(const struct cp_lint_run *run)
{
	struct servers servers = { .cnt = 0 };
	int rc = find_servers(run, &servers);

	if (rc == 0 && servers.cnt > 0) {
		find_addresses(run, &servers);
		for (size_t i = 0; i < servers.cnt; i++) {
			const struct server *server = &servers.items[i];
			char text[TBL_NAME_TEXT_MAX];

			if (server->has_address) {
				continue;
			}
			(void)tbl_name_to_text(server->name, text);
			cp_lint_tell(run, server->delegation, CP_LINT_MISSING_GLUE,
					"\"%s\" is delegated to \"%s\", which is below it and has "
					"no A or AAAA here (glue): nobody can find that name "
					"server",
					server->delegation->fqdn, text);
		}
	}
	free(servers.items);
	return rc;
}
