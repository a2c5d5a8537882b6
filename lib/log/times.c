/* times.c - when an event was logged and when it is old: clocks, and what table log keeps about jumps of the wall
 * clock. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/sqlite.h"

enum { SAVE_MS = 60000 };

int64_t times_wall_ms(const struct journal *j)
{
	const struct dnc_journal_clock *c = j->options.clock;

	return c ? c->wall_ms(c->ctx) : dnc_clock_now_ms();
}

/* Includes time in suspend. */
static int64_t boot_ms(const struct journal *j)
{
	const struct dnc_journal_clock *c = j->options.clock;
	struct timespec t;

	if (c)
		return c->boot_ms(c->ctx);
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void read_boot_id(char id[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, 40, f))
		strcpy(id, "-");
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

int times_open(struct journal *j, struct dnc_error *err)
{
	char text[SEGMENTS_TEXT], boot[40], before[40] = "";
	int64_t saved = 0, saved_boot = -1;

	if (sqlite_get_text(j, "stretches", text, sizeof text, err) < 0)
		return -1;
	segments_read(&j->segments, text);
	if (sqlite_get_text(j, "clock", text, sizeof text, err) < 0)
		return -1;
	read_boot_id(boot);
	if (sscanf(text, "%" SCNd64 " %" SCNd64 " %39s", &saved, &saved_boot, before) != 3)
		saved = j->logged_at_ms; /* of the newest event */
	if (strcmp(boot, before) != 0)
		saved_boot = -1;
	if (j->options.accept_clock)
		saved = 0;
	retention_clock_start(&j->retention_clock, times_wall_ms(j), boot_ms(j), saved, saved_boot);
	return 0;
}

int times_save(struct journal *j, struct dnc_error *err)
{
	char text[128], boot[40];

	read_boot_id(boot);
	snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %s", j->retention_clock.expected_ms,
		j->retention_clock.boot_ms, boot);
	return sqlite_set_text(j, "clock", text, err);
}

bool times_save_due(struct journal *j)
{
	int64_t now = dnc_clock_mono_ms();

	if (!j->options.retain_ms || (j->clock_saved_ms && now - j->clock_saved_ms < SAVE_MS))
		return false;
	j->clock_saved_ms = now;
	return true;
}

int64_t times_stamp(struct journal *j, bool *jumped)
{
	int64_t wall = times_wall_ms(j), boot = boot_ms(j);
	int64_t expected =
		j->stamp_boot_ms ? j->logged_at_ms + boot - j->stamp_boot_ms : j->logged_at_ms;

	j->now_boot_ms = boot;
	*jumped = j->base.last &&
	          (wall < j->logged_at_ms - JUMP_BACK_MS || wall > expected + JUMP_AHEAD_MS);
	/* After a small step back the time of the last event is used until the clock has caught up. */
	return *jumped || wall > j->logged_at_ms ? wall : j->logged_at_ms;
}

int times_begin_segment(
	struct journal *j, struct segments *next, int64_t before_ms, struct dnc_error *err)
{
	char text[SEGMENTS_TEXT];

	*next = j->segments;
	segments_prune(next, j->base.oldest);
	segments_begin(next, j->base.last + 1, j->logged_at_ms, before_ms, j->oldest_logged_at_ms);
	segments_write(next, text);
	return sqlite_set_text(j, "stretches", text, err);
}

uint64_t times_first_reliable(const struct journal *j)
{
	const struct segments *s = &j->segments;
	int64_t now = times_wall_ms(j);

	for (size_t i = 0; i < s->n; i++) {
		if (i + 1 < s->n && s->at[i + 1].first <= j->base.oldest)
			continue;
		if (!segments_unreliable(s, i, now))
			return s->at[i].first > j->base.oldest ? s->at[i].first : j->base.oldest;
	}
	return j->base.oldest;
}

int64_t times_cutoff(struct journal *j)
{
	int64_t wall = times_wall_ms(j);
	int64_t now = retention_clock_now(&j->retention_clock, wall, boot_ms(j));
	int64_t cutoff = now - j->options.retain_ms;
	bool held = j->options.retain_ms && j->oldest_reliable_ms >= cutoff &&
	            j->oldest_reliable_ms < wall - j->options.retain_ms && now < wall;

	j->base.stats.clock_ahead_ms = wall - now;
	if (held != j->base.stats.clock_held) {
		if (held)
			dnc_warn(
				"the clock is %.1f days ahead of the time that has passed: events "
				"are removed at most one extra day per day; correct the clock or, if "
				"it is right, restart dnc-wsd with --accept-clock",
				(double)(wall - now) / (double)DNC_DAY_MS);
		else
			dnc_note("the clock and the time that has passed agree again");
	}
	j->base.stats.clock_held = held;
	return cutoff;
}
