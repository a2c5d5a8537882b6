/* failure.h - why no connection was made, or why it was lost: in words, and what follows from it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"
#include "base/err.h"

/* What is known about one attempt to connect; zero at its start. */
struct attempt {
	bool requested; /* the TCP connection, and TLS with wss://, exists: the upgrade was requested */
	bool established; /* the upgrade succeeded */
	bool confirmed;   /* the hub has accepted the subscription */
	bool timed_out;
	bool silent;       /* nothing came on the connection for as long as it may be silent */
	bool tls;          /* the TCP connection exists, and the TLS handshake has begun */
	bool not_tls;      /* the server answered the TLS handshake with something else */
	bool is_tls;       /* the server, which was asked without TLS, speaks it */
	int64_t start_ms;  /* of the monotonic clock */
	bool unknown_name; /* the host name has no address */
	bool no_files;     /* this process can open no more */
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

/* What follows. If there is only one hub, NEXT is the same as AGAIN, and FINAL as DENIED. */
enum failure_next {
	FAILURE_AGAIN,  /* another attempt at this hub may succeed soon */
	FAILURE_NEXT,   /* it may succeed, but another hub sooner */
	FAILURE_FINAL,  /* another attempt at this hub would fail, too */
	FAILURE_DENIED, /* the user is not allowed to: no other hub is asked */
};

struct failure {
	char text[512];   /* what failed and, where it is known, what to do */
	enum dnc_exit rc; /* if this is the end */
	enum failure_next next;
};

/* Explains A, an attempt at ADDRESS that has failed. TOKEN: it was made with a token. */
void failure_explain(
	const struct address *address, bool token, const struct attempt *a, struct failure *f);

/* True if this process can't open as many descriptors as an attempt takes. */
bool failure_lacks_files(void);
