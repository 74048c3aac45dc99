#include "control/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "control/file.h"

/* A million targets at 200 bytes each, ten times the largest deployment. */
#define STATE_BYTES_MAX (256u << 20)
#define SEED_DIGITS     32u

/* Makes `dir` and what is missing above it. */
static int
make_directories(const char *dir)
{
	char *path = strdup(dir);
	int err = 0;

	if (path == NULL) {
		return -ENOMEM;
	}
	for (char *slash = strchr(path + 1, '/'); err == 0; slash = strchr(slash + 1, '/')) {
		if (slash != NULL) {
			*slash = '\0';
		}
		if (mkdir(path, 0750) != 0 && errno != EEXIST) {
			err = -errno;
		}
		if (slash == NULL) {
			break;
		}
		*slash = '/';
	}
	free(path);
	return err;
}

static int
load_json(const char *path, json_t **ret_json)
{
	char *text = NULL;
	size_t size = 0;
	json_t *json;
	int err = cp_file_read(path, STATE_BYTES_MAX, &text, &size);

	if (err == -ENOENT) {
		*ret_json = NULL;
		return 0;
	}
	if (err != 0) {
		return err;
	}
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	if (!json_is_object(json)) {
		json_decref(json);
		return -EBADMSG;
	}
	*ret_json = json;
	return 0;
}

static int
save_json(const char *path, const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS);
	int err;

	if (text == NULL) {
		return -ENOMEM;
	}
	err = cp_file_write(path, 0640, text, strlen(text));
	free(text);
	return err;
}

static int
make_seed(struct cp_state *state)
{
	char text[SEED_DIGITS + 2];

	if (getrandom(state->hash_seed, sizeof(state->hash_seed), 0) !=
			(ssize_t)sizeof(state->hash_seed)) {
		return -EIO;
	}
	(void)snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64 "\n", state->hash_seed[0],
			state->hash_seed[1]);
	return cp_file_write(state->seed_path, 0600, text, SEED_DIGITS + 1);
}

static int
read_seed(struct cp_state *state)
{
	char *text = NULL;
	size_t size = 0;
	int err = cp_file_read(state->seed_path, 64, &text, &size);

	if (err == -ENOENT) {
		return make_seed(state);
	}
	if (err != 0) {
		return err == -EFBIG ? -EBADMSG : err;
	}
	if (size < SEED_DIGITS || strspn(text, "0123456789abcdef") != SEED_DIGITS ||
			(size > SEED_DIGITS && text[SEED_DIGITS] != '\n')) {
		err = -EBADMSG;
	} else {
		char half[17] = { 0 };

		memcpy(half, text, 16);
		state->hash_seed[0] = strtoull(half, NULL, 16);
		memcpy(half, text + 16, 16);
		state->hash_seed[1] = strtoull(half, NULL, 16);
	}
	free(text);
	return err;
}

static int
read_published(struct cp_state *state)
{
	json_t *published = NULL;
	int err = load_json(state->published_path, &published);

	if (err == 0 && published != NULL) {
		json_int_t generation =
				json_integer_value(json_object_get(published, "generation"));
		json_t *pin = json_object_get(published, "pin");

		if (generation <= 0 || (pin != NULL && !json_is_object(pin))) {
			err = -EBADMSG;
		} else {
			state->generation = (uint64_t)generation;
			state->pin = json_incref(pin);
		}
	}
	json_decref(published);
	return err;
}

static void
read_health(struct cp_state *state)
{
	/* Without it, health.json alone says what there is to know. */
	(void)load_json(state->answered_path, &state->answered);
	state->health_error = load_json(state->health_path, &state->health);
	if (state->health == NULL) {
		state->health = json_object();
	}
}

static bool
has_paths(struct cp_state *state, const char *dir)
{
	state->dir = strdup(dir);
	state->published_path = cp_path_join(dir, "published.json");
	state->seed_path = cp_path_join(dir, "hash-seed");
	state->health_path = cp_path_join(dir, "health.json");
	state->answered_path = cp_path_join(dir, "answered.json");
	return state->dir != NULL && state->published_path != NULL && state->seed_path != NULL &&
	       state->health_path != NULL && state->answered_path != NULL;
}

int
cp_state_open(const char *dir, struct cp_state *state, const char **ret_path)
{
	int err;

	memset(state, 0, sizeof(*state));
	if (!has_paths(state, dir)) {
		*ret_path = dir;
		return -ENOMEM;
	}
	*ret_path = state->dir;
	err = make_directories(dir);
	if (err == 0) {
		*ret_path = state->seed_path;
		err = read_seed(state);
	}
	if (err == 0) {
		*ret_path = state->published_path;
		err = read_published(state);
	}
	if (err == 0) {
		read_health(state);
	}
	return err;
}

void
cp_state_close(struct cp_state *state)
{
	free(state->dir);
	free(state->published_path);
	free(state->seed_path);
	free(state->health_path);
	free(state->answered_path);
	json_decref(state->pin);
	json_decref(state->health);
	json_decref(state->answered);
	memset(state, 0, sizeof(*state));
}

int
cp_state_save_published(struct cp_state *state, uint64_t generation, json_t *pin)
{
	json_t *published =
			json_pack("{s:I, s:O*}", "generation", (json_int_t)generation, "pin", pin);
	int err = published == NULL ? -ENOMEM : save_json(state->published_path, published);

	json_decref(published);
	state->generation = generation;
	json_decref(state->pin);
	state->pin = pin;
	return err;
}

int
cp_state_save_health(struct cp_state *state, json_t *health)
{
	int err = health == NULL ? -ENOMEM : save_json(state->health_path, health);

	if (health != NULL) {
		json_decref(state->health);
		state->health = health;
	}
	return err;
}

int
cp_state_save_answered(struct cp_state *state, json_t *answered)
{
	char *text = answered == NULL ? NULL : json_dumps(answered, JSON_COMPACT);
	int err = text == NULL ? -ENOMEM
	                       : cp_file_swap(state->answered_path, 0640, text, strlen(text));

	free(text);
	json_decref(state->answered);
	state->answered = answered;
	return err;
}
