#include "web/http/query.h"
#include <string.h>
#include "web/priv/request.h"

int query_split(struct dnc_str arg, query_add_fn *add, void *ctx, struct dnc_error *err)
{
	const char *equals = memchr(arg.p, '=', arg.n);
	struct dnc_str name = {arg.p, equals ? (size_t)(equals - arg.p) : arg.n};
	struct dnc_str value =
		equals ? (struct dnc_str){equals + 1, arg.n - name.n - 1} : DNC_STR("");

	return add(ctx, name, value, err);
}

int query_read(struct lws *wsi, query_add_fn *add, void *ctx, struct dnc_error *err)
{
	char arg[QUERY_ARG_MAX + 1];
	int count = 0;

	for (int at = 0;; at++) {
		int n = lws_hdr_copy_fragment(wsi, arg, sizeof arg, WSI_TOKEN_HTTP_URI_ARGS, at);

		/* The library returns the same for an argument that does not fit as after the last one. */
		if (n < 0 && lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, at) >=
				     (int)sizeof arg)
			return dnc_error_set(err, REQUEST_EFIELD,
				"an argument of the query string is longer than %d bytes",
				QUERY_ARG_MAX);
		if (n < 0)
			break;
		if (!n)
			continue;
		count++;
		if (query_split((struct dnc_str){arg, (size_t)n}, add, ctx, err) < 0)
			return -1;
	}
	return count;
}
