/* request.h - messages of clients, and query strings that mean the same.
 *
 * Parsing only: nothing here knows a socket. Errors have a code of enum request_error and the path of the
 * field at fault. A parser belongs to one thread. */
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

/* Codes of errors that are sent to clients; the code in struct dnc_error. */
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
	REQUEST_EFILTERRATE,
};

/* The code as clients see it: "invalid_filter". */
const char *request_error_name(int code);

/* The HTTP status that says the code, or DNC_ERROR_NO_MEMORY. */
unsigned request_error_status(int code);

#define REQUEST_ID_MAX 128 /* bytes of `id` as JSON */

struct request {
	enum request_type type;
	struct dnc_str id;               /* JSON text of a string or number; p NULL: none */
	const struct dnc_filter *filter; /* of subscribe and update_filters; owned by the caller */
	struct dnc_start start;
	struct dnc_str token; /* of auth */
};

/* Parses one message of N bytes, which must be followed by DNC_JSON_PADDING readable bytes. OUT points into
 * TEXT and PARSER and is valid until one of them changes; its filter must be released with
 * dnc_filter_unref(). Returns -1 with ERR; then OUT->id is set if the message has one, and there is nothing
 * to release. */
int request_parse(struct dnc_json_parser *parser, const char *text, size_t n, struct request *out,
	struct dnc_error *err);

/* The same for a client that may not have another filter compiled now (dnc_account_may_compile()): a message with filters
 * is refused with REQUEST_EFILTERRATE. */
int request_parse_unfiltered(struct dnc_json_parser *parser, const char *text, size_t n,
	struct request *out, struct dnc_error *err);

/* Sets ERR to that, with what to do. Returns -1. */
int request_refuse_filters(struct dnc_error *err);

/* A query string on its way to a subscribe message; all zero at first. */
struct request_query {
	struct dnc_buf filters; /* JSON object, still open */
	struct dnc_buf rest;    /* the message's other members, still open */
};

/* Adds the parameter NAME=VALUE, both decoded. Returns -1 with ERR if NAME is unknown, or VALUE invalid. */
int request_query_add(
	struct request_query *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err);

/* True if the parameter NAME is one of the start position: since, since_time, last, epoch. */
bool request_query_is_start(struct dnc_str name);

/* Appends the complete message to MESSAGE, which has failed (dnc_buf_ok()) if there was no memory for any part of
 * it. */
void request_query_end(struct request_query *q, struct dnc_buf *message);

/* Frees the buffers. */
void request_query_finish(struct request_query *q);
