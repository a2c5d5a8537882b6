#include "fuzz.h"
#include "web/priv/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_json_parser *parser;
	char *text = padded(data, size);
	struct request request;
	struct dnc_error err;

	if (!parser)
		parser = dnc_json_parser_new();
	if (request_parse(parser, text, size, &request, &err) == 0)
		dnc_filter_unref(request.filter);
	else if (!err.message[0] || !request_error_name(err.code))
		abort();
	free(text);
	return 0;
}
