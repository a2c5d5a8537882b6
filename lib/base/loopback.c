#include "base/loopback.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static bool is_loopback4(in_addr_t network_order)
{
	return ntohl(network_order) >> 24 == IN_LOOPBACKNET;
}

static bool is_loopback6(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		return a->s6_addr[12] == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(a);
}

bool dnc_is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return is_loopback4(((const struct sockaddr_in *)a)->sin_addr.s_addr);
	return a->sa_family == AF_INET6 &&
	       is_loopback6(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

bool dnc_is_loopback_text(const char *address)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, address, &four) == 1)
		return is_loopback4(four.s_addr);
	return inet_pton(AF_INET6, address, &six) == 1 && is_loopback6(&six);
}
