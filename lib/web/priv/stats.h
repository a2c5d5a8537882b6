/* stats.h - what a web counts, for /metrics. Each web refreshes its figures in its own
 * thread; any thread may add them up. */
#pragma once
#include <pthread.h>
#include "auth/token.h"
#include "hub/hub.h"
#include "metrics/metrics.h"

struct dnc_web;

struct web_counts {
	uint64_t connections, refused, messages, bad_messages, http_requests;
	uint64_t refused_tokens[DNC_TOKEN_FAULTS];
	struct dnc_histogram turn; /* of the loop, without waiting */
};

enum { FIGURES_ROLES = 65 };

struct web_stats {
	struct web_counts counts;
	struct dnc_hub_stats hub;
	size_t behind[DNC_HUB_LAGS];
	struct {
		char name[DNC_ROLE_NAME_MAX];
		size_t connections;
	} roles[FIGURES_ROLES];
	size_t role_count;
};

/* Takes them from W: in its thread. */
void stats_refresh(struct dnc_web *w);

/* Appends those of all webs together; W is refreshed before, the others are a second old at most. */
void stats_text(struct dnc_web *w, struct dnc_buf *out);
