/*
 * octoDNS's safety thresholds of a zone, as the configuration has them, for cp_plan_make().
 *
 * Threads:   pure.
 * Memory:    borrows the configuration.
 * Errors:    none.
 */
#ifndef CONTROL_THRESHOLDS_H
#define CONTROL_THRESHOLDS_H

#include "control/plan.h"

/* cp_thresholds_of: a cp_plan_thresholds_fn; `config` is a struct cp_config. */
struct cp_plan_thresholds cp_thresholds_of(const void *config, const char *name);

#endif
