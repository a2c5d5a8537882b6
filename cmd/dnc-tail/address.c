#include "address.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int invalid(const char *url, struct dnc_error *err)
{
	return dnc_error_set(
		err, EINVAL, "%s: not an address like ws://127.0.0.1:8080/ws/dnc", url);
}

int address_read(struct address *a, const char *url, struct dnc_error *err)
{
	const char *p = url, *end, *slash, *colon;
	char *rest;
	long port;

	/* dnc-emit takes such a list; here it would be one address with a strange path. */
	if (strstr(url, ",ws://") || strstr(url, ",wss://"))
		return dnc_error_set(err, EINVAL,
			"%s: several hubs are arguments of their own, in DNC_URL with blanks between",
			url);
	a->tls = strncmp(p, "wss://", 6) == 0;
	if (!a->tls && strncmp(p, "ws://", 5) != 0)
		return invalid(url, err);
	p += a->tls ? 6 : 5;
	port = a->tls ? 443 : 80;
	slash = strchr(p, '/');
	end = slash ? slash : p + strlen(p);
	colon = *p == '[' ? memchr(p, ']', (size_t)(end - p)) : p;
	colon = colon ? memchr(colon, ':', (size_t)(end - colon)) : NULL;
	if (colon) {
		port = strtol(colon + 1, &rest, 10);
		if (rest != end || port < 1 || port > 65535)
			return dnc_error_set(err, EINVAL, "%s: not a port from 1 to 65535", url);
		end = colon;
	}
	if (*p == '[' && end > p + 1 && end[-1] == ']')
		p++, end--;
	if (end == p || (size_t)(end - p) >= sizeof a->host ||
		(slash && strlen(slash) >= sizeof a->path))
		return invalid(url, err);
	memcpy(a->host, p, (size_t)(end - p));
	a->host[end - p] = '\0';
	strcpy(a->path, slash && slash[1] ? slash : "/ws/dnc");
	a->port = (int)port;
	return 0;
}

void address_write(const struct address *a, char text[ADDRESS_TEXT])
{
	snprintf(text, ADDRESS_TEXT, strchr(a->host, ':') ? "%s://[%s]:%d%s" : "%s://%s:%d%s",
		a->tls ? "wss" : "ws", a->host, a->port, a->path);
}
