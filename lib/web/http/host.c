#include "web/http/host.h"
#include <arpa/inet.h>
#include <string.h>

bool host_is_loopback(const char *host)
{
	const char *colon = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
	size_t n = colon ? (size_t)(colon - host) : strlen(host);
	unsigned char four[4];
	char name[64];

	if (host[0] == '[')
		return colon && n == 4 && strncmp(host, "[::1", 4) == 0;
	if (n >= sizeof name)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, four) == 1 && four[0] == 127);
}

bool origin_is_allowed(
	const char *origin, const char *host, bool tls, const char *const *allowed, size_t count)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	if (strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(allowed[i], origin) == 0)
			return true;
	return false;
}
