#include "web/http/rates.h"
#include "base/clock.h"
#include "web/http/query.h"
#include "web/http/rate_list.h"
#include "web/http/reply.h"
#include "web/priv/request.h"
#include "web/web.h"

int rates_show(struct http_request *r)
{
	struct dnc_view view = identity_view(r->principal.role, r->principal.permissions, 0);
	const struct dnc_journal *journal = dnc_hub_journal(r->context->options->hub);
	struct dnc_buf *page = &r->context->page;
	struct rate_query query = {0};
	struct dnc_error err = {.place = ""};

	if (query_parse(r->head->query, rate_query_add, &query, &err) < 0)
		return http_problem_error(r->connection, request_error_status(err.code), &err);
	/* The counts are of all events of a type, also of those that `sees` keeps from the role. */
	rate_list_write(page, &query, dnc_journal_rates(journal), view.sees ? 0 : view.types,
		view.sees
			? "the role sees some events only, and the counts are those of all: they would "
			  "tell what it may not see"
			: NULL,
		dnc_clock_now_ms());
	return http_reply(r->connection, 200, "application/json", page, NULL);
}
