#include "priv/revocations.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct revocations {
	pthread_mutex_t lock; /* of ids; changes is written with it */
	struct dnc_buf ids;
	atomic_uint_fast64_t changes;
};

struct revocations *revocations_new(void)
{
	struct revocations *r = calloc(1, sizeof *r);

	if (r)
		pthread_mutex_init(&r->lock, NULL);
	return r;
}

void revocations_free(struct revocations *r)
{
	if (!r)
		return;
	dnc_buf_free(&r->ids);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The same list again, as after a new connection, need not concern anybody. */
void revocations_replace(struct revocations *r, struct dnc_buf *ids)
{
	struct dnc_buf old = *ids;

	pthread_mutex_lock(&r->lock);
	if (!dnc_str_eq(dnc_buf_view(&r->ids), dnc_buf_view(ids))) {
		old = r->ids;
		r->ids = *ids;
		r->changes++;
	}
	pthread_mutex_unlock(&r->lock);
	*ids = (struct dnc_buf){0};
	dnc_buf_free(&old);
}

uint64_t revocations_changes(const struct revocations *r)
{
	return r->changes;
}

uint64_t revocations_copy(struct revocations *r, struct dnc_buf *out)
{
	uint64_t changes;

	pthread_mutex_lock(&r->lock);
	dnc_buf_str(out, dnc_buf_view(&r->ids));
	changes = r->changes;
	pthread_mutex_unlock(&r->lock);
	return changes;
}
