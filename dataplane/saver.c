#include "dataplane/saver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Least time between two rounds: at 20 publishes a second a disk must not write 20 tables a
 * second, and a crash loses at most a second of publishes, which the control plane repeats. */
#define PAUSE_S 1
/* Between two tries while saving fails. */
#define RETRY_S 5

/* One file to be written; fd -1: none. */
struct job {
	int fd;
	uint64_t generation;
};

struct dp_saver {
	struct dp_store *store; /* the thread's alone */
	struct dp_store_notice report;
	bool is_failing; /* the thread's alone */
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool is_stopping;
	struct job table;
	struct job selection;
	uint64_t promoted; /* 0: none */
};

static bool
has_work(const struct dp_saver *saver)
{
	return saver->table.fd >= 0 || saver->selection.fd >= 0 || saver->promoted != 0;
}

static void
drop_job(struct job *job)
{
	if (job->fd >= 0) {
		close(job->fd);
	}
	*job = (struct job){ .fd = -1 };
}

static int
promote(struct dp_store *store, uint64_t *promoted, struct tbl_error *error)
{
	int err = *promoted != 0 ? dp_store_promote(store, *promoted, error) : 0;

	if (err == 0) {
		*promoted = 0;
	}
	return err;
}

/* Writes one round; what was written is dropped from it. Returns 0 or the first failure. */
static int
save(struct dp_store *store, struct job *table, struct job *selection, uint64_t *promoted,
		struct tbl_error *error)
{
	bool is_successor = table->fd >= 0 && table->generation != *promoted;
	/* Saving a table clears away older ones that are not good: who has become good goes first. */
	int err = is_successor ? promote(store, promoted, error) : 0;

	if (err == 0 && table->fd >= 0) {
		err = dp_store_save_table(store, table->generation, table->fd, error);
		if (err == 0) {
			drop_job(table);
		}
	}
	if (err == 0 && selection->fd >= 0) {
		err = dp_store_save_selection(store, selection->generation, selection->fd, error);
		if (err == 0) {
			drop_job(selection);
		}
	}
	return err == 0 ? promote(store, promoted, error) : err;
}

static void
report_change(struct dp_saver *saver, int err, const struct tbl_error *error)
{
	if ((err != 0) == saver->is_failing) {
		return;
	}
	saver->is_failing = err != 0;
	saver->report.say(saver->report.arg, err != 0 ? error->text : "saving tables works again");
}

/* Puts back what could not be written, unless something newer has arrived. */
static void
put_back(struct job *place, struct job *job)
{
	if (place->fd < 0) {
		*place = *job;
	} else {
		drop_job(job);
	}
}

/* Sleeps until stopped, but at most `seconds`. Called and left with the lock held. */
static void
pause_for(struct dp_saver *saver, time_t seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	while (!saver->is_stopping &&
			pthread_cond_timedwait(&saver->wake, &saver->lock, &until) != ETIMEDOUT) {
	}
}

static void *
run(void *arg)
{
	struct dp_saver *saver = arg;
	bool is_last = false;

	pthread_mutex_lock(&saver->lock);
	while (!is_last) {
		struct tbl_error error;
		struct job table;
		struct job selection;
		uint64_t promoted;
		int err;

		while (!saver->is_stopping && !has_work(saver)) {
			pthread_cond_wait(&saver->wake, &saver->lock);
		}
		is_last = saver->is_stopping;
		table = saver->table;
		selection = saver->selection;
		promoted = saver->promoted;
		saver->table.fd = -1;
		saver->selection.fd = -1;
		saver->promoted = 0;
		pthread_mutex_unlock(&saver->lock);

		err = save(saver->store, &table, &selection, &promoted, &error);
		report_change(saver, err, &error);

		pthread_mutex_lock(&saver->lock);
		put_back(&saver->table, &table);
		put_back(&saver->selection, &selection);
		saver->promoted = saver->promoted != 0 ? saver->promoted : promoted;
		pause_for(saver, err != 0 ? RETRY_S : PAUSE_S);
	}
	pthread_mutex_unlock(&saver->lock);
	return NULL;
}

int
dp_saver_start(struct dp_store *store, const struct dp_store_notice *report,
		struct dp_saver **ret_saver)
{
	struct dp_saver *saver = calloc(1, sizeof(*saver));
	pthread_condattr_t attr;
	int err;

	if (saver == NULL) {
		return -ENOMEM;
	}
	saver->store = store;
	saver->report = *report;
	saver->table.fd = -1;
	saver->selection.fd = -1;
	pthread_mutex_init(&saver->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&saver->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&saver->thread, NULL, run, saver);
	if (err != 0) {
		free(saver);
		return -err;
	}
	*ret_saver = saver;
	return 0;
}

void
dp_saver_stop(struct dp_saver *saver)
{
	if (saver == NULL) {
		return;
	}
	pthread_mutex_lock(&saver->lock);
	saver->is_stopping = true;
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
	pthread_join(saver->thread, NULL);
	drop_job(&saver->table);
	drop_job(&saver->selection);
	pthread_cond_destroy(&saver->wake);
	pthread_mutex_destroy(&saver->lock);
	free(saver);
}

static void
put_job(struct dp_saver *saver, struct job *place, uint64_t generation,
		const struct dp_image *image)
{
	/* -1 when descriptors run out: this image is then not saved, the next one is. */
	int fd = fcntl(image->fd, F_DUPFD_CLOEXEC, 0);

	pthread_mutex_lock(&saver->lock);
	drop_job(place);
	*place = (struct job){ .fd = fd, .generation = generation };
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
}

void
dp_saver_table(struct dp_saver *saver, uint64_t generation, const struct dp_image *table)
{
	/* Nor does a selection of the table before matter any more. */
	pthread_mutex_lock(&saver->lock);
	drop_job(&saver->selection);
	pthread_mutex_unlock(&saver->lock);
	put_job(saver, &saver->table, generation, table);
}

void
dp_saver_selection(struct dp_saver *saver, uint64_t generation, const struct dp_image *selection)
{
	put_job(saver, &saver->selection, generation, selection);
}

void
dp_saver_promote(struct dp_saver *saver, uint64_t generation)
{
	pthread_mutex_lock(&saver->lock);
	saver->promoted = generation;
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
}
