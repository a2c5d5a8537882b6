#include "hubs.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "priv/hubs.h"

struct dnc_hubs {
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t hidden;
	struct dnc_hubs_row rows[DNC_HUBS_MAX];
	size_t count;
	int64_t connections; /* of this hub */
	bool shown, leaving;
};

/* What clients would not take, or take for several addresses. */
static bool is_host_and_port(struct dnc_str text)
{
	const char *end = text.p + text.n, *host_end = end, *p;
	long port = 0;

	if (*text.p == '[') {
		host_end = memchr(text.p, ']', text.n);
		if (!host_end++ || host_end == text.p + 2)
			return false;
	} else if ((p = memchr(text.p, ':', text.n))) {
		host_end = p;
	}
	if (memchr(text.p, ',', text.n))
		return false;
	if (host_end == end)
		return true;
	for (p = host_end + 1;
		*host_end == ':' && p < end && *p >= '0' && *p <= '9' && port < 65536; p++)
		port = 10 * port + *p - '0';
	return p == end && port >= 1 && port <= 65535;
}

bool dnc_hubs_check(const char *address)
{
	size_t scheme = strncmp(address, "wss://", 6) == 0  ? 6
	                : strncmp(address, "ws://", 5) == 0 ? 5
	                                                    : 0;
	const char *host = address + scheme;

	if (!scheme || strlen(address) >= DNC_HUBS_ADDRESS_MAX || !*host || strchr("/:", *host))
		return false;
	for (const char *p = host; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("@?#\\\"<>`{}|^", *p))
			return false;
	return is_host_and_port((struct dnc_str){host, strcspn(host, "/")});
}

struct dnc_hubs *hubs_new(void)
{
	struct dnc_hubs *h = calloc(1, sizeof *h);
	pthread_condattr_t clock;

	if (!h)
		return NULL;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->hidden, &clock);
	pthread_condattr_destroy(&clock);
	return h;
}

void hubs_free(struct dnc_hubs *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->hidden);
	free(h);
}

size_t dnc_hubs_others(struct dnc_hubs *h, struct dnc_hubs_row *rows, size_t max)
{
	size_t n;

	pthread_mutex_lock(&h->lock);
	n = h->count < max ? h->count : max;
	memcpy(rows, h->rows, n * sizeof *rows);
	pthread_mutex_unlock(&h->lock);
	return n;
}

void dnc_hubs_count(struct dnc_hubs *h, size_t connections)
{
	pthread_mutex_lock(&h->lock);
	h->connections = (int64_t)connections;
	pthread_mutex_unlock(&h->lock);
}

void hubs_leave(struct dnc_hubs *h)
{
	pthread_mutex_lock(&h->lock);
	h->leaving = true;
	pthread_mutex_unlock(&h->lock);
}

void dnc_hubs_wait(struct dnc_hubs *h, int64_t ms)
{
	int64_t ns = dnc_clock_mono_ns() + ms * INT64_C(1000000);
	struct timespec until = {ns / 1000000000, ns % 1000000000};

	pthread_mutex_lock(&h->lock);
	while (h->shown && pthread_cond_timedwait(&h->hidden, &h->lock, &until) == 0)
		;
	pthread_mutex_unlock(&h->lock);
}

enum hubs_duty hubs_next(struct dnc_hubs *h, int64_t *connections)
{
	enum hubs_duty duty;

	pthread_mutex_lock(&h->lock);
	*connections = h->connections;
	duty = !h->leaving ? HUBS_SHOW : h->shown ? HUBS_HIDE : HUBS_NOTHING;
	h->shown |= duty == HUBS_SHOW;
	pthread_mutex_unlock(&h->lock);
	return duty;
}

void hubs_replace(struct dnc_hubs *h, const struct dnc_hubs_row *rows, size_t n)
{
	pthread_mutex_lock(&h->lock);
	h->count = n < DNC_HUBS_MAX ? n : DNC_HUBS_MAX;
	for (size_t i = 0; i < h->count; i++) {
		h->rows[i] = rows[i];
		if (!dnc_hubs_check(rows[i].address))
			h->rows[i].address[0] = '\0';
		if (rows[i].connections < 0)
			h->rows[i].connections = 0;
	}
	pthread_mutex_unlock(&h->lock);
}

void hubs_hidden(struct dnc_hubs *h)
{
	pthread_mutex_lock(&h->lock);
	h->shown = false;
	pthread_cond_broadcast(&h->hidden);
	pthread_mutex_unlock(&h->lock);
}
