#include "marks.h"
#include <stdio.h>
#include <string.h>

static struct mark *at(struct marks *m, size_t i)
{
	return &m->mark[(m->first + i) % MARKS_MAX];
}

static void drop_first(struct marks *m)
{
	m->first = (m->first + 1) % MARKS_MAX;
	m->count--;
}

static const char *name(struct marks *m, uint64_t epoch)
{
	return m->epoch[epoch % MARKS_EPOCHS];
}

static void add_epoch(struct marks *m, const char *epoch)
{
	/* The oldest name is overwritten: its marks are dropped. */
	while (m->count && at(m, 0)->epoch + MARKS_EPOCHS <= m->epochs)
		drop_first(m);
	snprintf(m->epoch[m->epochs++ % MARKS_EPOCHS], EPOCH_SIZE, "%s", epoch);
}

static void thin(struct marks *m)
{
	size_t kept = 0;

	/* Starts with the second one, so that the newest of an even number is kept. */
	for (size_t i = 1; i < m->count; i += 2)
		*at(m, kept++) = *at(m, i);
	m->count = kept;
}

void marks_add(struct marks *m, uint64_t end, const char *epoch, uint64_t seq)
{
	if (!m->epochs || strcmp(name(m, m->epochs - 1), epoch) != 0)
		add_epoch(m, epoch);
	if (m->count == MARKS_MAX)
		thin(m);
	*at(m, m->count++) = (struct mark){end, seq, m->epochs - 1};
}

bool marks_taken(struct marks *m, uint64_t taken)
{
	const struct mark *last = NULL;

	while (m->count && at(m, 0)->end <= taken) {
		last = at(m, 0);
		drop_first(m);
	}
	if (!last)
		return false;
	m->safe.seq = last->seq;
	snprintf(m->safe.epoch, sizeof m->safe.epoch, "%s", name(m, last->epoch));
	m->any = true;
	return true;
}
