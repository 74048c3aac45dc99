#include "dataplane/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/xdp/link.h"

/* The function in filter.bpf.c; the kernel keeps 15 characters of it, which is all of them. */
#define PROGRAM_NAME "meridian_filter"
/* Maps of one program of ours: sockets and the four filled here; with room for some more. */
#define MAPS_MAX        8u
#define MAPS_FILLED_CNT 4u

static int
fail(int err, struct tbl_error *error, const char *interface, const char *what)
{
	(void)snprintf(error->text, sizeof(error->text), "%.20s: %.120s: %s", interface, what,
			strerrordesc_np(-err));
	return err;
}

/* Finds the program on the interface. *ret_flags is what detaches it; id 0: there is none. */
static int
query(int index, uint32_t *ret_id, uint32_t *ret_flags)
{
	struct bpf_xdp_query_opts opts = { .sz = sizeof(opts) };
	int err = bpf_xdp_query(index, 0, &opts);

	if (err != 0) {
		return err;
	}
	*ret_id = opts.prog_id;
	*ret_flags = XDP_FLAGS_DRV_MODE;
	switch (opts.attach_mode) {
	case XDP_ATTACHED_SKB:
		*ret_flags = XDP_FLAGS_SKB_MODE;
		break;
	case XDP_ATTACHED_HW:
		*ret_flags = XDP_FLAGS_HW_MODE;
		break;
	case XDP_ATTACHED_MULTI: /* several modes at once: the driver's is the one that counts */
		*ret_id = opts.drv_prog_id != 0 ? opts.drv_prog_id : opts.skb_prog_id;
		break;
	default:
		break;
	}
	return 0;
}

/* Fills *info; what it says about maps on entry is where their ids go. */
static int
program_info(uint32_t id, struct bpf_prog_info *info)
{
	uint32_t size = sizeof(*info);
	int fd = bpf_prog_get_fd_by_id(id);
	int err;

	if (fd < 0) {
		return fd;
	}
	err = bpf_obj_get_info_by_fd(fd, info, &size);
	close(fd);
	return err;
}

int
dp_xdp_clear(const char *interface, bool replace, struct tbl_error *ret_error)
{
	int index = (int)if_nametoindex(interface);
	struct bpf_prog_info info = { 0 };
	uint32_t flags = 0;
	uint32_t id = 0;
	int err;

	if (index == 0) {
		return fail(-ENODEV, ret_error, interface, "interface");
	}
	err = query(index, &id, &flags);
	if (err != 0) {
		return fail(err, ret_error, interface, "cannot ask for its XDP program");
	}
	if (id == 0) {
		return 0;
	}
	err = program_info(id, &info);
	if (err != 0) {
		return fail(err, ret_error, interface, "cannot read its XDP program");
	}
	if (strcmp(info.name, PROGRAM_NAME) != 0 && !replace) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
				"%.20s: XDP program '%s' (id %u) is attached and is not ours; "
				"detach it (ip link set dev %.20s xdp off) or set replace_xdp: "
				"true",
				interface, info.name, id, interface);
		return -EEXIST;
	}
	err = bpf_xdp_detach(index, flags, NULL);
	return err == 0 ? 0 : fail(err, ret_error, interface, "cannot detach its XDP program");
}

static int
add_addresses(int map_fd, unsigned int family, const struct dp_addresses *addresses)
{
	const uint8_t present = 1;

	for (uint32_t i = 0; i < addresses->cnt; i++) {
		const struct tbl_addr *addr = &addresses->items[i];
		int err = addr->family != family ? 0
		                                 : bpf_map_update_elem(map_fd, addr->bytes,
								   &present, BPF_ANY);

		if (err != 0) {
			return err;
		}
	}
	return 0;
}

static int
add_vlans(int map_fd, const struct dp_vlans *vlans)
{
	const uint8_t present = 1;

	for (uint32_t i = 0; i < vlans->cnt; i++) {
		int err = bpf_map_update_elem(map_fd, &vlans->keys[i], &present, BPF_ANY);

		if (err != 0) {
			return err;
		}
	}
	return 0;
}

static int
set_link(int map_fd, const struct dp_frame_filter *filter)
{
	const uint32_t only = 0;
	struct dp_xdp_link link = { .has_untagged = filter->vlans.has_untagged };

	memcpy(link.mac, filter->mac, sizeof(link.mac));
	return bpf_map_update_elem(map_fd, &only, &link, BPF_ANY);
}

/* The kernel keeps 15 characters of a map's name. What is not ours to fill is skipped. */
static int
fill_named(int map_fd, const char *name, const struct dp_frame_filter *filter,
		unsigned int *filled_cnt)
{
	int err;

	if (strcmp(name, "our_ipv4") == 0) {
		err = add_addresses(map_fd, 4, &filter->addresses);
	} else if (strcmp(name, "our_ipv6") == 0) {
		err = add_addresses(map_fd, 6, &filter->addresses);
	} else if (strcmp(name, "our_vlans") == 0) {
		err = add_vlans(map_fd, &filter->vlans);
	} else if (strcmp(name, "our_link") == 0) {
		err = set_link(map_fd, filter);
	} else {
		return 0;
	}
	(*filled_cnt)++;
	return err;
}

static int
fill_map(uint32_t map_id, const struct dp_frame_filter *filter, unsigned int *filled_cnt)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(map_id);
	int err;

	if (fd < 0) {
		return fd;
	}
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err == 0) {
		err = fill_named(fd, info.name, filter, filled_cnt);
	}
	close(fd);
	return err;
}

int
dp_xdp_fill(const char *interface, const struct dp_frame_filter *filter, bool *ret_is_native,
		struct tbl_error *ret_error)
{
	int index = (int)if_nametoindex(interface);
	uint32_t map_ids[MAPS_MAX] = { 0 };
	unsigned int filled_cnt = 0;
	struct bpf_prog_info info = { .map_ids = (uint64_t)(uintptr_t)map_ids,
		.nr_map_ids = MAPS_MAX };
	uint32_t flags = 0;
	uint32_t id = 0;
	int err = index == 0 ? -ENODEV : query(index, &id, &flags);

	if (err == 0) {
		err = id == 0 ? -ENOENT : program_info(id, &info);
	}
	for (uint32_t i = 0; err == 0 && i < info.nr_map_ids && i < MAPS_MAX; i++) {
		err = fill_map(map_ids[i], filter, &filled_cnt);
	}
	if (err == 0 && filled_cnt != MAPS_FILLED_CNT) {
		err = -EBADMSG;
	}
	if (err != 0) {
		return fail(err, ret_error, interface, "cannot tell the XDP program what is ours");
	}
	*ret_is_native = (flags & XDP_FLAGS_SKB_MODE) == 0;
	return 0;
}

static int
print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

void
dp_xdp_quiet(void)
{
	libbpf_set_print(print_nothing);
}
