/* What a query string is decoded to has no NUL and is UTF-8; encoded again it is decoded to the same. Its arguments are
 * what a stream or a page of the log may be asked for. */
#include "fuzz.h"
#include "web/http/history_query.h"
#include "web/http/query.h"
#include "web/http/stream_query.h"

/* Appends the argument, encoded. */
static int encode(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct dnc_buf *b = ctx;

	(void)err;
	if (memchr(name.p, 0, name.n) || memchr(value.p, 0, value.n) || !dnc_json_is_utf8(name) ||
		!dnc_json_is_utf8(value))
		abort();
	dnc_buf_percent(b, name);
	dnc_buf_chr(b, '=');
	dnc_buf_percent(b, value);
	dnc_buf_chr(b, '&');
	return 0;
}

static void check_error(const struct dnc_error *err)
{
	if (!err->message[0] || !request_error_name(err->code))
		abort();
}

static void read_stream(struct dnc_str query)
{
	struct stream_query q = {.resumes = false};
	struct dnc_buf message = {0};
	struct dnc_error err;

	if (query_parse(query, stream_query_add, &q, &err) < 0 ||
		stream_query_message(&q, &message, &err) < 0)
		check_error(&err);
	stream_query_free(&q);
	dnc_buf_free(&message);
}

static void read_history(struct dnc_str query)
{
	struct history_query q;
	struct dnc_error err;

	history_query_init(&q);
	if (query_parse(query, history_query_add, &q, &err) < 0 || history_query_end(&q, &err) < 0)
		check_error(&err);
	history_query_free(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_str query = {(const char *)data, size};
	struct dnc_buf once = {0}, twice = {0};
	struct dnc_error err;
	int count;

	if (size > 2048)
		return 0;
	count = query_parse(query, encode, &once, &err);
	if (count < 0) {
		check_error(&err);
	} else {
		if (query_parse(dnc_buf_view(&once), encode, &twice, &err) != count ||
			!dnc_str_eq(dnc_buf_view(&once), dnc_buf_view(&twice)))
			abort();
		read_stream(query);
		read_history(query);
	}
	dnc_buf_free(&once);
	dnc_buf_free(&twice);
	return 0;
}
