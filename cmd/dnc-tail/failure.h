/* failure.h - why no connection was made, in words. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "options.h"

/* What is known about one attempt to connect; zero at its start. */
struct attempt {
	bool requested; /* the TCP connection, and TLS with wss://, exists: the upgrade was requested */
	bool established; /* the upgrade succeeded */
	bool timed_out;
	int64_t start_ms;  /* of the monotonic clock */
	bool unknown_name; /* the host name has no address */
	int certificate; /* why OpenSSL rejected the certificate (X509_V_ERR_...); 0: it did not */
	unsigned status; /* of the HTTP answer; 0: none */
};

/* How long one address of the host may take until the upgrade; how long all may take, and then the hub to confirm the
 * subscription. */
enum { ADDRESS_S = 6, ATTEMPT_S = 12 };

/* Writes into TEXT what failed and, where it is known, what to do. LIBRARY is the library's text or NULL. */
void failure_explain(const struct options *o, const struct attempt *a, const char *library,
	char *text, size_t size);
