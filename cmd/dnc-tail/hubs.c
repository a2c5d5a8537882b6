#include "hubs.h"
#include <errno.h>

int hubs_add(struct hubs *h, const char *url, struct dnc_error *err)
{
	if (h->count == HUBS_MAX)
		return dnc_error_set(err, E2BIG, "%s: more than %d hubs", url, HUBS_MAX);
	if (address_read(&h->hub[h->count].address, url, err) < 0)
		return -1;
	h->count++;
	return 0;
}

struct hub *hubs_now(struct hubs *h)
{
	return &h->hub[h->at];
}

/* The first one behind the hub in use that was not tried in this round. */
static bool find_other(struct hubs *h, int64_t now_ms)
{
	for (size_t i = 1; i < h->count; i++) {
		size_t next = (h->at + i) % h->count;

		if (!h->hub[next].tried && h->hub[next].after_ms <= now_ms) {
			h->at = next;
			return true;
		}
	}
	return false;
}

/* Begins a round with the hub that is the first to accept an attempt; of those that do now, with the next one. */
static int64_t begin_round(struct hubs *h, int64_t now_ms)
{
	size_t best = h->at;
	int64_t pause_ms = INT64_MAX;

	for (size_t i = 1; i <= h->count; i++) {
		size_t next = (h->at + i) % h->count;
		int64_t left = h->hub[next].after_ms > now_ms ? h->hub[next].after_ms - now_ms : 0;

		h->hub[next].tried = false;
		if (left < pause_ms) {
			pause_ms = left;
			best = next;
		}
	}
	h->at = best;
	return pause_ms;
}

static bool all_final(const struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (!h->hub[i].final)
			return false;
	return true;
}

enum hubs_next hubs_failed(
	struct hubs *h, const struct failure *f, int64_t wait_ms, int64_t now_ms, int64_t *pause_ms)
{
	struct hub *hub = hubs_now(h);

	*pause_ms = 0;
	hub->tried = f->next != FAILURE_AGAIN;
	hub->final = f->next == FAILURE_FINAL;
	hub->after_ms = wait_ms ? now_ms + wait_ms : 0;
	if (f->next == FAILURE_DENIED)
		return HUBS_END;
	if (f->next == FAILURE_AGAIN)
		return HUBS_SAME;
	if (find_other(h, now_ms))
		return HUBS_OTHER;
	if (all_final(h))
		return HUBS_END;
	*pause_ms = begin_round(h, now_ms);
	return HUBS_ROUND;
}

bool hubs_asks_to_wait(const struct hubs *h, int64_t now_ms)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->hub[i].after_ms > now_ms)
			return true;
	return false;
}

void hubs_confirmed(struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->hub[i].tried = h->hub[i].final = h->hub[i].told = false;
	hubs_now(h)->after_ms = 0;
}

bool hubs_use_tls(const struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->hub[i].address.tls)
			return true;
	return false;
}
