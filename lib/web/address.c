#include "priv/address.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void address_text(const struct sockaddr_storage *peer, char out[ADDRESS_MAX])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)peer)->sin6_addr;

	snprintf(out, ADDRESS_MAX, "local");
	if (peer->ss_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, out, ADDRESS_MAX);
	else if (peer->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		inet_ntop(AF_INET, six->s6_addr + 12, out, ADDRESS_MAX);
	else if (peer->ss_family == AF_INET6)
		inet_ntop(AF_INET6, six, out, ADDRESS_MAX);
}

void address_group(const char *address, char out[ADDRESS_MAX])
{
	enum { PREFIX = 8 }; /* bytes */
	struct in6_addr six;
	size_t n;

	snprintf(out, ADDRESS_MAX, "%s", address);
	if (inet_pton(AF_INET6, address, &six) != 1)
		return;
	memset(six.s6_addr + PREFIX, 0, sizeof six.s6_addr - PREFIX);
	inet_ntop(AF_INET6, &six, out, ADDRESS_MAX);
	n = strlen(out);
	snprintf(out + n, ADDRESS_MAX - n, "/64");
}
