/* address.h - where a hub is: ws://HOST[:PORT][/PATH], or wss:// for TLS. Pure, any thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

enum { ADDRESS_TEXT = 800 }; /* of an address as text, with its NUL */

struct address {
	char host[256], path[512]; /* HOST without the brackets of an IPv6 address */
	int port;
	bool tls;
};

/* Reads URL. The path is /ws/dnc if there is none; the port is 80, or 443 with TLS. Returns -1 with ERR: EINVAL, with the
 * message "URL: what is wrong". */
int address_read(struct address *a, const char *url, struct dnc_error *err);

/* Writes A in full. */
void address_write(const struct address *a, char text[ADDRESS_TEXT]);
