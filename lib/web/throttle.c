#include "priv/throttle.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/bucket.h"
#include "base/hash.h"
#include "base/log.h"
#include "priv/address.h"

struct failures {
	char address[ADDRESS_MAX];
	struct dnc_bucket left;
	UT_hash_handle hh;
};

struct throttle {
	pthread_mutex_t lock;
	struct failures *table; /* in the order of their first failure */
};

struct throttle *throttle_new(void)
{
	struct throttle *t = calloc(1, sizeof *t);

	if (t)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

static void forget(struct throttle *t, struct failures *f)
{
	HASH_DEL(t->table, f);
	free(f);
}

void throttle_free(struct throttle *t)
{
	if (!t)
		return;
	while (t->table)
		forget(t, t->table);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* Under the lock. NULL when there is no memory. */
static struct failures *add(struct throttle *t, const char *address, int64_t now_ms)
{
	struct failures *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	if (HASH_COUNT(t->table) >= THROTTLE_ADDRESSES)
		forget(t, t->table);
	snprintf(f->address, sizeof f->address, "%s", address);
	dnc_bucket_init(&f->left, THROTTLE_PER_MINUTE, THROTTLE_BURST, now_ms);
	HASH_ADD_STR(t->table, address, f);
	if (f->hh.tbl)
		return f;
	free(f);
	return NULL;
}

void throttle_failed(struct throttle *t, const char *address, int64_t now_ms)
{
	struct failures *f;
	char group[ADDRESS_MAX];

	address_group(address, group);
	pthread_mutex_lock(&t->lock);
	HASH_FIND_STR(t->table, group, f);
	if (f || (f = add(t, group, now_ms))) {
		dnc_bucket_refill(&f->left, now_ms);
		dnc_bucket_spend(&f->left, 1);
	} else {
		dnc_warn("no memory to count the wrong tokens from %s", address);
	}
	pthread_mutex_unlock(&t->lock);
}

bool throttle_blocks(struct throttle *t, const char *address, int64_t now_ms)
{
	struct failures *f;
	char group[ADDRESS_MAX];
	bool blocks;

	address_group(address, group);
	pthread_mutex_lock(&t->lock);
	HASH_FIND_STR(t->table, group, f);
	blocks = f && !dnc_bucket_allows(&f->left, now_ms);
	pthread_mutex_unlock(&t->lock);
	return blocks;
}
