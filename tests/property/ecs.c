/*
 * ecs DATABASE|- RECORDS QUESTIONS SEED: what a resolver that caches by the scopes we send (RFC 7871)
 * may rely on, held for random records, clients and prefixes. "-" makes a database from the seed.
 *
 * Records are written as a zone file, compiled by the control plane's own code and asked about through
 * the data plane's own dp_answer_message(), as wire messages. For each answer:
 *   - it is what the slow reference says (reference.h), at each link of its chain;
 *   - every client of (address, scope) gets that answer: the reference knows all bounds in it, and the
 *     first, the last and a random one are asked;
 *   - some client of the prefix one bit shorter gets another one, and is asked;
 *   - the option comes back as it was sent; scope 0 for source 0 and for what is the same for all.
 * And of all answers to one question: where the prefix of one covers that of another, both are the
 * same (RFC 7871 section 7.3.1: a resolver may use either).
 *
 * A scope speaks of the pool that the rules choose, not of health: two pools that health has made the
 * same stay apart, since their next answers may differ before a cache forgets.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compile.h"
#include "tests/property/asker.h"
#include "tests/property/made_database.h"

#define LINKS_MAX     17u /* TBL_CHAIN_MAX: longer chains end early, and are not asked about */
#define DIRECTORY_MAX 100u
#define CODES_MAX     (3u * REFERENCE_PLACES_MAX)
#define ASKED_MAX     5u /* clients a question */

/* An answer's prefix, kept until all of its question are known. */
struct covered {
	u128 first;
	unsigned int bits;
	unsigned int family;
	uint16_t type;
	uint64_t outcome;
};

struct tally {
	uint64_t questions;
	uint64_t scope_zero;
	uint64_t scope_shorter; /* than source */
	uint64_t scope_equal;
	uint64_t scope_longer;
	uint64_t by_family[2];
	uint64_t chains;
	uint64_t nodata;
	uint64_t nxdomain;
	uint64_t narrowest; /* answers shown not to hold one bit wider */
	uint64_t nested;    /* pairs of answers of which one's prefix covers the other's */
};

struct run {
	struct world world;
	struct asker asker;
	struct reference reference;
	const char *codes[CODES_MAX];
	char code_texts[CODES_MAX][12];
	void *image;
	struct cp_geo *geo;
	struct cp_compiler *compiler;
	struct covered *covered;
	size_t covered_cnt;
	struct tally tally;
	char directory[DIRECTORY_MAX];
	char database[2 * DIRECTORY_MAX];
	bool is_made;
};

static struct run run;

static void
remove_files(void)
{
	char path[2 * DIRECTORY_MAX];

	if (run.directory[0] != '\0') {
		(void)snprintf(path, sizeof(path), "%s/%syaml", run.directory, SCENE_ZONE);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s/made.mmdb", run.directory);
		(void)unlink(path);
		(void)rmdir(run.directory);
	}
}

static void __attribute__((noreturn)) give_up(const char *what)
{
	(void)fprintf(stderr, "ecs: %s\n", what);
	remove_files();
	_exit(1); /* stderr is not buffered */
}

static void
cover(const struct question *question, const struct path *path, unsigned int scope)
{
	if (question->has_ecs && question->source_bits > 0) {
		struct address client = question->client;

		run.covered[run.covered_cnt++] = (struct covered){
			.first = first_of(client.value, client.family, scope),
			.bits = scope,
			.family = client.family,
			.type = question->type,
			.outcome = path->outcome
		};
	}
}

/* Asks, and holds the answer against what it should be. */
static struct path
ask_and_check(const struct question *question, struct reply *reply)
{
	struct path path = path_expect(&run.world, question);

	asker_ask(&run.asker, question, reply);
	asker_check(&run.asker, question, &path, reply);
	cover(question, &path, reply->scope);
	return path;
}

/* The same question from one client; the draw among weighted values is the same too. */
static struct question
from_client(const struct question *question, u128 value)
{
	struct question other = *question;

	other.client.value = value;
	other.source_bits = family_bits(other.client.family);
	return other;
}

static void
check_inside(const struct question *question, const struct reply *reply, u128 value)
{
	static struct reply inside;
	struct question other = from_client(question, value);

	(void)ask_and_check(&other, &inside);
	if (inside.body_len != reply->body_len || inside.scope != reply->scope ||
			memcmp(inside.bytes, reply->bytes, reply->body_len) != 0) {
		asker_fail(&run.asker, &other, "another answer inside the scope of one");
	}
}

/* A client of the prefix one bit shorter who is treated otherwise: the scope is as short as it can. */
static void
check_narrowest(const struct question *question, const struct path *path, const struct reply *reply)
{
	static struct reply outside;
	struct path other_path;
	struct question other = *question;
	struct address client = { 0, 0 };
	bool is_found = false;

	for (unsigned int i = 0; i < path->step_cnt && !is_found; i++) {
		is_found = reference_other(&run.world.knowledge[path->steps[i].record->number],
				question->client, reply->scope - 1, &client);
	}
	if (!is_found) {
		asker_fail(&run.asker, question, "everybody of a shorter prefix gets the same");
	}
	other = from_client(question, client.value);
	other_path = ask_and_check(&other, &outside);
	if (other_path.outcome == path->outcome) {
		asker_fail(&run.asker, &other, "the reference is at odds with itself");
	}
	if (other_path.served_outcome != path->served_outcome &&
			outside.body_len == reply->body_len &&
			memcmp(outside.bytes, reply->bytes, reply->body_len) == 0) {
		asker_fail(&run.asker, &other, "the same answer outside the scope");
	}
	run.tally.narrowest++;
}

static void
count_question(const struct question *question, const struct path *path, const struct reply *reply)
{
	struct tally *tally = &run.tally;

	tally->questions++;
	tally->chains += path->step_cnt > 1;
	tally->nodata += path->end == END_NODATA && path->scope > 0;
	tally->nxdomain += path->end == END_NXDOMAIN;
	if (question->has_ecs) {
		tally->by_family[question->client.family == 6]++;
		tally->scope_zero += reply->scope == 0;
		tally->scope_shorter += reply->scope > 0 && reply->scope < question->source_bits;
		tally->scope_equal += reply->scope > 0 && reply->scope == question->source_bits;
		tally->scope_longer += reply->scope > question->source_bits;
	}
}

static void
check_question(const struct question *question)
{
	static struct reply reply;
	struct path path = path_expect(&run.world, question);

	if (path.link_cnt > LINKS_MAX) {
		return;
	}
	path = ask_and_check(question, &reply);
	count_question(question, &path, &reply);
	if (question->has_ecs && question->source_bits > 0) {
		unsigned int family = question->client.family;
		u128 first = first_of(question->client.value, family, reply.scope);
		u128 within = scene_random_address(&run.world.scene, family).value &
		              host_mask(family, reply.scope);

		check_inside(question, &reply, first);
		check_inside(question, &reply, first | within);
		check_inside(question, &reply, last_of(first, family, reply.scope));
		if (reply.scope > 0) {
			check_narrowest(question, &path, &reply);
		}
	}
}

/* Questions */

static struct address
random_client(void)
{
	struct subnet prefix = scene_random_prefix(&run.world.scene);
	struct address client = { prefix.first, prefix.family };
	const struct record *record = &run.world.scene.records[scene_random(
			&run.world.scene.random, SCENE_RECORDS)];
	const struct rule *rule =
			&record->rules[scene_random(&run.world.scene.random, record->rule_cnt)];

	/* A subnet that a rule names, more often than not of another record. */
	if (rule->subnet_cnt > 0) {
		prefix = rule->subnets[scene_random(&run.world.scene.random, rule->subnet_cnt)];
		client = (struct address){ prefix.first, prefix.family };
	}
	switch (scene_random(&run.world.scene.random, 5)) {
	case 0:
		return scene_random_address(&run.world.scene,
				scene_random(&run.world.scene.random, 2) == 0 ? 4 : 6);
	case 1:
		client.value = last_of(client.value, client.family, prefix.bits);
		break;
	case 2: /* one before the first */
		client.value -= client.value > 0;
		break;
	case 3: /* one behind the last */
		client.value = last_of(client.value, client.family, prefix.bits);
		client.value += client.value < last_of(0, client.family, 0);
		break;
	default:
		break;
	}
	return client;
}

static uint16_t
random_type(const struct record *record)
{
	static const uint16_t types[] = { SCENE_A, SCENE_AAAA, SCENE_TXT, SCENE_CNAME };

	if (record->type != SCENE_DNAME && scene_random(&run.world.scene.random, 2) == 0) {
		return record->type;
	}
	return types[scene_random(&run.world.scene.random, sizeof(types) / sizeof(types[0]))];
}

/* Statement by statement: a seed is to mean the same to every compiler. */
static struct question
random_question(const struct record *record)
{
	uint64_t *random = &run.world.scene.random;
	struct question question = { .record = record };
	unsigned int width;

	question.type = random_type(record);
	question.has_ecs = scene_random(random, 20) > 0;
	question.client = random_client();
	question.source = random_client();
	question.random = scene_random(random, UINT64_MAX) + 1;
	width = family_bits(question.client.family);
	question.source_bits = width;
	if (scene_random(random, 3) > 0) {
		question.source_bits = (unsigned int)scene_random(random, width + 1);
	}
	question.client.value = first_of(
			question.client.value, question.client.family, question.source_bits);
	return question;
}

static void
ask_about(const struct record *record, uint64_t question_cnt)
{
	for (uint64_t i = 0; i < question_cnt; i++) {
		struct question question = random_question(record);

		check_question(&question);
	}
}

/* What is the same for all is said to be: data, NODATA, a name that does not exist. */
static void
check_static(uint64_t question_cnt)
{
	static const char *const names[] = { "ns1." SCENE_ZONE, "any.end." SCENE_ZONE,
		"any.text." SCENE_ZONE, "any.nothing." SCENE_ZONE, SCENE_ZONE };
	static struct reply reply;

	for (uint64_t i = 0; i < question_cnt; i++) {
		struct question question = random_question(&run.world.scene.records[0]);

		question.name = names[i % (sizeof(names) / sizeof(names[0]))];
		asker_ask(&run.asker, &question, &reply);
		if (reply.scope != 0) {
			asker_fail(&run.asker, &question, "a scope for what is the same for all");
		}
	}
}

static int
compare_covered(const void *left, const void *right)
{
	const struct covered *a = left;
	const struct covered *b = right;

	if (a->type != b->type) {
		return (a->type > b->type) - (a->type < b->type);
	}
	if (a->family != b->family) {
		return a->family < b->family ? -1 : 1;
	}
	if (a->first != b->first) {
		return a->first < b->first ? -1 : 1;
	}
	return (a->bits > b->bits) - (a->bits < b->bits);
}

/* Sorted, a prefix stands behind those that cover it; none may say otherwise than its cover. */
static void
check_nesting(const struct record *record)
{
	const struct covered *outer = NULL;

	qsort(run.covered, run.covered_cnt, sizeof(*run.covered), compare_covered);
	for (size_t i = 0; i < run.covered_cnt; i++) {
		const struct covered *inner = &run.covered[i];

		if (outer == NULL || outer->type != inner->type || outer->family != inner->family ||
				inner->first > last_of(outer->first, outer->family, outer->bits)) {
			outer = inner;
			continue;
		}
		run.tally.nested++;
		if (inner->outcome != outer->outcome) {
			struct question question = { .record = record,
				.type = inner->type,
				.has_ecs = true,
				.source_bits = inner->bits,
				.client = { inner->first, inner->family } };

			asker_fail(&run.asker, &question,
					"an answer of a wider prefix says otherwise");
		}
	}
	run.covered_cnt = 0;
}

/* From the scene to a table */

static void
compile_scene(void)
{
	const struct cp_compile_params params = { .generation = 1,
		.hash_seed = { run.asker.seed, ~run.asker.seed } };
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;
	char path[2 * DIRECTORY_MAX];
	size_t size;

	options.enforce_order = false;
	(void)snprintf(path, sizeof(path), "%s/%syaml", run.directory, SCENE_ZONE);
	if (scene_write(&run.world.scene, path) != 0) {
		give_up("the zone file cannot be written");
	}
	if (cp_zones_load(run.directory, &options, &errors, &zones) != 0 || errors.error_cnt > 0 ||
			cp_compile(run.compiler, zones, run.geo, &params, &errors, &run.image,
					&size) != 0) {
		conf_errors_print(&errors, stderr, false);
		(void)fprintf(stderr, "ecs: seed %" PRIu64 ": %s does not compile\n",
				run.asker.seed, path);
		_exit(1); /* stderr is not buffered */
	}
	conf_errors_free(&errors);
	cp_zones_free(zones);
	tbl_view_init(&run.asker.view, run.image, NULL);
}

static void
add_code(const char *place, size_t len)
{
	char *code = run.code_texts[run.world.scene.code_cnt];

	memcpy(code, place, len);
	code[len] = '\0';
	run.codes[run.world.scene.code_cnt++] = code;
}

/* Every place of the database, its country and its continent; provinces are as likely as the rest. */
static void
collect_codes(void)
{
	run.world.scene.code_cnt = 0;
	for (uint32_t i = NOWHERE + 1; i < run.reference.place_cnt; i++) {
		const char *place = run.reference.places[i];
		size_t len = strlen(place);

		add_code(place, 2);
		if (len > 2) {
			add_code(place, 5);
		}
		if (len > 5) {
			add_code(place, len);
		}
	}
	run.world.scene.codes = run.codes;
	run.world.scene.database = run.reference.prefixes;
	run.world.scene.database_cnt = run.reference.prefix_cnt;
}

static void
open_database(void)
{
	const char *paths[] = { run.database };
	struct conf_errors errors = { 0 };

	if (run.is_made) {
		(void)snprintf(run.database, sizeof(run.database), "%s/made.mmdb", run.directory);
		if (made_database_write(run.database, run.asker.seed) != 0) {
			give_up("the database cannot be written");
		}
	}
	if (cp_geo_load(paths, 1, &errors, &run.geo) != 0) {
		conf_errors_print(&errors, stderr, false);
		give_up("the database cannot be loaded");
	}
	conf_errors_free(&errors);
	reference_open(&run.reference, run.database);
	collect_codes();
}

static void
close_database(void)
{
	reference_close(&run.reference);
	cp_geo_free(run.geo);
}

static void
run_round(uint64_t question_cnt)
{
	run.world.scene.random = run.asker.seed * 2 + 1;
	scene_make(&run.world.scene);
	compile_scene();
	for (uint32_t i = 0; i < SCENE_RECORDS; i++) {
		reference_know(&run.reference, &run.world.scene.records[i],
				&run.world.knowledge[i]);
	}
	for (uint32_t i = 0; i < SCENE_RECORDS; i++) {
		ask_about(&run.world.scene.records[i], question_cnt);
		check_nesting(&run.world.scene.records[i]);
	}
	check_static(question_cnt);
	for (uint32_t i = 0; i < SCENE_RECORDS; i++) {
		reference_forget(&run.world.knowledge[i]);
	}
	free(run.image);
}

static void
print_tally(uint64_t record_cnt)
{
	const struct tally *tally = &run.tally;

	(void)printf("ecs: %" PRIu64 " records, %" PRIu64 " questions (IPv4 %" PRIu64
		     ", IPv6 %" PRIu64 "), %" PRIu64 " answers compared\n",
			record_cnt, tally->questions, tally->by_family[0], tally->by_family[1],
			run.asker.answer_cnt);
	(void)printf("ecs: scope 0 %" PRIu64 ", shorter than source %" PRIu64 ", equal %" PRIu64
		     ", longer %" PRIu64 "; shown to be the shortest %" PRIu64 "; nested %" PRIu64
		     "\n",
			tally->scope_zero, tally->scope_shorter, tally->scope_equal,
			tally->scope_longer, tally->narrowest, tally->nested);
	(void)printf("ecs: over several dynamic records %" PRIu64 ", NODATA by place %" PRIu64
		     ", NXDOMAIN %" PRIu64 "; 0 wrong\n",
			tally->chains, tally->nodata, tally->nxdomain);
	if (tally->scope_zero == 0 || tally->scope_shorter == 0 || tally->scope_equal == 0 ||
			tally->scope_longer == 0 || tally->chains == 0 || tally->nodata == 0 ||
			tally->nxdomain == 0 || tally->nested == 0) {
		give_up("a kind of answer never came: too few questions");
	}
}

/* conformance: ecs-scope-exact | RFC 7871 §7.2.1, RFC 7871 §7.3.1 | Every client of (address, scope) gets the same
 * answer, and no scope could be a bit shorter. */
int
main(int argc, char **argv)
{
	uint64_t record_cnt;
	uint64_t question_cnt;

	if (argc != 5) {
		give_up("usage: ecs DATABASE|- RECORDS QUESTIONS SEED");
	}
	record_cnt = strtoull(argv[2], NULL, 10);
	question_cnt = strtoull(argv[3], NULL, 10);
	run.asker.seed = strtoull(argv[4], NULL, 10);
	run.asker.directory = run.directory;
	run.is_made = strcmp(argv[1], "-") == 0;
	(void)snprintf(run.database, sizeof(run.database), "%s", argv[1]);
	(void)snprintf(run.directory, sizeof(run.directory), "%s/meridian-ecs-XXXXXX", P_tmpdir);
	run.covered = calloc(question_cnt, ASKED_MAX * sizeof(*run.covered));
	if (run.covered == NULL || mkdtemp(run.directory) == NULL ||
			cp_compiler_new(&run.compiler) != 0) {
		give_up("no memory, or no temporary directory");
	}
	for (uint64_t done = 0; done < record_cnt; done += SCENE_RECORDS, run.asker.seed++) {
		if (done == 0 || run.is_made) {
			open_database();
		}
		run_round(question_cnt);
		if (run.is_made || done + SCENE_RECORDS >= record_cnt) {
			close_database();
		}
	}
	print_tally(record_cnt);
	cp_compiler_free(run.compiler);
	free(run.covered);
	remove_files();
	return 0;
}
