#include "web/http/host.h"
#include <string.h>
#include "base/loopback.h"

bool host_is_loopback(const char *host)
{
	bool six = host[0] == '[';
	const char *start = host + six, *end = six ? strchr(host, ']') : strrchr(host, ':');
	size_t n = end ? (size_t)(end - start) : strlen(start);
	char name[64];

	if ((six && !end) || n >= sizeof name)
		return false;
	memcpy(name, start, n);
	name[n] = '\0';
	/* IPv6 stands in brackets, IPv4 and names do not (RFC 3986, section 3.2.2). */
	if (six != (strchr(name, ':') != NULL))
		return false;
	return strcasecmp(name, "localhost") == 0 || dnc_is_loopback_text(name);
}

const char *origin_in_list(struct dnc_str origin, const char *const *allowed, size_t count)
{
	for (size_t i = 0; origin.p && i < count; i++)
		if (dnc_str_caseeq(origin, dnc_str(allowed[i])))
			return allowed[i];
	return NULL;
}

bool origin_is_allowed(
	const char *origin, const char *host, bool tls, const char *const *allowed, size_t count)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	if (strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0)
		return true;
	return origin_in_list(dnc_str(origin), allowed, count);
}
