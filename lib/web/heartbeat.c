#include "priv/heartbeat.h"

void heartbeat_queue_init(struct heartbeat_queue *q, int wait_s)
{
	dnc_list_init(&q->entries);
	q->wait_ms = (int64_t)wait_s * 1000;
}

void heartbeat_leave(struct heartbeat *h)
{
	dnc_list_remove(&h->link);
}

void heartbeat_enter(struct heartbeat_queue *q, struct heartbeat *h, int64_t now_ms)
{
	heartbeat_leave(h);
	h->entered_ms = now_ms;
	dnc_list_append(&q->entries, &h->link);
}

struct heartbeat *heartbeat_due(const struct heartbeat_queue *q, int64_t now_ms)
{
	struct dnc_list *first = dnc_list_first(&q->entries);
	struct heartbeat *h = first ? DNC_LIST_ELEMENT(first, struct heartbeat, link) : NULL;

	return h && now_ms - h->entered_ms >= q->wait_ms ? h : NULL;
}
