/* A dynamic record as lines, and what differs between two of them: pools and rules in Python's
 * dictionaries on one line, as octoDNS prints them, nobody can read. */
#include <stdlib.h>
#include <string.h>

#include "control/json_read.h"
#include "control/plan_impl.h"

/* Lines are compared each with each, so this many comparisons at most: 2000 lines that all changed.
 * Beyond that, all old lines are told and then all new ones, which is as true. */
#define CELLS_MAX 4000000u

/* json_t strings: they grow, and are freed, with their array. */
static void
add_line(json_t *lines, json_t *line)
{
	json_array_append_new(lines, line);
}

static void
add_pool(json_t *lines, const char *name, const json_t *pool)
{
	const char *fallback = cp_json_text(pool, "fallback");

	if (fallback[0] != '\0') {
		add_line(lines, json_sprintf("pool %s: fallback %s", name, fallback));
	}
	for (size_t i = 0; i < cp_json_count(pool, "values"); i++) {
		const json_t *value = cp_json_item(pool, "values", i);
		const char *status = cp_json_text(value, "status");
		const char *check = cp_json_text(value, "check");
		bool is_told = strcmp(status, "obey") != 0;

		add_line(lines, json_sprintf("pool %s: %s weight %lld%s%s%s%s", name,
						cp_json_text(value, "value"),
						cp_json_number(value, "weight"),
						is_told ? ", status " : "", is_told ? status : "",
						check[0] != '\0' ? ", check " : "", check));
	}
}

/* "EU, NA-US", joined. */
static void
put_list(const json_t *rule, const char *key, char **text, const char **joint)
{
	for (size_t i = 0; i < cp_json_count(rule, key) && *text != NULL; i++) {
		const char *item = json_string_value(cp_json_item(rule, key, i));
		char *longer = NULL;

		if (asprintf(&longer, "%s%s%s", *text, *joint, item != NULL ? item : "") < 0) {
			longer = NULL;
		}
		free(*text);
		*text = longer;
		*joint = ", ";
	}
}

static void
add_rule(json_t *lines, const json_t *rule)
{
	const char *joint = "";
	char *text = strdup("");

	put_list(rule, "geos", &text, &joint);
	put_list(rule, "subnets", &text, &joint);
	if (text != NULL) {
		add_line(lines, json_sprintf("rule: %s -> %s",
						text[0] != '\0' ? text : "everybody else",
						cp_json_text(rule, "pool")));
	}
	free(text);
}

static json_t *
lines_of(const json_t *record)
{
	json_t *lines = json_array();
	/* jansson's loop wants it changeable, and leaves it as it is. */
	json_t *pools = json_object_get(record, "pools");
	const char *name;
	json_t *pool;

	json_object_foreach(pools, name, pool)
	{
		add_pool(lines, name, pool);
	}
	for (size_t i = 0; i < cp_json_count(record, "rules"); i++) {
		add_rule(lines, cp_json_item(record, "rules", i));
	}
	for (size_t i = 0; i < cp_json_count(record, "glue"); i++) {
		const json_t *glue = cp_json_item(record, "glue", i);

		add_line(lines, json_sprintf("glue: %s", json_string_value(glue)));
	}
	return lines;
}

/* The two texts, less what they begin and end with alike. */
struct diff {
	const json_t *a;
	const json_t *b;
	size_t first;
	size_t a_cnt;
	size_t b_cnt;
	const char *indent;
	FILE *out;
};

static const char *
line_at(const json_t *lines, size_t i)
{
	const char *text = json_string_value(json_array_get(lines, i));

	return text != NULL ? text : "";
}

static bool
is_same_line(const struct diff *diff, size_t a, size_t b)
{
	return strcmp(line_at(diff->a, a), line_at(diff->b, b)) == 0;
}

static void
trim(struct diff *diff)
{
	size_t a_end = json_array_size(diff->a);
	size_t b_end = json_array_size(diff->b);

	while (diff->first < a_end && diff->first < b_end &&
			is_same_line(diff, diff->first, diff->first)) {
		diff->first++;
	}
	while (a_end > diff->first && b_end > diff->first &&
			is_same_line(diff, a_end - 1, b_end - 1)) {
		a_end--;
		b_end--;
	}
	diff->a_cnt = a_end - diff->first;
	diff->b_cnt = b_end - diff->first;
}

static void
print_line(const struct diff *diff, char sign, const json_t *lines, size_t i)
{
	(void)fprintf(diff->out, "%s%c %s\n", diff->indent, sign, line_at(lines, diff->first + i));
}

/* common[i * (b_cnt + 1) + j]: length of the longest common subsequence of a from i and b from j. */
static void
measure(const struct diff *diff, uint32_t *common)
{
	size_t width = diff->b_cnt + 1;

	for (size_t i = diff->a_cnt; i-- > 0;) {
		for (size_t j = diff->b_cnt; j-- > 0;) {
			uint32_t right = common[i * width + j + 1];
			uint32_t below = common[(i + 1) * width + j];

			if (is_same_line(diff, diff->first + i, diff->first + j)) {
				common[i * width + j] = common[(i + 1) * width + j + 1] + 1;
			} else {
				common[i * width + j] = right > below ? right : below;
			}
		}
	}
}

/* `common` NULL: nothing is taken to be common. */
static void
print_diff(const struct diff *diff, const uint32_t *common)
{
	size_t width = diff->b_cnt + 1;
	size_t i = 0;
	size_t j = 0;

	while (i < diff->a_cnt || j < diff->b_cnt) {
		if (common != NULL && i < diff->a_cnt && j < diff->b_cnt &&
				is_same_line(diff, diff->first + i, diff->first + j)) {
			i++;
			j++;
		} else if (j == diff->b_cnt ||
				(i < diff->a_cnt &&
						(common == NULL ||
								common[(i + 1) * width + j] >=
										common[i * width +
												j +
												1]))) {
			print_line(diff, '-', diff->a, i++);
		} else {
			print_line(diff, '+', diff->b, j++);
		}
	}
}

void
cp_plan_print_dynamic(const json_t *existing, const json_t *wanted, const char *indent, FILE *out)
{
	json_t *a = lines_of(existing);
	json_t *b = lines_of(wanted);
	struct diff diff = { .a = a, .b = b, .indent = indent, .out = out };
	uint32_t *common = NULL;

	trim(&diff);
	if ((diff.a_cnt + 1) <= CELLS_MAX / (diff.b_cnt + 1)) {
		common = calloc((diff.a_cnt + 1) * (diff.b_cnt + 1), sizeof(*common));
	}
	if (common != NULL) {
		measure(&diff, common);
	}
	print_diff(&diff, common);
	free(common);
	json_decref(a);
	json_decref(b);
}
