/* sessions.h - all sessions of one server, and operations on all of them: pings, deadlines, refresh,
 * shutdown. One thread. */
#pragma once
#include "session.h"

enum {
	PING_INTERVAL_S = 30,
	PONG_LIMIT_S = 60,
	SSE_COMMENT_S = 15,
	AUTH_LIMIT_S = 5, /* for the first message of a client that has not authenticated */
	MESSAGES_PER_S = 20,
	MESSAGES_BURST = 40,
	HUBS_AGAIN_S = 10,    /* at least between two lists of other hubs */
	HUBS_TOLD_MAX = 2000, /* clients that are told of them in a second */
};

struct sessions {
	struct dnc_list list;
	size_t count;
	struct dnc_list *lag_next; /* the session that lag_tick() continues with; NULL: the first */
	struct heartbeat_queue heard, pinged, streams, opening;
	struct conn_shared conns;
	struct dnc_buf scratch;                 /* messages that are being written */
	struct dnc_json_parser *request_parser; /* owned, as is the next */
	struct inflater *inflater;              /* of compressed messages */
	/* Borrowed. */
	struct dnc_hub *hub;
	const struct dnc_ring *ring;
	struct identity *identity;
	struct limits *limits;
	struct audit *audit;
	struct stats *stats;
	struct dnc_hubs *hubs; /* NULL: there are no others */
	/* The hubs that clients were told of last, and how often they changed; and when clients may be told again. */
	uint64_t hubs_digest, hubs_changes;
	int64_t hubs_due_ms;
};

/* The caller sets what is borrowed, and conns.write_in_callback, after it. -1 when there is no memory. */
int sessions_init(struct sessions *all);
void sessions_destroy(struct sessions *all);

/* Once a second: pings clients; closes those that did not answer or authenticate in time, or whose token has
 * expired or, when RENEWED, was revoked; notifies clients that lag; and tells some of other hubs, when these have changed. */
void sessions_tick(struct sessions *all, bool renewed);

/* Refreshes all sessions after a new auth snapshot. */
void sessions_renew(struct sessions *all);

/* Publishes the server's counts, with the connections of each role. */
void sessions_publish_stats(const struct sessions *all);

/* Closes, for a shutdown, the sessions that have all events; FORCE: all. Returns how many are left. */
size_t sessions_drain(struct sessions *all, bool force);
