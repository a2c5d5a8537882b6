#include "recent.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/utf8.h"

struct dnc_recent {
	pthread_mutex_t lock; /* of all below */
	size_t count, next;   /* entries, and where the next one goes */
	struct dnc_recent_entry entry[DNC_RECENT];
};

struct dnc_recent *dnc_recent_new(void)
{
	struct dnc_recent *r = calloc(1, sizeof *r);

	if (r)
		pthread_mutex_init(&r->lock, NULL);
	return r;
}

void dnc_recent_free(struct dnc_recent *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void copy_text(char out[DNC_RECENT_TEXT], const char *text)
{
	size_t n = strlen(text);

	if (n >= DNC_RECENT_TEXT)
		n = dnc_utf8_whole(text, DNC_RECENT_TEXT - 1);
	memcpy(out, text, n);
	out[n] = '\0';
}

void dnc_recent_add(struct dnc_recent *r, const char *where, uint64_t line, const char *what)
{
	struct dnc_recent_entry *e;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	e = &r->entry[r->next];
	r->next = (r->next + 1) % DNC_RECENT;
	r->count += r->count < DNC_RECENT;
	e->at_ms = dnc_clock_now_ms();
	e->line = line;
	copy_text(e->where, where);
	copy_text(e->what, what);
	pthread_mutex_unlock(&r->lock);
}

size_t dnc_recent_copy(struct dnc_recent *r, struct dnc_recent_entry out[DNC_RECENT])
{
	size_t count;

	pthread_mutex_lock(&r->lock);
	count = r->count;
	for (size_t i = 0; i < count; i++)
		out[i] = r->entry[(r->next + DNC_RECENT - 1 - i) % DNC_RECENT];
	pthread_mutex_unlock(&r->lock);
	return count;
}
