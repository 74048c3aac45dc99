/*
 * From loaded zones and a geo database to a checked table image. Keeps the compiled location
 * between calls while rules and database stay equal, so that a change of records costs no more
 * than the records.
 *
 * Threads:   one compiler, one thread.
 * Memory:    cp_compiler_new/_free; zones and geo are borrowed for the call; the image is the
 *            caller's (free()).
 * Errors:    -EINVAL with every reason in *errors (file:line:col of the record); zones with errors
 *            are left out, and no usable zone at all is an error.
 */
#ifndef CONTROL_COMPILE_H
#define CONTROL_COMPILE_H

#include "control/geo.h"
#include "control/target.h"
#include "control/zones.h"

struct cp_compiler;

struct cp_compile_params {
	uint64_t generation;
	uint64_t built_unix_s;
	uint64_t hash_seed[2];
};

int cp_compiler_new(struct cp_compiler **ret_compiler);
void cp_compiler_free(struct cp_compiler *compiler);

/* cp_compile: `geo` may be NULL when no rule names a geo (else an error says which rule needs it).
 * The serial of generated SOAs is the generation's low 32 bits. */
int cp_compile(struct cp_compiler *compiler, const struct cp_zones *zones, const struct cp_geo *geo,
		const struct cp_compile_params *params, struct conf_errors *errors,
		void **ret_image, size_t *ret_size);

#endif
