/* rate_list.h - the JSON of GET /api/v1/rates: how many events of each type were logged lately. No sockets in here. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "log/rates.h"

/* What a client asks for. All zero is the default period. */
struct rate_query {
	unsigned period; /* index of the periods: 15m, 24h */
};

/* An argument of the query string, for query_parse(): Q is a struct rate_query. -1 with ERR, whose code is
 * REQUEST_EFIELD. */
int rate_query_add(void *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err);

/* Appends the object. TYPES, a bit for each enum dnc_type, are those that the client sees; REASON, NULL or a sentence, says
 * why it sees fewer than there are. */
void rate_list_write(struct dnc_buf *out, const struct rate_query *q, struct dnc_rates *rates,
	unsigned types, const char *reason, int64_t now_ms);
