#include "web/http/forwarded.h"
#include <arpa/inet.h>
#include <string.h>

/* The value of the last field; p is NULL when there is none. */
static struct dnc_str last_line(const struct http_head *head)
{
	for (size_t i = head->count; i > 0; i--)
		if (dnc_str_caseeq(head->fields[i - 1].name, DNC_STR("X-Forwarded-For")))
			return head->fields[i - 1].value;
	return (struct dnc_str){NULL, 0};
}

/* What follows the last comma. A proxy adds to what the client sent, which may be half of a quoted string. */
static struct dnc_str last_element(struct dnc_str line)
{
	const char *comma = line.n ? memrchr(line.p, ',', line.n) : NULL;
	struct dnc_str s = line;

	if (comma)
		s = (struct dnc_str){comma + 1, (size_t)(line.p + line.n - comma - 1)};
	s = dnc_str_trim(s);
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = (struct dnc_str){s.p + 1, s.n - 2};
	return s;
}

/* True for ":PORT" and for nothing. */
static bool is_port(const char *s)
{
	size_t digits = s[0] == ':' ? strspn(s + 1, "0123456789") : 0;

	return !s[0] || (digits >= 1 && digits <= 5 && !s[1 + digits]);
}

/* Cuts the port and the brackets off TEXT. Returns the address in it, or NULL. */
static char *host_of(char *text)
{
	char *colon = strchr(text, ':'), *bracket = strchr(text, ']');

	if (text[0] == '[') {
		if (!bracket || !is_port(bracket + 1) || !colon || colon > bracket)
			return NULL;
		*bracket = '\0';
		return text + 1;
	}
	/* More than one colon: an IPv6 address without brackets, which can't have a port. */
	if (colon && !strchr(colon + 1, ':')) {
		if (!is_port(colon))
			return NULL;
		*colon = '\0';
	}
	return text;
}

/* Writes HOST in its canonical form. IPv4 in IPv6 is IPv4. */
static bool write_address(const char *host, char address[ADDRESS_MAX])
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return inet_ntop(AF_INET, &four, address, ADDRESS_MAX);
	if (inet_pton(AF_INET6, host, &six) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return inet_ntop(AF_INET, &six.s6_addr[12], address, ADDRESS_MAX);
	return inet_ntop(AF_INET6, &six, address, ADDRESS_MAX);
}

bool forwarded_address(const struct http_head *head, char address[ADDRESS_MAX])
{
	struct dnc_str element = last_element(last_line(head));
	char text[INET6_ADDRSTRLEN + sizeof "[]:65535"], *host;

	address[0] = '\0';
	if (!element.n || element.n >= sizeof text)
		return false;
	memcpy(text, element.p, element.n);
	text[element.n] = '\0';
	host = host_of(text);
	return host && write_address(host, address);
}
