/* zone.h - times as people read them: of the local zone, or of UTC. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct show_zone {
	bool local;
	int64_t slot, offset_ms; /* the quarter of an hour that the offset was looked up for */
	bool known;
	bool dated;
	int64_t day; /* that the last short time was of, from 1970 */
};

/* The most bytes of a time. */
enum { SHOW_TIME_BYTES = 32 };

/* Writes MS as RFC 3339 text, with the offset of the zone: 2026-08-29T10:00:00.000+02:00. Returns its length; 0 if
 * MS can't be written. */
size_t show_time(struct show_zone *z, char out[SHOW_TIME_BYTES], int64_t ms);

/* The same for a terminal: the time of the day, and before it the date if that is not TODAY_MS's, or not that of
 * the time before. FINE: with milliseconds. */
size_t show_time_short(
	struct show_zone *z, char out[SHOW_TIME_BYTES], int64_t ms, int64_t today_ms, bool fine);
