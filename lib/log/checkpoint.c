#include "checkpoint.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include "../base/thread.h"

struct checkpointer {
	sqlite3 *db;
	pthread_t thread;
	pthread_mutex_t lock; /* of the two below */
	pthread_cond_t work;
	bool wanted, stopping;
};

static void *run(void *ctx)
{
	struct checkpointer *c = ctx;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		if (!c->wanted) {
			pthread_cond_wait(&c->work, &c->lock);
			continue;
		}
		c->wanted = false;
		pthread_mutex_unlock(&c->lock);
		/* What can't be copied now (no room, a reader in the way) is copied next time: until then
		 * it is safe in the WAL. */
		sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct checkpointer *checkpointer_new(const char *path, struct dnc_error *err)
{
	struct checkpointer *c = calloc(1, sizeof *c);
	int rc;

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK) {
		dnc_error_set(err, 0, "unable to open %s: %s", path, sqlite3_errmsg(c->db));
		goto fail;
	}
	rc = dnc_thread_start(&c->thread, run, c);
	if (rc == 0)
		return c;
	dnc_error_set(err, rc, "unable to start a thread");
fail:
	sqlite3_close(c->db);
	free(c);
	return NULL;
}

void checkpointer_wake(struct checkpointer *c)
{
	pthread_mutex_lock(&c->lock);
	c->wanted = true;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
}

void checkpointer_free(struct checkpointer *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	sqlite3_close(c->db);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	free(c);
}
