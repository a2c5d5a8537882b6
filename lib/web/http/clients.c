#include "web/http/clients.h"
#include "web/http/reply.h"
#include "web/priv/member.h"
#include "web/priv/server.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

static void add_client(struct dnc_buf *b, const struct session *c)
{
	const struct dnc_subscriber *s = c->subscriber;
	const struct dnc_filter *filter = dnc_subscriber_filter(s);
	uint64_t last = dnc_ring_last(c->all->ring), next = dnc_subscriber_next(s);

	dnc_buf_printf(b, "%s{\"client_id\":\"c%llu\"", b->n > 1 ? "," : "",
		(unsigned long long)c->number);
	if (c->identity)
		member_text(b, "subject", c->identity->subject);
	member_text(b, "role", c->role->name);
	member_text(b, "address", c->address);
	member_time(b, "connected_at", c->connected_ms);
	member_time(b, "last_activity", c->active_ms);
	member_number(b, "message_count", c->received);
	member_number(b, "events_sent", dnc_subscriber_sent(s));
	member_number(b, "filter_count", filter ? dnc_filter_count(filter) : 0);
	member_bool(b, "subscribed", dnc_subscriber_active(s));
	member_bool(b, "rate_limited", dnc_subscriber_rate_limited(s));
	member_number(b, "lag", last >= next ? last + 1 - next : 0);
	dnc_buf_chr(b, '}');
}

void clients_refresh(struct dnc_web *w)
{
	struct dnc_buf *b = &w->client_list.json;

	pthread_mutex_lock(&w->client_list.lock);
	dnc_buf_clear(b);
	DNC_LIST_EACH (link, &w->sessions->list) {
		const struct session *c = DNC_LIST_ELEMENT(link, struct session, link);

		if (c->subscriber)
			add_client(b, c);
	}
	pthread_mutex_unlock(&w->client_list.lock);
}

static void add_list(void *ctx, const struct shared_member *member)
{
	struct client_list *list = member->clients;
	struct dnc_buf *out = ctx;

	pthread_mutex_lock(&list->lock);
	if (list->json.n && out->p[out->n - 1] == '}')
		dnc_buf_chr(out, ',');
	dnc_buf_str(out, dnc_buf_view(&list->json));
	pthread_mutex_unlock(&list->lock);
}

int clients_list(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	clients_refresh(w);
	dnc_buf_lit(&w->page, "{\"clients\":[");
	shared_each(w->shared, add_list, &w->page);
	dnc_buf_lit(&w->page, "]}");
	return http_reply(wsi, 200, "application/json", &w->page, NULL);
}
