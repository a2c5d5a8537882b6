#include "priv/ledger.h"
#include <stdlib.h>

enum { ROOM_MIN = 16 };

static struct ledger_run *run_at(const struct ledger *l, size_t i)
{
	return &l->runs[(l->first + i) & (l->room - 1)];
}

static bool grow(struct ledger *l)
{
	size_t room = l->room ? l->room * 2 : ROOM_MIN;
	struct ledger_run *runs = reallocarray(NULL, room, sizeof *runs);

	if (!runs)
		return false;
	for (size_t i = 0; i < l->count; i++)
		runs[i] = *run_at(l, i);
	free(l->runs);
	l->runs = runs;
	l->room = room;
	l->first = 0;
	return true;
}

bool ledger_add(struct ledger *l, uint64_t number)
{
	struct ledger_run *last = l->count ? run_at(l, l->count - 1) : NULL;

	if (last && last->first + last->count == number) {
		last->count++;
		return true;
	}
	if (l->count == l->room && !grow(l))
		return false;
	*run_at(l, l->count++) = (struct ledger_run){number, 1};
	return true;
}

void ledger_remove(struct ledger *l, uint64_t n)
{
	while (n && l->count) {
		struct ledger_run *run = run_at(l, 0);
		uint64_t some = n < run->count ? n : run->count;

		run->first += some;
		run->count -= some;
		n -= some;
		if (run->count)
			return;
		l->first = (l->first + 1) & (l->room - 1);
		l->count--;
	}
}

bool ledger_has(const struct ledger *l, uint64_t after, uint64_t upto)
{
	size_t low = 0, high = l->count;

	if (after >= upto)
		return false;
	/* The first run that has a number behind AFTER. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ledger_run *run = run_at(l, middle);

		if (run->first + run->count - 1 > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low < l->count && run_at(l, low)->first <= upto;
}

uint64_t ledger_lines(const struct ledger *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += run_at(l, i)->count;
	return n;
}

void ledger_finish(struct ledger *l)
{
	free(l->runs);
	*l = (struct ledger){0};
}
