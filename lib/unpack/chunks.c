#include "priv/chunks.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int chunks_init(struct chunks *c)
{
	*c = (struct chunks){.lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER};
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake < 0)
		return -1;
	for (size_t i = 0; i < CHUNKS; i++)
		if (!(c->ring[i].p = malloc(CHUNK_BYTES))) {
			errno = ENOMEM;
			return -1;
		}
	return 0;
}

void chunks_finish(struct chunks *c)
{
	for (size_t i = 0; i < CHUNKS; i++)
		free(c->ring[i].p);
	if (c->wake >= 0)
		close(c->wake);
}

struct chunk chunks_take(struct chunks *c)
{
	struct chunk chunk = {.kind = DNC_UNPACKED_NOTHING};
	uint64_t count;

	pthread_mutex_lock(&c->lock);
	c->taken = c->ready;
	if (c->ready) {
		chunk = c->ring[c->first];
		c->first = (c->first + 1) % CHUNKS;
		c->ready--;
	}
	if (!c->ready && read(c->wake, &count, sizeof count) < 0)
		count = 0; /* it was not readable */
	pthread_cond_signal(&c->freed);
	pthread_mutex_unlock(&c->lock);
	return chunk;
}

void chunks_stop(struct chunks *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopped = true;
	pthread_cond_signal(&c->freed);
	pthread_mutex_unlock(&c->lock);
}

/* The chunk to fill, once it is free; NULL after chunks_stop(). */
static struct chunk *wait_for_chunk(struct chunks *c)
{
	struct chunk *chunk = NULL;

	pthread_mutex_lock(&c->lock);
	while (!c->stopped && c->ready + c->taken >= CHUNKS)
		pthread_cond_wait(&c->freed, &c->lock);
	if (!c->stopped)
		chunk = &c->ring[(c->first + c->ready) % CHUNKS];
	pthread_mutex_unlock(&c->lock);
	return chunk;
}

static void hand_over(struct chunks *c)
{
	uint64_t one = 1;

	c->filling = false;
	pthread_mutex_lock(&c->lock);
	c->ready++;
	if (write(c->wake, &one, sizeof one) < 0)
		one = 0; /* the counter is full, so it is readable */
	pthread_mutex_unlock(&c->lock);
}

char *chunks_space(struct chunks *c, size_t *room)
{
	struct chunk *chunk = wait_for_chunk(c);

	if (!chunk)
		return NULL;
	if (!c->filling) {
		chunk->kind = DNC_UNPACKED_BYTES;
		chunk->n = 0;
		c->filling = true;
	}
	*room = CHUNK_BYTES - chunk->n;
	return chunk->p + chunk->n;
}

void chunks_filled(struct chunks *c, size_t n)
{
	struct chunk *chunk = n ? wait_for_chunk(c) : NULL;

	c->bytes += n;
	if (!chunk || c->checking)
		return;
	chunk->n += n;
	if (chunk->n == CHUNK_BYTES)
		hand_over(c);
}

void chunks_flush(struct chunks *c)
{
	struct chunk *chunk = c->filling ? wait_for_chunk(c) : NULL;

	if (chunk && chunk->n)
		hand_over(c);
}

bool chunks_put(struct chunks *c, enum dnc_unpacked_kind kind, struct dnc_str text)
{
	struct chunk *chunk;

	if (c->checking)
		return true;
	chunks_flush(c);
	chunk = wait_for_chunk(c);
	if (!chunk)
		return false;
	c->filling = false;
	chunk->kind = kind;
	chunk->n = text.n < CHUNK_BYTES ? text.n : CHUNK_BYTES;
	if (chunk->n)
		memcpy(chunk->p, text.p, chunk->n);
	hand_over(c);
	return true;
}
