#include "web/http/client_list.h"
#include "json/member.h"

void client_list_init(struct client_list *l)
{
	*l = (struct client_list){.text = {0}};
	pthread_mutex_init(&l->lock, NULL);
}

void client_list_destroy(struct client_list *l)
{
	pthread_mutex_destroy(&l->lock);
	dnc_buf_free(&l->text);
}

void client_list_begin(struct client_list *l)
{
	pthread_mutex_lock(&l->lock);
	dnc_buf_clear(&l->text);
}

void client_list_end(struct client_list *l)
{
	pthread_mutex_unlock(&l->lock);
}

void client_list_add(struct client_list *l, const struct client_list_entry *c)
{
	struct dnc_buf *b = &l->text;

	dnc_buf_printf(
		b, "%s{\"client_id\":\"c%llu\"", b->n ? "," : "", (unsigned long long)c->number);
	if (c->subject)
		dnc_json_member_visible(b, "subject", c->subject);
	dnc_json_member_visible(b, "role", c->role);
	dnc_json_member_text(b, "address", c->address);
	dnc_json_member_time(b, "connected_at", c->connected_ms);
	dnc_json_member_time(b, "last_activity", c->active_ms);
	dnc_json_member_number(b, "message_count", c->messages);
	dnc_json_member_number(b, "events_sent", c->events);
	dnc_json_member_number(b, "filter_count", c->filters);
	if (c->channel)
		dnc_json_member_number(b, "channel", c->channel);
	dnc_buf_printf(b, ",\"subscribed\":%s,\"rate_limited\":%s",
		c->subscribed ? "true" : "false", c->rate_limited ? "true" : "false");
	dnc_json_member_number(b, "lag", c->lag);
	dnc_buf_chr(b, '}');
}

void client_list_append(struct client_list *l, struct dnc_buf *out)
{
	pthread_mutex_lock(&l->lock);
	if (l->text.n && out->n && out->p[out->n - 1] == '}')
		dnc_buf_chr(out, ',');
	dnc_buf_str(out, dnc_buf_view(&l->text));
	out->failed |= l->text.failed;
	pthread_mutex_unlock(&l->lock);
}
