#include "priv/zone.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

/* Zones change at quarters of an hour. */
enum { SLOT_MS = 15 * 60 * 1000, MINUTE_MS = 60 * 1000 };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t offset_ms(struct show_zone *z, int64_t ms)
{
	int64_t slot = floor_div(ms, SLOT_MS);
	time_t seconds = (time_t)floor_div(ms, 1000);
	struct tm tm;

	if (!z->local || (z->known && z->slot == slot))
		return z->local ? z->offset_ms : 0;
	z->known = true;
	z->slot = slot;
	/* Offsets of whole minutes; some before 1972 have seconds. */
	z->offset_ms = localtime_r(&seconds, &tm) ? tm.tm_gmtoff / 60 * MINUTE_MS : 0;
	if (!dnc_clock_in_range(ms + z->offset_ms))
		z->offset_ms = 0;
	return z->offset_ms;
}

size_t show_time(struct show_zone *z, char out[SHOW_TIME_BYTES], int64_t ms)
{
	int minutes;

	if (!dnc_clock_in_range(ms))
		return 0;
	minutes = (int)(offset_ms(z, ms) / MINUTE_MS);
	dnc_clock_format(ms + minutes * MINUTE_MS, out);
	if (!z->local)
		return DNC_TIME_LEN;
	return DNC_TIME_LEN - 1 +
	       (size_t)snprintf(out + DNC_TIME_LEN - 1, SHOW_TIME_BYTES - DNC_TIME_LEN,
		       "%c%02d:%02d", minutes < 0 ? '-' : '+', abs(minutes) / 60 % 100,
		       abs(minutes) % 60);
}

size_t show_time_short(
	struct show_zone *z, char out[SHOW_TIME_BYTES], int64_t ms, int64_t today_ms, bool fine)
{
	int64_t today = floor_div(today_ms + offset_ms(z, today_ms), DNC_DAY_MS), day;
	size_t n = 0, time_bytes = fine ? 12 : 8;
	char text[DNC_TIME_LEN];

	if (!dnc_clock_in_range(ms))
		return 0;
	ms += offset_ms(z, ms);
	day = floor_div(ms, DNC_DAY_MS);
	dnc_clock_format(ms, text);
	if (day != today || (z->dated && day != z->day)) {
		memcpy(out, text, 10);
		out[10] = ' ';
		n = 11;
	}
	z->dated = true;
	z->day = day;
	memcpy(out + n, text + 11, time_bytes);
	return n + time_bytes;
}
