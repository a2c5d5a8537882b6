/* stats.h - what a web server counts, for /metrics.
 *
 * Each server counts in its own thread and publishes a copy once a second; any thread may sum the copies
 * of all servers. */
#pragma once
#include <pthread.h>
#include "auth/token.h"
#include "close_reason.h"
#include "hub/hub.h"
#include "metrics/metrics.h"
#include "minute.h"
#include "responses.h"

struct dnc_web_shared;

/* Totals since the start. */
struct stats_counts {
	uint64_t connections, refused, messages, bad_messages, http_requests;
	uint64_t refused_tokens[DNC_TOKEN_FAULTS];
	uint64_t closed[CLOSE_REASONS];
	struct dnc_histogram turn; /* of the loop, without waiting */
	struct responses responses;
};

/* Those of the file, those of the file before it that clients still have, and "". */
enum { STATS_ROLES = 2 * DNC_ROLES_MAX + 1 };

/* Connections by role; those of roles past STATS_ROLES are not counted. The role "" is that of clients that
 * have not authenticated. */
struct stats_roles {
	struct {
		char name[DNC_ROLE_NAME_MAX];
		size_t connections;
	} role[STATS_ROLES];
	size_t count;
};

enum { STATS_CHANNELS = 64 };

/* Of one server, or summed up. */
struct stats_copy {
	struct stats_counts counts;
	struct dnc_hub_stats hub;
	struct dnc_channel_stats channel[STATS_CHANNELS]; /* those with the most clients */
	size_t channel_count;
	struct dnc_histogram minute; /* deliveries within the last minute */
	double events_per_s;
	size_t behind[DNC_HUB_LAGS];
	struct stats_roles roles;
};

struct stats {
	struct stats_counts counts; /* counted by the server's thread */
	struct minute minute;       /* of that thread, too */
	pthread_mutex_t lock;
	struct stats_copy copy; /* under the lock */
};

void stats_init(struct stats *s);
void stats_destroy(struct stats *s);

/* Adds CONNECTIONS to those of the role NAME. */
void stats_count_role(struct stats_roles *roles, const char *name, size_t connections);

/* Publishes what S and HUB have counted. In the server's thread. */
void stats_publish(struct stats *s, const struct dnc_hub *hub, const struct stats_roles *roles);

/* Sets SUM to the sums over all servers of SHARED. */
void stats_sum(struct dnc_web_shared *shared, struct stats_copy *sum);

/* How many events clients lack, of which SHARE (0 to 1) of them lack no more: to a power of two. */
uint64_t stats_lag(const struct stats_copy *f, double share);

/* Appends the sums over all servers of SHARED in Prometheus' text format. HUB is any of theirs, for what is
 * the same for all. */
void stats_write(struct dnc_buf *out, struct dnc_web_shared *shared, const struct dnc_hub *hub,
	const struct dnc_ring *ring);
