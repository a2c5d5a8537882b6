#include "priv/stretches.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void drop(struct stretches *s, size_t i)
{
	memmove(s->at + i, s->at + i + 1, (s->n - i - 1) * sizeof *s->at);
	s->n--;
}

/* The last stretch that is not wrong, before the newest. */
static const struct stretch *good_before(const struct stretches *s)
{
	for (size_t i = s->n - 1; i-- > 0;)
		if (!s->at[i].wrong)
			return &s->at[i];
	return NULL;
}

/* Decides about the newest stretch, now that the clock goes on at FROM_MS: it is wrong when it was an
 * excursion, that is, when the time before it and the time after it are in order without it. */
static void judge(struct stretches *s, int64_t from_ms)
{
	struct stretch *newest = &s->at[s->n - 1];
	const struct stretch *before = good_before(s);
	bool ahead = newest->from_ms > from_ms;

	if (!before)
		return;
	if (before->to_ms <= from_ms && (ahead || newest->from_ms < before->to_ms))
		newest->wrong = true;
	else if (s->n > 1 && !s->at[s->n - 2].wrong && newest->from_ms >= before->to_ms &&
		 newest->to_ms <= from_ms) {
		/* All in order: one stretch. */
		s->at[s->n - 2].to_ms = newest->to_ms;
		drop(s, s->n - 1);
	}
}

void stretches_begin(
	struct stretches *s, uint64_t seq, int64_t from_ms, int64_t to_ms, int64_t oldest_ms)
{
	if (!s->n)
		s->at[s->n++] = (struct stretch){.first = 1, .from_ms = oldest_ms};
	s->at[s->n - 1].to_ms = to_ms;
	judge(s, from_ms);
	if (s->n == STRETCHES_MAX)
		drop(s, 0);
	s->at[s->n++] = (struct stretch){.first = seq, .from_ms = from_ms, .to_ms = from_ms};
}

bool stretches_doubtful(const struct stretches *s, size_t i, int64_t now_ms)
{
	return i + 1 < s->n && (s->at[i].wrong || s->at[i].from_ms > now_ms + STRETCHES_AHEAD_MS);
}

void stretches_prune(struct stretches *s, uint64_t oldest)
{
	while (s->n > 1 && s->at[1].first <= oldest)
		drop(s, 0);
}

bool stretches_read(struct stretches *s, const char *text)
{
	s->n = 0;
	while (*text) {
		struct stretch *t = &s->at[s->n];
		int wrong, n = 0;

		if (s->n == STRETCHES_MAX ||
			sscanf(text, "%" SCNu64 ":%" SCNd64 ":%" SCNd64 ":%d;%n", &t->first,
				&t->from_ms, &t->to_ms, &wrong, &n) != 4 ||
			!n) {
			s->n = 0;
			return false;
		}
		t->wrong = wrong != 0;
		s->n++;
		text += n;
	}
	return true;
}

void stretches_write(const struct stretches *s, char text[STRETCHES_TEXT])
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->n; i++)
		at += (size_t)snprintf(text + at, STRETCHES_TEXT - at,
			"%" PRIu64 ":%" PRId64 ":%" PRId64 ":%d;", s->at[i].first, s->at[i].from_ms,
			s->at[i].to_ms, s->at[i].wrong);
}
