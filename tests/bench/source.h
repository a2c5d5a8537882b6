/* source.h - from which address a load generator connects. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* To one port of this machine the kernel looks for a free port of its own ever longer: with 15,000 connections the search takes
 * more time than all the rest. So each 4,000 come from another address of the loopback network. -1 with errno. */
static inline int bind_source(int fd, const struct sockaddr_in *to)
{
	static unsigned count;
	struct sockaddr_in from = {.sin_family = AF_INET};
	int on = 1;

	if (ntohl(to->sin_addr.s_addr) >> 24 != 127)
		return 0;
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + count++ / 4000);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&from, sizeof from);
}
