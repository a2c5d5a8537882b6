#include "web/http/authority.h"
#include <arpa/inet.h>
#include "web/http/chars.h"

enum { PORT_MAX = 65535 };

/* ":PORT" or nothing. The digits may be missing (RFC 3986 section 3.2.3). */
static bool is_port(struct dnc_str s)
{
	unsigned port = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (i == 0 ? s.p[i] != ':' : s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (i > 0)
			port = port * 10 + (unsigned)(s.p[i] - '0');
		if (port > PORT_MAX)
			return false;
	}
	return true;
}

static bool is_ipv6(struct dnc_str s)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char binary[sizeof(struct in6_addr)];

	if (s.n >= sizeof text || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, binary) == 1;
}

bool authority_is_valid(struct dnc_str s)
{
	bool brackets = s.n && s.p[0] == '[';
	const char *end = s.n ? memchr(s.p, brackets ? ']' : ':', s.n) : NULL;
	size_t n = end ? (size_t)(end - s.p) + brackets : s.n;
	struct dnc_str host = {s.p, n}, port = {s.p + n, s.n - n};

	if (!n || !is_port(port))
		return false;
	if (brackets)
		return end && is_ipv6((struct dnc_str){host.p + 1, n - 2});
	return http_all_are(host, HTTP_HOST);
}
