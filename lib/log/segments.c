#include "priv/segments.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void drop(struct segments *s, size_t i)
{
	memmove(s->at + i, s->at + i + 1, (s->n - i - 1) * sizeof *s->at);
	s->n--;
}

/* The last valid segment before the newest. */
static const struct segment *valid_before(const struct segments *s)
{
	for (size_t i = s->n - 1; i-- > 0;)
		if (!s->at[i].invalid)
			return &s->at[i];
	return NULL;
}

/* The newest segment ends, and the next begins at FIRST_MS. The newest is invalid when the clock returned after it: the
 * times before and after it are in order without it. It is joined to the one before when all three are in order. */
static void end_newest(struct segments *s, int64_t first_ms)
{
	struct segment *newest = &s->at[s->n - 1];
	const struct segment *before = valid_before(s);
	bool ahead = newest->first_ms > first_ms;

	if (!before)
		return;
	if (before->last_ms <= first_ms && (ahead || newest->first_ms < before->last_ms))
		newest->invalid = true;
	else if (s->n > 1 && !s->at[s->n - 2].invalid && newest->first_ms >= before->last_ms &&
		 newest->last_ms <= first_ms) {
		s->at[s->n - 2].last_ms = newest->last_ms;
		drop(s, s->n - 1);
	}
}

void segments_begin(
	struct segments *s, uint64_t seq, int64_t first_ms, int64_t last_ms, int64_t oldest_ms)
{
	if (!s->n)
		s->at[s->n++] = (struct segment){.first = 1, .first_ms = oldest_ms};
	s->at[s->n - 1].last_ms = last_ms;
	end_newest(s, first_ms);
	if (s->n == SEGMENTS_MAX)
		drop(s, 0);
	s->at[s->n++] = (struct segment){.first = seq, .first_ms = first_ms, .last_ms = first_ms};
}

bool segments_unreliable(const struct segments *s, size_t i, int64_t now_ms)
{
	return i + 1 < s->n && (s->at[i].invalid || s->at[i].first_ms > now_ms + JUMP_AHEAD_MS);
}

void segments_prune(struct segments *s, uint64_t oldest)
{
	while (s->n > 1 && s->at[1].first <= oldest)
		drop(s, 0);
}

bool segments_read(struct segments *s, const char *text)
{
	s->n = 0;
	while (*text) {
		struct segment *t = &s->at[s->n];
		int wrong, n = 0;

		if (s->n == SEGMENTS_MAX ||
			sscanf(text, "%" SCNu64 ":%" SCNd64 ":%" SCNd64 ":%d;%n", &t->first,
				&t->first_ms, &t->last_ms, &wrong, &n) != 4 ||
			!n) {
			s->n = 0;
			return false;
		}
		t->invalid = wrong != 0;
		s->n++;
		text += n;
	}
	return true;
}

void segments_write(const struct segments *s, char text[SEGMENTS_TEXT])
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->n; i++)
		at += (size_t)snprintf(text + at, SEGMENTS_TEXT - at,
			"%" PRIu64 ":%" PRId64 ":%" PRId64 ":%d;", s->at[i].first,
			s->at[i].first_ms, s->at[i].last_ms, s->at[i].invalid);
}
