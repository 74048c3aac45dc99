/*
 * The slow half of an apply: read zones and geo databases, compile, and decide what becomes of each
 * zone. Touches nothing outside its own structs, so that it can run on a thread of its own while
 * probes and the API go on.
 *
 * Threads:   one cp_workshop at a time in one thread; the event loop leaves it alone meanwhile.
 * Memory:    cp_workshop_init/_done; cp_prepared_done releases what a run made.
 * Errors:    in prepared->errors with their places; prepared->image NULL: nothing to publish.
 */
#ifndef CONTROL_PREPARE_H
#define CONTROL_PREPARE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "control/book.h"
#include "control/compile.h"
#include "control/geo.h"

/* A path and a sentence. */
#define CP_GEO_ERROR_MAX 400u

/* What is worth keeping from one run to the next. */
struct cp_workshop {
	struct cp_compiler *compiler;
	struct cp_geo *geo;     /* last good database, NULL: none */
	struct cp_geo *retired; /* replaced in the last run; others may use it until settled */
	struct stat *geo_stats; /* of its files when they were read */
	size_t geo_stat_cnt;
	char geo_error[CP_GEO_ERROR_MAX]; /* why they are not as the files are now; "": they are */
};

int cp_workshop_init(struct cp_workshop *workshop);
void cp_workshop_done(struct cp_workshop *workshop);
/* cp_workshop_settle frees what the last run replaced: no run is on, and nobody uses it any more. */
void cp_workshop_settle(struct cp_workshop *workshop);

struct cp_prepare_input {
	const char *zones_dir;
	struct cp_zones_options options;
	const char *const *geo_paths;
	size_t geo_path_cnt;
	const struct cp_book *served; /* NULL: nothing was, or not by this process */
	const void *served_image; /* the checked table instead, for zones that are broken; or NULL */
	struct cp_compile_params params;
	/* What health knows: {key: reason} of targets that have never answered (control/silence.h),
	 * nobody else's meanwhile. NULL: nothing. */
	json_t *silent;
	/* Told after each reading of the directory, before it is seen whether somebody wrote
	 * meanwhile: a test is that somebody. NULL: nobody is. */
	void (*on_read)(void *ctx);
	void *ctx;
};

struct cp_prepared {
	struct conf_errors errors;
	json_t *default_checks; /* of the book, for cp_silence_mark(); NULL: nothing was compiled */
	struct cp_book *book;
	struct cp_book *thawed; /* made of input->served_image, when it was needed */
	void *image;
	size_t image_bytes;
	unsigned int read_cnt; /* how often the directory was read: it must hold still meanwhile */
	uint64_t load_us;
	uint64_t geo_us;     /* 0 when the databases had not changed */
	uint64_t compile_us; /* making `thawed` included */
};

/* cp_prepare fills *prepared whatever happens. */
void cp_prepare(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		struct cp_prepared *prepared);
void cp_prepared_done(struct cp_prepared *prepared);

#endif
