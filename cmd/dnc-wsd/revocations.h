/* revocations.h - has the tokens that a shared log revokes refused, and their clients closed. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;

struct revocations {
	pthread_mutex_t lock; /* held while a list is taken */
	bool failed;          /* the last try */
	/* How often the log's list had changed (dnc_journal_revocations()): the one in use, and the one that workers know. */
	atomic_uint_fast64_t used;
	uint64_t told; /* the main thread's */
};

/* Before anybody is served: what the log revokes is refused from the start. Exits when there is no memory. */
void revocations_init(struct daemon *d);

/* Takes what has changed. It takes too long for a loop that serves clients: in the follower's thread, or the writer's. */
void revocations_take(struct daemon *d);

/* Has all workers use what was taken. In the main thread. */
void revocations_tell(struct daemon *d);

/* After the loop, and all threads. */
void revocations_finish(struct daemon *d);
