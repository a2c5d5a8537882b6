#include "priv/limits.h"
#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>
#include "base/clock.h"

enum {
	WEBS_MAX = DNC_RING_HUBS,
	NAME_MAX_BYTES = DNC_SUBJECT_MAX,
	FAILURES_BURST = 10,
	FAILURE_MS = 6000,   /* until one is forgotten */
	FAILING_MAX = 65536, /* addresses; the oldest go first */
	BODIES_MAX = 64 << 20,
};

/* Connections of one address, or of one subject. */
struct limits_count {
	char name[NAME_MAX_BYTES];
	unsigned count;
	UT_hash_handle hh;
};

/* An address that sent wrong tokens: how many, as of when. */
struct failing {
	char address[48];
	double count;
	int64_t at_ms;
	UT_hash_handle hh;
};

struct dnc_web_shared {
	struct dnc_web_limits limits;
	pthread_mutex_t lock; /* of all below */
	size_t count, bodies;
	uint64_t number;
	struct limits_count *addresses, *subjects;
	struct failing *failing;
	pthread_mutex_t webs_lock;
	struct dnc_web *webs[WEBS_MAX];
	size_t web_count;
};

struct dnc_web_shared *dnc_shared_new(const struct dnc_web_limits *limits)
{
	struct dnc_web_shared *door = calloc(1, sizeof *door);

	if (!door)
		return NULL;
	door->limits = *limits;
	pthread_mutex_init(&door->lock, NULL);
	pthread_mutex_init(&door->webs_lock, NULL);
	return door;
}

void dnc_shared_free(struct dnc_web_shared *door)
{
	if (!door)
		return;
	for (struct failing *f = door->failing, *next; f; f = next) {
		next = f->hh.next;
		HASH_DEL(door->failing, f);
		free(f);
	}
	pthread_mutex_destroy(&door->lock);
	pthread_mutex_destroy(&door->webs_lock);
	free(door);
}

/* One more of NAME in the table, if there may be. NULL when not; *FULL tells no memory from a limit. */
static struct limits_count *count_up(
	struct limits_count **table, const char *name, unsigned limit, bool *full)
{
	struct limits_count *c;

	HASH_FIND_STR(*table, name, c);
	*full = c && limit && c->count >= limit;
	if (*full)
		return NULL;
	if (!c) {
		c = calloc(1, sizeof *c);
		if (!c)
			return NULL;
		snprintf(c->name, sizeof c->name, "%s", name);
		HASH_ADD_STR(*table, name, c);
	}
	c->count++;
	return c;
}

static void count_down(struct limits_count **table, struct limits_count *c)
{
	if (!c || --c->count)
		return;
	HASH_DEL(*table, c);
	free(c);
}

/* Under the lock. */
static enum limits_verdict enter(struct dnc_web_shared *door, const char *address,
	const char *subject, struct limits_place *place)
{
	const struct dnc_web_limits *limits = &door->limits;
	bool full;

	if (door->count >= limits->connections)
		return DOOR_FULL;
	place->address =
		count_up(&door->addresses, address, limits->connections_per_address, &full);
	if (!place->address)
		return full ? DOOR_ADDRESS : DOOR_FULL;
	if (subject && !(place->subject = count_up(&door->subjects, subject,
				 limits->connections_per_subject, &full))) {
		count_down(&door->addresses, place->address);
		place->address = NULL;
		return full ? DOOR_SUBJECT : DOOR_FULL;
	}
	door->count++;
	return DOOR_OPEN;
}

enum limits_verdict limits_enter(struct dnc_web_shared *door, const char *address,
	const char *subject, struct limits_place *place)
{
	enum limits_verdict verdict;

	*place = (struct limits_place){0};
	pthread_mutex_lock(&door->lock);
	verdict = enter(door, address, subject, place);
	pthread_mutex_unlock(&door->lock);
	return verdict;
}

void limits_leave(struct dnc_web_shared *door, struct limits_place *place)
{
	if (!place->address)
		return;
	pthread_mutex_lock(&door->lock);
	door->count--;
	count_down(&door->addresses, place->address);
	count_down(&door->subjects, place->subject);
	pthread_mutex_unlock(&door->lock);
	*place = (struct limits_place){0};
}

/* Under the lock. What is left of an address's failures. */
bool limits_hold(struct dnc_web_shared *door, size_t *held, size_t bytes)
{
	bool fits;

	if (bytes == *held)
		return true;
	pthread_mutex_lock(&door->lock);
	fits = bytes < *held || bytes - *held <= BODIES_MAX - door->bodies;
	if (fits) {
		door->bodies = door->bodies - *held + bytes;
		*held = bytes;
	}
	pthread_mutex_unlock(&door->lock);
	return fits;
}

static struct failing *find_failing(struct dnc_web_shared *door, const char *address)
{
	int64_t now = dnc_clock_mono_ms();
	struct failing *f;

	HASH_FIND_STR(door->failing, address, f);
	if (!f)
		return NULL;
	f->count -= (double)(now - f->at_ms) / FAILURE_MS;
	f->at_ms = now;
	if (f->count < 0)
		f->count = 0;
	return f;
}

/* Under the lock. */
static struct failing *add_failing(struct dnc_web_shared *door, const char *address)
{
	struct failing *f;

	if (HASH_COUNT(door->failing) >= FAILING_MAX) {
		f = door->failing;
		HASH_DEL(door->failing, f);
		free(f);
	}
	f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	snprintf(f->address, sizeof f->address, "%s", address);
	f->at_ms = dnc_clock_mono_ms();
	HASH_ADD_STR(door->failing, address, f);
	return f;
}

void limits_failed(struct dnc_web_shared *door, const char *address)
{
	struct failing *f;

	pthread_mutex_lock(&door->lock);
	f = find_failing(door, address);
	if (f || (f = add_failing(door, address)))
		f->count += 1;
	pthread_mutex_unlock(&door->lock);
}

bool limits_bars(struct dnc_web_shared *door, const char *address)
{
	const struct failing *f;
	bool bars;

	pthread_mutex_lock(&door->lock);
	f = find_failing(door, address);
	bars = f && f->count > FAILURES_BURST;
	pthread_mutex_unlock(&door->lock);
	return bars;
}

uint64_t limits_number(struct dnc_web_shared *door)
{
	uint64_t n;

	pthread_mutex_lock(&door->lock);
	n = ++door->number;
	pthread_mutex_unlock(&door->lock);
	return n;
}

size_t dnc_shared_count(struct dnc_web_shared *door)
{
	size_t n;

	pthread_mutex_lock(&door->lock);
	n = door->count;
	pthread_mutex_unlock(&door->lock);
	return n;
}

bool limits_is_shared(struct dnc_web_shared *door)
{
	bool shared;

	pthread_mutex_lock(&door->webs_lock);
	shared = door->web_count > 1;
	pthread_mutex_unlock(&door->webs_lock);
	return shared;
}

unsigned limits_limit(const struct dnc_web_shared *door)
{
	return door->limits.connections;
}

void limits_add_web(struct dnc_web_shared *door, struct dnc_web *w)
{
	pthread_mutex_lock(&door->webs_lock);
	if (door->web_count < WEBS_MAX)
		door->webs[door->web_count++] = w;
	pthread_mutex_unlock(&door->webs_lock);
}

void limits_remove_web(struct dnc_web_shared *door, struct dnc_web *w)
{
	pthread_mutex_lock(&door->webs_lock);
	for (size_t i = 0; i < door->web_count; i++)
		if (door->webs[i] == w) {
			door->webs[i] = door->webs[--door->web_count];
			break;
		}
	pthread_mutex_unlock(&door->webs_lock);
}

void limits_each_web(
	struct dnc_web_shared *door, void (*each)(void *ctx, struct dnc_web *w), void *ctx)
{
	pthread_mutex_lock(&door->webs_lock);
	for (size_t i = 0; i < door->web_count; i++)
		each(ctx, door->webs[i]);
	pthread_mutex_unlock(&door->webs_lock);
}
