#include "web/http/ticket.h"
#include "web/http/reply.h"
#include "web/priv/identity.h"
#include "web/priv/server.h"

int ticket_post(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	char ticket[DNC_TICKET_LEN + 1];

	if (!w->identity->snapshot->keys)
		return http_problem(w, wsi, 404, "Not Found", "this hub asks nobody who he is");
	if (!dnc_ticket_make(w->options->auth, &who->identity, ticket))
		return http_problem(
			w, wsi, 503, "Service Unavailable", "too many tickets are open");
	dnc_buf_printf(&w->page, "{\"ticket\":\"%s\",\"expires_in_s\":%d}", ticket, DNC_TICKET_S);
	return http_reply(wsi, 200, "application/json", &w->page, NULL);
}
