#include "web/http/hubs.h"
#include "json/member.h"
#include "log/hubs.h"
#include "web/http/reply.h"
#include "web/priv/shared.h"

static void add_row(struct dnc_buf *b, const char *address, bool self, uint64_t connections)
{
	dnc_buf_chr(b, '{');
	if (address && *address)
		dnc_json_member_text(b, "advertise", address);
	dnc_json_member_bool(b, "self", self);
	dnc_json_member_number(b, "connections", connections);
	dnc_buf_chr(b, '}');
}

int hubs_list(struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	struct dnc_buf *b = &r->context->page;
	struct dnc_hubs_row rows[DNC_HUBS_MAX];
	size_t n = options->hubs ? dnc_hubs_others(options->hubs, rows, DNC_HUBS_MAX) : 0;

	dnc_buf_lit(b, "{\"hubs\":[");
	add_row(b, options->advertise, true, dnc_shared_count(options->shared));
	for (size_t i = 0; i < n; i++) {
		dnc_buf_chr(b, ',');
		add_row(b, rows[i].address, false, (uint64_t)rows[i].connections);
	}
	dnc_buf_lit(b, "]}");
	return http_reply(r->connection, 200, "application/json", b, NULL);
}
