/* web.h - the hub's face to the network: WebSocket dnc.v1 and HTTP, by libwebsockets on libuv.
 *
 * The protocol is that of dnc-wsd(8). Everything of one web runs on its loop's thread and nothing blocks.
 * Several webs, each with a loop, a thread and a hub of its own, may serve the same addresses.
 * Without keys only this machine is served, because nobody is asked who he is. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "auth/auth.h"
#include "hub/hub.h"

#define DNC_WEB_MAX_LISTEN  8
#define DNC_WEB_MAX_MESSAGE (32u << 10) /* bytes of one message from a client */

struct dnc_web;

/* What webs that serve together have in common: who is connected, and how much of it is allowed. */
struct dnc_web_shared;

struct dnc_web_limits {
	unsigned connections;
	unsigned connections_per_address, connections_per_subject; /* 0 is no limit */
};

/* NULL when there is no memory. */
struct dnc_web_shared *dnc_shared_new(const struct dnc_web_limits *limits);

/* How many are connected. Any thread. */
size_t dnc_shared_count(struct dnc_web_shared *door);

/* All webs must be gone. NULL is allowed. */
void dnc_shared_free(struct dnc_web_shared *door);

struct dnc_web_options {
	const char *const *listen;       /* "127.0.0.1:8080", "[::1]:0", "unix:PATH", "systemd" */
	size_t listen_count;             /* at most DNC_WEB_MAX_LISTEN */
	const struct dnc_web *beside;    /* listen where this web does, instead */
	struct dnc_web_shared *door;     /* borrowed */
	struct dnc_auth *auth;           /* borrowed */
	const char *tls_cert, *tls_key;  /* files, PEM; NULL: no TLS */
	bool trust_proxy;                /* X-Forwarded-For of connections to a Unix socket */
	const char *const *allow_origin; /* besides the hub's own */
	size_t allow_origin_count;
	/* Write only inside the library's writeable callback, as its manual says, instead of at
	 * once. Slower, for comparison and for libraries that need it. */
	bool by_the_book;
	bool compress; /* permessage-deflate, for those who ask for it */
	struct dnc_ring *ring;
	struct dnc_hub *hub;
	struct dnc_reader *reader; /* NULL when there is no log to read */
	struct dnc_writer *writer; /* takes what is published */
	/* Somebody did something with the events: a JSON object, to be kept. */
	void (*access_note)(void *ctx, struct dnc_str json);
	/* The hub has looked at something new: the ring's writer may go on. */
	void (*advanced)(void *ctx);
	/* What the rest of the program adds to /metrics and /readyz. Called in the thread of any web. */
	void (*metrics)(void *ctx, struct dnc_buf *out);
	const char *(*not_ready)(void *ctx); /* name of the check that fails, or NULL */
	void *ctx;
};

/* For the hub that will be served. */
extern const struct dnc_transport dnc_web_transport;

/* Listens and serves once LOOP runs. OPTIONS and what it points at must outlive the web. NULL with
 * ERR, whose code is an errno. */
struct dnc_web *dnc_web_new(
	uv_loop_t *loop, const struct dnc_web_options *options, struct dnc_error *err);

/* The address of listener INDEX as a client names it: "127.0.0.1:41234". Borrowed; empty behind the
 * last one. */
const char *dnc_web_address(const struct dnc_web *w, size_t index);

/* Roles, keys or revoked tokens were read again, or the certificate is to be: in the web's thread. */
void dnc_web_reload(struct dnc_web *w);

/* New events were appended to the hub: send them. */
void dnc_web_flush(struct dnc_web *w);

/* The hub has work left: what its option `work` is to call. */
void dnc_web_work(struct dnc_web *w);

/* Takes no new connections, and closes (1001) those that have all events. Call it again until it
 * returns 0, the number of connections left; FORCE closes the others as they are. */
size_t dnc_web_drain(struct dnc_web *w, bool force);

/* Closes everything; webs that listen beside this one must be closed before. NULL is allowed. */
void dnc_web_close(struct dnc_web *w);

/* Frees what was closed, when the loop has run until it is empty. NULL is allowed. */
void dnc_web_free(struct dnc_web *w);
