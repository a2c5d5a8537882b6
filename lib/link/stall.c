#include "priv/stall.h"

enum { MAX_DOUBLINGS = 6 }; /* some minutes */

static int64_t limit_of(const struct stall *s, unsigned readers)
{
	unsigned rounds = s->left / readers;

	return s->limit_ms << (rounds < MAX_DOUBLINGS ? rounds : MAX_DOUBLINGS);
}

bool stall_look(struct stall *s, bool waits, uint64_t safe, unsigned readers, int64_t now)
{
	int64_t lost = now - s->looked_ms - STALL_LOOK_MS;

	if (safe != s->safe)
		s->left = 0;
	if (!waits || safe != s->safe || !s->since_ms)
		s->since_ms = waits ? now : 0;
	else if (lost > 0)
		s->since_ms += lost;
	s->safe = safe;
	s->looked_ms = now;
	return s->since_ms && now - s->since_ms >= limit_of(s, readers);
}

void stall_leave(struct stall *s)
{
	s->left++;
	s->since_ms = 0;
}

void stall_stay(struct stall *s, int64_t now)
{
	s->since_ms = now;
}
