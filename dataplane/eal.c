/* DPDK's environment (ports.h): which CPUs, how much memory, and its messages on our terms. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "dataplane/eal_log.h"
#include "dataplane/ports.h"

/* One queue's packet buffers (ports.c: 8191 of about 2.4 KB), and what DPDK itself takes. */
#define QUEUE_MB 24u
#define BASE_MB  40u

#define ARGS_MAX 64u

struct arguments {
	int cnt;
	char *items[ARGS_MAX + 1];
	bool is_short; /* memory or room ran out */
};

static void
add(struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct arguments *arguments, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (arguments->cnt == (int)ARGS_MAX || vasprintf(&text, format, args) < 0) {
		arguments->is_short = true;
	} else {
		arguments->items[arguments->cnt++] = text;
	}
	va_end(args);
}

/* The CPUs this process may run on, in order. */
static uint32_t
list_allowed(uint16_t *cpus, uint32_t max)
{
	cpu_set_t set;
	uint32_t cnt = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0) {
		return 0;
	}
	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && cnt < max; cpu++) {
		if (CPU_ISSET(cpu, &set)) {
			cpus[cnt++] = cpu;
		}
	}
	return cnt;
}

static bool
is_among(uint16_t cpu, const uint16_t *cpus, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		if (cpus[i] == cpu) {
			return true;
		}
	}
	return false;
}

/* Every allowed CPU without a worker; with a worker on each, all of them. */
static void
plan_main(struct dp_cpu_plan *plan, const uint16_t *allowed, uint32_t allowed_cnt)
{
	bool has_free = false;
	size_t len = 0;

	for (uint32_t i = 0; i < allowed_cnt; i++) {
		has_free = has_free || !is_among(allowed[i], plan->worker_cpus, plan->worker_cnt);
	}
	for (uint32_t i = 0; i < allowed_cnt && len + 8 < sizeof(plan->main_cpus); i++) {
		if (has_free && is_among(allowed[i], plan->worker_cpus, plan->worker_cnt)) {
			continue;
		}
		len += (size_t)snprintf(plan->main_cpus + len, sizeof(plan->main_cpus) - len,
				"%c%u", len == 0 ? '(' : ',', allowed[i]);
	}
	(void)snprintf(plan->main_cpus + len, sizeof(plan->main_cpus) - len, ")");
}

int
dp_cpu_plan_make(const struct dp_config *config, uint32_t queue_cnt, struct dp_cpu_plan *ret_plan,
		struct tbl_error *ret_error)
{
	uint16_t allowed[CPU_SETSIZE];
	uint32_t allowed_cnt = list_allowed(allowed, CPU_SETSIZE);
	uint32_t chosen_max = allowed_cnt > 1 ? allowed_cnt - 1 : 1;

	memset(ret_plan, 0, sizeof(*ret_plan));
	if (config->cpu_cnt == 0) {
		ret_plan->worker_cnt = queue_cnt < chosen_max ? queue_cnt : chosen_max;
	} else {
		ret_plan->worker_cnt = queue_cnt < config->cpu_cnt ? queue_cnt : config->cpu_cnt;
	}
	if (ret_plan->worker_cnt > TBL_WORKERS_MAX) {
		ret_plan->worker_cnt = TBL_WORKERS_MAX;
	}
	for (uint32_t i = 0; i < ret_plan->worker_cnt && allowed_cnt > 0; i++) {
		uint16_t cpu = config->cpu_cnt == 0 ? allowed[allowed_cnt - 1 - i]
		                                    : config->cpus[i];

		if (!is_among(cpu, allowed, allowed_cnt)) {
			(void)snprintf(ret_error->text, sizeof(ret_error->text),
					"cores: this process may not run on CPU %u (allowed: %u to "
					"%u)",
					cpu, allowed[0], allowed[allowed_cnt - 1]);
			return -EINVAL;
		}
		ret_plan->worker_cpus[i] = cpu;
	}
	if (config->main_core >= 0) {
		(void)snprintf(ret_plan->main_cpus, sizeof(ret_plan->main_cpus), "%" PRId64,
				config->main_core);
	} else {
		plan_main(ret_plan, allowed, allowed_cnt);
	}
	return 0;
}

/* Free huge pages of every size, in MB. */
static uint64_t
free_huge_mb(void)
{
	static const char dir_path[] = "/sys/kernel/mm/hugepages";
	DIR *dir = opendir(dir_path);
	struct dirent *entry;
	uint64_t total_kb = 0;

	if (dir == NULL) {
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe): own stream */
		uint64_t page_kb = strncmp(entry->d_name, "hugepages-", 10) == 0
		                                   ? strtoull(entry->d_name + 10, NULL, 10)
		                                   : 0;
		char path[sizeof(dir_path) + sizeof(entry->d_name) + 32];
		char text[32] = "";
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir_path, entry->d_name);
		file = page_kb > 0 ? fopen(path, "re") : NULL;
		if (file != NULL) {
			if (fgets(text, sizeof(text), file) != NULL) {
				total_kb += page_kb * strtoull(text, NULL, 10);
			}
			(void)fclose(file);
		}
	}
	closedir(dir);
	return total_kb / 1024;
}

static bool
has_kind(const struct dp_config *config, enum dp_port_kind kind)
{
	for (size_t i = 0; i < config->ports.cnt; i++) {
		if (dp_config_ports(config)[i].kind == (int)kind) {
			return true;
		}
	}
	return false;
}

/* Which files DPDK makes: none when that is possible, so that a crash leaves none behind. */
static void
add_files(struct arguments *arguments, const struct dp_config *config, bool has_huge_pages)
{
	if (has_kind(config, DP_PORT_MEMIF)) {
		/* memif registers with DPDK's channel between processes, which is files. The name
		 * is the run directory's, so that a crash's files are found and replaced. */
		add(arguments, "--file-prefix=meridian-%016" PRIx64,
				XXH3_64bits(config->run_dir, strlen(config->run_dir)));
		if (has_huge_pages) {
			add(arguments, "--huge-unlink");
		}
	} else {
		add(arguments, has_huge_pages ? "--in-memory" : "--no-shconf");
	}
}

static int
add_memory(struct arguments *arguments, const struct dp_eal_params *params, struct tbl_error *error)
{
	const struct dp_config *config = params->config;
	uint64_t need_mb = config->memory_mb > 0 ? (uint64_t)config->memory_mb
	                                         : BASE_MB + QUEUE_MB * params->queue_cnt;
	uint64_t free_mb = config->hugepages == DP_HUGEPAGES_NEVER ? 0 : free_huge_mb();
	char text[TBL_ERROR_MAX];

	if (config->hugepages == DP_HUGEPAGES_REQUIRE && free_mb < need_mb) {
		(void)snprintf(error->text, sizeof(error->text),
				"hugepages: require, but %" PRIu64
				" MB of huge pages are free and %" PRIu64
				" MB are needed (echo %" PRIu64 " > /proc/sys/vm/nr_hugepages)",
				free_mb, need_mb, (need_mb + 1) / 2);
		return -ENOMEM;
	}
	add(arguments, "-m");
	add(arguments, "%" PRIu64, need_mb);
	add_files(arguments, config, free_mb >= need_mb);
	if (free_mb < need_mb) {
		add(arguments, "--no-huge");
		if (config->hugepages == DP_HUGEPAGES_AUTO) {
			(void)snprintf(text, sizeof(text),
					"no huge pages (%" PRIu64 " MB free, %" PRIu64
					" MB needed): works, and is slower (echo %" PRIu64
					" > /proc/sys/vm/nr_hugepages)",
					free_mb, need_mb, (need_mb + 1) / 2);
			params->say(params->arg, text);
		}
	}
	return 0;
}

static void
add_devices(struct arguments *arguments, const struct dp_config *config)
{
	if (!has_kind(config, DP_PORT_PCI)) {
		add(arguments, "--no-pci");
	}
	for (size_t i = 0; i < config->ports.cnt; i++) {
		if (dp_config_ports(config)[i].kind == DP_PORT_PCI) {
			add(arguments, "--allow=%s", dp_config_ports(config)[i].device);
		}
	}
}

static int
build_arguments(const struct dp_eal_params *params, struct arguments *arguments,
		struct tbl_error *error)
{
	const struct dp_config *config = params->config;
	char lcores[1024];
	size_t len = (size_t)snprintf(lcores, sizeof(lcores), "0@%s", params->cpus->main_cpus);

	for (uint32_t i = 0; i < params->cpus->worker_cnt; i++) {
		len += (size_t)snprintf(lcores + len, sizeof(lcores) - len, ",%u@%u", i + 1,
				params->cpus->worker_cpus[i]);
	}
	add(arguments, "meridiand");
	add(arguments, "--lcores=%s", lcores);
	add(arguments, "--main-lcore=0");
	add(arguments, "--no-telemetry");
	add(arguments, "--log-level=*:warning");
	add_devices(arguments, config);
	for (size_t i = 0; i < config->eal_args.cnt; i++) {
		add(arguments, "%s", config->eal_args.items[i]);
	}
	return add_memory(arguments, params, error);
}

int
dp_eal_start(const struct dp_eal_params *params, struct tbl_error *ret_error)
{
	/* rte_eal_init keeps pointers into the strings, so they live for ever, and writes to the
	 * array, so it gets one of its own. */
	static struct arguments arguments;
	static char *argv[ARGS_MAX + 1];
	int err = build_arguments(params, &arguments, ret_error);

	if (err != 0) {
		return err;
	}
	if (arguments.is_short) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "eal_args: too many");
		return -EINVAL;
	}
	memcpy(argv, arguments.items, sizeof(argv));
	dp_eal_log_capture();
	if (rte_eal_init(arguments.cnt, argv) < 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "DPDK does not start: %s",
				dp_eal_log_last());
		return -rte_errno;
	}
	return 0;
}

void
dp_eal_stop(void)
{
	(void)rte_eal_cleanup();
}
