#include "door.h"
#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

enum { WEBS_MAX = DNC_RING_HUBS, ADDRESS_MAX = 48 };

struct door_address {
	char text[ADDRESS_MAX];
	unsigned count;
	UT_hash_handle hh;
};

struct dnc_door {
	struct dnc_door_limits limits;
	pthread_mutex_t lock; /* of all below */
	size_t count;
	uint64_t number;
	struct door_address *addresses;
	pthread_mutex_t webs_lock;
	struct dnc_web *webs[WEBS_MAX];
	size_t web_count;
};

struct dnc_door *dnc_door_new(const struct dnc_door_limits *limits)
{
	struct dnc_door *door = calloc(1, sizeof *door);

	if (!door)
		return NULL;
	door->limits = *limits;
	pthread_mutex_init(&door->lock, NULL);
	pthread_mutex_init(&door->webs_lock, NULL);
	return door;
}

void dnc_door_free(struct dnc_door *door)
{
	if (!door)
		return;
	pthread_mutex_destroy(&door->lock);
	pthread_mutex_destroy(&door->webs_lock);
	free(door);
}

static struct door_address *find(struct dnc_door *door, const char *text)
{
	struct door_address *a;

	HASH_FIND_STR(door->addresses, text, a);
	if (a)
		return a;
	a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	snprintf(a->text, sizeof a->text, "%s", text);
	HASH_ADD_STR(door->addresses, text, a);
	return a;
}

/* Under the lock. */
static enum door_verdict enter(struct dnc_door *door, const char *address, struct door_place *place)
{
	struct door_address *a;

	if (door->count >= door->limits.connections)
		return DOOR_FULL;
	a = find(door, address);
	if (!a)
		return DOOR_FULL; /* no memory */
	if (door->limits.connections_per_address &&
		a->count >= door->limits.connections_per_address)
		return DOOR_ADDRESS;
	a->count++;
	door->count++;
	place->address = a;
	return DOOR_OPEN;
}

enum door_verdict door_enter(struct dnc_door *door, const char *address, struct door_place *place)
{
	enum door_verdict verdict;

	place->address = NULL;
	pthread_mutex_lock(&door->lock);
	verdict = enter(door, address, place);
	pthread_mutex_unlock(&door->lock);
	return verdict;
}

void door_leave(struct dnc_door *door, struct door_place *place)
{
	struct door_address *a = place->address;

	if (!a)
		return;
	place->address = NULL;
	pthread_mutex_lock(&door->lock);
	door->count--;
	if (--a->count == 0) {
		HASH_DEL(door->addresses, a);
		free(a);
	}
	pthread_mutex_unlock(&door->lock);
}

uint64_t door_number(struct dnc_door *door)
{
	uint64_t n;

	pthread_mutex_lock(&door->lock);
	n = ++door->number;
	pthread_mutex_unlock(&door->lock);
	return n;
}

size_t dnc_door_count(struct dnc_door *door)
{
	size_t n;

	pthread_mutex_lock(&door->lock);
	n = door->count;
	pthread_mutex_unlock(&door->lock);
	return n;
}

unsigned door_limit(const struct dnc_door *door)
{
	return door->limits.connections;
}

void door_add_web(struct dnc_door *door, struct dnc_web *w)
{
	pthread_mutex_lock(&door->webs_lock);
	if (door->web_count < WEBS_MAX)
		door->webs[door->web_count++] = w;
	pthread_mutex_unlock(&door->webs_lock);
}

void door_remove_web(struct dnc_door *door, struct dnc_web *w)
{
	pthread_mutex_lock(&door->webs_lock);
	for (size_t i = 0; i < door->web_count; i++)
		if (door->webs[i] == w) {
			door->webs[i] = door->webs[--door->web_count];
			break;
		}
	pthread_mutex_unlock(&door->webs_lock);
}

void door_each_web(struct dnc_door *door, void (*each)(void *ctx, struct dnc_web *w), void *ctx)
{
	pthread_mutex_lock(&door->webs_lock);
	for (size_t i = 0; i < door->web_count; i++)
		each(ctx, door->webs[i]);
	pthread_mutex_unlock(&door->webs_lock);
}
