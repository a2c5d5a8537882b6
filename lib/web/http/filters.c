#include "web/http/filters.h"
#include "json/member.h"
#include "web/http/reply.h"

static void add_filter(struct dnc_buf *page, const struct dnc_named_filter *f)
{
	dnc_buf_lit(page, "{");
	dnc_json_member_visible(page, "name", f->name);
	if (f->about[0])
		dnc_json_member_visible(page, "about", f->about);
	dnc_json_member_json(page, "filter", dnc_filter_text(f->filter));
	dnc_buf_chr(page, '}');
}

int filters_list(struct http_request *r)
{
	const struct dnc_roles *roles = r->access->roles;
	struct dnc_buf *page = &r->context->page;
	const struct dnc_named_filter *f;
	bool any = false;

	dnc_buf_lit(page, "{\"filters\":[");
	for (size_t i = 0; (f = dnc_roles_filter(roles, i)); i++) {
		if (!dnc_roles_offer(roles, f, r->principal.role))
			continue;
		if (any)
			dnc_buf_chr(page, ',');
		any = true;
		add_filter(page, f);
	}
	dnc_buf_lit(page, "]}");
	return http_reply(r->connection, 200, "application/json", page, NULL);
}
