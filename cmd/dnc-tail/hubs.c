#include "hubs.h"
#include <errno.h>
#include <string.h>
#include "base/loopback.h"

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

/* What is sent to a host must not be made by another: no credentials, no query, nothing that ends a line. */
static bool is_plain(const char *url)
{
	for (; *url; url++)
		if (*url <= ' ' || *url >= 0x7f || strchr("@?#\\\"", *url))
			return false;
	return true;
}

static struct hub *find_hub(struct hubs *h, const struct address *a)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct address *b = &h->hub[i].address;

		if (b->tls == a->tls && b->port == a->port && strcmp(b->host, a->host) == 0 &&
			strcmp(b->path, a->path) == 0)
			return &h->hub[i];
	}
	return NULL;
}

/* A place for another one that was named: of one that was named by a hub before, each in turn. NULL if there is none. */
static struct hub *find_room(struct hubs *h)
{
	enum { ROOM = sizeof h->hub / sizeof h->hub[0] };

	if (h->count < ROOM)
		return &h->hub[h->count++];
	for (size_t k = 0; k < ROOM; k++) {
		size_t i = (h->room + k) % ROOM;

		if (h->hub[i].learned && !h->hub[i].rank && i != h->at) {
			h->room = i + 1;
			return &h->hub[i];
		}
	}
	return NULL;
}

static bool may_follow(const struct hubs *h, const struct address *a, enum hubs_trust trust)
{
	if (trust == HUBS_GIVEN || a->tls)
		return trust != HUBS_GIVEN;
	return !hubs_use_tls(h) && (trust == HUBS_ANY || dnc_is_loopback_text(a->host));
}

/* The hub at URL, which is learned if it has to be; NULL if it is not used. */
static struct hub *learn(struct hubs *h, const char *url, enum hubs_trust trust)
{
	struct address address;
	struct dnc_error err;
	struct hub *hub;

	if (!is_plain(url) || address_read(&address, url, &err) < 0)
		return NULL;
	hub = find_hub(h, &address);
	if (hub || !may_follow(h, &address, trust) || !(hub = find_room(h)))
		return hub;
	*hub = (struct hub){.address = address, .learned = true};
	return hub;
}

bool hubs_know(struct hubs *h, const char *url, enum hubs_trust trust)
{
	return learn(h, url, trust);
}

bool hubs_name(struct hubs *h, const char *url, enum hubs_trust trust)
{
	struct hub *hub = learn(h, url, trust);
	unsigned rank = 0;

	if (!hub)
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (h->hub[i].rank > rank)
			rank = h->hub[i].rank;
	if (!hub->rank)
		hub->rank = rank + 1;
	return true;
}

/* The one that the hub in use has named first, among those that may be asked now. */
static bool find_named(struct hubs *h, int64_t now_ms)
{
	size_t best = h->count;

	for (size_t i = 0; i < h->count; i++) {
		const struct hub *hub = &h->hub[i];

		if (hub->rank && i != h->at && !hub->tried && hub->after_ms <= now_ms &&
			(best == h->count || hub->rank < h->hub[best].rank))
			best = i;
	}
	if (best == h->count)
		return false;
	h->at = best;
	return true;
}

/* The first one behind the hub in use that was not tried in this round; before it, those that were named. */
static bool find_other(struct hubs *h, int64_t now_ms)
{
	if (find_named(h, now_ms))
		return true;
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
	hub->final = f->next == FAILURE_FINAL || f->next == FAILURE_DENIED;
	hub->after_ms = wait_ms ? now_ms + wait_ms : 0;
	if (f->next == FAILURE_DENIED && !hub->learned)
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
	for (size_t i = 0; i < h->count; i++) {
		struct hub *hub = &h->hub[i];

		hub->tried = hub->final = hub->told = false;
		hub->rank = 0;
	}
	hubs_now(h)->after_ms = 0;
}

bool hubs_use_tls(const struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->hub[i].address.tls)
			return true;
	return false;
}
