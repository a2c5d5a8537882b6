/* server.h - the parts of one web server, for those that need more than one of them. Each has a header and
 * a state of its own; all of them live as long as the server. */
#pragma once
#include <pthread.h>
#include <uv.h>
#include "web/web.h"

struct client_list {
	pthread_mutex_t lock;
	struct dnc_buf json;
};

struct dnc_web {
	const struct dnc_web_options *options;
	struct dnc_hub *hub;
	struct dnc_web_shared *shared;
	struct identity *identity;
	struct audit *audit;
	struct stats *stats;
	struct sessions *sessions;
	bool draining;
	/* Of lib/web/http. */
	struct dnc_buf page;
	struct client_list client_list;
	struct dnc_json_parser *parser;
	struct dnc_event_reader *normalizer;
	pthread_mutex_t published_lock;
	struct publish *published;
	uv_async_t published_async;
	int64_t started_ms;
};
