#include "table/type.h"

#include <stddef.h>
#include <stdio.h>

/* Every type that zones may have; by number. */
static const struct {
	uint16_t type;
	char name[TBL_TYPE_NAME_MAX];
} names[] = {
	{ 1, "A" },
	{ 2, "NS" },
	{ 5, "CNAME" },
	{ 6, "SOA" },
	{ 12, "PTR" },
	{ 15, "MX" },
	{ 16, "TXT" },
	{ 28, "AAAA" },
	{ 29, "LOC" },
	{ 33, "SRV" },
	{ 35, "NAPTR" },
	{ 39, "DNAME" },
	{ 43, "DS" },
	{ 44, "SSHFP" },
	{ 52, "TLSA" },
	{ 61, "OPENPGPKEY" },
	{ 64, "SVCB" },
	{ 65, "HTTPS" },
	{ 99, "SPF" },
	{ 256, "URI" },
	{ 257, "CAA" },
};

const char *
tbl_type_name(uint16_t type, char buffer[TBL_TYPE_NAME_MAX])
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].type == type) {
			return names[i].name;
		}
	}
	(void)snprintf(buffer, TBL_TYPE_NAME_MAX, "TYPE%u", type);
	return buffer;
}
