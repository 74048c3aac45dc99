#include "dataplane/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asks the driver; `command` is one of ethtool's structs, filled in by the answer. */
static int
ask(const char *interface, void *command)
{
	struct ifreq request = { .ifr_data = command };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0) {
		return -errno;
	}
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	err = ioctl(fd, SIOCETHTOOL, &request) == 0 ? 0 : -errno;
	close(fd);
	return err;
}

uint32_t
dp_nic_queues(const char *interface)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	uint32_t cnt = 0;

	if (ask(interface, &channels) == 0) {
		cnt = channels.combined_count + channels.rx_count;
	}
	return cnt > 0 ? cnt : 1;
}

bool
is_dp_nic_untagging(const char *interface)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };

	return ask(interface, &flags) == 0 && (flags.data & ETH_FLAG_RXVLAN) != 0;
}

int
dp_nic_set_untagging(const char *interface, bool is_on)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	int err = ask(interface, &flags);

	if (err != 0) {
		return err;
	}
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data = is_on ? flags.data | ETH_FLAG_RXVLAN : flags.data & ~(uint32_t)ETH_FLAG_RXVLAN;
	return ask(interface, &flags);
}
