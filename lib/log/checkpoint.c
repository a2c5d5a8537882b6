#include "priv/checkpoint.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include "base/thread.h"
#include "priv/sqlite.h"

struct checkpointer {
	sqlite3 *db;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below but copies */
	pthread_cond_t work, rest;
	bool wanted, busy, ran, stopping;
	atomic_uint_fast64_t *copies;
};

/* What can't be copied now (a full disk, a reader) is copied next time: until then it is safe in the WAL. */
static void copy(struct checkpointer *c)
{
	int frames = -1, copied = -1;

	if (sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied) ==
			SQLITE_OK &&
		frames >= 0 && frames == copied)
		++*c->copies;
}

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
		c->busy = true;
		pthread_mutex_unlock(&c->lock);
		copy(c);
		pthread_mutex_lock(&c->lock);
		c->busy = false;
		c->ran = true;
		pthread_cond_broadcast(&c->rest);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Reads the database once: before that the connection does not know that there is a WAL, and a checkpoint copies nothing
 * but returns success. */
static int open_db(struct checkpointer *c, const char *path, bool synced, struct dnc_error *err)
{
	const char *sql = synced ? "PRAGMA synchronous = FULL; SELECT 1 FROM sqlite_schema LIMIT 1"
	                         : "PRAGMA synchronous = OFF; SELECT 1 FROM sqlite_schema LIMIT 1";

	if (sqlite_open_db(path, SQLITE_OPEN_READWRITE, &c->db, err) < 0)
		return -1;
	sqlite_keep_wal(c->db);
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK
	               ? 0
	               : sqlite_error(c->db, "read", path, err);
}

struct checkpointer *checkpointer_new(
	const char *path, bool synced, atomic_uint_fast64_t *copies, struct dnc_error *err)
{
	struct checkpointer *c = calloc(1, sizeof *c);
	int rc;

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	c->copies = copies;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->rest, NULL);
	if (open_db(c, path, synced, err) < 0)
		goto fail;
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

void checkpointer_wait(struct checkpointer *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->wanted || c->busy)
		pthread_cond_wait(&c->rest, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

bool checkpointer_active(struct checkpointer *c)
{
	bool active;

	pthread_mutex_lock(&c->lock);
	active = c->wanted || c->busy || c->ran;
	c->ran = false;
	pthread_mutex_unlock(&c->lock);
	return active;
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
	pthread_cond_destroy(&c->rest);
	free(c);
}
