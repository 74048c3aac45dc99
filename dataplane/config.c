#include "dataplane/config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/config_impl.h"

/* A CPU number above this is a typing error: the kernel's own limit (CONFIG_NR_CPUS). */
#define CPU_MAX 8191u

static const char *const port_kinds[] = { "af_xdp", "af_packet", "tap", "memif", "pci", "socket",
	NULL };
static const char *const xdp_modes[] = { "auto", "native", NULL };
static const char *const checksums[] = { "verify", "trust", NULL };
static const char *const memif_roles[] = { "server", "client", NULL };
static const char *const hugepages[] = { "auto", "require", "never", NULL };

#define PORT(field) offsetof(struct dp_port_config, field)
static const struct conf_row port_rows[] = {
	{ .key = "kind",
			.kind = CONF_ROW_ENUM,
			.offset = PORT(kind),
			.is_required = true,
			.choices = port_kinds,
			.help = "What the port is." },
	{ .key = "interface",
			.kind = CONF_ROW_STRING,
			.offset = PORT(interface),
			.help = "Network interface (af_xdp, af_packet), or the one to make "
				"(tap)." },
	{ .key = "device",
			.kind = CONF_ROW_STRING,
			.offset = PORT(device),
			.help = "PCI address of a NIC bound to vfio-pci (pci)." },
	{ .key = "queues",
			.kind = CONF_ROW_INT,
			.offset = PORT(queues),
			.fallback = "0",
			.min = 0,
			.max = DP_QUEUES_MAX,
			.help = "Queues, or threads of a socket port; 0: all (af_xdp), else 1." },
	{ .key = "xdp_mode",
			.kind = CONF_ROW_ENUM,
			.offset = PORT(xdp_mode),
			.fallback = "auto",
			.choices = xdp_modes,
			.help = "native: fail when the driver has no XDP of its own." },
	{ .key = "force_copy",
			.kind = CONF_ROW_BOOL,
			.offset = PORT(force_copy),
			.fallback = "false",
			.help = "Never use AF_XDP's zero-copy." },
	{ .key = "replace_xdp",
			.kind = CONF_ROW_BOOL,
			.offset = PORT(replace_xdp),
			.fallback = "false",
			.help = "Remove another XDP program found on the interface." },
	{ .key = "checksum",
			.kind = CONF_ROW_ENUM,
			.offset = PORT(checksum),
			.fallback = "verify",
			.choices = checksums,
			.help = "trust: do not verify UDP checksums." },
	{ .key = "socket",
			.kind = CONF_ROW_PATH,
			.offset = PORT(socket),
			.help = "UNIX socket two memif ends meet at." },
	{ .key = "role",
			.kind = CONF_ROW_ENUM,
			.offset = PORT(role),
			.fallback = "server",
			.choices = memif_roles,
			.help = "Our end of a memif." },
	{ .key = "memif_id",
			.kind = CONF_ROW_INT,
			.offset = PORT(memif_id),
			.fallback = "0",
			.min = 0,
			.max = UINT32_MAX,
			.help = "Number of the memif on its socket." },
	{ .key = "listen",
			.kind = CONF_ROW_STRING_LIST,
			.offset = PORT(listen),
			.help = "Addresses with port of a socket port." },
	{ .key = "vlans",
			.kind = CONF_ROW_STRING_LIST,
			.offset = PORT(vlan_texts),
			.fallback = "untagged",
			.help = "VLANs answered in: untagged, 100, or 300.100 (outer.inner)." },
	{ .key = NULL },
};

#define TCP(field) offsetof(struct dp_tcp_config, field)
static const struct conf_row tcp_rows[] = {
	{ .key = "enabled",
			.kind = CONF_ROW_BOOL,
			.offset = TCP(enabled),
			.fallback = "true",
			.help = "Answer over TCP too." },
	/* An idle connection costs a descriptor, 0.3 KiB of ours and some 3 KiB of the kernel's. Thousands
	 * are little, and more than 65536 would need more than a process has descriptors by default. */
	{ .key = "max_connections",
			.kind = CONF_ROW_INT,
			.offset = TCP(max_connections),
			.fallback = "4096",
			.min = 1,
			.max = 65536,
			.help = "Connections at once; the one idle longest makes room." },
	/* Resolvers keep a few; a farm of them in one network, some dozens. */
	{ .key = "max_per_address",
			.kind = CONF_ROW_INT,
			.offset = TCP(max_per_address),
			.fallback = "64",
			.min = 1,
			.max = 65536,
			.help = "Of these from one IPv4 address or IPv6 /56; likewise." },
	/* RFC 7766 6.2.3: a few seconds; RFC 7828 cannot say more than 6553. */
	{ .key = "idle_timeout_s",
			.kind = CONF_ROW_INT,
			.offset = TCP(idle_timeout_s),
			.fallback = "10",
			.min = 1,
			.max = 3600,
			.unit = "s",
			.help = "A connection that got nothing done for so long is closed." },
	/* 197 KB is the most that one connection holds, nothing the rule. */
	{ .key = "max_buffered_mb",
			.kind = CONF_ROW_INT,
			.offset = TCP(max_buffered_mb),
			.fallback = "32",
			.min = 1,
			.max = 16384,
			.unit = "MB",
			.help = "Memory for half queries and untaken answers; whoever holds some "
				"longest is closed." },
	{ .key = NULL },
};

#define COOKIES(field) offsetof(struct dp_cookie_config, field)
static const struct conf_row cookie_rows[] = {
	{ .key = "enabled",
			.kind = CONF_ROW_BOOL,
			.offset = COOKIES(enabled),
			.fallback = "true",
			.help = "Make and read DNS cookies (RFC 7873)." },
	{ .key = "require",
			.kind = CONF_ROW_BOOL,
			.offset = COOKIES(require),
			.fallback = "false",
			.help = "BADCOOKIE to UDP queries whose cookie is not ours." },
	{ .key = "secret_file",
			.kind = CONF_ROW_PATH,
			.offset = COOKIES(secret_file),
			.help = "File of the secrets that a fleet shares; default: a random one, "
				"this process's own." },
	{ .key = NULL },
};

#define TOP(field) offsetof(struct dp_config, field)
static const struct conf_row top_rows[] = {
	{ .key = "identity",
			.kind = CONF_ROW_STRING,
			.offset = TOP(identity),
			.help = "What id.server, hostname.bind and NSID say; default the host "
				"name." },
	{ .key = "addresses",
			.kind = CONF_ROW_STRING_LIST,
			.offset = TOP(address_texts),
			.help = "The addresses we answer on, without port." },
	{ .key = "ports",
			.kind = CONF_ROW_MAP_LIST,
			.offset = TOP(ports),
			.is_required = true,
			.rows = port_rows,
			.elem_bytes = sizeof(struct dp_port_config),
			.help = "Where packets come from." },
	{ .key = "cores",
			.kind = CONF_ROW_STRING_LIST,
			.offset = TOP(core_texts),
			.help = "CPUs that poll, one worker each: numbers and ranges." },
	{ .key = "main_core",
			.kind = CONF_ROW_INT,
			.offset = TOP(main_core),
			.fallback = "-1",
			.min = -1,
			.max = CPU_MAX,
			.help = "CPU of everything that does not poll; -1: any." },
	/* More than 100 ms asleep would show as lost queries: receive rings hold about 2048. */
	{ .key = "idle_sleep_us",
			.kind = CONF_ROW_INT,
			.offset = TOP(idle_sleep_us),
			.fallback = "50",
			.min = 0,
			.max = 100000,
			.unit = "us",
			.help = "Slept after 1000 empty polls; 0: never." },
	{ .key = "hugepages",
			.kind = CONF_ROW_ENUM,
			.offset = TOP(hugepages),
			.fallback = "auto",
			.choices = hugepages,
			.help = "Whether packet buffers use huge pages." },
	{ .key = "memory_mb",
			.kind = CONF_ROW_INT,
			.offset = TOP(memory_mb),
			.fallback = "0",
			.min = 0,
			.max = 1 << 20,
			.unit = "MB",
			.help = "Memory for packet buffers; 0: what the queues need." },
	{ .key = "eal_args",
			.kind = CONF_ROW_STRING_LIST,
			.offset = TOP(eal_args),
			.help = "Further arguments for the DPDK environment." },
	{ .key = "xdp_program",
			.kind = CONF_ROW_PATH,
			.offset = TOP(xdp_program),
			.help = "The XDP program; default: filter.bpf.o beside the executable." },
	/* 512 is what every client takes (RFC 1035); 1452 is what one Ethernet frame holds. */
	{ .key = "max_udp_bytes",
			.kind = CONF_ROW_INT,
			.offset = TOP(max_udp_bytes),
			.fallback = "1232",
			.min = 512,
			.max = 1452,
			.unit = "bytes",
			.help = "Largest UDP reply." },
	{ .key = "rotate",
			.kind = CONF_ROW_BOOL,
			.offset = TOP(rotate),
			.fallback = "false",
			.help = "Whether sets of several addresses begin with a random one." },
	{ .key = "cookies",
			.kind = CONF_ROW_MAP,
			.offset = TOP(cookies),
			.rows = cookie_rows,
			.help = "DNS cookies." },
	{ .key = "ecs",
			.kind = CONF_ROW_MAP,
			.offset = TOP(ecs),
			.rows = dp_config_ecs_rows,
			.help = "EDNS client subnets." },
	{ .key = "drop_source_ports",
			.kind = CONF_ROW_STRING_LIST,
			.offset = TOP(drop_source_port_texts),
			.help = "UDP source ports that get no answer; default 7, 11, 13, 17, 19, "
				"37, 69, 123; []: none." },
	{ .key = "rate_limit",
			.kind = CONF_ROW_MAP,
			.offset = TOP(rate_limit),
			.rows = dp_config_rate_limit_rows,
			.help = "Limits on UDP replies to each client prefix, for each worker." },
	{ .key = "tcp",
			.kind = CONF_ROW_MAP,
			.offset = TOP(tcp),
			.rows = tcp_rows,
			.help = "TCP on kernel sockets." },
	{ .key = "run_dir",
			.kind = CONF_ROW_PATH,
			.offset = TOP(run_dir),
			.fallback = "/run/meridian",
			.help = "Where the publish socket lives." },
	{ .key = "state_dir",
			.kind = CONF_ROW_PATH,
			.offset = TOP(state_dir),
			.fallback = "/var/lib/meridian",
			.help = "Where the last three good tables live." },
	{ .key = "promote_after_s",
			.kind = CONF_ROW_INT,
			.offset = TOP(promote_after_s),
			.fallback = "30",
			.min = 1,
			.max = 86400,
			.unit = "s",
			.help = "How long a table must have answered before it counts as good." },
	{ .key = NULL },
};

static_assert(sizeof(port_kinds) / sizeof(port_kinds[0]) == DP_PORT_SOCKET + 2, "a name a kind");

void
dp_config_complain(const struct dp_config_checker *checker, const char *format, ...)
{
	char text[512];
	char path[128];
	const struct conf_node *node;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(text, ":"), text);
	node = conf_find(checker->document, path);
	conf_error_add(checker->errors, CONF_ERROR, checker->file, node != NULL ? node->line : 0,
			node != NULL ? node->col : 0, "%s", text);
}

bool
is_dp_config_number(const char *text, const char *end, unsigned long max, unsigned long *ret_number)
{
	unsigned long number = 0;

	if (text == end) {
		return false;
	}
	for (; text < end; text++) {
		if (*text < '0' || *text > '9') {
			return false;
		}
		number = number * 10 + (unsigned long)(*text - '0');
		if (number > max) {
			return false;
		}
	}
	*ret_number = number;
	return true;
}

int
dp_endpoint_parse(const char *text, struct dp_endpoint *ret_endpoint)
{
	struct dp_endpoint endpoint = { .port = DP_DNS_PORT };
	const char *colon = strrchr(text, ':');
	const char *addr_end = text + strlen(text);
	char addr_text[INET6_ADDRSTRLEN];
	unsigned long port;
	size_t len;

	/* A colon separates the port behind a bracket or when it is the only one. */
	if (colon != NULL && colon > text && (colon[-1] == ']' || strchr(text, ':') == colon)) {
		if (!is_dp_config_number(colon + 1, addr_end, UINT16_MAX, &port) || port == 0) {
			return -EINVAL;
		}
		endpoint.port = (uint16_t)port;
		addr_end = colon;
	}
	if (*text == '[') {
		text++;
		if (addr_end == text || addr_end[-1] != ']') {
			return -EINVAL;
		}
		addr_end--;
	}
	len = (size_t)(addr_end - text);
	if (len >= sizeof(addr_text)) {
		return -EINVAL;
	}
	memcpy(addr_text, text, len);
	addr_text[len] = '\0';
	if (dp_address_parse(addr_text, &endpoint.addr) != 0) {
		return -EINVAL;
	}
	*ret_endpoint = endpoint;
	return 0;
}

void
dp_endpoint_text(const struct dp_endpoint *endpoint, char text[DP_ENDPOINT_TEXT_MAX])
{
	bool is_v6 = endpoint->addr.family == 6;
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(is_v6 ? AF_INET6 : AF_INET, endpoint->addr.bytes, addr, sizeof(addr));
	(void)snprintf(text, DP_ENDPOINT_TEXT_MAX, is_v6 ? "[%s]:%u" : "%s:%u", addr,
			(unsigned int)endpoint->port);
}

static void
check_addresses(const struct dp_config_checker *checker, struct dp_config *config)
{
	const struct conf_strings *texts = &config->address_texts;

	if (texts->cnt > DP_ADDRESSES_MAX) {
		dp_config_complain(checker, "addresses: %zu of them; at most %u", texts->cnt,
				DP_ADDRESSES_MAX);
		return;
	}
	for (size_t i = 0; i < texts->cnt; i++) {
		if (dp_address_parse(texts->items[i], &config->addresses.items[i]) != 0) {
			dp_config_complain(checker,
					"addresses[%zu]: '%s' is not an IPv4 or IPv6 address", i,
					texts->items[i]);
		}
	}
	config->addresses.cnt = (uint32_t)texts->cnt;
}

static void
add_cpu(const struct dp_config_checker *checker, struct dp_config *config, unsigned long cpu)
{
	for (uint32_t i = 0; i < config->cpu_cnt; i++) {
		if (config->cpus[i] == cpu) {
			dp_config_complain(checker, "cores: CPU %lu is named twice", cpu);
			return;
		}
	}
	if (config->cpu_cnt == TBL_WORKERS_MAX) {
		dp_config_complain(checker, "cores: more than %u workers", TBL_WORKERS_MAX);
		return;
	}
	config->cpus[config->cpu_cnt++] = (uint16_t)cpu;
}

static void
check_cores(const struct dp_config_checker *checker, struct dp_config *config)
{
	for (size_t i = 0; i < config->core_texts.cnt; i++) {
		const char *text = config->core_texts.items[i];
		const char *end = text + strlen(text);
		const char *dash = strchr(text, '-');
		unsigned long first;
		unsigned long last;

		if (!is_dp_config_number(text, dash != NULL ? dash : end, CPU_MAX, &first) ||
				!is_dp_config_number(dash != NULL ? dash + 1 : text, end, CPU_MAX,
						&last) ||
				last < first) {
			dp_config_complain(checker, "cores[%zu]: '%s' is not a CPU number or range",
					i, text);
			continue;
		}
		if (last - first >= TBL_WORKERS_MAX) {
			dp_config_complain(checker, "cores[%zu]: '%s' is more than %u workers", i,
					text, TBL_WORKERS_MAX);
			continue;
		}
		for (unsigned long cpu = first; cpu <= last; cpu++) {
			add_cpu(checker, config, cpu);
		}
	}
}

static void
check_identity(const struct dp_config_checker *checker, struct dp_config *config)
{
	struct dp_settings *settings = &config->settings;
	const char *identity = config->identity;
	char host[DP_IDENTITY_MAX + 1] = "";
	size_t len;

	if (identity == NULL) {
		/* A cut-off host name is still an identity. */
		(void)gethostname(host, sizeof(host) - 1);
		identity = host;
	}
	len = strlen(identity);
	if (len > DP_IDENTITY_MAX) {
		dp_config_complain(checker, "identity: %zu characters; at most %u", len,
				DP_IDENTITY_MAX);
		return;
	}
	memcpy(settings->identity, identity, len);
	settings->identity_len = (uint8_t)len;
	settings->max_udp_bytes = (uint16_t)config->max_udp_bytes;
	settings->is_rotating = config->rotate;
	settings->tcp_keepalive_ds = (uint16_t)(config->tcp.idle_timeout_s * 10);
}

static void
check_cookies(const struct dp_config_checker *checker, struct dp_config *config)
{
	const struct dp_cookie_config *cookies = &config->cookies;

	if (cookies->require && !cookies->enabled) {
		dp_config_complain(checker, "cookies.require: cookies are not enabled");
	}
	config->settings.is_cookie_required = cookies->require;
	if (cookies->enabled && cookies->secret_file != NULL) {
		config->cookie_file.path = cookies->secret_file;
		(void)dp_cookie_file_read(&config->cookie_file, &config->cookie_keys,
				checker->errors); /* counted there */
	}
}

static void
check_listen(const struct dp_config_checker *checker, struct dp_config *config, size_t i,
		const struct dp_port_config *port)
{
	for (size_t k = 0; k < port->listen.cnt; k++) {
		struct dp_endpoint endpoint;

		if (dp_endpoint_parse(port->listen.items[k], &endpoint) != 0) {
			dp_config_complain(checker,
					"ports[%zu].listen[%zu]: '%s' is not ADDRESS or "
					"ADDRESS:PORT",
					i, k, port->listen.items[k]);
		} else if (config->listen.cnt == DP_LISTEN_MAX) {
			dp_config_complain(checker,
					"ports[%zu].listen: more than %u addresses in all", i,
					DP_LISTEN_MAX);
			return;
		} else {
			config->listen.items[config->listen.cnt++] = endpoint;
		}
	}
}

static void
check_interface(const struct dp_config_checker *checker, const struct dp_config *config, size_t i,
		const struct dp_port_config *port)
{
	if (port->interface == NULL) {
		dp_config_complain(checker, "ports[%zu].interface: needed for kind %s", i,
				port_kinds[port->kind]);
	} else if (strlen(port->interface) >= IF_NAMESIZE ||
			strpbrk(port->interface, ", /") != NULL) {
		/* DPDK's device arguments are separated by commas. */
		dp_config_complain(checker,
				"ports[%zu].interface: '%s' cannot be an interface name", i,
				port->interface);
	}
	if (port->kind != DP_PORT_TAP && config->addresses.cnt == 0) {
		dp_config_complain(checker,
				"ports[%zu]: kind %s needs `addresses`: only queries to them are "
				"taken",
				i, port_kinds[port->kind]);
	}
}

static void
check_port(const struct dp_config_checker *checker, struct dp_config *config, size_t i)
{
	struct dp_port_config *port = (struct dp_port_config *)config->ports.items + i;

	dp_config_check_vlans(checker, i, port);
	switch ((enum dp_port_kind)port->kind) {
	case DP_PORT_AF_XDP:
	case DP_PORT_AF_PACKET:
	case DP_PORT_TAP:
		check_interface(checker, config, i, port);
		break;
	case DP_PORT_MEMIF:
		if (port->socket == NULL) {
			dp_config_complain(checker, "ports[%zu].socket: needed for kind memif", i);
		}
		break;
	case DP_PORT_PCI:
		if (port->device == NULL) {
			dp_config_complain(checker, "ports[%zu].device: needed for kind pci", i);
		}
		break;
	case DP_PORT_SOCKET:
		if (port->listen.cnt == 0) {
			dp_config_complain(checker, "ports[%zu].listen: needed for kind socket", i);
		}
		check_listen(checker, config, i, port);
		break;
	}
}

/* What the rows cannot say: values that depend on each other, texts that are more than text. */
static int
check(const char *file, const struct conf_document *document, struct dp_config *config,
		struct conf_errors *errors)
{
	const struct dp_config_checker checker = { file, document, errors };
	int err = dp_config_check_limits(&checker, config);

	check_addresses(&checker, config);
	check_cores(&checker, config);
	check_identity(&checker, config);
	check_cookies(&checker, config);
	if (err != 0) {
		return err;
	}
	if (config->ports.cnt == 0 || config->ports.cnt > DP_PORTS_MAX) {
		dp_config_complain(&checker, "ports: %zu of them; 1 to %u", config->ports.cnt,
				DP_PORTS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < config->ports.cnt; i++) {
		check_port(&checker, config, i);
	}
	return errors->error_cnt > 0 ? -EINVAL : 0;
}

static int
check_file(const char *path, struct dp_config *config, struct conf_errors *errors)
{
	static const struct conf_yaml_options options = { .is_strict = true };
	struct conf_document document = { 0 };
	int err = conf_yaml_load(path, &options, errors, &document);

	if (err == 0) {
		err = check(path, &document, config, errors);
		conf_yaml_free(&document);
	}
	return err;
}

int
dp_config_load(const char *path, struct dp_config *config, struct conf_errors *errors)
{
	int err;

	memset(config, 0, sizeof(*config)); /* the rows know the file's part of it alone */
	err = conf_schema_load(path, top_rows, config, errors);
	if (err == 0) {
		err = check_file(path, config, errors);
	}
	if (err != 0) {
		dp_config_done(config);
	}
	return err;
}

int
dp_config_listen(const char *const *listen, size_t listen_cnt, struct dp_config *config,
		struct conf_errors *errors)
{
	static const struct conf_document nothing;
	struct dp_port_config *port = calloc(1, sizeof(*port));
	int err;

	if (port == NULL) {
		return -ENOMEM;
	}
	memset(config, 0, sizeof(*config));
	err = conf_schema_defaults(top_rows, config, errors);
	if (err != 0) {
		free(port);
		return err;
	}
	port->kind = DP_PORT_SOCKET;
	port->vlans.has_untagged = true;
	config->ports = (struct conf_list){ .items = port, .cnt = 1 };
	port->listen.items = calloc(listen_cnt > 0 ? listen_cnt : 1, sizeof(char *));
	for (size_t i = 0; port->listen.items != NULL && i < listen_cnt; i++) {
		port->listen.items[i] = strdup(listen[i]);
		if (port->listen.items[i] == NULL) {
			break;
		}
		port->listen.cnt++;
	}
	err = port->listen.cnt == listen_cnt ? check("--listen", &nothing, config, errors)
	                                     : -ENOMEM;
	if (err != 0) {
		dp_config_done(config);
	}
	return err;
}

void
dp_config_done(struct dp_config *config)
{
	dp_config_limits_done(config);
	conf_schema_free(top_rows, config);
	memset(config, 0, sizeof(*config));
}

const struct conf_row *
dp_config_rows(void)
{
	return top_rows;
}

void
dp_config_help(FILE *out)
{
	conf_schema_help(top_rows, out);
}

const struct dp_port_config *
dp_config_ports(const struct dp_config *config)
{
	return config->ports.items;
}

bool
is_dp_config_packet(const struct dp_config *config)
{
	for (size_t i = 0; i < config->ports.cnt; i++) {
		if (dp_config_ports(config)[i].kind != DP_PORT_SOCKET) {
			return true;
		}
	}
	return false;
}

const char *
dp_port_kind_name(int kind)
{
	return port_kinds[kind];
}
