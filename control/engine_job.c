/*
 * The slow work of a request, on a thread of its own: read and compile the zones, or load an older
 * table; compare with what is served; write the image into the history.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control/engine_impl.h"
#include "control/thresholds.h"

static void
make_plan(struct cp_job *job, const void *served, const void *wanted)
{
	struct tbl_view served_view;
	struct tbl_view wanted_view;
	struct cp_plan_input input = {
		.served = served != NULL ? &served_view : NULL,
		.wanted = &wanted_view,
		.geo = job->workshop.geo,
		.thresholds_of = cp_thresholds_of,
		.ctx = job->config,
	};
	uint64_t start_us = cp_engine_now_us();

	if (served != NULL) {
		tbl_view_init(&served_view, served, NULL);
	}
	tbl_view_init(&wanted_view, wanted, NULL);
	if (cp_plan_make(&input, &job->plan) != 0) {
		job->plan = NULL;
		(void)snprintf(job->error, sizeof(job->error), "no memory for the plan");
	}
	job->plan_us = cp_engine_now_us() - start_us;
}

static void
make_table(struct cp_job *job)
{
	cp_prepare(&job->workshop, &job->input, &job->prepared);
	if (job->prepared.image != NULL && job->has_plan) {
		make_plan(job, job->served != NULL ? job->served->bytes : NULL,
				job->prepared.image);
	}
}

static void
load_table(struct cp_job *job)
{
	struct cp_prepared *prepared = &job->prepared;

	if (cp_history_load(job->history, job->request.generation, &prepared->image,
			    &prepared->image_bytes, job->error) == 0) {
		make_plan(job, job->served != NULL ? job->served->bytes : NULL, prepared->image);
	}
}

static void
compare_tables(struct cp_job *job)
{
	struct cp_prepared *prepared = &job->prepared;
	void *from = NULL;
	size_t from_bytes = 0;

	if (cp_history_load(job->history, job->request.generation, &from, &from_bytes,
			    job->error) != 0) {
		return;
	}
	if (job->request.to == 0 && job->served != NULL) {
		make_plan(job, from, job->served->bytes);
	} else if (cp_history_load(job->history, job->request.to, &prepared->image,
				   &prepared->image_bytes, job->error) == 0) {
		make_plan(job, from, prepared->image);
	}
	free(from);
}

static void
make(struct cp_job *job)
{
	switch (job->request.kind) {
	case CP_REQUEST_APPLY:
	case CP_REQUEST_PLAN:
		make_table(job);
		break;
	case CP_REQUEST_ROLLBACK:
		load_table(job);
		break;
	case CP_REQUEST_DIFF:
		compare_tables(job);
		break;
	}
}

static void
store(struct cp_job *job)
{
	const struct tbl_header *header = job->prepared.image;
	uint64_t like = job->request.kind == CP_REQUEST_ROLLBACK ? job->request.generation : 0;

	job->store_error = cp_history_store(job->history, header->generation, like,
			job->prepared.image, job->prepared.image_bytes);
}

static void *
run_step(void *arg)
{
	struct cp_job *job = arg;
	uint64_t one = 1;

	if (job->step == CP_STEP_MAKE) {
		make(job);
	} else {
		store(job);
	}
	/* An eventfd takes a 1 unless it already holds 2^64 - 2. */
	(void)!write(job->done_fd, &one, sizeof(one));
	return NULL;
}

int
cp_job_start(struct cp_job *job)
{
	int err = pthread_create(&job->thread, NULL, run_step, job);

	job->is_running = err == 0;
	return -err;
}

void
cp_job_clear(struct cp_job *job)
{
	cp_prepared_done(&job->prepared);
	json_decref(job->input.silent);
	job->input.silent = NULL;
	cp_image_release(job->served);
	job->served = NULL;
	json_decref(job->plan);
	job->plan = NULL;
	json_decref(job->result);
	job->result = NULL;
	job->error[0] = '\0';
	job->plan_us = 0;
	job->store_error = 0;
}

static void
on_step_done(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;
	uint64_t cnt;

	(void)what;
	if (read(fd, &cnt, sizeof(cnt)) != (ssize_t)sizeof(cnt) || !engine->job.is_running) {
		return;
	}
	pthread_join(engine->job.thread, NULL);
	engine->job.is_running = false;
	if (cp_engine_step_done(engine)) {
		cp_job_clear(&engine->job);
		engine->job.is_busy = false;
		cp_engine_start_next(engine);
	}
}

int
cp_job_init(struct cp_engine *engine)
{
	struct cp_job *job = &engine->job;
	int err = cp_workshop_init(&job->workshop);

	if (err != 0) {
		return err;
	}
	job->config = engine->config;
	job->history = engine->history;
	job->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (job->done_fd < 0) {
		return -errno;
	}
	job->done = event_new(
			engine->base, job->done_fd, EV_READ | EV_PERSIST, on_step_done, engine);
	return job->done == NULL || event_add(job->done, NULL) != 0 ? -ENOMEM : 0;
}

void
cp_job_done(struct cp_job *job)
{
	if (job->is_running) {
		pthread_join(job->thread, NULL);
		job->is_running = false;
	}
	cp_job_clear(job);
	cp_workshop_done(&job->workshop);
	if (job->done != NULL) {
		event_free(job->done);
	}
	if (job->done_fd >= 0) {
		close(job->done_fd);
	}
}
