#include "web/http/query.h"
#include <string.h>
#include "web/priv/request.h"

int query_read(struct lws *wsi,
	int (*add)(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err),
	void *ctx, struct dnc_error *err)
{
	char arg[1024];
	int count = 0;

	for (int at = 0;; at++) {
		int n = lws_hdr_copy_fragment(wsi, arg, sizeof arg, WSI_TOKEN_HTTP_URI_ARGS, at);
		const char *equals;
		struct dnc_str name, value;

		/* The library says the same of a part that does not fit as behind the last one. */
		if (n < 0 && lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, at) >=
				     (int)sizeof arg)
			return dnc_error_set(
				err, REQUEST_EFIELD, "a value in the query string is too long");
		if (n < 0)
			break;
		if (!n)
			continue;
		count++;
		equals = memchr(arg, '=', (size_t)n);
		name = (struct dnc_str){arg, equals ? (size_t)(equals - arg) : (size_t)n};
		value = equals ? (struct dnc_str){equals + 1, (size_t)(arg + n - equals - 1)}
		               : DNC_STR("");
		if (add(ctx, name, value, err) < 0)
			return -1;
	}
	return count;
}
