#include "priv/limits.h"
#include <pthread.h>
#include <stdlib.h>
#include "base/counts.h"
#include "base/log.h"
#include "priv/address.h"

/* Counts of the same by address and by subject. */
struct pair {
	struct dnc_counts addresses, subjects;
	unsigned per_address, per_subject; /* limits; 0: none */
};

struct limits {
	struct dnc_web_limits options;
	pthread_mutex_t lock; /* of all below */
	size_t count, body_bytes;
	size_t open, max_open; /* connections, clients or not */
	uint64_t number;
	struct pair connections, bodies;
	struct dnc_counts waiting; /* by address */
};

struct limits *limits_new(const struct dnc_web_limits *options)
{
	struct limits *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->options = *options;
	l->max_open = limits_wanted(l);
	l->connections.per_address = options->connections_per_address;
	l->connections.per_subject = options->connections_per_subject;
	l->bodies.per_address = LIMITS_BODIES_ADDRESS;
	l->bodies.per_subject = LIMITS_BODIES_SUBJECT;
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void limits_free(struct limits *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Counts one more of NAME. LIMITS_FULL when there is no memory, EXCEEDED when LIMIT is reached. */
static enum limits_verdict count(struct dnc_counts *all, const char *name, unsigned limit,
	enum limits_verdict exceeded, struct dnc_count **out)
{
	enum dnc_count_verdict verdict = dnc_count_up(all, name, limit, out);

	if (verdict == DNC_COUNT_NO_MEMORY)
		dnc_warn("a connection or request was refused: no memory to count it");
	return verdict == DNC_COUNT_OK      ? LIMITS_OK
	       : verdict == DNC_COUNT_LIMIT ? exceeded
	                                    : LIMITS_FULL;
}

/* Counts one more by both, or by none. Under the lock, as the next. */
static enum limits_verdict pair_enter(
	struct pair *p, const char *address, const char *subject, struct limits_slot *slot)
{
	enum limits_verdict verdict =
		count(&p->addresses, address, p->per_address, LIMITS_ADDRESS, &slot->address);

	if (verdict == LIMITS_OK && subject)
		verdict = count(
			&p->subjects, subject, p->per_subject, LIMITS_SUBJECT, &slot->subject);
	if (verdict != LIMITS_OK)
		dnc_count_down(&p->addresses, &slot->address);
	return verdict;
}

static void pair_leave(struct pair *p, struct limits_slot *slot)
{
	dnc_count_down(&p->addresses, &slot->address);
	dnc_count_down(&p->subjects, &slot->subject);
}

enum limits_verdict limits_enter(
	struct limits *l, const char *address, const char *subject, struct limits_slot *slot)
{
	enum limits_verdict verdict = LIMITS_FULL;
	char group[ADDRESS_MAX];

	*slot = (struct limits_slot){0};
	address_group(address, group);
	pthread_mutex_lock(&l->lock);
	if (l->count < l->options.connections)
		verdict = pair_enter(&l->connections, group, subject, slot);
	l->count += verdict == LIMITS_OK;
	pthread_mutex_unlock(&l->lock);
	return verdict;
}

void limits_leave(struct limits *l, struct limits_slot *slot)
{
	if (!slot->address)
		return;
	pthread_mutex_lock(&l->lock);
	l->count--;
	pair_leave(&l->connections, slot);
	pthread_mutex_unlock(&l->lock);
}

enum limits_verdict limits_begin_body(
	struct limits *l, const char *address, const char *subject, struct limits_slot *slot)
{
	enum limits_verdict verdict;
	char group[ADDRESS_MAX];

	*slot = (struct limits_slot){0};
	address_group(address, group);
	pthread_mutex_lock(&l->lock);
	verdict = pair_enter(&l->bodies, group, subject, slot);
	pthread_mutex_unlock(&l->lock);
	return verdict;
}

void limits_end_body(struct limits *l, struct limits_slot *slot)
{
	if (!slot->address)
		return;
	pthread_mutex_lock(&l->lock);
	pair_leave(&l->bodies, slot);
	pthread_mutex_unlock(&l->lock);
}

size_t limits_wanted(const struct limits *l)
{
	return (size_t)l->options.connections + LIMITS_REQUESTS + LIMITS_LOCAL;
}

void limits_cap(struct limits *l, size_t n)
{
	pthread_mutex_lock(&l->lock);
	if (n < l->max_open)
		l->max_open = n;
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock. */
static bool admit(struct limits *l, const char *address, struct limits_admission *a)
{
	unsigned waiting = l->options.connections / 16;

	if (l->open + (address ? LIMITS_LOCAL : 0) >= l->max_open)
		return false;
	if (address &&
		count(&l->waiting, address, waiting > LIMITS_WAITING ? waiting : LIMITS_WAITING,
			LIMITS_ADDRESS, &a->waiting) != LIMITS_OK)
		return false;
	l->open++;
	a->open = true;
	return true;
}

bool limits_admit(struct limits *l, const char *address, struct limits_admission *a)
{
	char group[ADDRESS_MAX];
	bool admitted;

	*a = (struct limits_admission){0};
	if (address)
		address_group(address, group);
	pthread_mutex_lock(&l->lock);
	admitted = admit(l, address ? group : NULL, a);
	pthread_mutex_unlock(&l->lock);
	return admitted;
}

void limits_settle(struct limits *l, struct limits_admission *a)
{
	if (!a->waiting)
		return;
	pthread_mutex_lock(&l->lock);
	dnc_count_down(&l->waiting, &a->waiting);
	pthread_mutex_unlock(&l->lock);
}

void limits_release(struct limits *l, struct limits_admission *a)
{
	if (!a->open)
		return;
	limits_settle(l, a);
	pthread_mutex_lock(&l->lock);
	l->open--;
	pthread_mutex_unlock(&l->lock);
	a->open = false;
}

size_t limits_count(struct limits *l)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	n = l->count;
	pthread_mutex_unlock(&l->lock);
	return n;
}

unsigned limits_max(const struct limits *l)
{
	return l->options.connections;
}

uint64_t limits_number(struct limits *l)
{
	uint64_t n;

	pthread_mutex_lock(&l->lock);
	n = ++l->number;
	pthread_mutex_unlock(&l->lock);
	return n;
}

bool limits_reserve(struct limits *l, size_t *reserved, size_t bytes)
{
	bool fits;

	if (bytes == *reserved)
		return true;
	pthread_mutex_lock(&l->lock);
	fits = bytes < *reserved || bytes - *reserved <= LIMITS_BODY_BYTES - l->body_bytes;
	if (fits) {
		l->body_bytes = l->body_bytes - *reserved + bytes;
		*reserved = bytes;
	}
	pthread_mutex_unlock(&l->lock);
	return fits;
}
