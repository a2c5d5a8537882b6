#include "web/http/stream_query.h"
#include <string.h>
#include "log/journal.h"

enum { SEQ_DIGITS_MAX = 19 };

/* True when S has FROM to TO characters, all of ALPHABET. */
static bool consists_of(struct dnc_str s, size_t from, size_t to, const char *alphabet)
{
	size_t n = 0;

	if (s.n < from || s.n > to)
		return false;
	while (n < s.n && s.p[n] && strchr(alphabet, s.p[n]))
		n++;
	return n == s.n;
}

int stream_query_resume(struct stream_query *q, struct dnc_str id, struct dnc_error *err)
{
	const char *colon = id.n ? memchr(id.p, ':', id.n) : NULL;
	struct dnc_str epoch = {id.p, colon ? (size_t)(colon - id.p) : 0};
	struct dnc_str seq = {colon ? colon + 1 : NULL, colon ? id.n - epoch.n - 1 : 0};

	if (!id.n)
		return 0;
	if (!consists_of(epoch, DNC_EPOCH_LEN, DNC_EPOCH_LEN, "0123456789abcdef") ||
		!consists_of(seq, 1, SEQ_DIGITS_MAX, "0123456789")) {
		dnc_error_set(err, REQUEST_EFIELD,
			"is not an id of this stream (EPOCH:SEQ); open it without one");
		dnc_error_place(err, "Last-Event-ID");
		return -1;
	}
	q->resumes = true;
	if (request_query_add(&q->query, DNC_STR("since"), seq, err) < 0)
		return -1;
	return request_query_add(&q->query, DNC_STR("epoch"), epoch, err);
}

int stream_query_add(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct stream_query *q = ctx;

	/* EventSource comes back to the same address, where `last` or `since` still is. */
	if (dnc_str_eq(name, DNC_STR("ticket")) || (q->resumes && request_query_is_start(name)))
		return 0;
	return request_query_add(&q->query, name, value, err);
}

int stream_query_message(struct stream_query *q, struct dnc_buf *message, struct dnc_error *err)
{
	request_query_end(&q->query, message);
	if (dnc_buf_reserve(message, DNC_JSON_PADDING) && dnc_buf_ok(message))
		return 0;
	return dnc_error_set(err, REQUEST_ENOMEM, "the hub is out of memory: try again later");
}

void stream_query_free(struct stream_query *q)
{
	request_query_finish(&q->query);
}
