#include "fuzz.h"
#include "web/priv/request.h"

static struct dnc_json_parser *parser;

static void parse(const char *text, size_t n)
{
	struct request request;
	struct dnc_error err;

	if (request_parse(parser, text, n, &request, &err) == 0)
		dnc_filter_unref(request.filter);
	else if (!err.message[0] || !request_error_name(err.code))
		abort();
}

/* NAME=VALUE: what is accepted becomes a message, which may still have a fault in its values. */
static void parse_query(const char *text, size_t n)
{
	const char *equals = memchr(text, '=', n);
	size_t name = equals ? (size_t)(equals - text) : n;
	struct request_query query = {0};
	struct dnc_buf message = {0};
	struct dnc_error err;

	if (request_query_add(&query, (struct dnc_str){text, name},
		    (struct dnc_str){text + name + !!equals, n - name - !!equals}, &err) == 0) {
		request_query_end(&query, &message);
		if (!dnc_buf_reserve(&message, DNC_JSON_PADDING))
			abort();
		parse(message.p, message.n);
	} else if (!err.message[0] || err.code != REQUEST_EFIELD) {
		abort();
	}
	request_query_finish(&query);
	dnc_buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = padded(data, size);

	if (!parser)
		parser = dnc_json_parser_new();
	parse(text, size);
	parse_query(text, size);
	free(text);
	return 0;
}
