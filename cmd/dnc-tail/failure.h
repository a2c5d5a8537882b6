/* failure.h - why no connection was made, or why it was lost: in words, and what follows from it. */
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
	bool tls;          /* the TCP connection exists, and the TLS handshake has begun */
	bool not_tls;      /* the server answered the TLS handshake with something else */
	bool is_tls;       /* the server, which was asked without TLS, speaks it */
	int64_t start_ms;  /* of the monotonic clock */
	bool unknown_name; /* the host name has no address */
	int certificate; /* why OpenSSL rejected the certificate (X509_V_ERR_...); 0: it did not */
	int alert; /* with which the server ended the TLS handshake (RFC 8446 section 6); -1: none */
	unsigned status; /* of the HTTP answer; 0: none */
	unsigned code;   /* of the server's close frame; 0: none */
	int64_t wait_ms; /* how long the server asked to wait; 0: it did not */
	/* The detail of the HTTP answer, its Location, or the reason of the close frame. */
	char said[200];
};

/* How long one address of the host may take until the upgrade; how long all may take, and then the hub to confirm the
 * subscription. */
enum { ADDRESS_S = 6, ATTEMPT_S = 12 };

struct failure {
	char text[512];   /* what failed and, where it is known, what to do */
	enum dnc_exit rc; /* if this is the end */
	bool final;       /* another attempt would fail, too */
};

/* Explains A, which has failed. */
void failure_explain(const struct options *o, const struct attempt *a, struct failure *f);
