#include "dataplane/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static_assert(sizeof(_Atomic(uint64_t)) == sizeof(uint64_t), "the lines are used as atomics");

#define WORDS (sizeof(struct tbl_stats_worker) / sizeof(uint64_t))

void
dp_counters_publish(struct dp_counters *counters)
{
	const uint64_t *from = (const uint64_t *)&counters->own;
	uint64_t *to = (uint64_t *)counters->shared;

	/* Relaxed: each counter is whole; readers expect no order between counters. */
	for (size_t i = 0; i < WORDS; i++) {
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	}
}

void
dp_stats_show_ports(struct tbl_stats_segment *segment, const struct dp_port_counts *counts)
{
	/* Relaxed, as above: five numbers that need not be of one moment. */
	__atomic_store_n(&segment->port_missed, counts->missed, __ATOMIC_RELAXED);
	__atomic_store_n(&segment->port_errors, counts->errors, __ATOMIC_RELAXED);
	__atomic_store_n(&segment->port_no_buffer, counts->no_buffer, __ATOMIC_RELAXED);
	__atomic_store_n(&segment->port_tx_errors, counts->tx_errors, __ATOMIC_RELAXED);
	__atomic_store_n(&segment->port_buffers, counts->buffers, __ATOMIC_RELAXED);
}

int
dp_stats_open(unsigned int worker_cnt, uint64_t started_unix_s, int *ret_fd,
		struct tbl_stats_segment **ret_segment)
{
	/* Sealed against resizing: a reader that mapped it cannot be given a SIGBUS. */
	const int seals = F_SEAL_GROW | F_SEAL_SHRINK;
	struct tbl_stats_segment *segment = MAP_FAILED;
	int fd = memfd_create("meridian-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0) {
		return -errno;
	}
	if (ftruncate(fd, sizeof(*segment)) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0) {
		segment = mmap(NULL, sizeof(*segment), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (segment == MAP_FAILED) {
		err = -errno;
		close(fd);
		return err;
	}
	/* Whoever gets the descriptor may look, not write; a kernel too old for it trusts them. */
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
	segment->magic = TBL_STATS_MAGIC;
	segment->version = TBL_STATS_VERSION;
	segment->worker_cnt = worker_cnt + 1;
	segment->started_unix_s = started_unix_s;
	*ret_fd = fd;
	*ret_segment = segment;
	return 0;
}

void
dp_stats_close(int fd, struct tbl_stats_segment *segment)
{
	munmap(segment, sizeof(*segment));
	close(fd);
}
