/* stream_query.h - the request for a stream: the query string and the header Last-Event-ID, as a subscribe message.
 * No sockets in here. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "web/priv/request.h"

/* All zero is an empty one; to be freed with stream_query_free(). */
struct stream_query {
	struct request_query query;
	bool resumes; /* Last-Event-ID is the start position, not the address */
};

/* Parses the value of Last-Event-ID, EPOCH:SEQ; before any argument. Empty is none. -1 with ERR when it is no id of a
 * stream. */
int stream_query_resume(struct stream_query *q, struct dnc_str id, struct dnc_error *err);

/* An argument of the query string, for query_parse(): Q is a struct stream_query. `ticket` is ignored, and so is a
 * start position when the stream resumes. */
int stream_query_add(void *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err);

/* Appends the subscribe message to MESSAGE; DNC_JSON_PADDING readable bytes follow it. -1 with ERR when there is no
 * memory. */
int stream_query_message(struct stream_query *q, struct dnc_buf *message, struct dnc_error *err);

void stream_query_free(struct stream_query *q);
