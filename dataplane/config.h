/*
 * The data plane's configuration: the YAML file of `meridiand --config`, or what the command line
 * says. One struct, read once at start, constant from then on.
 *
 * Threads:   loaded by one; read by any.
 * Memory:    dp_config_done releases what a load allocated.
 * Errors:    -EINVAL with every reason in *errors as "file:line:col: key: reason".
 */
#ifndef DATAPLANE_CONFIG_H
#define DATAPLANE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "table/stats.h"

#include "conf/schema.h"
#include "dataplane/cookie_file.h"
#include "dataplane/frame.h"
#include "dataplane/limiter.h"
#include "dataplane/message.h"

#define DP_PORTS_MAX     16u /* more NICs than one host answers on; bounds the port arrays */
#define DP_QUEUES_MAX    64u /* of one port; the XDP program's socket map has as many places */
#define DP_LISTEN_MAX    64u /* kernel socket addresses; as many as DP_ADDRESSES_MAX */
#define DP_DNS_PORT      53u
#define DP_PATH_TEXT_MAX 4096u

enum dp_port_kind {
	DP_PORT_AF_XDP,
	DP_PORT_AF_PACKET,
	DP_PORT_TAP,
	DP_PORT_MEMIF,
	DP_PORT_PCI,
	DP_PORT_SOCKET,
};
enum dp_xdp_mode {
	DP_XDP_AUTO,
	DP_XDP_NATIVE,
};
enum dp_checksum {
	DP_CHECKSUM_VERIFY,
	DP_CHECKSUM_TRUST,
};
enum dp_memif_role {
	DP_MEMIF_SERVER,
	DP_MEMIF_CLIENT,
};
enum dp_hugepages {
	DP_HUGEPAGES_AUTO,
	DP_HUGEPAGES_REQUIRE,
	DP_HUGEPAGES_NEVER,
};

struct dp_port_config {
	int kind;        /* enum dp_port_kind */
	char *interface; /* af_xdp, af_packet, tap */
	char *device;    /* pci */
	int64_t queues;  /* 0: every queue of the interface (af_xdp), else 1 */
	int xdp_mode;    /* enum dp_xdp_mode */
	bool force_copy;
	bool replace_xdp;
	int checksum; /* enum dp_checksum */
	char *socket; /* memif */
	int role;     /* enum dp_memif_role */
	int64_t memif_id;
	struct conf_strings listen; /* socket */
	struct conf_strings vlan_texts;

	/* What follows from it. */
	struct dp_vlans vlans;
};

struct dp_tcp_config {
	bool enabled;
	int64_t max_connections;
	int64_t max_per_address;
	int64_t idle_timeout_s;
	int64_t max_buffered_mb;
};

struct dp_cookie_config {
	bool enabled;
	bool require;
	char *secret_file;
};

struct dp_ecs_config {
	bool enabled;
	struct conf_strings resolvers;
};

struct dp_rate_limit_config {
	int64_t responses_per_second;
	int64_t negatives_per_second;
	int64_t errors_per_second;
	int64_t all_per_second;
	int64_t burst_s;
	int64_t ipv4_prefix;
	int64_t ipv6_prefix;
	int64_t slip;
	int64_t table_size;
	struct conf_strings exempt;
};

/* A kernel socket's own address. */
struct dp_endpoint {
	struct tbl_addr addr;
	uint16_t port;
};
struct dp_endpoints {
	uint32_t cnt;
	struct dp_endpoint items[DP_LISTEN_MAX];
};

struct dp_config {
	/* As the file says. */
	char *identity;
	struct conf_strings address_texts;
	struct conf_list ports; /* struct dp_port_config */
	struct conf_strings core_texts;
	int64_t main_core; /* -1: any */
	int64_t idle_sleep_us;
	int hugepages; /* enum dp_hugepages */
	int64_t memory_mb;
	struct conf_strings eal_args;
	char *xdp_program;
	int64_t max_udp_bytes;
	bool rotate;
	struct dp_cookie_config cookies;
	struct dp_ecs_config ecs;
	struct conf_strings drop_source_port_texts;
	struct dp_rate_limit_config rate_limit;
	struct dp_tcp_config tcp;
	char *run_dir;
	char *state_dir;
	int64_t promote_after_s;

	/* What follows from it. */
	struct dp_addresses addresses;
	struct dp_endpoints listen; /* every endpoint of socket ports */
	uint32_t cpu_cnt;           /* 0: choose */
	uint16_t cpus[TBL_WORKERS_MAX];
	struct dp_settings settings;
	struct dp_cookie_file
			cookie_file; /* its path is cookies.secret_file while cookies are enabled */
	struct dp_cookie_keys cookie_keys; /* what it says; none without it */
	bool has_rate_limit;
	struct dp_limiter_params limiter; /* but for seed and `exempt`, the start's own */
	struct dp_prefixes limiter_exempt;
};

/* dp_config_load reads `path` into *config. */
int dp_config_load(const char *path, struct dp_config *config, struct conf_errors *errors);

/* dp_config_listen makes the configuration of `--listen A --listen B`: kernel sockets only. */
int dp_config_listen(const char *const *listen, size_t listen_cnt, struct dp_config *config,
		struct conf_errors *errors);

void dp_config_done(struct dp_config *config);

/* dp_config_rows: every key, for whoever documents them. */
const struct conf_row *dp_config_rows(void);

/* dp_config_help prints every key with type, range, default and meaning. */
void dp_config_help(FILE *out);

/* dp_config_ports: the ports as an array of config->ports.cnt. */
const struct dp_port_config *dp_config_ports(const struct dp_config *config);

/* is_dp_config_packet: some port is not a kernel socket, so DPDK has to be started. */
bool is_dp_config_packet(const struct dp_config *config);

/* dp_port_kind_name: "af_xdp". */
const char *dp_port_kind_name(int kind);

/* dp_endpoint_parse reads "192.0.2.1:5300", "[2001:db8::1]:5300", or an address alone (port 53).
 * 0 or -EINVAL. */
int dp_endpoint_parse(const char *text, struct dp_endpoint *ret_endpoint);

#define DP_ENDPOINT_TEXT_MAX 64u /* "[" + INET6_ADDRSTRLEN + "]:65535" */
/* dp_endpoint_text writes "192.0.2.1:53" or "[2001:db8::1]:53". */
void dp_endpoint_text(const struct dp_endpoint *endpoint, char text[DP_ENDPOINT_TEXT_MAX]);

#endif
