#include "dataplane/ports.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/eal_log.h"
#include "dataplane/nic.h"
#include "dataplane/sockets.h"
#include "dataplane/xdp.h"

/* Ring entries a queue: a burst that arrives while a worker sleeps (idle_sleep_us) must fit. */
#define RING_CNT 2048u
/* Buffers a queue. AF_XDP holds a fill, a receive, a send and a completion ring of RING_CNT at
 * once; one less than a power of two is what a mempool stores best. */
#define POOL_CNT   8191u
#define POOL_CACHE 256u

static int
fail(int err, struct tbl_error *error, const char *label, const char *what)
{
	const char *last = dp_eal_log_last();

	(void)snprintf(error->text, sizeof(error->text), "%.40s: %.60s: %.90s", label, what,
			*last != '\0' ? last : strerrordesc_np(err < 0 ? -err : err));
	return err < 0 ? err : -EIO;
}

static const char *
label_of(const struct dp_port_config *config)
{
	switch ((enum dp_port_kind)config->kind) {
	case DP_PORT_PCI:
		return config->device;
	case DP_PORT_MEMIF:
		return config->socket;
	case DP_PORT_AF_XDP:
	case DP_PORT_AF_PACKET:
	case DP_PORT_TAP:
	case DP_PORT_SOCKET:
		break;
	}
	return config->interface;
}

static bool
has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) != 0) {
		return false;
	}
	return (data[capability / 32].effective >> (capability % 32) & 1u) != 0;
}

static int
check_rights(const struct dp_port_config *config, struct tbl_error *error)
{
	bool has_all = has_capability(CAP_NET_ADMIN) && has_capability(CAP_NET_RAW);

	if (config->kind == DP_PORT_AF_XDP) {
		has_all = has_all && has_capability(CAP_SYS_ADMIN);
	} else if (config->kind == DP_PORT_MEMIF || config->kind == DP_PORT_PCI) {
		return 0; /* a matter of file permissions, which DPDK reports */
	}
	if (has_all) {
		return 0;
	}
	(void)snprintf(error->text, sizeof(error->text),
			"%.20s: kind %s needs root, or CAP_NET_ADMIN, CAP_NET_RAW%s; kernel "
			"sockets "
			"work without: kind socket, or --listen",
			label_of(config), dp_port_kind_name(config->kind),
			config->kind == DP_PORT_AF_XDP ? " and CAP_SYS_ADMIN" : "");
	return -EPERM;
}

static int
plan_xdp_queues(struct dp_port *port, struct tbl_error *error)
{
	const struct dp_port_config *config = port->config;
	uint32_t has_cnt = dp_nic_queues(config->interface);

	if (config->queues == 0) {
		port->queue_cnt = (uint16_t)(has_cnt < DP_QUEUES_MAX ? has_cnt : DP_QUEUES_MAX);
	}
	if (port->queue_cnt == has_cnt) {
		return 0;
	}
	(void)snprintf(error->text, sizeof(error->text),
			"%.20s: %u receive queues, but %u polled: queries on the others would be "
			"lost (ethtool -L %.20s combined %u)",
			config->interface, has_cnt, port->queue_cnt, config->interface,
			port->queue_cnt);
	return -EINVAL;
}

static int
plan_port(struct dp_port *port, struct tbl_error *error)
{
	const struct dp_port_config *config = port->config;
	bool is_existing = config->kind == DP_PORT_AF_XDP || config->kind == DP_PORT_AF_PACKET;
	int err;

	port->queue_cnt = (uint16_t)(config->queues > 0 ? config->queues : 1);
	if (is_existing && if_nametoindex(config->interface) == 0) {
		(void)snprintf(error->text, sizeof(error->text), "interface %s does not exist",
				config->interface);
		return -ENODEV;
	}
	err = check_rights(config, error);
	if (err == 0 && config->kind == DP_PORT_AF_XDP) {
		err = plan_xdp_queues(port, error);
	}
	return err;
}

int
dp_ports_plan(const struct dp_config *config, struct dp_ports *ports, uint32_t *ret_queue_cnt,
		struct tbl_error *ret_error)
{
	uint32_t queue_cnt = 0;

	memset(ports, 0, sizeof(*ports));
	for (size_t i = 0; i < config->ports.cnt; i++) {
		const struct dp_port_config *port_config = &dp_config_ports(config)[i];
		struct dp_port *port = &ports->items[ports->cnt];
		int err;

		if (port_config->kind == DP_PORT_SOCKET) {
			continue;
		}
		port->config = port_config;
		port->label = label_of(port_config);
		port->filter.addresses = config->addresses;
		port->filter.vlans = port_config->vlans;
		err = plan_port(port, ret_error);
		if (err != 0) {
			return err;
		}
		queue_cnt += port->queue_cnt;
		ports->cnt++;
	}
	*ret_queue_cnt = queue_cnt;
	return 0;
}

/* The XDP program beside the executable, or where it is installed. */
static int
find_program(const struct dp_config *config, char path[PATH_MAX], struct tbl_error *error)
{
	ssize_t len;
	char *slash;

	if (config->xdp_program != NULL) {
		(void)snprintf(path, PATH_MAX, "%s", config->xdp_program);
	} else {
		len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(DP_XDP_OBJECT));
		path[len > 0 ? len : 0] = '\0';
		slash = strrchr(path, '/');
		(void)snprintf(slash != NULL ? slash + 1 : path, sizeof(DP_XDP_OBJECT), "%s",
				DP_XDP_OBJECT);
		if (access(path, R_OK) != 0) {
			(void)snprintf(path, PATH_MAX, "/usr/lib/meridian/%s", DP_XDP_OBJECT);
		}
	}
	if (access(path, R_OK) == 0 && strpbrk(path, ",") == NULL) {
		return 0;
	}
	(void)snprintf(error->text, sizeof(error->text), "XDP program %.140s: %s", path,
			strerrordesc_np(errno));
	return -ENOENT;
}

/* The device's name and arguments as DPDK wants them. */
struct device {
	char name[32];
	char args[PATH_MAX + 128];
};

static int
describe_xdp(const struct dp_config *config, const struct dp_port *port, struct device *device,
		struct tbl_error *error)
{
	/* The socket's memory counts against this limit, which is 8 MB by default. */
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char program[PATH_MAX];
	int err;

	err = find_program(config, program, error);
	if (err == 0) {
		err = dp_xdp_clear(port->config->interface, port->config->replace_xdp, error);
	}
	if (err != 0) {
		return err;
	}
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	(void)snprintf(device->args, sizeof(device->args), "iface=%s,queue_count=%u,xdp_prog=%s%s",
			port->config->interface, port->queue_cnt, program,
			port->config->force_copy ? ",force_copy=1" : "");
	return 0;
}

static int
describe(const struct dp_config *config, const struct dp_port *port, unsigned int number,
		struct device *device, struct tbl_error *error)
{
	const struct dp_port_config *c = port->config;

	device->args[0] = '\0';
	switch ((enum dp_port_kind)c->kind) {
	case DP_PORT_AF_XDP:
		(void)snprintf(device->name, sizeof(device->name), "net_af_xdp%u", number);
		return describe_xdp(config, port, device, error);
	case DP_PORT_AF_PACKET:
		(void)snprintf(device->name, sizeof(device->name), "net_af_packet%u", number);
		(void)snprintf(device->args, sizeof(device->args), "iface=%s,qpairs=%u",
				c->interface, port->queue_cnt);
		break;
	case DP_PORT_TAP:
		(void)snprintf(device->name, sizeof(device->name), "net_tap%u", number);
		(void)snprintf(device->args, sizeof(device->args), "iface=%s", c->interface);
		break;
	case DP_PORT_MEMIF:
		/* What a killed process left; a live one's is DPDK's to complain about. */
		if (c->role == DP_MEMIF_SERVER) {
			(void)dp_socket_bury(c->socket);
		}
		(void)snprintf(device->name, sizeof(device->name), "net_memif%u", number);
		(void)snprintf(device->args, sizeof(device->args),
				"id=%" PRId64 ",role=%s,socket=%s,socket-abstract=no,rsize=11",
				c->memif_id, c->role == DP_MEMIF_SERVER ? "server" : "client",
				c->socket);
		break;
	case DP_PORT_PCI:
	case DP_PORT_SOCKET:
		(void)snprintf(device->name, sizeof(device->name), "%s", c->device);
		break;
	}
	return 0;
}

static struct rte_eth_conf
port_conf(const struct rte_eth_dev_info *info, const struct dp_port *port)
{
	struct rte_eth_conf conf = { 0 };

	if (port->queue_cnt > 1 && info->flow_type_rss_offloads != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
				info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
	}
	/* The worker looks at what the NIC found, and verifies what it did not vouch for. */
	conf.rxmode.offloads = info->rx_offload_capa &
	                       (RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
	/* One pool a queue, and a worker never holds a second reference. */
	conf.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	return conf;
}

static int
start_queues(struct dp_port *port, uint16_t rx_cnt, uint16_t tx_cnt, struct tbl_error *error)
{
	for (uint16_t queue = 0; queue < port->queue_cnt; queue++) {
		char name[RTE_MEMZONE_NAMESIZE];
		struct rte_mempool *pool;
		int socket = rte_eth_dev_socket_id(port->id);
		int err;

		(void)snprintf(name, sizeof(name), "rx-%u-%u", port->id, queue);
		pool = rte_pktmbuf_pool_create(
				name, POOL_CNT, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket);
		if (pool == NULL) {
			return fail(-ENOMEM, error, port->label,
					"packet buffers (raise memory_mb)");
		}
		port->pools[queue] = pool;
		err = rte_eth_rx_queue_setup(
				port->id, queue, rx_cnt, (unsigned int)socket, NULL, pool);
		if (err == 0) {
			err = rte_eth_tx_queue_setup(
					port->id, queue, tx_cnt, (unsigned int)socket, NULL);
		}
		if (err != 0) {
			return fail(err, error, port->label,
					port->config->kind == DP_PORT_AF_XDP
							? "the kernel refuses AF_XDP (use kind: "
							  "af_packet)"
							: "queue");
		}
	}
	return 0;
}

static int
start_port(struct dp_port *port, struct tbl_error *error)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint16_t rx_cnt = RING_CNT;
	uint16_t tx_cnt = RING_CNT;
	int err = rte_eth_dev_info_get(port->id, &info);

	if (err != 0) {
		return fail(err, error, port->label, "port");
	}
	if (port->queue_cnt > info.max_rx_queues || port->queue_cnt > info.max_tx_queues) {
		(void)snprintf(error->text, sizeof(error->text), "%.40s: queues: %u; at most %u",
				port->label, port->queue_cnt,
				info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues
									: info.max_tx_queues);
		return -EINVAL;
	}
	conf = port_conf(&info, port);
	err = rte_eth_dev_configure(port->id, port->queue_cnt, port->queue_cnt, &conf);
	if (err == 0) {
		err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_cnt, &tx_cnt);
	}
	if (err != 0) {
		return fail(err, error, port->label, "port");
	}
	err = start_queues(port, rx_cnt, tx_cnt, error);
	if (err != 0) {
		return err;
	}
	err = rte_eth_dev_start(port->id);
	if (err != 0) {
		return fail(err, error, port->label, "start");
	}
	port->is_started = true;
	return 0;
}

/* Frames that the interface was given for others (a bridge flooding) are none of ours. */
static void
note_mac(struct dp_port *port)
{
	struct rte_ether_addr mac;

	/* Behind a TAP or a memif nobody knows ours: there are two ends, and one is we. */
	if (port->config->kind == DP_PORT_TAP || port->config->kind == DP_PORT_MEMIF) {
		return;
	}
	if (rte_eth_macaddr_get(port->id, &mac) == 0) {
		port->filter.has_mac = true;
		memcpy(port->filter.mac, mac.addr_bytes, sizeof(port->filter.mac));
	}
}

/* A tag that the hardware has taken off is lost before the program looks: the query of some VLAN
 * would be answered as if it had none. */
static void
keep_tags(const struct dp_eal_params *params, struct dp_port *port)
{
	char text[TBL_ERROR_MAX];
	int err;

	if (!is_dp_nic_untagging(port->config->interface)) {
		return;
	}
	err = dp_nic_set_untagging(port->config->interface, false);
	port->is_untagging_off = err == 0;
	if (err != 0) {
		(void)snprintf(text, sizeof(text),
				"%.20s: takes VLAN tags off and cannot be told not to (%.60s): "
				"queries of every VLAN pass for untagged ones",
				port->label, strerrordesc_np(-err));
		params->say(params->arg, text);
	}
}

/* Until here the program passed everything: no query waits on a port that is not ready. */
static int
begin_xdp(const struct dp_eal_params *params, struct dp_port *port, struct tbl_error *error)
{
	char text[TBL_ERROR_MAX];
	bool is_native;
	int err;

	keep_tags(params, port);
	err = dp_xdp_fill(port->config->interface, &port->filter, &is_native, error);

	if (err != 0 || is_native) {
		return err;
	}
	(void)snprintf(text, sizeof(text),
			"%.20s: the driver has no XDP of its own: generic XDP works, and is slower",
			port->label);
	if (port->config->xdp_mode == DP_XDP_NATIVE) {
		(void)snprintf(error->text, sizeof(error->text),
				"%.20s: xdp_mode: native, but the driver has no XDP of its own",
				port->label);
		return -EOPNOTSUPP;
	}
	params->say(params->arg, text);
	return 0;
}

static int
open_port(const struct dp_eal_params *params, struct dp_port *port, unsigned int number,
		struct tbl_error *error)
{
	struct device *device = calloc(1, sizeof(*device));
	int err = device == NULL ? -ENOMEM : describe(params->config, port, number, device, error);

	if (err != 0) {
		goto out;
	}
	dp_eal_log_reset();
	if (port->config->kind != DP_PORT_PCI) {
		err = rte_eal_hotplug_add("vdev", device->name, device->args);
		if (err != 0) {
			err = fail(err, error, port->label, "cannot be opened by DPDK");
			goto out;
		}
	}
	if (rte_eth_dev_get_port_by_name(device->name, &port->id) != 0) {
		err = fail(-ENODEV, error, port->label,
				"no such device, or not bound to a driver DPDK can use");
		goto out;
	}
	port->is_xdp = port->config->kind == DP_PORT_AF_XDP;
	err = start_port(port, error);
	if (err == 0) {
		note_mac(port);
		err = port->is_xdp ? begin_xdp(params, port, error) : 0;
	}
out:
	free(device);
	return err;
}

/* What is not a query ends here as a drop on these ports: there is no path to the kernel for it yet. */
static void
warn_about_neighbours(const struct dp_eal_params *params, const struct dp_port *port)
{
	char text[TBL_ERROR_MAX];

	if (port->config->kind != DP_PORT_PCI && port->config->kind != DP_PORT_MEMIF &&
			port->config->kind != DP_PORT_TAP) {
		return;
	}
	(void)snprintf(text, sizeof(text),
			"port %.60s: nothing answers ARP, ND or TCP here yet: neighbours must be "
			"static",
			port->label);
	params->say(params->arg, text);
}

int
dp_ports_open(const struct dp_eal_params *params, struct dp_ports *ports,
		struct tbl_error *ret_error)
{
	dp_xdp_quiet();
	for (uint32_t i = 0; i < ports->cnt; i++) {
		int err = open_port(params, &ports->items[i], i, ret_error);

		if (err != 0) {
			return err;
		}
		warn_about_neighbours(params, &ports->items[i]);
	}
	return 0;
}

/* Workers poll meanwhile: a driver's own counts are read as they stand, whole but not of one moment. */
static void
read_counts(struct dp_port *port)
{
	struct rte_eth_stats stats;

	/* One that cannot tell this second keeps its last numbers: sums never shrink. */
	if (!port->is_started || rte_eth_stats_get(port->id, &stats) != 0) {
		return;
	}
	port->counts = (struct dp_port_counts){
		.missed = stats.imissed,
		.errors = stats.ierrors,
		.no_buffer = stats.rx_nombuf,
		.tx_errors = stats.oerrors,
	};
	for (uint16_t queue = 0; queue < port->queue_cnt; queue++) {
		port->counts.buffers += rte_mempool_in_use_count(port->pools[queue]);
	}
}

void
dp_ports_read_counts(struct dp_ports *ports, struct dp_port_counts *ret_sum)
{
	struct dp_port_counts sum = { 0 };

	for (uint32_t i = 0; i < ports->cnt; i++) {
		const struct dp_port_counts *counts = &ports->items[i].counts;

		read_counts(&ports->items[i]);
		sum.missed += counts->missed;
		sum.errors += counts->errors;
		sum.no_buffer += counts->no_buffer;
		sum.tx_errors += counts->tx_errors;
		sum.buffers += counts->buffers;
	}
	*ret_sum = sum;
}

void
dp_ports_close(struct dp_ports *ports)
{
	struct tbl_error ignored;

	for (uint32_t i = 0; i < ports->cnt; i++) {
		struct dp_port *port = &ports->items[i];

		if (port->is_started) {
			(void)rte_eth_dev_stop(port->id);
			(void)rte_eth_dev_close(port->id);
		}
		if (port->is_xdp) {
			/* DPDK has detached it already, or did not get so far. */
			(void)dp_xdp_clear(port->config->interface, false, &ignored);
		}
		if (port->is_untagging_off) {
			(void)dp_nic_set_untagging(port->config->interface, true);
		}
	}
}
