/* What the commands without a daemon work on: zones and databases, read and compiled as the daemon
 * would do it, from --config FILE and from what the command line says instead. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/compile.h"
#include "control/ctl.h"
#include "control/lint.h"
#include "control/progress.h"

/* choose_sources: the command line's word comes before the configuration's. */
static void
choose_sources(const struct ctl_options *options, const char *dir, struct ctl_built *built)
{
	const struct conf_strings *databases = &built->config.geo_databases;

	built->dir = dir;
	built->geo_paths = options->geo;
	built->geo_cnt = options->geo_cnt;
	if (built->has_config && dir == NULL) {
		built->dir = built->config.zones_dir;
	}
	if (built->has_config && options->geo_cnt == 0) {
		built->geo_paths = (const char *const *)databases->items;
		built->geo_cnt = databases->cnt;
	}
}

enum ctl_status
ctl_load_config(const struct ctl_options *options, const char *dir, struct ctl_built *built)
{
	memset(built, 0, sizeof(*built));
	if (options->config != NULL) {
		if (cp_config_load(options->config, &built->config, &built->errors) != 0) {
			return CTL_INPUT;
		}
		built->has_config = true;
	}
	choose_sources(options, dir, built);
	return CTL_FINE;
}

struct cp_zones_options
ctl_zones_options(const struct ctl_built *built)
{
	return built->has_config ? cp_config_zones(&built->config) : cp_zones_defaults();
}

static void
compile(const struct ctl_options *options, const struct cp_geo *geo, struct ctl_built *built)
{
	struct cp_compile_params params = {
		.generation = options->generation != 0 ? options->generation : 1,
		.hash_seed = { options->seed[0], options->seed[1] },
	};
	struct cp_compiler *compiler = NULL;

	if (cp_compiler_new(&compiler) != 0) {
		conf_error_add(&built->errors, CONF_ERROR, built->dir, 0, 0, "out of memory");
		return;
	}
	if (cp_compile(compiler, built->zones, geo, &params, &built->errors, &built->image,
			    &built->image_bytes) != 0) {
		built->image = NULL;
	}
	cp_compiler_free(compiler);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
tell_progress(void *context, const char *file, enum conf_unit unit, uint64_t done, uint64_t total)
{
	char text[CP_PROGRESS_TEXT_MAX];

	cp_progress_text(file, unit, done, total, text);
	cp_progress_tell(context, now_ms(), text);
}

void
ctl_build(const struct ctl_options *options, const char *dir, const struct cp_geo *without,
		struct ctl_built *built)
{
	struct cp_zones_options zones_options;
	struct cp_progress line;
	const struct conf_progress progress = { tell_progress, &line };

	if (ctl_load_config(options, dir, built) != CTL_FINE) {
		return;
	}
	cp_progress_begin(&line, isatty(STDERR_FILENO) == 1 ? stderr : NULL, now_ms());
	zones_options = ctl_zones_options(built);
	zones_options.progress = &progress;
	if (built->geo_cnt > 0 && cp_geo_load(built->geo_paths, built->geo_cnt, &built->errors,
						  &built->geo) != 0) {
		built->geo = NULL;
	}
	if (cp_zones_load(built->dir, &zones_options, &built->errors, &built->zones) != 0) {
		built->zones = NULL;
		cp_progress_end(&line);
		return;
	}
	cp_progress_tell(&line, now_ms(), "compiling");
	compile(options, built->geo_cnt == 0 ? without : built->geo, built);
	if (built->image != NULL &&
			cp_lint(built->zones, built->image, built->geo, &built->errors) != 0) {
		conf_error_add(&built->errors, CONF_ERROR, built->dir, 0, 0, "out of memory");
	}
	cp_progress_end(&line);
}

void
ctl_built_done(struct ctl_built *built)
{
	conf_errors_free(&built->errors);
	cp_zones_free(built->zones);
	if (built->geo != NULL) {
		cp_geo_free(built->geo);
	}
	if (built->has_config) {
		cp_config_free(&built->config);
	}
	free(built->image);
}

bool
is_ctl_built_good(const struct ctl_built *built)
{
	return built->errors.error_cnt == 0 && built->image != NULL;
}
