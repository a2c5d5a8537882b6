/* request.h - what clients say, in JSON. No sockets in here. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "filter/filter.h"
#include "hub/hub.h"
#include "json/json.h"

enum request_type {
	REQUEST_SUBSCRIBE,
	REQUEST_UPDATE_FILTERS,
	REQUEST_UNSUBSCRIBE,
	REQUEST_PING,
	REQUEST_GET_STATS,
	REQUEST_AUTH,
	REQUEST_TYPES,
};

/* Codes of errors that a client may be told; the code in struct dnc_error. */
enum request_error {
	REQUEST_ENONE,
	REQUEST_EJSON,
	REQUEST_ETYPE,
	REQUEST_EFIELD,
	REQUEST_EFILTER,
	REQUEST_EUNAVAILABLE,
	REQUEST_ENOMEM,
	REQUEST_EFORBIDDEN,
	REQUEST_EUNAUTHENTICATED,
	REQUEST_ESUPERSEDED,
};

/* "invalid_filter" and so on. */
const char *request_error_name(int code);

/* Longest `id` that is given back. */
#define REQUEST_ID_MAX 128

struct request {
	enum request_type type;
	struct dnc_str id;         /* raw JSON, a string or a number; p NULL without one */
	const struct dnc_filter *filter; /* of subscribe and update_filters; the caller's */
	struct dnc_start start;
	struct dnc_str token; /* of auth */
};

/* Reads one message of N bytes, which DNC_JSON_PADDING readable bytes follow. OUT borrows from the
 * text and the parser. On -1 with ERR, OUT->id is set when there is one, and nothing is owned. */
int request_parse(struct dnc_json_parser *parser, const char *text, size_t n, struct request *out,
	struct dnc_error *err);

/* Appends the member NAME=VALUE of a query string to the subscribe message in B, which starts
 * empty; request_query_end() finishes it. -1 with ERR when NAME is none. */
struct request_query {
	struct dnc_buf filters, rest;
};

int request_query_add(
	struct request_query *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err);
/* True when the member NAME says where to start: since, since_time, last, epoch. */
bool request_query_is_start(struct dnc_str name);
void request_query_end(struct request_query *q, struct dnc_buf *message);
void request_query_finish(struct request_query *q);
