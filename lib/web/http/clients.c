#include "web/http/clients.h"
#include "web/http/client_list.h"
#include "web/http/reply.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

static void add_client(struct client_list *list, const struct session *c)
{
	const struct dnc_subscriber *s = c->subscriber;
	const struct dnc_filter *filter = dnc_subscriber_filter(s);
	uint64_t last = dnc_ring_last(c->all->ring), next = dnc_subscriber_next(s);

	client_list_add(list, &(struct client_list_entry){
				      .number = c->number,
				      .subject = c->identity ? c->identity->subject : NULL,
				      .role = c->role->name,
				      .address = c->address,
				      .connected_ms = c->connected_ms,
				      .active_ms = c->active_ms,
				      .messages = c->received,
				      .events = dnc_subscriber_sent(s),
				      .filters = filter ? dnc_filter_count(filter) : 0,
				      .channel = dnc_subscriber_channel(s),
				      .subscribed = dnc_subscriber_active(s),
				      .rate_limited = dnc_subscriber_rate_limited(s),
				      .lag = last >= next ? last + 1 - next : 0,
			      });
}

void clients_refresh(struct client_list *list, const struct sessions *all)
{
	client_list_begin(list);
	DNC_LIST_EACH (link, &all->list) {
		const struct session *c = DNC_LIST_ELEMENT(link, struct session, link);

		if (c->subscriber)
			add_client(list, c);
	}
	client_list_end(list);
}

static void append(void *ctx, const struct shared_member *member)
{
	client_list_append(member->clients, ctx);
}

int clients_list(struct http_request *r)
{
	struct dnc_buf *page = &r->context->page;

	clients_refresh(r->context->clients, r->context->sessions);
	dnc_buf_lit(page, "{\"clients\":[");
	shared_each(r->context->options->shared, append, page);
	dnc_buf_lit(page, "]}");
	return http_reply(r->connection, 200, "application/json", page, NULL);
}
