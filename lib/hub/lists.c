#include "priv/lists.h"
#include <stdlib.h>

void hub_enter(struct dnc_hub *h)
{
	h->calls++;
}

void hub_exit(struct dnc_hub *h)
{
	struct dnc_list *link;

	if (--h->calls)
		return;
	while ((link = dnc_list_pop(&h->left)))
		free(SUBSCRIBER_OF(link, all_link));
}

void hub_wake(struct dnc_hub *h)
{
	if (!h->in_work && h->options.work)
		h->options.work(h->options.ctx);
}

void subscriber_add(struct dnc_hub *h, struct dnc_subscriber *s)
{
	dnc_list_insert(&h->subscribers, &s->all_link);
	h->stats.subscribers++;
}

void subscriber_free(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	walk_remove(&h->all_walk, &s->all_link);
	h->stats.subscribers--;
	if (h->calls)
		dnc_list_append(&h->left, &s->all_link);
	else
		free(s);
}

void work_add(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	bool none = dnc_list_is_empty(&h->work);

	if (dnc_list_is_linked(&s->work_link))
		return;
	dnc_list_append(&h->work, &s->work_link);
	if (none)
		hub_wake(h);
}

void work_remove(struct dnc_subscriber *s)
{
	dnc_list_remove(&s->work_link);
}

void live_add(struct dnc_subscriber *s)
{
	if (!subscriber_is_live(s))
		dnc_list_insert(&s->channel->live, &s->live_link);
}

void live_remove(struct dnc_subscriber *s)
{
	if (!subscriber_is_live(s))
		return;
	s->at = subscriber_at(s);
	walk_remove(&s->hub->live_walk, &s->live_link);
}
