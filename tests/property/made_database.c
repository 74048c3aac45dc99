#include "tests/property/made_database.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/property/scene.h"
#include "tests/unit/control/mmdb_file.h"

#define PREFIXES    120u /* as many as the file's nodes are enough for */
#define PREFIX_TEXT (INET6_ADDRSTRLEN + 4)

static const struct {
	const char *country;
	const char *province;
} places[] = { { "US", NULL }, { "US", "CA" }, { "US", "NY" }, { "CA", NULL }, { "CA", "QC" },
	{ "DE", NULL }, { "FR", NULL }, { "JP", NULL }, { "BR", NULL }, { "AU", NULL },
	{ "ZZ", NULL } };

/* Half of them lie in each other: their first bits are few. */
static void
make_prefix(uint64_t *random, unsigned int family, unsigned int bits, char text[PREFIX_TEXT])
{
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = { 0 };

	for (unsigned int i = 0; i < bits; i++) {
		bool is_set = i < 8 ? scene_random(random, 2) != 0 : scene_random(random, 5) == 0;

		bytes[i / 8] |= (uint8_t)(is_set ? 0x80u >> i % 8 : 0);
	}
	if (family == 6) {
		bytes[0] = (uint8_t)(0x20u | (bytes[0] & 0x1fu)); /* 2000::/3 */
	}
	(void)inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, address, sizeof(address));
	(void)snprintf(text, PREFIX_TEXT, "%s/%u", address, bits);
}

/* Outer prefixes come before inner ones, so lengths only grow. */
static void
insert_all(struct mmdb_file *file, uint64_t *random, unsigned int family)
{
	unsigned int shortest = family == 4 ? 4 : 6;
	unsigned int longest = family == 4 ? 32 : 56;

	for (unsigned int i = 0; i < PREFIXES / 2; i++) {
		unsigned int bits = shortest + i * (longest - shortest) / (PREFIXES / 2 - 1);
		size_t place = scene_random(random, sizeof(places) / sizeof(places[0]));
		char text[PREFIX_TEXT];

		make_prefix(random, family, bits, text);
		mmdb_insert(file, text,
				mmdb_nested(file, places[place].country, places[place].province));
	}
}

int
made_database_write(const char *path, uint64_t seed)
{
	static struct mmdb_file file;
	uint64_t random = seed * 2 + 1;
	FILE *out = fopen(path, "wb");
	int err = 0;

	if (out == NULL) {
		return -errno;
	}
	mmdb_start(&file, 6, 24);
	insert_all(&file, &random, 4);
	insert_all(&file, &random, 6);
	mmdb_link(&file, "::ffff:0:0/96", mmdb_node(&file, "::/96"));
	mmdb_link(&file, "2002::/16", mmdb_node(&file, "::/96"));
	mmdb_finish(&file);
	if (fwrite(file.bytes, 1, file.size, out) != file.size) {
		err = -EIO;
	}
	return fclose(out) == 0 ? err : -errno;
}
