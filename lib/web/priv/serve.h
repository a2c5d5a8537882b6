/* serve.h - the server, its clients and its pages. */
#pragma once
#include <libwebsockets.h>
#include "audit.h"
#include "base/bucket.h"
#include "heartbeat.h"
#include "member.h"
#include "shared.h"
#include "stats.h"
#include "listen.h"
#include "request.h"
#include "web/web.h"
#include "identity.h"
#include "upgrade.h"

/* Source of the times and sizes: dnc-wsd(8). */
enum {
	PING_INTERVAL_S = 30,
	PONG_LIMIT_S = 60,
	SSE_COMMENT_S = 15,
	MESSAGES_PER_S = 20,
	MESSAGES_BURST = 40,
	OUTBOX_BYTES = 64 << 10, /* answers that wait; past it the client is not read */
	CLOSE_WAIT_S = 2,        /* for the peer's answer to a close */
	AUTH_LIMIT_S = 5,        /* for the first message of who has not said who he is */
};

/* The clients of one web, as JSON, for the lists of others. */
struct client_list {
	pthread_mutex_t lock;
	struct dnc_buf json;
};

struct client {
	/* What a delivery touches comes first. */
	struct lws *wsi;
	struct dnc_web *web;
	struct dnc_buf out;  /* whole frames that wait for the socket */
	uint16_t close_code; /* on its way out with this; 0 is not */
	uint16_t retry_ms;   /* of CLOSE_SHUTDOWN: when to come back */
	bool waiting;        /* a writeable callback will come */
	bool paused;         /* not read, because answers wait */
	bool dead, writeable;
	bool bye; /* the close frame is out */
	bool sse; /* server-sent events instead of a WebSocket */
	struct client *prev, *next;
	struct heartbeat heartbeat;
	struct dnc_subscriber *subscriber;
	const struct dnc_role *role;   /* NULL: he has not said yet who he is */
	struct dnc_identity *identity; /* NULL: nobody was asked */
	char *address;                 /* where he comes from */
	unsigned permissions;          /* of enum dnc_permission */
	unsigned rendering;            /* of enum dnc_rendering */
	struct limits_slot slot;
	struct dnc_buf in; /* a message that came in pieces */
	size_t out_sent;
	struct dnc_buf pending_id; /* `id` of the request whose place is looked for */
	struct dnc_bucket messages;
	int64_t connected_ms, active_ms;
	uint64_t number, received;
	enum close_reason reason;
	/* What held.c knows of it; times are of dnc_clock_mono_ms(). */
	struct {
		int64_t since_ms, told_ms; /* 0: never */
		uint64_t behind;           /* at the last look */
		enum dnc_held why;
		bool told; /* since it last had everything */
	} held;
};

struct history;
struct publish;

/* What belongs to one connection in the library's hands. */
struct session {
	struct client *client;
	struct history *history; /* an answer that is being looked up */
	struct publish *publish; /* events that are being taken */
	bool closing;            /* the answer is under way: the connection ends behind it */
};

struct dnc_web {
	const struct dnc_web_options *options;
	struct dnc_hub *hub;
	const struct dnc_auth_snapshot *access,
		*old_access; /* held; the old one while clients change over */
	struct lws_context *context;
	struct lws_vhost *vhost, *local_vhost; /* of TCP, perhaps with TLS, and of Unix sockets */
	struct listeners *listeners;
	struct client *clients,
		*held_next; /* held_next: looked at next by held.c; NULL: the first */
	size_t client_count;
	struct heartbeat_queue heard, pinged, streams, strangers;
	struct stats stats;
	struct audit audit;
	struct shared_member member;
	struct client_list client_list;
	struct dnc_json_parser *parser, *request_parser; /* of tokens, and of messages */
	struct dnc_buf scratch, page, sse;
	int64_t started_ms;
	struct dnc_event_reader *normalizer; /* of events that are published */
	pthread_mutex_t published_lock;
	struct publish *published; /* those that are safe, to be answered */
	uv_async_t published_async;
	uv_idle_t work;  /* runs while the hub has work left */
	uv_timer_t pace; /* while a rate limit holds clients back */
	uv_timer_t second;
	uv_prepare_t turn; /* at the end of each turn of the loop */
	uint64_t turn_ns,
		idle_ns; /* when the last one ended, and how long it was waited until then */
	bool working, pacing, draining;
	struct lws_protocols protocols[3];
	struct lws_context_creation_info info;
	lws_retry_bo_t keepalive; /* the library's own: off */
};

/* web.c */
void web_publish_stats(struct dnc_web *w);

/* client.c */
/* Creates the client of a new connection in SLOT, to be freed with client_free(). NULL when there is no
 * memory; without memory for its address that is NULL. */
struct client *client_new(struct dnc_web *w, struct client **slot, struct lws *wsi, bool sse);
/* Opens a new WebSocket for WHO; NULL: the client must authenticate with its first message. Returns -1 if the
 * connection must be closed. */
int client_open(struct dnc_web *w, struct client **slot, struct lws *wsi, const struct who *who);
/* May somebody with this role and these permissions start there? -1 with ERR, whose code is an enum
 * request_error, when not. */
int client_may_start(struct dnc_web *w, const struct dnc_role *role, unsigned permissions,
	const struct dnc_start *start, struct dnc_error *err);
/* Does what a valid request asks for, and answers. */
void client_handle(struct client *c, const struct request *r);
/* N bytes at TEXT, DNC_JSON_PADDING readable ones behind. */
void client_take_message(struct client *c, const char *text, size_t n);

/* audit of clients */
struct dnc_buf *audit_of(const struct client *c, const char *what);
void audit_subscribed(const struct client *c, const char *what);
void audit_left(const struct client *c);

/* session.c */
/* Takes a place among the connections. CLOSE_NONE, or why there is none. */
enum close_reason client_enter(struct client *c, const struct who *who);
/* It has a place: joins the hub as WHO and is told so. -1: there is no memory. */
int client_start(struct client *c, const struct who *who);
/* Both: who gets no place is closed. -1: there is no memory. */
int client_admit(struct client *c, const struct who *who);
/* A stranger says who he is, or somebody shows a newer token. */
void client_take_token(struct client *c, const struct request *r);
/* Once a second: whose token has ended or was revoked goes, and what roles may do is looked up again when
 * RELOADED. */
void client_check(struct client *c, bool reloaded);
void client_free(struct client **slot);
/* -1 closes the connection. */
int client_receive(struct client *c, const char *in, size_t n);
int client_writeable(struct client *c);
/* Says CODE and REASON as soon as the socket can take it, then closes. */
void client_close(struct client *c, enum close_reason reason);
/* The same with 1001 and when to come back. */
void client_close_until(struct client *c, uint16_t retry_ms);
/* Nothing waits, and all events were sent. */
bool client_done(const struct client *c);

/* Says something that is answered, or that fails when the peer is gone. */
void client_ping(struct client *c);
/* Takes whole frames, now or behind what waits. */
enum dnc_sent client_put(struct client *c, const void *frames, size_t n);
enum dnc_sent client_lost(struct client *c);
/* Closes the connection as soon as the library can. */
void client_hang_up(struct lws *wsi);

/* pings.c */
/* The client was heard of: it is pinged after a while. */
void client_heard(struct client *c);
void client_await_auth(struct client *c);
/* Once a second: pings, and hangs up on those that did not answer. */
void pings_tick(struct dnc_web *w);

/* held.c */
/* Once a second: tells those who are held back. */
void held_tick(struct dnc_web *w);
/* The client is about to be freed. */
void held_leave(struct client *c);

/* messages.c */
void send_established(struct client *c);
enum dnc_sent send_confirmed(struct client *c, struct dnc_str id);
void send_error(struct client *c, struct dnc_str id, const struct dnc_error *err);
void send_pong(struct client *c, struct dnc_str id);
void send_stats(struct client *c, struct dnc_str id);
void send_renewed(struct client *c, struct dnc_str id);
/* It is BEHIND events behind the present because of REASON; 0: it has caught up. */
void send_held_back(struct client *c, const char *reason, uint64_t behind);
enum dnc_sent send_over_budget(void *conn, uint64_t from);
enum dnc_sent send_gap(void *conn, uint64_t from, uint64_t to, const char *reason);

/* What somebody with this role and these permissions sees, in the form RENDERING at most. */
struct dnc_view view_of(const struct dnc_role *role, unsigned permissions, unsigned rendering);

/* deflate.c */
/* The library's permessage-deflate, such that no connection keeps a compressor or a window: both sides
 * start each message anew. Events are not compressed by it: they come compressed. */
extern const struct lws_extension deflate_extensions[];
/* Says so in the answer to the upgrade. -1 when that can't be done. */
int deflate_add_headers(struct lws *wsi, struct lws_process_html_args *args);
/* True when the connection uses it. */
bool deflate_used(struct lws *wsi);

/* sse.c */
/* Answers the request with an endless stream of events, or with what is wrong with it. As a route runs:
 * 1 when the stream has begun, 0 when it was answered otherwise, -1 to hang up. */
int sse_begin(struct dnc_web *w, struct lws *wsi, const struct who *who);
/* The frames as server-sent events, valid until the next call; p is NULL when there is no memory. */
struct dnc_str sse_text(const struct client *c, const char *frames, size_t n);
