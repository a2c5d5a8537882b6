/* history_query.h - what a page of the log is asked for: the arguments of GET /api/v1/events. No sockets in
 * here. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "filter/filter.h"
#include "phone/phone.h"
#include "web/priv/request.h"

enum {
	HISTORY_LIMIT_DEFAULT = 1000,
	HISTORY_LIMIT_MAX = 100000,
	HISTORY_QUERY_MAX = 2048, /* bytes of the arguments, encoded */
};

/* A position in the log: a sequence number, or the time when an event was logged. */
struct history_position {
	bool given, is_time;
	uint64_t seq;
	int64_t ms; /* since 1970 */
};

struct history_query {
	struct history_position since, until; /* after the one, up to the other */
	bool newest_first;
	uint64_t before; /* the events before this number; 0: not given; of `newest_first` alone */
	uint64_t limit;  /* events of the page */
	bool masked; /* set by the caller: the reader sees masked numbers, and searches for them */
	char phone[DNC_PHONE_MAX];       /* as the reader sees it, not ended: E.164, or masked */
	size_t phone_bytes;              /* 0: any number */
	const struct dnc_filter *filter; /* NULL before history_query_end() */
	/* The arguments for the link to the next page: those but `since` and `before`, and `since`, which only
	 * pages with the newest event first repeat. */
	struct dnc_buf repeated, repeated_since;
	struct request_query filters;
};

/* To be freed with history_query_free(). */
void history_query_init(struct history_query *q);

/* An argument of the query string, for query_parse(): Q is a struct history_query. -1 with ERR, whose code is an enum
 * request_error, when it is none; REQUEST_EFORBIDDEN for a whole number of a reader that may see none. */
int history_query_add(void *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err);

/* All arguments were added: compiles the filter. -1 with ERR. */
int history_query_end(struct history_query *q, struct dnc_error *err);

void history_query_free(struct history_query *q);

/* The whole number that Q asks for, by which the log is searched; p NULL: any. A masked one is part of the filter: the
 * search would take less time for events that the number really has. */
static inline struct dnc_str history_query_number(const struct history_query *q)
{
	return q->masked || !q->phone_bytes ? (struct dnc_str){0}
	                                    : (struct dnc_str){q->phone, q->phone_bytes};
}
