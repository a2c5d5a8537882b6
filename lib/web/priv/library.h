/* library.h - the context of libwebsockets, which reads, writes, encrypts and waits. It does not listen: connections are
 * passed to it, and it passes on what they send, decrypted but otherwise as it is. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <uv.h>
#include "base/err.h"
#include "web/certificate.h"

struct library {
	struct lws_context *context;
	struct lws_vhost *vhost, *local_vhost; /* of TCP, perhaps with TLS, and of Unix sockets */
	struct lws_protocols protocols[2];
	struct lws_context_creation_info info;
	lws_retry_bo_t keepalive; /* the library's own: off */
	size_t connections;       /* for how many there are descriptors; set by library_open() */
	lws_callback_function *callback;
	void *user;
	struct dnc_certificate
		*certificate; /* a reference, of handshakes from now on; NULL: no TLS */
};

struct library_options {
	lws_callback_function *callback;     /* of all connections */
	size_t connection_bytes;             /* what CALLBACK gets for each as USER, all zero */
	void *user;                          /* what library_user() returns */
	struct dnc_certificate *certificate; /* NULL: no TLS; as of library_renew_certificate() */
	size_t connections;                  /* the most at a time */
};

/* Creates the context on LOOP. L, all zero, must not be moved and the options' strings must outlive it. -1 with
 * ERR, whose code is an errno; library_close() and library_free() are to be called all the same. */
int library_open(struct library *l, uv_loop_t *loop, const struct library_options *options,
	struct dnc_error *err);

/* Passes the connection FD to the library, which owns it; LOCAL: it was made to a Unix socket. FD is closed on
 * failure, and a warning is logged. */
void library_adopt(struct library *l, int fd, bool local);

/* The user of the options, in CALLBACK. */
static inline void *library_user(struct lws *wsi)
{
	return ((struct library *)lws_context_user(lws_get_context(wsi)))->user;
}

/* Takes over a reference to CERTIFICATE and uses it for all handshakes that begin from now on. NULL: the library has no
 * TLS, as it was opened. */
void library_renew_certificate(struct library *l, struct dnc_certificate *certificate);

/* Drops all connections; the loop must run until it is empty. */
void library_close(struct library *l);

/* Frees L, after the loop has run. */
void library_free(struct library *l);
