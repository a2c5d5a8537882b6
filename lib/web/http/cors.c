#include "web/http/cors.h"
#include "web/http/host.h"

/* A page that is not allowed gets no such field, and its browser says so. */
struct cors cors_read(const struct http_head *head, const char *const *allowed, size_t count)
{
	struct cors cors = {.varies = count > 0};
	struct dnc_str origin = http_head_field(head, DNC_STR("Origin"));

	if (origin_in_list(origin, allowed, count))
		cors.origin = origin;
	cors.preflight = cors.origin.p && dnc_str_eq(head->method, DNC_STR("OPTIONS")) &&
	                 http_head_field(head, DNC_STR("Access-Control-Request-Method")).n;
	return cors;
}

void cors_write(const struct cors *cors, struct dnc_buf *out)
{
	/* Caches must not give the answer for one origin to another, nor to a page without one. */
	if (cors->varies)
		dnc_buf_lit(out, "vary: origin\r\n");
	if (!cors->origin.p)
		return;
	dnc_buf_lit(out, "access-control-allow-origin: ");
	dnc_buf_str(out, cors->origin);
	/* Beyond those that every page may read: of history, and of 429 and 503. */
	dnc_buf_lit(out, "\r\naccess-control-expose-headers: link, retry-after, x-dnc-gap\r\n");
}

void cors_write_preflight(struct dnc_buf *out, const char *methods)
{
	dnc_buf_printf(out,
		"access-control-allow-methods: %s\r\n"
		"access-control-allow-headers: authorization, content-type, last-event-id\r\n"
		"access-control-max-age: 600\r\n",
		methods);
}
