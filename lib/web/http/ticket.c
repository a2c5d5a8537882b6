#include "web/http/ticket.h"
#include "web/http/reply.h"
#include "web/web.h"

int ticket_post(struct http_request *r)
{
	struct dnc_buf *page = &r->context->page;
	char ticket[DNC_TICKET_LEN + 1];

	if (!r->access->keys)
		return http_problem(page, r->wsi, 404,
			"authentication is disabled: open the stream without a ticket");
	if (!dnc_ticket_make(r->context->options->auth, &r->who.identity, ticket))
		return http_problem(page, r->wsi, 503,
			"too many tickets are unused: try again when some have been used or have "
			"expired");
	dnc_buf_printf(page, "{\"ticket\":\"%s\",\"expires_in_s\":%d}", ticket, DNC_TICKET_S);
	return http_reply(r->wsi, 200, "application/json", page, NULL);
}
