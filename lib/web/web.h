/* web.h - a web server for a hub: WebSocket dnc.v1, server-sent events and HTTP, as dnc-wsd(8) has it, by
 * libwebsockets on libuv.
 *
 * A server runs in the thread of its loop and nothing in it blocks. Several servers, each with a loop, a thread
 * and a hub of its own, may serve the same addresses. Without keys authentication is disabled, and only
 * loopback addresses are served. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "auth/auth.h"
#include "hub/hub.h"
#include "log/hubs.h"
#include "metrics/recent.h"
#include "web/certificate.h"

#define DNC_WEB_MAX_LISTEN  8
#define DNC_WEB_MAX_MESSAGE (32u << 10) /* bytes of one message from a client */

struct dnc_web;

/* What the servers of one process have in common: limits on connections, addresses that send wrong tokens, and the TLS
 * certificate. */
struct dnc_web_shared;

struct dnc_web_limits {
	unsigned connections;
	unsigned connections_per_address, connections_per_subject; /* 0 is no limit */
};

/* To be freed with dnc_shared_free(). NULL when there is no memory. */
struct dnc_web_shared *dnc_shared_new(const struct dnc_web_limits *limits);

/* Returns how many clients are connected to all servers. Any thread. */
size_t dnc_shared_count(struct dnc_web_shared *shared);

/* Has the servers use CERTIFICATE, of which they take a reference: the first one before they are opened, or they serve no
 * TLS; another one from dnc_web_reload() on. Any thread. */
void dnc_shared_use_certificate(struct dnc_web_shared *shared, struct dnc_certificate *certificate);

/* Where the servers note the records of publications that they reject, as inputs may do, too. Any thread. */
struct dnc_recent *dnc_shared_rejects(struct dnc_web_shared *shared);

/* All servers must be closed and all connections gone. NULL is allowed. */
void dnc_shared_free(struct dnc_web_shared *shared);

/* What the rest of the program knows of itself, for /api/v1/stats. */
struct dnc_web_stats {
	uint64_t events, duplicates, conflicts; /* since the start */
	int64_t newest_ms;                      /* when the newest event was logged; 0: none was */
	uint64_t waiting_events, waiting_bytes; /* for the log */
	uint64_t accepted, rejected;            /* lines of the input */
	uint64_t log_bytes, log_free_bytes, log_wal_bytes, log_failures;
	uint64_t disk_free_bytes; /* 0: not known */
	struct dnc_histogram commit;
};

struct dnc_web_options {
	const char *const *listen;       /* "127.0.0.1:8080", "[::1]:0", "unix:PATH", "systemd" */
	size_t listen_count;             /* at most DNC_WEB_MAX_LISTEN */
	const struct dnc_web *beside;    /* listen on this server's sockets instead; may be NULL */
	struct dnc_web_shared *shared;   /* borrowed */
	struct dnc_auth *auth;           /* borrowed */
	bool trust_proxy;                /* X-Forwarded-For of connections to a Unix socket */
	const char *const *allow_origin; /* besides the hub's own */
	size_t allow_origin_count;
	/* Write only inside the library's writeable callback, as its manual says, instead of at
	 * once. Slower, for comparison and for libraries that need it. */
	bool write_in_callback;
	bool compress;         /* permessage-deflate, for clients that ask for it */
	const char *advertise; /* where clients reach these servers; NULL: it is not told */
	struct dnc_hubs *hubs; /* borrowed: the others on this log; NULL: there are none */
	struct dnc_ring *ring; /* borrowed, as are the following */
	struct dnc_hub *hub;   /* its option `work` must call dnc_web_work() */
	struct dnc_reader
		*reader; /* has all jobs that take long, also if its log keeps no events */
	struct dnc_writer *writer; /* of what is published */
	/* Gets an audit record, a JSON object, valid during the call; an empty one in the place of one for which there was no memory. In
	 * the server's thread. */
	void (*audit)(void *ctx, struct dnc_str json);
	/* The hub has looked at new events: the ring's writer may go on. In the server's thread. */
	void (*advanced)(void *ctx);
	/* What the rest of the program adds to /metrics and /readyz. In the thread of any server. */
	void (*metrics)(void *ctx, struct dnc_buf *out);
	void (*stats)(void *ctx, struct dnc_web_stats *out);
	const char *(*not_ready)(void *ctx); /* name of the check that fails, or NULL */
	void *ctx;
};

/* How the hub reaches the server's clients: its option `transport`. */
extern const struct dnc_transport dnc_web_transport;

/* Makes a server for LOOP, which does not listen yet. OPTIONS, and what it points at, must outlive the server. To be
 * opened, closed, and freed. NULL when there is no memory. */
struct dnc_web *dnc_web_new(uv_loop_t *loop, const struct dnc_web_options *options);

/* Listens, and serves once the loop runs. To be called once. -1 with ERR, whose code is an errno (0: out of memory); the
 * server must be closed and freed all the same. */
int dnc_web_open(struct dnc_web *w, struct dnc_error *err);

/* Returns the address of listener INDEX as a client names it: "127.0.0.1:41234". Borrowed; empty past the last
 * one. */
const char *dnc_web_address(const struct dnc_web *w, size_t index);

/* All that follow are called in the server's thread. */

/* Uses the newest roles, keys, revoked tokens and TLS certificate at once. */
void dnc_web_reload(struct dnc_web *w);

/* Has the hub send the events that were appended to its ring. */
void dnc_web_flush(struct dnc_web *w);

/* The hub has work left. */
void dnc_web_work(struct dnc_web *w);

/* The end has begun: from now on /readyz reports draining, and publications, streams and upgrades get 503. */
void dnc_web_refuse(struct dnc_web *w);

/* Accepts no new connections, and closes (1001) those that have all events; FORCE closes the others, too. Returns
 * how many connections are left: call it again until there is none. */
size_t dnc_web_drain(struct dnc_web *w, bool force);

/* Closes everything, once dnc_web_open() was called. Servers that listen beside this one must be closed before. NULL is
 * allowed. */
void dnc_web_close(struct dnc_web *w);

/* Frees what was closed, after the loop has run until it is empty. NULL is allowed. */
void dnc_web_free(struct dnc_web *w);
