#include "hubs.h"
#include <errno.h>

static const char *const heads[] = {"http://", "https://", "ws://", "wss://", "unix:", NULL};

int hubs_read(struct hubs *h, const struct options *o, struct dnc_error *err)
{
	struct dnc_str rest = dnc_str_trim(dnc_str(o->url));

	do {
		struct dnc_str one = dnc_address_next(&rest, ", \t\r\n", heads);

		if (h->count == DNC_ADDRESSES_MAX)
			return dnc_error_set(err, EINVAL,
				"--url: more than %d hubs: give the nearest ones",
				DNC_ADDRESSES_MAX);
		if (url_read(&h->hub[h->count++].url, one, o->url_of_env, err) < 0)
			return -1;
	} while (rest.n);
	return 0;
}

void hubs_free(struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		url_free(&h->hub[i].url);
	h->count = 0;
}

static bool is_left(const struct hub *hub, int64_t now_ms)
{
	return !hub->tried && hub->after_ms <= now_ms;
}

size_t hubs_left(const struct hubs *h, int64_t now_ms)
{
	size_t n = 1;

	for (size_t i = 0; i < h->count; i++)
		n += i != h->at && is_left(&h->hub[i], now_ms);
	return n;
}

bool hubs_next(struct hubs *h, int64_t now_ms)
{
	hubs_now(h)->tried = true;
	for (size_t i = 1; i < h->count; i++) {
		size_t next = (h->at + i) % h->count;

		if (is_left(&h->hub[next], now_ms)) {
			h->at = next;
			return true;
		}
	}
	return false;
}

int64_t hubs_round(struct hubs *h, int64_t now_ms)
{
	int64_t pause_ms = INT64_MAX;
	size_t before = h->at;

	for (size_t i = 1; i <= h->count; i++) {
		size_t next = (before + i) % h->count;
		int64_t after = h->hub[next].after_ms, left = after > now_ms ? after - now_ms : 0;

		h->hub[next].tried = false;
		if (left < pause_ms) {
			pause_ms = left;
			h->at = next;
		}
	}
	return pause_ms;
}

void hubs_confirmed(struct hubs *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->hub[i].tried = h->hub[i].told = false;
}
