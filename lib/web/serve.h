/* serve.h - inside lib/web: the server, its clients and its pages. */
#pragma once
#include <libwebsockets.h>
#include "listen.h"
#include "request.h"
#include "web.h"

/* Source of the times and sizes: dnc-wsd(8). */
enum {
	PING_INTERVAL_S = 30,
	PONG_LIMIT_S = 60,
	MESSAGES_PER_S = 20,
	MESSAGES_BURST = 40,
	OUTBOX_BYTES = 64 << 10, /* answers that wait; past it the client is not read */
	CLOSE_WAIT_S = 2,        /* for the peer's answer to a close */
};

/* Close codes of our own, RFC 6455 section 7.4.2. */
enum { CLOSE_TOO_MANY = 4429 };

struct client {
	struct dnc_web *web;
	struct lws *wsi;
	struct client *prev, *next;
	struct dnc_subscriber *subscriber;
	struct dnc_buf in;  /* a message that came in pieces */
	struct dnc_buf out; /* whole frames that wait for the socket */
	size_t out_sent;
	struct dnc_buf pending_id; /* `id` of the request whose place is looked for */
	double messages;           /* left in the bucket */
	int64_t bucket_ms, connected_ms;
	uint64_t number, received;
	uint16_t close_code; /* on its way out with this; 0 is not */
	char close_reason[64];
	bool waiting; /* a writeable callback will come */
	bool paused;  /* not read, because answers wait */
	bool dead, writeable;
	bool bye; /* the close frame is out */
};

struct web_counts {
	uint64_t connections, refused, messages, bad_messages, http_requests;
};

struct dnc_web {
	const struct dnc_web_options *options;
	struct dnc_hub *hub;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct listeners *listeners;
	struct client *clients;
	size_t client_count;
	struct dnc_json_parser *parser;
	struct dnc_buf scratch, page;
	struct web_counts counts;
	int64_t started_ms;
	uv_idle_t work; /* runs while the hub has work left */
	bool working, draining;
	struct lws_protocols protocols[2];
	struct lws_context_creation_info info;
	lws_retry_bo_t keepalive;
};

/* client.c */
int client_open(struct dnc_web *w, struct client **slot, struct lws *wsi);
void client_free(struct client **slot);
/* -1 closes the connection. */
int client_receive(struct client *c, const char *in, size_t n);
int client_writeable(struct client *c);
/* Says CODE and REASON as soon as the socket can take it, then closes. */
void client_close(struct client *c, uint16_t code, const char *reason);
/* Nothing waits, and all events were sent. */
bool client_done(const struct client *c);

/* http.c */
int http_request(struct dnc_web *w, struct lws *wsi);
/* 0 lets the upgrade go on; 1 when it was answered otherwise, -1 to hang up. */
int http_check_upgrade(struct dnc_web *w, struct lws *wsi);
