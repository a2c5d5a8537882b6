#include <string.h>
#include "serve.h"

int query_read(struct lws *wsi,
	int (*add)(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err),
	void *ctx, struct dnc_error *err)
{
	char arg[1024];
	int n, count = 0;

	for (;; count++) {
		const char *equals;
		struct dnc_str name, value;

		n = lws_hdr_copy_fragment(wsi, arg, sizeof arg, WSI_TOKEN_HTTP_URI_ARGS, count);
		if (n <= 0)
			break;
		equals = memchr(arg, '=', (size_t)n);
		name = (struct dnc_str){arg, equals ? (size_t)(equals - arg) : (size_t)n};
		value = equals ? (struct dnc_str){equals + 1, (size_t)(arg + n - equals - 1)}
		               : DNC_STR("");
		if (add(ctx, name, value, err) < 0)
			return -1;
	}
	/* The library says -2 when a part does not fit, and 0 or -1 behind the last. */
	if (n < -1)
		return dnc_error_set(
			err, REQUEST_EFIELD, "a value in the query string is too long");
	return count;
}
