#include "priv/pages.h"
#include <pthread.h>
#include <stdlib.h>
#include "base/counts.h"
#include "priv/address.h"

struct pages {
	pthread_mutex_t lock; /* of all below */
	struct dnc_counts addresses, subjects;
	size_t bytes;
};

struct pages *pages_new(void)
{
	struct pages *p = calloc(1, sizeof *p);

	if (p)
		pthread_mutex_init(&p->lock, NULL);
	return p;
}

void pages_free(struct pages *p)
{
	if (!p)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static enum pages_verdict count(struct dnc_counts *all, const char *name, unsigned limit,
	enum pages_verdict exceeded, struct dnc_count **out)
{
	enum dnc_count_verdict verdict = dnc_count_up(all, name, limit, out);

	return verdict == DNC_COUNT_OK      ? PAGES_OK
	       : verdict == DNC_COUNT_LIMIT ? exceeded
	                                    : PAGES_FULL;
}

/* Under the lock, as the next. */
static void leave(struct pages *p, struct pages_slot *slot)
{
	dnc_count_down(&p->addresses, &slot->address);
	dnc_count_down(&p->subjects, &slot->subject);
	p->bytes -= slot->bytes;
	slot->bytes = 0;
}

static enum pages_verdict enter(
	struct pages *p, const char *address, const char *subject, struct pages_slot *slot)
{
	enum pages_verdict verdict;

	if (subject) {
		verdict = count(
			&p->subjects, subject, PAGES_PER_SUBJECT, PAGES_SUBJECT, &slot->subject);
		if (verdict != PAGES_OK)
			return verdict;
	}
	verdict = count(&p->addresses, address, PAGES_PER_ADDRESS, PAGES_ADDRESS, &slot->address);
	if (verdict != PAGES_OK)
		return verdict;
	if (p->bytes + PAGES_RESERVED > PAGES_BYTES)
		return PAGES_FULL;
	p->bytes += slot->bytes = PAGES_RESERVED;
	return PAGES_OK;
}

enum pages_verdict pages_enter(
	struct pages *p, const char *address, const char *subject, struct pages_slot *slot)
{
	enum pages_verdict verdict;
	char group[ADDRESS_MAX];

	*slot = (struct pages_slot){0};
	address_group(address, group);
	pthread_mutex_lock(&p->lock);
	verdict = enter(p, group, subject, slot);
	if (verdict != PAGES_OK)
		leave(p, slot);
	pthread_mutex_unlock(&p->lock);
	return verdict;
}

void pages_shrink(struct pages *p, struct pages_slot *slot, size_t bytes)
{
	pthread_mutex_lock(&p->lock);
	p->bytes = p->bytes - slot->bytes + bytes;
	slot->bytes = bytes;
	pthread_mutex_unlock(&p->lock);
}

void pages_leave(struct pages *p, struct pages_slot *slot)
{
	if (!slot->address)
		return;
	pthread_mutex_lock(&p->lock);
	leave(p, slot);
	pthread_mutex_unlock(&p->lock);
}

size_t pages_bytes(struct pages *p)
{
	size_t bytes;

	pthread_mutex_lock(&p->lock);
	bytes = p->bytes;
	pthread_mutex_unlock(&p->lock);
	return bytes;
}
