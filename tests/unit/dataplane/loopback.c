#include "tests/unit/dataplane/loopback.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "tests/unit/test.h"

uint16_t
loopback_find_port(void)
{
	struct dp_endpoint endpoint = { .port = 0 };
	struct sockaddr_storage sockaddr;
	socklen_t len = sizeof(sockaddr);
	int fd;

	assert_int_equal(dp_address_parse("127.0.0.1", &endpoint.addr), 0);
	fd = dp_socket_tcp(&endpoint, false);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
	dp_endpoint_from_sockaddr(&sockaddr, &endpoint);
	close(fd);
	return endpoint.port;
}

size_t
loopback_make_query(uint16_t id, uint8_t bytes[64])
{
	static const uint8_t rest[] = "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\x0ageneration\x08meridian\x00\x00\x10\x00\x03";
	size_t len = 2 + sizeof(rest) - 1;

	bytes[0] = 0;
	bytes[1] = (uint8_t)len;
	bytes[2] = (uint8_t)(id >> 8);
	bytes[3] = (uint8_t)id;
	memcpy(bytes + 4, rest, sizeof(rest) - 1);
	return 2 + len;
}
